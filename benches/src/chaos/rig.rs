//! Everything that a campaign runs against: servers, the real API, workers, tenants with their keys.
//!
//! What is dropped first is ended first: workers, the API, the servers, the folder.

use std::{
    collections::BTreeMap,
    env,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use infra::{
    db::{Db, DbSettings, Role, WrappedKeys},
    queue::rabbit::{Rabbit, RabbitSettings},
    store::{Local, MasterKey, S3, S3Settings, Sealed, Store},
};
use schemas::{Engine, TenantId};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{
    client::Client,
    processes::Kept,
    receiver::Receiver,
    services::{Service, Services},
    trace, worker,
};

/// What runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The binary that serves the API.
    pub medbot: PathBuf,
    /// The table as queue and a folder as store, rather than RabbitMQ and S3.
    pub embedded: bool,
    /// Workers with the pipeline of `medbot` rather than with synthetic stages.
    pub real: bool,
    /// Worker processes.
    pub workers: u16,
    /// Tasks at once in each.
    pub slots: u16,
    /// How long a synthetic stage takes.
    pub pace: Duration,
    /// Other settings of every process.
    pub settings: BTreeMap<String, String>,
}

/// Clinics of a campaign.
const TENANTS: u128 = 3;
/// The longest that the API may take to come up.
const COMES_UP: Duration = Duration::from_mins(1);
/// Synthetic stages pretend to be these.
pub(super) const ENGINES: [Engine; 3] = [Engine::Tesseract, Engine::Paddle, Engine::PdfText];

/// All that runs.
pub struct Rig {
    pub(super) workers: Vec<Kept>,
    pub(super) api: Kept,
    pub(super) services: Arc<Services>,
    pub(super) pool: PgPool,
    pub(super) queue: Option<Rabbit>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clients: Vec<Client>,
    pub(super) receiver: Receiver,
    /// Where logs lie.
    pub(super) folder: Arc<tempfile::TempDir>,
    environment: BTreeMap<String, String>,
    setup: Setup,
}

/// A process by its name, and who tells its id whenever asked; 0 while it does not run.
pub(crate) type Running = (String, Box<dyn Fn() -> i32 + Send>);

impl Rig {
    /// Starts it.
    ///
    /// # Errors
    /// When something does not start; what did is stopped.
    pub async fn start(setup: &Setup) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("medbot-chaos-")
            .tempdir()
            .context("a folder")?;
        // PostgreSQL runs as another user than root.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let folder = Arc::new(folder);
        let mut services = Services::new(folder.path());
        let needed: &[Service] = if setup.embedded {
            &[Service::Postgres]
        } else {
            &[Service::Postgres, Service::Rabbitmq, Service::Seaweedfs]
        };
        let mut environment = services.start(needed)?;
        if !setup.embedded {
            let said = |name| value(&environment, name);
            let bucket = said("MEDBOT_TEST_S3_BUCKET")?;
            let (queue, endpoint) = (
                said("MEDBOT_TEST_AMQP_URL")?,
                said("MEDBOT_TEST_S3_ENDPOINT")?,
            );
            environment.insert("QUEUE_URL".into(), queue);
            environment.insert("STORE_URL".into(), format!("s3://{bucket}/chaos"));
            environment.insert("AWS_ENDPOINT_URL".into(), endpoint);
        }
        let services = Arc::new(services);
        let master_file = folder.path().join("master.key");
        let master = MasterKey::generate(&master_file)?;
        let data = folder.path().join("data");
        let listen = format!("127.0.0.1:{}", quiet_port()?);
        for (name, value) in [
            ("MEDBOT_MASTER_KEY_FILE", master_file.display().to_string()),
            ("MEDBOT_DATA", data.display().to_string()),
            ("MEDBOT_LISTEN", listen.clone()),
            ("MEDBOT_ALLOW_PRIVATE_WEBHOOKS", "1".into()),
            ("MEDBOT_SLOTS", setup.slots.to_string()),
            ("MEDBOT_LEASE_SECONDS", "6".into()),
            ("MEDBOT_LOG", "info".into()),
            // Panics are part of the script.
            ("RUST_BACKTRACE", "0".into()),
        ] {
            environment.insert(name.into(), value);
        }
        if !setup.real {
            let names = ENGINES.map(|engine| engine.to_string());
            environment.insert("MEDBOT_ENGINES".into(), names.join(","));
        }
        environment.extend([worker::pace(setup.pace)]);
        environment.extend(setup.settings.clone());

