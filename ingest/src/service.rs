//! `medbot up`, `serve` and `work`: the same parts, in one process or in many.
//!
//! Here and in `system` three URLs become adapters. Nothing after it asks which they are.

mod opened;

use std::{
    fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc, time::Duration,
};

use anyhow::{Context as _, bail};
use infra::{
    telemetry::{self, Metrics},
    tidy,
    webhook::{self, Guard, Sender, Times},
};
use schemas::Stage;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use workers::{shell::Patience, stage::Stages};

use crate::{
    cli::DONE,
    compose,
    fhir_server::{self, FhirServer},
    http::{self, Tls},
    observe, reopen,
    settings::Settings,
    stop::told_to_stop,
    system::{self, Database, with_db},
    trim,
};
use opened::open;

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
