//! Documents a second and CPU seconds a page as workers are added: with stages that cost nothing, which
//! shows what queue, database, store and API allow, and with the real engines, which shows what a page costs.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use benches::{
    chaos::{
        rig::Setup,
        throughput::{Documents, Measured, throughput},
        worker,
    },
    child,
};
use clap::Parser;

/// Measures documents a second and the cost of a page by workers, and prints one table.
#[derive(Parser)]
struct Arguments {
    /// Documents of each row without engines.
    #[arg(long, default_value_t = 500)]
    documents: u32,
    /// Of these documents.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder whose documents go through the real engines, in rows of their own.
    #[arg(long)]
    real: Option<PathBuf>,
    /// Documents of the folder in each row; two a worker go before, so that the engines are warm.
    #[arg(long, default_value_t = 24)]
    real_documents: usize,
    /// Worker processes of each row.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    workers: Vec<u16>,
    /// Tasks at once in each worker, without engines and with them.
    #[arg(long, default_value_t = 8)]
    slots: u16,
    #[arg(long, default_value_t = 1)]
    real_slots: u16,
    /// What an hour of a processor core costs.
    #[arg(long, default_value_t = 0.04)]
    core_hour: f64,
    /// The binary; else `MEDBOT_BIN`, or `medbot` beside this program.
    #[arg(long)]
    medbot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let ended = if std::env::args().nth(1).as_deref() == Some("worker") {
        worker::run().map(ExitCode::from)
    } else {
        table(&Arguments::parse()).map(|()| ExitCode::SUCCESS)
    };
    ended.unwrap_or_else(|error| {
        eprintln!("throughput: {error:#}");
        ExitCode::FAILURE
    })
}

fn table(arguments: &Arguments) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let medbot = match &arguments.medbot {
        Some(path) => path.clone(),
        None => child::binary()?,
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    println!(
        "CPU seconds a page, and the cost of 1,000 pages at {} a core hour\n",
        arguments.core_hour
    );
    println!(
        "{:<12} {:<8} {:>7} {:>9} {:>6} {:>11} {:>9} {:>7} {:>8} {:>7} {:>11}",
        "mode",
        "engines",
        "workers",
        "documents",
        "pages",
        "documents/s",
        "workers",
        "API",
        "servers",
        "all",
        "1,000 pages"
    );
    for (embedded, real) in rows(arguments.real.is_some()) {
        for &workers in &arguments.workers {
            let setup = Setup {
                medbot: medbot.clone(),
                embedded,
                real,
                workers,
                slots: if real {
                    arguments.real_slots
                } else {
                    arguments.slots
                },
                pace: Duration::ZERO,
                settings: if real {
                    // Leases of a campaign are short.
                    BTreeMap::from([("MEDBOT_LEASE_SECONDS".into(), "60".into())])
                } else {
                    BTreeMap::new()
                },
            };
            let documents = match &arguments.real {
                Some(folder) if real => Documents::Real {
                    count: arguments.real_documents,
                    folder: folder.clone(),
                },
                _ => Documents::Scripted {
                    count: arguments.documents,
                    seed: arguments.seed,
                },
            };
            let measured = runtime.block_on(async {
                tokio::select! {
                    measured = throughput(&setup, &documents) => measured,
                    _ = tokio::signal::ctrl_c() => anyhow::bail!("told to stop"),
                }
            })?;
            print(&setup, &measured, arguments.core_hour);
        }
    }
    Ok(())
}

/// Whether embedded, and whether with the real engines.
fn rows(real: bool) -> Vec<(bool, bool)> {
    let mut rows = vec![(true, false), (false, false)];
    rows.extend(real.then_some((false, true)));
    rows
}

fn print(setup: &Setup, measured: &Measured, core_hour: f64) {
    let a_page = |seconds: f64| seconds / f64::from(measured.pages.max(1));
    let cpu = measured.cpu;
    let all = a_page(cpu.workers + cpu.api + cpu.servers);
    println!(
        "{:<12} {:<8} {:>7} {:>9} {:>6} {:>11.2} {:>9.4} {:>7.4} {:>8.4} {:>7.4} {:>11.4}",
        if setup.embedded {
            "embedded"
        } else {
            "distributed"
        },
        if setup.real { "real" } else { "none" },
        setup.workers,
        measured.documents,
        measured.pages,
        measured.documents as f64 / measured.seconds,
        a_page(cpu.workers),
        a_page(cpu.api),
        a_page(cpu.servers),
        all,
        1000.0 * all * core_hour / 3600.0
    );
}
