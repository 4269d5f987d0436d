//! `medbot up`, `serve` and `work`: the same parts, in one process or in many.
//!
//! Here and in `system` three URLs become adapters. Nothing after it asks which they are.

use std::{
    fs,
    io::Write as _,
    ops::RangeInclusive,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context as _, bail};
use infra::{
    api_key::KeptKey,
    audit::{Anchors, Recorder},
    db::{Changes, Db, DbSettings, Role, TableQueue, WrappedKeys},
    llm::Llm,
    queue::{
        Queue,
        rabbit::{Rabbit, RabbitSettings},
    },
    store::{MasterKey, Sealed, Store},
    telemetry::{self, Metrics},
    tidy,
    together::Together,
    webhook::{self, Guard, Sender, Times},
};
use schemas::{Engine, Stage, TenantId};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::task::TaskTracker;
use workers::{
    adaptive::Mode,
    decode::Limits,
    sandbox::Launch,
    shell::{Patience, Shell},
    stage::Stages,
};

use crate::{
    acceptance,
    chat::{Chat, Wording},
    cli::DONE,
    compose::{self, Choice},
    fhir_server::{self, FhirServer},
    http::{self, Api, Feed, Serving, SignIn, Tls, Tokens, Tryout},
    observe, reopen,
    settings::Settings,
    stop::told_to_stop,
    system::{self, Database, with_db},
    trim, vocabularies,
};

/// Sessions with the database of a process.
const API_SESSIONS: u32 = 24;
const WORKER_SESSIONS: u32 = 16;

/// Which parts a process runs.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Answer HTTP.
    pub serve: bool,
    /// Stages to work on; none for no work, empty for all.
    pub work: Option<Vec<Stage>>,
    /// Start what is embedded and migrate.
    pub embedded: bool,
}

/// Runs the parts until SIGTERM or SIGINT.
///
/// # Errors
/// When a part cannot start; the message says what to do.
pub(crate) fn run(settings: &Settings, parts: &Parts) -> anyhow::Result<u8> {
    run_with(settings, parts, None)
}

/// `medbot work` with other stages than the pipeline's: what a bench crashes.
///
/// # Errors
/// When it cannot start.
pub fn work_with(settings: &Settings, crew: Crew) -> anyhow::Result<u8> {
    let parts = Parts {
        serve: false,
        work: Some(Vec::new()),
        embedded: false,
    };
    run_with(settings, &parts, Some(crew))
}

/// Stages, and how patient who runs them is.
pub struct Crew {
    /// What is done.
    pub stages: Arc<dyn Stages>,
    /// How patient.
    pub patience: Patience,
}

fn run_with(settings: &Settings, parts: &Parts, crew: Option<Crew>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads for the service")?;
    if !parts.embedded && settings.database_url.is_none() {
        bail!(
            "DATABASE_URL is not set: `serve` and `work` share a database; `medbot up` brings its own"
        );
    }
    let in_clear = settings.allow_plaintext || settings.tls_at_proxy;
    // Before anything is made or started.
    let tls = if parts.serve {
        Tls::of_listener(settings.listen, settings.tls.as_ref(), in_clear)?
    } else {
        None
    };
    if parts.embedded {
        system::make_data_folder(&settings.data)?;
    }
    let database = Database::own(settings)?;
    let ended = runtime.block_on(parts_until_told(settings, parts, &database.url, tls, crew));
    runtime.shutdown_timeout(Duration::from_secs(5));
    database.stop()?;
    ended.map(|()| DONE)
}

