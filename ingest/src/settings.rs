//! Settings of the service: a flag before the environment, the environment before the file, the file
//! before the default. Secrets come from files or the environment and are never printed.

mod identity;
mod model;

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context as _, bail};
use infra::llm::LlmSettings;
use schemas::Engine;

use crate::{
    chat::Country,
    http::{Authentication, Client, Provider, Proxies, Rates, TlsFiles},
    language::Language,
};

/// Names that the environment and the file may give. The file is TOML, `name = "value"`, and is named
/// by `MEDBOT_CONFIG`.
const NAMES: [&str; 56] = [
    "DATABASE_URL",
    "QUEUE_URL",
    "STORE_URL",
    "REDIS_URL",
    "MEDBOT_LISTEN",
    "MEDBOT_TLS_CERT_FILE",
    "MEDBOT_TLS_KEY_FILE",
    "MEDBOT_TLS_AT_PROXY",
    "MEDBOT_DATA",
    "MEDBOT_MASTER_KEY_FILE",
    "MEDBOT_MASTER_KEY_COMMAND",
    "MEDBOT_OTHER_MASTER_KEY_FILE",
    "MEDBOT_API_KEY_FILE",
    "MEDBOT_AUTH",
    "MEDBOT_CORS_ORIGINS",
    "MEDBOT_ENGINES",
    "MEDBOT_LANG",
    "MEDBOT_SLOTS",
    "MEDBOT_ALLOW_PLAINTEXT",
    "MEDBOT_ALLOW_PRIVATE_WEBHOOKS",
    "MEDBOT_FHIR_URL",
    "MEDBOT_FHIR_TOKEN_FILE",
    "MEDBOT_OIDC_ISSUER",
    "MEDBOT_OIDC_AUDIENCE",
    "MEDBOT_OIDC_JWKS_URL",
    "MEDBOT_OIDC_SECRET_FILE",
    "MEDBOT_OIDC_ROLE_CLAIM",
    "MEDBOT_OIDC_TENANT_CLAIM",
    "MEDBOT_OIDC_CLIENT_ID",
    "MEDBOT_OIDC_CLIENT_SECRET_FILE",
    "MEDBOT_OIDC_SCOPE",
    "MEDBOT_PUBLIC_URL",
    "MEDBOT_AUDIT_ANCHORS",
    "MEDBOT_ERASURE_LIST",
    "MEDBOT_KEY_BACKUP_DAYS",
    "MEDBOT_TRUSTED_PROXIES",
    "MEDBOT_RATE_ADDRESS",
    "MEDBOT_RATE_KEY",
    "MEDBOT_RATE_TENANT",
    "MEDBOT_MAX_ERROR",
    "MEDBOT_CALIBRATION",
    "MEDBOT_METRICS",
    "MEDBOT_COUNTRY",
    "MEDBOT_GUESTS",
    "MEDBOT_EMERGENCY_MINUTES",
    "MEDBOT_LLM_AGREEMENT",
    "MEDBOT_LLM_DEIDENTIFY",
    "LLM_BASE_URL",
    "LLM_API_KEY",
    "LLM_API_KEY_FILE",
    "LLM_MODEL",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// For how long keys are kept apart from their system, unless a site says otherwise.
const KEY_BACKUP_DAYS: u16 = 30;

/// What an S3 store wants to know besides its URL.
const STORE: [&str; 5] = [
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// How a process of the service runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// None: the private PostgreSQL.
    pub database_url: Option<String>,
    /// None: the `tasks` table.
    pub queue_url: Option<String>,
    /// None: a folder in `data`.
    pub store_url: Option<String>,
    /// What an S3 store wants to know besides, by the names of the environment.
    pub store: Secrets,
    /// Where processes count requests together; none: each for itself.
    pub redis_url: Option<String>,
    /// Where HTTP is answered.
    pub listen: SocketAddr,
    /// Its certificate; none: in the clear.
    pub tls: Option<TlsFiles>,
    /// Does a proxy end TLS, so that HTTP may be answered in the clear?
    pub tls_at_proxy: bool,
    /// What the embedded default keeps.
    pub data: PathBuf,
    /// The key that wraps the keys of documents.
    pub master_key_file: PathBuf,
    /// The key whose place that one takes, or the one that will take its place.
    pub other_master_key_file: Option<PathBuf>,
    /// What opens these files, when they lie sealed by a key service.
    pub master_key_command: Option<String>,
    /// The key of a client of the service.
    pub api_key_file: Option<PathBuf>,
    /// Who may ask.
    pub authentication: Authentication,
    /// Pages of other origins that may ask.
    pub cors_origins: Vec<String>,
    /// Empty: the default engines.
    pub engines: Vec<Engine>,
    /// Empty: the script is told page by page, and Tesseract reads English.
    pub languages: Vec<Language>,
    /// Tasks at once.
    pub slots: u16,
    /// May other machines be spoken to without TLS?
    pub allow_plaintext: bool,
    /// May webhooks go to addresses of this network?
    pub allow_private_webhooks: bool,
    /// The FHIR server that is told of documents.
    pub fhir_url: Option<String>,
    /// Its bearer token.
    pub fhir_token_file: Option<PathBuf>,
    /// Whose tokens are accepted besides keys.
    pub provider: Option<Provider>,
    /// As what people sign in on the page by that provider.
    pub sign_in: Option<Client>,
    /// A file outside the database where the heads of the audit log are written down.
    pub audit_anchors: Option<PathBuf>,
    /// The file outside the database where erasures are written down.
    pub erasure_list: PathBuf,
    /// For how many days the operator keeps backups of keys; what a certificate of erasure says.
    pub key_backup_days: u16,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Proxies,
    /// Requests a minute.
    pub rates: Rates,
    /// Highest share of accepted dangerous values that may be wrong; none: rules alone decide.
    pub max_error: Option<f64>,
    /// The reviewed documents that this rests on.
    pub calibration: Option<PathBuf>,
    /// Where metrics are served; none: nowhere.
    pub metrics: Option<SocketAddr>,
    /// Whose emergency numbers the chat gives.
    pub country: Country,
    /// May people ask the knowledge base who are not known?
    pub guests: bool,
    /// How long an emergency access lasts; none: there is none.
    pub emergency: Option<Duration>,
    /// The model that puts answers into words, where there is one.
    pub model: Option<LlmSettings>,
    /// Is what goes to that model without identifiers?
    pub hides_identifiers: bool,
}

/// Settings that are never printed.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<&'static str, String>);

impl Secrets {
    fn read(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = STORE
            .into_iter()
            .filter_map(|name| Some((name, get(name)?)));
        Self(given.collect())
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Where HTTP is answered.
    pub listen: Option<SocketAddr>,
    /// What the embedded default keeps.
    pub data: Option<PathBuf>,
    /// Tasks at once.
    pub slots: Option<u16>,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// When one of them makes no sense; the message names it.
    #[expect(clippy::too_many_lines, reason = "one list of all settings")]
    pub fn read(flags: Flags) -> anyhow::Result<Self> {
        let file = match env::var_os("MEDBOT_CONFIG") {
            Some(path) => file(Path::new(&path))?,
            None => BTreeMap::new(),
        };
        let get = |name: &str| {
            debug_assert!(NAMES.contains(&name));
            env::var(name)
                .ok()
                .or_else(|| file.get(name).cloned())
                .filter(|value| !value.is_empty())
        };
        let data = flags
            .data
            .or_else(|| get("MEDBOT_DATA").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from(".medbot"));
        let listen = match flags.listen {
            Some(listen) => listen,
            None => get("MEDBOT_LISTEN")
                .as_deref()
                .unwrap_or("127.0.0.1:8080")
                .parse()
                .context("MEDBOT_LISTEN is an address with a port, such as 127.0.0.1:8080")?,
        };
        let authentication = match get("MEDBOT_AUTH").as_deref() {
            None | Some("on") => Authentication::Keys,
            Some("off") if is_loopback(listen.ip()) => Authentication::Off,
            Some("off") => {
                bail!("MEDBOT_AUTH=off is for a loopback address, and MEDBOT_LISTEN is {listen}")
            }
            Some(_) => bail!("MEDBOT_AUTH is `on` or `off`"),
        };
        let slots = match flags.slots {
            Some(slots) => slots,
            None => match get("MEDBOT_SLOTS") {
                Some(slots) => slots
                    .parse()
                    .ok()
                    .filter(|slots| *slots > 0)
                    .context("MEDBOT_SLOTS is a number of at least 1")?,
                // One more than processors: while a task waits for store or database, others compute.
                None => std::thread::available_parallelism().map_or(2, |n| {
                    u16::try_from(n.get()).map_or(64, |n| n.saturating_add(1))
                }),
            },
        };
        let model = model::model(&get)?;
        Ok(Self {
            database_url: get("DATABASE_URL"),
            queue_url: get("QUEUE_URL"),
            store_url: get("STORE_URL"),
            store: Secrets::read(&get),
            redis_url: get("REDIS_URL"),
            listen,
            tls: tls(&get)?,
            tls_at_proxy: switch("MEDBOT_TLS_AT_PROXY", get("MEDBOT_TLS_AT_PROXY").as_deref())?,
            master_key_file: get("MEDBOT_MASTER_KEY_FILE")
                .map_or_else(|| data.join("master.key"), PathBuf::from),
            other_master_key_file: get("MEDBOT_OTHER_MASTER_KEY_FILE").map(PathBuf::from),
            master_key_command: get("MEDBOT_MASTER_KEY_COMMAND"),
            api_key_file: get("MEDBOT_API_KEY_FILE").map(PathBuf::from),
            erasure_list: get("MEDBOT_ERASURE_LIST")
                .map_or_else(|| data.join("erased.jsonl"), PathBuf::from),
            key_backup_days: get("MEDBOT_KEY_BACKUP_DAYS")
                .map_or(Ok(KEY_BACKUP_DAYS), |days| days.parse())
                .context("MEDBOT_KEY_BACKUP_DAYS is a number of days")?,
            data,
            authentication,
            cors_origins: list(get("MEDBOT_CORS_ORIGINS")),
            engines: named("MEDBOT_ENGINES", get("MEDBOT_ENGINES"))?,
            languages: named("MEDBOT_LANG", get("MEDBOT_LANG"))?,
            slots,
            allow_plaintext: switch(
                "MEDBOT_ALLOW_PLAINTEXT",
                get("MEDBOT_ALLOW_PLAINTEXT").as_deref(),
            )?,
            allow_private_webhooks: switch(
                "MEDBOT_ALLOW_PRIVATE_WEBHOOKS",
                get("MEDBOT_ALLOW_PRIVATE_WEBHOOKS").as_deref(),
            )?,
            fhir_url: get("MEDBOT_FHIR_URL"),
            fhir_token_file: get("MEDBOT_FHIR_TOKEN_FILE").map(PathBuf::from),
            provider: identity::provider(&get)?,
            sign_in: identity::sign_in(&get)?,
            audit_anchors: get("MEDBOT_AUDIT_ANCHORS").map(PathBuf::from),
            trusted_proxies: Proxies::of(&list(get("MEDBOT_TRUSTED_PROXIES"))).context(
                "MEDBOT_TRUSTED_PROXIES is a list of IP addresses and of networks such as 10.0.0.0/8",
            )?,
            rates: Rates {
                address: rate("MEDBOT_RATE_ADDRESS", get("MEDBOT_RATE_ADDRESS"), 6_000)?,
                key: rate("MEDBOT_RATE_KEY", get("MEDBOT_RATE_KEY"), 6_000)?,
                tenant: rate("MEDBOT_RATE_TENANT", get("MEDBOT_RATE_TENANT"), 30_000)?,
            },
            max_error: get("MEDBOT_MAX_ERROR")
                .map(|share| crate::cli::share(&share))
                .transpose()
                .map_err(anyhow::Error::msg)
                .context("MEDBOT_MAX_ERROR")?,
            calibration: get("MEDBOT_CALIBRATION").map(PathBuf::from),
            metrics: get("MEDBOT_METRICS")
                .map(|address| address.parse())
                .transpose()
                .context("MEDBOT_METRICS is an address with a port, such as 127.0.0.1:9090")?,
            country: get("MEDBOT_COUNTRY")
                .map(|code| code.parse().map_err(anyhow::Error::msg))
                .transpose()
                .context("MEDBOT_COUNTRY is a country's code of two letters")?
                .unwrap_or_default(),
            emergency: emergency(get("MEDBOT_EMERGENCY_MINUTES").as_deref())?,
            guests: switch("MEDBOT_GUESTS", get("MEDBOT_GUESTS").as_deref())?,
            hides_identifiers: model::hides_identifiers(&get, model.as_ref())?,
            model,
        })
    }
}

fn file(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).context("the file of MEDBOT_CONFIG cannot be read")?;
    let values: BTreeMap<String, String> = toml::from_str(&text)
        .context("the file of MEDBOT_CONFIG is not of the form NAME = \"value\"")?;
    match values.keys().find(|name| !NAMES.contains(&name.as_str())) {
        Some(unknown) => bail!("the file of MEDBOT_CONFIG gives `{unknown}`, which is no setting"),
        None => Ok(values),
    }
}

fn list(value: Option<String>) -> Vec<String> {
    value
        .unwrap_or_default()
        .split(',')
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// A list of things that have names.
fn named<T: FromStr<Err = String>>(name: &str, value: Option<String>) -> anyhow::Result<Vec<T>> {
    list(value)
        .iter()
        .map(|item| item.parse().map_err(anyhow::Error::msg))
        .collect::<anyhow::Result<_>>()
        .with_context(|| name.to_owned())
}

fn switch(name: &str, value: Option<&str>) -> anyhow::Result<bool> {
    match value {
        None | Some("0" | "false" | "off" | "no") => Ok(false),
        Some("1" | "true" | "on" | "yes") => Ok(true),
        Some(_) => bail!("{name} is `1` or `0`"),
    }
}

/// An hour unless a site says otherwise, four at most.
fn emergency(minutes: Option<&str>) -> anyhow::Result<Option<Duration>> {
    let minutes: u64 = minutes
        .unwrap_or("60")
        .parse()
        .ok()
        .filter(|minutes| *minutes <= 240)
        .context("MEDBOT_EMERGENCY_MINUTES is a number of minutes, 240 at most, 0 for no emergency access")?;
    Ok((minutes > 0).then(|| Duration::from_mins(minutes)))
}

/// Certificate and key of HTTP, which go together.
fn tls(get: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<TlsFiles>> {
    match (get("MEDBOT_TLS_CERT_FILE"), get("MEDBOT_TLS_KEY_FILE")) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
            certificate: certificate.into(),
            key: key.into(),
        })),
        (Some(_), None) => bail!("MEDBOT_TLS_CERT_FILE needs MEDBOT_TLS_KEY_FILE: its private key"),
        (None, Some(_)) => {
            bail!(
                "MEDBOT_TLS_KEY_FILE needs MEDBOT_TLS_CERT_FILE: the certificate that it belongs to"
            )
        }
    }
}

/// Requests a minute; 0 for no limit.
fn rate(name: &str, value: Option<String>, usual: u32) -> anyhow::Result<Option<NonZeroU32>> {
    let rate = match value {
        None => usual,
        Some(value) => value
            .parse()
            .with_context(|| format!("{name} is a number of requests a minute, 0 for no limit"))?,
    };
    Ok(NonZeroU32::new(rate))
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}
