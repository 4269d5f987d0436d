//! The hidden subcommand `worker`: what `medbot work` is, with synthetic stages and little patience.

use std::{env, io::Read as _, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use infra::db::Attempts;
use ingest::{
    service::{self, Crew},
    settings::{Flags, Settings},
};
use workers::shell::Patience;

use super::stages::{Effect, Synthetic};

/// Patience of a worker in a campaign. Leases are short, so that what is lost is missed soon.
pub(super) const LEASE: Duration = Duration::from_secs(2);
pub(super) const STAGE: Duration = Duration::from_secs(2);
const PACE: &str = "MEDBOT_CHAOS_PACE_MS";

/// Runs it until SIGTERM, or until the bench that started it is gone.
///
/// # Errors
/// When it cannot start.
pub fn run() -> anyhow::Result<u8> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let _ = rustls::crypto::ring::default_provider().install_default();
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    let pace: u64 = env::var(PACE)
        .unwrap_or_default()
        .parse()
        .with_context(|| format!("{PACE} is a number"))?;
    let crew = Crew {
        stages: Arc::new(Synthetic {
            poison: Effect::Real(2 * STAGE),
            pace: Duration::from_millis(pace),
        }),
        patience: Patience {
            lease: LEASE,
            overdue: 3 * LEASE,
            sweep: Duration::from_millis(300),
            publish: Duration::from_secs(3),
            stage: STAGE,
            attempts: Attempts {
                most: 5,
                rest_seconds: 0.25,
            },
        },
    };
    service::work_with(&Settings::read(Flags::default())?, crew)
}

/// The environment that makes stages take this long.
pub(super) fn pace(time: Duration) -> (String, String) {
    (PACE.into(), time.as_millis().to_string())
}