async fn parts_until_told(
    settings: &Settings,
    parts: &Parts,
    url: &str,
    tls: Option<Arc<Tls>>,
    crew: Option<Crew>,
) -> anyhow::Result<()> {
    let metrics = match settings.metrics {
        Some(address) => Some((address, Metrics::start()?)),
        None => None,
    };
    let opened = open(settings, parts, url).await?;
    let (tell, told) = watch::channel(false);
    let mut running = JoinSet::new();
    if parts.serve {
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr().context("no address")?;
        if let Err(error) = compose::encoder_files() {
            let error = format!("{error:#}");
            tracing::warn!(error, "the chat searches by words alone");
        }
        let api = opened.api(settings, told.clone())?;
        reopen::open(&api, told.clone()).await;
        let under_way = api.under_way.clone();
        running.spawn(http::Refusals::keep(Arc::clone(&api), told.clone()));
        let router = http::router(api, &settings.cors_origins)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        if let Some(tls) = &tls {
            running.spawn(Arc::clone(tls).keep_fresh(told.clone()));
        }
        running.spawn({
            let told = told.clone();
            async move {
                if let Err(error) = http::serve(listener, tls, router, told).await {
                    tracing::error!(%error, "HTTP is not answered any more");
                }
                // What was begun for a client that has gone is finished and written down too.
                under_way.close();
                under_way.wait().await;
            }
        });
        tracing::info!(%address, scheme, "HTTP is answered");
        if parts.embedded {
            eprintln!("medbot: the page and the API are at {scheme}://{address}");
        }
    }
    let sender = Sender::new(
        Guard::new(settings.allow_private_webhooks),
        Times::default(),
    )
    .context("webhooks")?;
    running.spawn({
        let (opened, told) = (opened.clone(), told.clone());
        async move {
            webhook::deliver(&opened.db, &opened.master, &sender, &opened.changes, told).await;
        }
    });
    if let Some(url) = &settings.fhir_url {
        let token = settings.fhir_token_file.clone();
        let server = FhirServer::new(url, token, settings.allow_plaintext)?;
        let (opened, told) = (opened.clone(), told.clone());
        running.spawn(async move {
            let (db, store) = (&opened.db, &opened.store);
            fhir_server::tell(&server, db, store, &opened.audit, &opened.changes, told).await;
        });
    }
    running.spawn(trim::keep_trim(told.clone()));
    running.spawn({
        let (opened, told) = (opened.clone(), told.clone());
        async move {
            let (store, silence) = (&*opened.store, opened.upload_silence);
            tidy::keep_tidy(&opened.db, store, &opened.master, silence, told).await;
        }
    });
    if let Some(stages) = &parts.work {
        let (shell, stages) = match crew {
            Some(crew) => (opened.shell_of(crew), Stage::ALL.to_vec()),
            None => opened.shell(settings, stages).await?,
        };
        running.spawn({
            let (shell, changes, told) = (shell.clone(), opened.changes.clone(), told.clone());
            async move { shell.keep_promises(changes, told).await }
        });
        let (slots, told) = (settings.slots, told.clone());
        running.spawn(async move { shell.work(&stages, slots, told).await });
        tracing::info!(slots = settings.slots, "tasks are taken");
    }
    if let Some((address, metrics)) = metrics {
        // Last, so that a sign of life means that everything before has begun.
        running.spawn(observe::listen(address, metrics, told.clone()).await?);
        if parts.serve {
            let (db, told) = (opened.db.clone(), told.clone());
            running.spawn(async move { telemetry::watch(&db, told).await });
        }
    }
    told_to_stop().await?;
    tracing::info!("ending: what was begun is finished, nothing new is taken");
    tell.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_mins(2), async {
        while running.join_next().await.is_some() {}
    });
    tokio::select! {
        ended = ended => if ended.is_err() {
            tracing::warn!("some tasks were cut off; their leases will end");
        },
        _ = told_to_stop() => tracing::warn!("told twice: ending at once"),
    }
    opened.db.close().await;
    Ok(())
}

/// What every part works with.
#[derive(Clone)]
struct Opened {
    db: Db,
    queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
    changes: Changes,
    master: Arc<MasterKey>,
    audit: Recorder,
    due: Arc<Notify>,
    upload_silence: Duration,
    tryout: Arc<Tryout>,
}

