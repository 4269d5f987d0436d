//! Many sessions at once for a while: what they wait for, what goes wrong, and what grows meanwhile. Exit
//! code 1 when an answer was wrong or something grows.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use benches::{
    chaos::{rig::Setup, worker},
    child,
    load::{Load, Through},
};
use clap::Parser;

/// Lets sessions upload, follow, read and query, and prints one table.
#[derive(Parser)]
struct Arguments {
    /// Sessions at once.
    #[arg(long, default_value_t = 1000)]
    sessions: u32,
    /// Idle streams of events besides.
    #[arg(long, default_value_t = 0)]
    listeners: u32,
    /// What stands between the sessions and the API.
    #[arg(long, value_enum)]
    through: Option<Through>,
    /// For how long, at most an hour.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Seconds between two requests of a session, half more or less.
    #[arg(long, default_value_t = 5.0)]
    think: f64,
    /// Seconds between two uploads of a session.
    #[arg(long, default_value_t = 120.0)]
    every: f64,
    /// Share of the documents that are asked about.
    #[arg(long, default_value_t = 0.25)]
    chat: f64,
    /// Documents of this folder, in turn, through the real engines.
    #[arg(long)]
    real: Option<PathBuf>,
    /// Worker processes, whose stages cost nothing without `--real`, and tasks at once in each.
    #[arg(long, default_value_t = 1)]
    workers: u16,
    #[arg(long, default_value_t = 4)]
    slots: u16,
    /// The table as queue and a folder as store, rather than RabbitMQ and S3.
    #[arg(long)]
    embedded: bool,
    /// Rate limits as they are by default, so that most requests are refused.
    #[arg(long)]
    usual_limits: bool,
    /// The binary; else `MEDBOT_BIN`, or `medbot` beside this program.
    #[arg(long)]
    medbot: Option<PathBuf>,
}

/// The longest that an answer may take, and where the real engines take the processors.
const PATIENCE: Duration = Duration::from_secs(20);
const BUSY: Duration = Duration::from_mins(2);
/// All sessions come from one address.
const RATES: [&str; 3] = [
    "MEDBOT_RATE_ADDRESS",
    "MEDBOT_RATE_KEY",
    "MEDBOT_RATE_TENANT",
];

fn main() -> ExitCode {
    let ended = if std::env::args().nth(1).as_deref() == Some("worker") {
        worker::run().map(ExitCode::from)
    } else {
        load(Arguments::parse())
    };
    ended.unwrap_or_else(|error| {
        eprintln!("load: {error:#}");
        ExitCode::from(2)
    })
}

fn load(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Each session and listener holds connections, here and in the API, which inherits the limit.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, most)
        .context("file descriptors")?;
    let mut settings = BTreeMap::from([("MEDBOT_LOG".to_owned(), "warn".to_owned())]);
    if !arguments.usual_limits {
        settings.extend(RATES.map(|name| (name.to_owned(), "0".to_owned())));
    }
    if arguments.real.is_some() {
        settings.insert("MEDBOT_LEASE_SECONDS".into(), "60".into());
    }
    if arguments.through.is_some() {
        settings.insert("MEDBOT_TRUSTED_PROXIES".into(), "127.0.0.1".into());
    }
    let load = Load {
        setup: Setup {
            medbot: match arguments.medbot {
                Some(path) => path,
                None => child::binary()?,
            },
            embedded: arguments.embedded,
            real: arguments.real.is_some(),
            workers: arguments.workers,
            slots: arguments.slots,
            pace: Duration::ZERO,
            settings,
        },
        through: arguments.through,
        sessions: arguments.sessions,
        listeners: arguments.listeners,
        time: Duration::from_secs(arguments.seconds),
        think: Duration::from_secs_f64(arguments.think),
        every: Duration::from_secs_f64(arguments.every),
        patience: if arguments.real.is_some() {
            BUSY
        } else {
            PATIENCE
        },
        chat: arguments.chat,
        real: arguments.real,
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads")?;
    let well = runtime.block_on(async {
        tokio::select! {
            well = load.run() => well,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("told to stop"),
        }
    })?;
    Ok(ExitCode::from(u8::from(!well)))
}