        let url = value(&environment, "DATABASE_URL")?;
        let pool = PgPool::connect_lazy(&url).context("DATABASE_URL")?;
        let db = Db::new(&DbSettings {
            url,
            api_sessions: 4,
            worker_sessions: 4,
            allow_plaintext: false,
        })?;
        db.migrate().await?;
        trace::begin(&pool).await?;
        let queue = environment
            .get("QUEUE_URL")
            .map(|url| Rabbit::new(&RabbitSettings::new(url.clone())))
            .transpose()?;
        let inner: Arc<dyn Store> = if setup.embedded {
            std::fs::create_dir_all(&data)?;
            Arc::new(Local::open(&data.join("objects"))?)
        } else {
            let s3 = S3Settings::from_variables(|name| environment.get(name).cloned())?;
            Arc::new(S3::open(&s3)?)
        };
        let keys = WrappedKeys::new(db.clone(), master.clone());
        let api = Kept::start(&folder.path().join("api.log"), {
            let (medbot, environment) = (setup.medbot.clone(), environment.clone());
            move || command(&medbot, "serve", &environment)
        })?;
        let mut rig = Self {
            workers: Vec::new(),
            api,
            clients: clients(&db, &format!("http://{listen}")).await?,
            services,
            pool,
            queue,
            store: Arc::new(Sealed::new(inner, Arc::new(keys))),
            receiver: Receiver::default(),
            folder,
            environment,
            setup: setup.clone(),
        };
        rig.comes_up().await?;
        let (receiver, address) = Receiver::start().await?;
        rig.receiver = receiver;
        for client in &mut rig.clients {
            client.add_webhook(&format!("http://{address}/")).await?;
        }
        for number in 0..setup.workers {
            rig.add_worker(number)?;
        }
        Ok(rig)
    }

    /// Where the API is, and a key of each tenant.
    pub(crate) fn logins(&self) -> impl Iterator<Item = (&str, &str)> {
        self.clients
            .iter()
            .map(|client| (client.base(), client.key()))
    }

    /// Where the API listens.
    pub(crate) fn address(&self) -> &str {
        self.clients[0].base().trim_start_matches("http://")
    }

    /// The servers of the set-up and the ports that they listen on.
    pub(crate) fn ports(&self) -> Vec<(&'static str, u16)> {
        [
            ("postgres", "DATABASE_URL"),
            ("broker", "QUEUE_URL"),
            ("store", "AWS_ENDPOINT_URL"),
        ]
        .into_iter()
        .filter_map(|(server, name)| {
            let url = reqwest::Url::parse(self.environment.get(name)?).ok()?;
            Some((server, url.port()?))
        })
        .collect()
    }

    /// The processes of the servers.
    pub(super) fn server_processes(&self) -> anyhow::Result<Vec<i32>> {
        self.services.pids()
    }

    /// The processes of medbot by name.
    pub(crate) fn processes(&self) -> Vec<Running> {
        let mut processes: Vec<Running> = vec![("api".into(), Box::new(self.api.pid()))];
        for (number, worker) in self.workers.iter().enumerate() {
            processes.push((format!("worker {number}"), Box::new(worker.pid())));
        }
        processes
    }

    fn add_worker(&mut self, number: u16) -> anyhow::Result<()> {
        let log = self.folder.path().join(format!("worker-{number}.log"));
        let environment = self.environment.clone();
        let (program, verb) = if self.setup.real {
            (self.setup.medbot.clone(), "work")
        } else {
            (env::current_exe().context("this program")?, "worker")
        };
        let kept = Kept::start(&log, move || command(&program, verb, &environment))?;
        self.workers.push(kept);
        Ok(())
    }

    /// Waits until the API is ready.
    pub(super) async fn comes_up(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + COMES_UP;
        while !self.clients[0].is_ready().await {
            if Instant::now() > deadline {
                bail!("the API is not ready: see {}", self.keep_logs()?.display());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// How often a sentence stands in the logs of workers.
    pub(super) fn said(&self, sentence: &str) -> u64 {
        (0..self.workers.len())
            .filter_map(|number| {
                let log = self.folder.path().join(format!("worker-{number}.log"));
                std::fs::read_to_string(log).ok()
            })
            .map(|log| log.matches(sentence).count() as u64)
            .sum()
    }

    /// Copies the logs to where they survive the campaign.
    pub(super) fn keep_logs(&self) -> anyhow::Result<PathBuf> {
        let kept = env::temp_dir().join(format!("medbot-chaos-logs-{}", std::process::id()));
        std::fs::create_dir_all(&kept)?;
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log")
                && let Some(name) = path.file_name()
            {
                std::fs::copy(&path, kept.join(name))?;
            }
        }
        Ok(kept)
    }
}

fn value(said: &BTreeMap<String, String>, name: &str) -> anyhow::Result<String> {
    said.get(name)
        .cloned()
        .with_context(|| format!("a service did not say {name}"))
}

fn command(program: &Path, verb: &str, environment: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(program);
    for name in [
        "QUEUE_URL",
        "STORE_URL",
        "DATABASE_URL",
        "MEDBOT_CONFIG",
        "MEDBOT_AUTH",
    ] {
        command.env_remove(name);
    }
    command.arg(verb).envs(environment);
    command
}

/// The default tenant and others, each with a key.
async fn clients(db: &Db, base: &str) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::new();
    for number in 1..=TENANTS {
        let tenant = TenantId(Uuid::from_u128(number));
        db.found_tenant(tenant, &format!("clinic {number}")).await?;
        let key = ingest::http::new_key();
        let kept = infra::api_key::KeptKey::of(&key)?;
        db.admit(tenant, &kept, Role::Admin).await?;
        clients.push(Client::new(base, tenant, key)?);
    }
    Ok(clients)
}

/// A port that nobody is given while its server is dead: below the range of clients' ports.
pub(crate) fn quiet_port() -> anyhow::Result<u16> {
    let first = std::process::id() as u16 % 11_000;
    (0..11_000)
        .map(|n| 20_000 + (first + n) % 11_000)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .context("no port is free")
}
