//! Many sessions at once against the real API, with workers whose stages cost nothing or with the real
//! engines: each uploads, follows its job by events and by polling, reads the result, asks about it and
//! queries entities, with pauses as a person or a page makes them. Loopback only, and bounded by its time.

mod nginx;
mod session;
mod slope;
mod tally;
mod watch;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{task::JoinSet, time::Instant};

use crate::chaos::{
    rig::{Rig, Setup},
    scans,
};
use nginx::Nginx;
use session::{Session, Uploads, idle};
use tally::Tally;
use watch::Watch;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Load {
    /// What runs.
    pub setup: Setup,
    /// What stands between the sessions and the API.
    pub through: Option<Through>,
    /// Sessions at once.
    pub sessions: u32,
    /// Streams of all jobs of a tenant that are held open besides.
    pub listeners: u32,
    /// For how long.
    pub time: Duration,
    /// The pause between two requests of a session, half more or less.
    pub think: Duration,
    /// How often a session uploads.
    pub every: Duration,
    /// The longest that an answer may take before it counts as none.
    pub patience: Duration,
    /// Share of the documents that are asked about.
    pub chat: f64,
    /// What is uploaded, in turn; else documents for stages that cost nothing.
    pub real: Option<PathBuf>,
}

/// What may stand before the API.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Through {
    /// With the configuration of `infra/deploy/nginx`.
    Nginx,
}

/// How long sessions may take to end what they have begun.
const LAST: Duration = Duration::from_secs(30);

impl Load {
    /// Runs it and prints a table; the last line is the verdict. True when nothing was answered wrongly
    /// and nothing grows.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn run(&self) -> anyhow::Result<bool> {
        let rig = Rig::start(&self.setup).await?;
        let nginx = match self.through {
            Some(Through::Nginx) => Some(Nginx::start(rig.address())?),
            None => None,
        };
        let tally = Arc::new(Tally::default());
        let http = reqwest::Client::builder()
            .no_proxy()
            // Each session has connections of its own, as programs on many machines have; whom nginx's
            // certificate names was made up a moment ago.
            .http1_only()
            .tls_danger_accept_invalid_certs(nginx.is_some())
            .pool_max_idle_per_host(self.sessions as usize)
            .build()
            .context("an HTTP client")?;
        let logins: Vec<_> = rig.logins().collect();
        let uploads = Arc::new(match &self.real {
            Some(folder) => Uploads::InTurn(scans::of(folder)?, AtomicUsize::new(0)),
            None => Uploads::Scripted,
        });
        let watch = Watch::begin(&rig);
        let until = Instant::now() + self.time;
        let mut running = JoinSet::new();
        for number in 0..self.sessions + self.listeners {
            let (base, key) = logins[number as usize % logins.len()];
            let base = nginx.as_ref().map_or_else(|| base.to_owned(), Nginx::base);
            let session = Session {
                number,
                http: http.clone(),
                base,
                key: key.to_owned(),
                tally: Arc::clone(&tally),
                until,
                think: self.think,
                every: self.every,
                patience: self.patience,
                chat: self.chat,
                uploads: Arc::clone(&uploads),
            };
            if number < self.sessions {
                running.spawn(session.run());
            } else {
                running.spawn(idle(session));
            }
        }
        let ended = tokio::time::timeout(self.time + LAST, async {
            while let Some(ended) = running.join_next().await {
                ended.context("a session broke down")?;
            }
            anyhow::Ok(())
        });
        match ended.await {
            Ok(ended) => ended?,
            Err(_) => tally.wrong("session", "does not end"),
        }
        let seen = watch.end().await;
        // Everything has ended before the verdict, so that it is the last line.
        drop((nginx, rig));
        print!("{seen}{tally}");
        if seen.growing() > 0 {
            println!("{} of the above grow", seen.growing());
        }
        println!("sessions={} {}", self.sessions, tally.verdict());
        Ok(tally.errors() == 0 && seen.growing() == 0)
    }
}
