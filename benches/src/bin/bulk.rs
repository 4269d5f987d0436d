//! A thousand documents dropped into the distributed set-up, the dropper killed half-way. Exit code 1
//! when one is missing, doubled or without a result.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::Context as _;
use benches::{
    chaos::{bulk, rig::Setup},
    child,
};
use clap::Parser;

/// Drops a folder in bulk, kills the dropper half-way, drops again, and counts.
#[derive(Parser)]
struct Arguments {
    /// One-line pages.
    #[arg(long, default_value_t = 1000)]
    documents: usize,
    /// Worker processes, with the real engines.
    #[arg(long, default_value_t = 2)]
    workers: u16,
    /// Tasks at once in each.
    #[arg(long, default_value_t = 1)]
    slots: u16,
    /// The table as queue and a folder as store, rather than RabbitMQ and S3.
    #[arg(long)]
    embedded: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let setup = Setup {
        medbot: child::binary()?,
        embedded: arguments.embedded,
        real: true,
        workers: arguments.workers,
        slots: arguments.slots,
        pace: Duration::ZERO,
        settings: BTreeMap::new(),
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    let counts = runtime.block_on(async {
        tokio::select! {
            counts = bulk::bulk(&setup, arguments.documents) => counts,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("told to stop"),
        }
    })?;
    let seconds = counts.time.as_secs_f64();
    println!("{:<40} {seconds:>8.1}", "seconds until all had ended");
    let rate = counts.documents as f64 / seconds;
    println!("{:<40} {rate:>8.1}", "documents a second");
    println!("{:<40} {:>8}", "tasks that are not done", counts.undone);
    println!(
        "dropped={} before={} after={} documents={} doubled={} unfinished={}",
        arguments.documents,
        counts.before,
        counts.after - counts.before,
        counts.documents,
        counts.doubled,
        counts.unfinished
    );
    let well = counts.after == arguments.documents
        && counts.documents == arguments.documents as i64
        && counts.doubled + counts.unfinished + counts.undone == 0;
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
