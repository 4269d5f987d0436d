//! A crash campaign as one command: everything is killed, frozen and lied to while documents go in,
//! then every one of them is looked at. Exit code 1 when one was lost, doubled or got stuck.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use benches::{
    chaos::{campaign::Campaign, rig::Setup, worker},
    child,
};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Kills, freezes and deceives medbot while documents go in, and checks what came of each.
#[derive(Parser)]
struct Arguments {
    /// At most a minute: few documents, every kind of harm once.
    #[arg(long)]
    short: bool,
    /// Documents.
    #[arg(long, default_value_t = 2000)]
    documents: u32,
    /// Of the documents and of what happens to them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Minutes of harm.
    #[arg(long, default_value_t = 4.0)]
    minutes: f64,
    /// Minutes that recovery may take.
    #[arg(long, default_value_t = 2.0)]
    recovery: f64,
    /// Worker processes.
    #[arg(long, default_value_t = 3)]
    workers: u16,
    /// Tasks at once in each.
    #[arg(long, default_value_t = 6)]
    slots: u16,
    /// The binary; else `MEDBOT_BIN`, or `medbot` beside this program.
    #[arg(long)]
    medbot: Option<PathBuf>,
    /// The table as queue and a folder as store, rather than RabbitMQ and S3.
    #[arg(long)]
    embedded: bool,
    /// Documents of this folder through the real pipeline of `medbot work`.
    #[arg(long, conflicts_with = "documents")]
    real: Option<PathBuf>,
}

fn main() -> ExitCode {
    // The campaign starts itself as its workers.
    let ended = if std::env::args().nth(1).as_deref() == Some("worker") {
        worker::run().map(ExitCode::from)
    } else {
        campaign(Arguments::parse())
    };
    ended.unwrap_or_else(|error| {
        eprintln!("chaos: {error:#}");
        ExitCode::from(2)
    })
}

fn campaign(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (documents, minutes) = if arguments.short {
        (120, 0.3)
    } else {
        (arguments.documents, arguments.minutes)
    };
    let campaign = Campaign {
        setup: Setup {
            medbot: match arguments.medbot {
                Some(path) => path,
                None => child::binary()?,
            },
            embedded: arguments.embedded,
            real: arguments.real.is_some(),
            workers: arguments.workers,
            slots: arguments.slots,
            pace: Duration::from_millis(5),
            settings: BTreeMap::new(),
        },
        documents,
        seed: arguments.seed,
        time: Duration::from_secs_f64(60.0 * minutes),
        recovery: Duration::from_secs_f64(60.0 * arguments.recovery),
        real: arguments.real,
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    let well = runtime.block_on(async {
        let mut term = signal(SignalKind::terminate()).context("signals")?;
        // Whatever ends first, all that was started is dropped, and ends.
        tokio::select! {
            well = campaign.run() => well,
            _ = term.recv() => anyhow::bail!("told to stop"),
            _ = tokio::signal::ctrl_c() => anyhow::bail!("told to stop"),
        }
    })?;
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
