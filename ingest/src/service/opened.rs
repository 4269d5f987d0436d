//! What every part of a process works with, opened once.

use std::{
    fs,
    ops::RangeInclusive,
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
    tidy,
    together::Together,
    webhook::Guard,
};
use schemas::{Engine, Stage, TenantId};
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;
use workers::{
    adaptive::Mode,
    decode::Limits,
    sandbox::Launch,
    shell::{Patience, Shell},
};

use super::{Crew, Parts, write_secret};
use crate::{
    acceptance,
    chat::{Chat, Wording},
    compose::{self, Choice},
    http::{self, Api, Feed, Serving, SignIn, Tokens, Tryout},
    settings::Settings,
    system, vocabularies,
};

/// Sessions with the database of a process.
const API_SESSIONS: u32 = 24;
const WORKER_SESSIONS: u32 = 16;

/// What every part works with.
#[derive(Clone)]
pub(super) struct Opened {
    pub db: Db,
    pub queue: Arc<dyn Queue>,
    pub store: Arc<dyn Store>,
    pub changes: Changes,
    pub master: Arc<MasterKey>,
    pub audit: Recorder,
    pub due: Arc<Notify>,
    pub upload_silence: Duration,
    pub tryout: Arc<Tryout>,
}

pub(super) async fn open(settings: &Settings, parts: &Parts, url: &str) -> anyhow::Result<Opened> {
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
    pub fn api(&self, settings: &Settings, stop: watch::Receiver<bool>) -> anyhow::Result<Api> {
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
    pub async fn shell(
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

    pub fn shell_of(&self, crew: Crew) -> Shell {
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