async fn open(settings: &Settings, parts: &Parts, url: &str) -> anyhow::Result<Opened> {
    let db = Db::new(&DbSettings {
        url: url.to_owned(),
        api_sessions: API_SESSIONS,
        worker_sessions: WORKER_SESSIONS,
        allow_plaintext: settings.allow_plaintext,
    })?;
    if parts.embedded {
        db.migrate().await?;
    }
    let master = system::master_key(settings, parts.embedded)?;
    if parts.embedded {
        admin_key(&db, &settings.data.join("admin.key")).await?;
    }
    let due = Arc::new(Notify::new());
    let queue: Arc<dyn Queue> = match &settings.queue_url {
        None => Arc::new(TableQueue::new(db.clone(), Arc::clone(&due))),
        Some(url) => {
            let mut rabbit = RabbitSettings::new(url.clone());
            rabbit.allow_plaintext = settings.allow_plaintext;
            Arc::new(Rabbit::new(&rabbit)?)
        }
    };
    let inner = system::store(settings)?;
    let keys = WrappedKeys::new(db.clone(), master.clone());
    let master = Arc::new(master);
    let anchors = settings.audit_anchors.clone().map(Anchors::new);
    Ok(Opened {
        audit: Recorder::start(db.clone(), Arc::clone(&master), anchors),
        tryout: Arc::default(),
        changes: db.listen(),
        store: Arc::new(Sealed::new(inner, Arc::new(keys))),
        master,
        db,
        queue,
        due,
        upload_silence: seconds("MEDBOT_UPLOAD_SILENCE_SECONDS", 1.0..=86_400.0)?
            .unwrap_or(tidy::SILENCE),
    })
}

impl Opened {
    fn api(&self, settings: &Settings, stop: watch::Receiver<bool>) -> anyhow::Result<Api> {
        let tokens = settings.provider.clone();
        let tokens = tokens.map(|provider| Tokens::new(provider, settings.allow_plaintext));
        let tokens = tokens.transpose()?.map(Arc::new);
        let together = settings.redis_url.as_ref();
        let together = together.map(|url| Together::new(url, settings.allow_plaintext));
        let sign_in = settings.sign_in.clone().zip(tokens.clone());
        let sign_in = sign_in.map(|(client, tokens)| {
            SignIn::new(client, tokens, settings.allow_plaintext).map(Arc::new)
        });
        let erasures = system::erasure_list(settings, &self.master);
        if let Err(error) = erasures.prove() {
            tracing::error!(%error, "the erasure list does not hold what was written");
        }
        let chat = Chat::new(
            self.db.clone(),
            compose::encoder,
            vocabularies::lexicon,
            settings.country,
            self.wording(settings)?,
        );
        let chat = Arc::new(chat.forgetting_with(&self.changes));
        // Not with the first question that needs them; whether they are there is no matter of readiness.
        let shipping = Arc::clone(&chat);
        tokio::spawn(async move { shipping.keep_shipped().await });
        Ok(Arc::new(Serving {
            db: self.db.clone(),
            store: Arc::clone(&self.store),
            queue: Arc::clone(&self.queue),
            feed: Feed::start(self.db.clone(), &self.changes, stop.clone()),
            master: Arc::clone(&self.master),
            authentication: settings.authentication,
            keys: Arc::default(),
            engines: compose::wanted(&settings.engines),
            largest_upload: Limits::default().bytes,
            spools: http::Spools::new(http::LARGEST_ZIP * Limits::default().bytes),
            upload_silence: self.upload_silence,
            webhook_guard: Guard::new(settings.allow_private_webhooks),
            tokens,
            sign_in: sign_in.transpose()?,
            audit: self.audit.clone(),
            limits: Arc::new(http::Limits::new(&settings.rates, together.transpose()?)),
            refusals: http::Refusals::default(),
            trusted_proxies: settings.trusted_proxies.clone(),
            chat,
            emergency: settings.emergency,
            guests: settings.guests,
            erasures,
            is_open: AtomicBool::new(false),
            tryout: Arc::clone(&self.tryout),
            under_way: TaskTracker::new(),
            stop,
        }))
    }

    /// The model of the chat, where there is one.
    fn wording(&self, settings: &Settings) -> anyhow::Result<Option<Wording>> {
        let Some(model) = &settings.model else {
            return Ok(None);
        };
        Ok(Some(Wording {
            model: Llm::new(model.clone())?,
            hides: settings.hides_identifiers.then(|| Arc::clone(&self.master)),
        }))
    }

