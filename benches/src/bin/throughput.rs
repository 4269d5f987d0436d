//! Documents a second with stages that cost nothing: what queue, database, store and API allow.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use benches::{
    chaos::{campaign, rig::Setup, worker},
    child,
};
use clap::Parser;

/// Measures documents a second without any OCR, and prints one table.
#[derive(Parser)]
struct Arguments {
    /// Documents of each row.
    #[arg(long, default_value_t = 500)]
    documents: u32,
    /// Of the documents.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tasks at once in each worker.
    #[arg(long, default_value_t = 8)]
    slots: u16,
    /// The binary; else `MEDBOT_BIN`, or `medbot` beside this program.
    #[arg(long)]
    medbot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let ended = if std::env::args().nth(1).as_deref() == Some("worker") {
        worker::run().map(ExitCode::from)
    } else {
        table(Arguments::parse()).map(|()| ExitCode::SUCCESS)
    };
    ended.unwrap_or_else(|error| {
        eprintln!("throughput: {error:#}");
        ExitCode::FAILURE
    })
}

fn table(arguments: Arguments) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let medbot = match arguments.medbot {
        Some(path) => path,
        None => child::binary()?,
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    println!("{:<12} {:>8} {:>12}", "mode", "workers", "documents/s");
    for embedded in [true, false] {
        for workers in [1, 4] {
            let setup = Setup {
                medbot: medbot.clone(),
                embedded,
                real: false,
                workers,
                slots: arguments.slots,
                pace: Duration::ZERO,
                settings: BTreeMap::new(),
            };
            let measured = campaign::throughput(&setup, arguments.documents, arguments.seed);
            let rate = runtime.block_on(async {
                tokio::select! {
                    rate = measured => rate,
                    _ = tokio::signal::ctrl_c() => anyhow::bail!("told to stop"),
                }
            })?;
            let mode = if embedded { "embedded" } else { "distributed" };
            println!("{mode:<12} {workers:>8} {rate:>12.1}");
        }
    }
    Ok(())
}
