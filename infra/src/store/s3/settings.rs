//! Where an S3 store is and who asks: a struct, and the environment that may fill it.

use std::fmt;
use std::time::Duration;

use url::{Host, Url};
use zeroize::Zeroizing;

/// Settings of an S3 store.
#[derive(Clone)]
pub struct S3Settings {
    /// The server; none is Amazon's of the region.
    pub endpoint: Option<Url>,
    /// Its region; stores that have none take any.
    pub region: String,
    /// The bucket, which exists.
    pub bucket: String,
    /// What all keys begin with, without a `/` at either end; empty for the bucket's top.
    pub prefix: String,
    /// Who asks.
    pub access_key: String,
    /// And how that is proven.
    pub secret_key: Zeroizing<String>,
    /// With temporary credentials.
    pub session_token: Option<Zeroizing<String>>,
    /// May the endpoint be `http` and not be this machine?
    pub allow_plaintext: bool,
    /// How long one attempt of one request may take until the answer begins.
    pub attempt_timeout: Duration,
}

/// Why settings are of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3SettingsError {
    /// A variable is needed.
    #[error("{0} is not set, and an S3 store needs it")]
    Missing(&'static str),
    /// A variable holds something else.
    #[error("{0} is not {1}")]
    Form(&'static str, &'static str),
    /// The connection would not be encrypted.
    #[error(
        "the S3 endpoint is http and not this machine: use https, or set STORE_ALLOW_PLAINTEXT=true \
         where the network is trusted"
    )]
    Plaintext,
    /// TLS cannot be set up.
    #[error("the certificates that this machine trusts cannot be used")]
    Certificates,
}

impl S3Settings {
    /// How long an attempt takes when nobody says otherwise: 8 MiB at 1.2 Mbit/s.
    pub const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

    /// The settings that the environment names: `STORE_URL` (`s3://bucket/prefix`),
    /// `AWS_ENDPOINT_URL`, `AWS_REGION` (`us-east-1`), `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `STORE_ALLOW_PLAINTEXT` (`false`).
    ///
    /// # Errors
    /// [`S3SettingsError`] names the variable.
    pub fn from_env() -> Result<Self, S3SettingsError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The same from any variables; an empty one counts as unset.
    ///
    /// # Errors
    /// [`S3SettingsError`] names the variable.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, S3SettingsError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let needed = |name| set(name).ok_or(S3SettingsError::Missing(name));
        let form = || S3SettingsError::Form("STORE_URL", "s3://bucket/prefix");
        let place = Url::parse(&needed("STORE_URL")?).map_err(|_| form())?;
        let bucket = place.host_str().filter(|_| place.scheme() == "s3");
        let endpoint = set("AWS_ENDPOINT_URL").map(|text| Url::parse(&text));
        let endpoint = endpoint.transpose().ok();
        let endpoint = endpoint.ok_or(S3SettingsError::Form("AWS_ENDPOINT_URL", "a URL"))?;
        let settings = Self {
            endpoint,
            region: set("AWS_REGION").unwrap_or_else(|| "us-east-1".into()),
            bucket: bucket.ok_or_else(form)?.to_owned(),
            prefix: place.path().trim_matches('/').to_owned(),
            access_key: needed("AWS_ACCESS_KEY_ID")?,
            secret_key: needed("AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: set("AWS_SESSION_TOKEN").map(Zeroizing::new),
            allow_plaintext: match set("STORE_ALLOW_PLAINTEXT").as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => {
                    let (name, form) = ("STORE_ALLOW_PLAINTEXT", "true or false");
                    return Err(S3SettingsError::Form(name, form));
                }
            },
            attempt_timeout: Self::ATTEMPT_TIMEOUT,
        };
        settings.check()?;
        Ok(settings)
    }

    /// Is the endpoint one that medbot talks to?
    pub(super) fn check(&self) -> Result<(), S3SettingsError> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let this_machine = match endpoint.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match endpoint.scheme() {
            "https" => Ok(()),
            "http" if this_machine || self.allow_plaintext => Ok(()),
            "http" => Err(S3SettingsError::Plaintext),
            _ => Err(S3SettingsError::Form(
                "AWS_ENDPOINT_URL",
                "an http or https URL",
            )),
        }
    }

    /// Is the connection not encrypted?
    pub(super) fn is_plaintext(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|e| e.scheme() == "http")
    }
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint.as_ref().map(Url::as_str))
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changed: &[(&str, &str)]) -> Result<S3Settings, S3SettingsError> {
        S3Settings::from_variables(|name| {
            let usual = [
                ("STORE_URL", "s3://clinic_Scans/medbot/a/"),
                ("AWS_ACCESS_KEY_ID", "who"),
                ("AWS_SECRET_ACCESS_KEY", "secret-of-the-store"),
            ];
            let mut all = changed.iter().chain(&usual);
            all.find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_url_names_bucket_and_prefix() {
        let from_env = settings(&[]).unwrap();
        assert_eq!(from_env.bucket, "clinic_Scans");
        assert_eq!(from_env.prefix, "medbot/a");
        assert_eq!(from_env.region, "us-east-1");
        assert!(!format!("{from_env:?}").contains("secret-of-the-store"));
        assert_eq!(settings(&[("STORE_URL", "s3://b")]).unwrap().prefix, "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (case, name, value, expected) in [
            (
                "no secret",
                "AWS_SECRET_ACCESS_KEY",
                "",
                "AWS_SECRET_ACCESS_KEY is not set, and an S3 store needs it",
            ),
            (
                "no bucket",
                "STORE_URL",
                "s3:///prefix",
                "STORE_URL is not s3://bucket/prefix",
            ),
            (
                "a folder",
                "STORE_URL",
                "file:///b/c",
                "STORE_URL is not s3://bucket/prefix",
            ),
            (
                "no scheme",
                "AWS_ENDPOINT_URL",
                "store:9000",
                "AWS_ENDPOINT_URL is not an http or https URL",
            ),
            (
                "neither",
                "STORE_ALLOW_PLAINTEXT",
                "yes",
                "STORE_ALLOW_PLAINTEXT is not true or false",
            ),
        ] {
            let error = settings(&[(name, value)]).unwrap_err();
            assert_eq!(error.to_string(), expected, "{case}");
        }
    }

    #[test]
    fn plaintext_is_for_this_machine_unless_allowed() {
        for (endpoint, refused) in [
            ("https://store.example", false),
            ("http://127.0.0.1:8333", false),
            ("http://[::1]:8333", false),
            ("http://localhost:8333", false),
            ("http://store.example", true),
            ("http://localhost.example", true),
            ("http://10.0.0.1:9000", true),
        ] {
            let found = settings(&[("AWS_ENDPOINT_URL", endpoint)]);
            let plaintext = matches!(found, Err(S3SettingsError::Plaintext));
            assert_eq!(plaintext, refused, "{endpoint}");
            let allowed = [
                ("AWS_ENDPOINT_URL", endpoint),
                ("STORE_ALLOW_PLAINTEXT", "true"),
            ];
            assert!(settings(&allowed).is_ok(), "{endpoint}");
        }
    }
}