    /// A shell with the stages that this machine can run. Opening models takes a while and blocks.
    async fn shell(
        &self,
        settings: &Settings,
        asked: &[Stage],
    ) -> anyhow::Result<(Shell, Vec<Stage>)> {
        let engines = compose::wanted(&settings.engines);
        let stages: Vec<Stage> = Stage::ALL
            .into_iter()
            .filter(|stage| asked.is_empty() || asked.contains(stage))
            .filter(|stage| match stage {
                Stage::Recognise(engine) => engines.contains(engine),
                _ => true,
            })
            .collect();
        if let Some(missing) = asked.iter().find(|stage| !stages.contains(stage)) {
            bail!("this worker cannot run the stage `{missing}`: its engine is not configured");
        }
        let (languages, slots) = (settings.languages.clone(), usize::from(settings.slots));
        let chosen: Vec<Engine> = settings.engines.clone();
        let acceptance = settings
            .max_error
            .map(|bound| acceptance::of_service(bound, settings.calibration.as_deref()))
            .transpose()?;
        let indexes = stages.contains(&Stage::Index);
        let mut pipeline = tokio::task::spawn_blocking(move || {
            let mut pipeline = compose::pipeline(&Choice {
                engines: &chosen,
                languages: &languages,
                mode: Mode::Full,
                jobs: slots,
                launch: Launch::this_program(),
            })?;
            pipeline.encoder = indexes.then(compose::encoder).flatten();
            anyhow::Ok(pipeline)
        })
        .await
        .context("opening the models broke down")??;
        pipeline.acceptance = acceptance.map(Mutex::new);
        let pipeline = Arc::new(pipeline);
        self.tryout.opened(Arc::clone(&pipeline));
        let shell = self.shell_of(Crew {
            stages: pipeline,
            patience: patience()?,
        });
        Ok((shell, stages))
    }

    fn shell_of(&self, crew: Crew) -> Shell {
        Shell {
            db: self.db.clone(),
            queue: Arc::clone(&self.queue),
            store: Arc::clone(&self.store),
            master: Arc::clone(&self.master),
            stages: crew.stages,
            due: Arc::clone(&self.due),
            patience: crew.patience,
        }
    }
}

/// Default patience; `MEDBOT_LEASE_SECONDS` makes leases and all that follows from them shorter or
/// longer.
fn patience() -> anyhow::Result<Patience> {
    let mut patience = Patience::default();
    if let Some(lease) = seconds("MEDBOT_LEASE_SECONDS", 0.5..=3600.0)? {
        patience.lease = lease;
        patience.overdue = 5 * patience.lease;
        patience.sweep = (patience.lease / 12).max(Duration::from_millis(250));
    }
    Ok(patience)
}

/// A span of time that the environment may give.
fn seconds(name: &str, bounds: RangeInclusive<f64>) -> anyhow::Result<Option<Duration>> {
    let Ok(text) = std::env::var(name) else {
        return Ok(None);
    };
    let seconds = text.parse().ok().filter(|given| bounds.contains(given));
    let seconds = seconds.with_context(|| {
        format!(
            "{name} lies between {} and {}",
            bounds.start(),
            bounds.end()
        )
    })?;
    Ok(Some(Duration::from_secs_f64(seconds)))
}

/// The first administrator's key, in a file that only its owner may read.
async fn admin_key(db: &Db, path: &Path) -> anyhow::Result<()> {
    let key = match fs::read_to_string(path) {
        Ok(key) => key.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = http::new_key();
            write_secret(path, &key)?;
            key
        }
        Err(error) => return Err(error).context("the administrator's key cannot be read"),
    };
    let kept = KeptKey::of(&key)?;
    db.admit(TenantId::DEFAULT, &kept, Role::Admin).await?;
    eprintln!(
        "medbot: the administrator's API key is in {}",
        path.display()
    );
    Ok(())
}

/// A secret in a new file that only its owner may read.
pub(crate) fn write_secret(path: &Path, secret: &str) -> anyhow::Result<()> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            writeln!(file, "{secret}")?;
            file.sync_all()
        });
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// `medbot migrate`.
///
/// # Errors
/// When the database refuses.
pub(crate) fn migrate(settings: &Settings) -> anyhow::Result<u8> {
    with_db(settings, async |db| {
        db.migrate().await?;
        eprintln!("medbot: the database is up to date");
        Ok(DONE)
    })
}

#[cfg(test)]
mod tests;
