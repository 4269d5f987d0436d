//! The commands of `medbot`, their exit codes, and where log lines go.

use std::{
    io::{Write as _, stdout},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use infra::{
    models::{self, Cache, Selection},
    telemetry,
};
use schemas::{Engine, Stage};

use crate::{
    audit_log::{self, Audit},
    backup::{self, BackupArguments, RestoreArguments},
    core_files,
    drop::{self, DropArguments},
    erase::{self, EraseArguments},
    extract_text,
    keys::{self, Keys},
    knowledge::{self, Knowledge},
    language::Language,
    operations::{self, Dlq},
    process,
    service::{self, Parts},
    settings::{Flags, Settings},
    vocabularies,
};

/// All inputs were processed.
pub(crate) const DONE: u8 = 0;
/// The command cannot run: a model is missing, a folder is not writable.
pub(crate) const CANNOT_RUN: u8 = 1;
/// The call is wrong.
pub(crate) const WRONG_USAGE: u8 = 2;
/// Some inputs were rejected.
pub(crate) const SOME_REJECTED: u8 = 3;

/// Reads scanned medical documents: text, entities, and the evidence for both.
#[derive(Parser)]
#[command(name = "medbot", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads files and folders through the whole pipeline, without any server.
    Process(ProcessArguments),
    /// Finds entities in plain UTF-8 text.
    Extract {
        /// The text; `-` or nothing for standard input.
        file: Option<PathBuf>,
        /// One `{"id","text"}` a line in, one `{"id","text","entities"}` or `{"id","error"}` out.
        #[arg(long)]
        jsonl: bool,
    },
    /// Fetches and verifies the model files and vocabularies.
    Setup {
        /// Also what only development needs.
        #[arg(long)]
        all: bool,
        /// An official release of RxNorm, for its codes: the zip, or RXNCONSO.RRF.
        #[arg(long)]
        rxnorm: Option<PathBuf>,
    },
    /// Says what is there, what is missing and how to get it.
    Doctor,
    /// Everything in one service: API, workers, and a PostgreSQL of its own unless `DATABASE_URL` is set.
    Up {
        /// Where HTTP is answered; 127.0.0.1:8080 without it.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// What it keeps; `.medbot` without it.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Tasks at once.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        slots: Option<u16>,
    },
    /// The API alone.
    Serve {
        /// Where HTTP is answered; 127.0.0.1:8080 without it.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Stage workers alone; run as many as you like.
    Work {
        /// Which stages; all by default.
        #[arg(long, value_delimiter = ',')]
        stages: Vec<Stage>,
        /// Tasks at once.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        slots: Option<u16>,
    },
    /// Uploads a folder to a service, and goes on where it was when it is called again.
    Drop(DropArguments),
    /// Brings the database up to date.
    Migrate,
    /// Tasks that were given up.
    #[command(subcommand)]
    Dlq(Dlq),
    /// What the chat knows besides documents.
    #[command(subcommand)]
    Knowledge(Knowledge),
    /// Master and API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// The audit log: does it hold, and what does it say.
    #[command(subcommand)]
    Audit(Audit),
    /// Writes a sealed copy of database and objects into a new folder, the documents' keys apart, while the
    /// service goes on.
    Backup(BackupArguments),
    /// Puts a backup into an empty system, without what was erased since.
    Restore(RestoreArguments),
    /// Erases a document for good, and prints a certificate.
    Erase(EraseArguments),
}

/// Arguments of `medbot process`.
#[derive(clap::Args)]
pub(crate) struct ProcessArguments {
    /// Files and folders; folders are read recursively.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Where results go; made when it is not there.
    #[arg(long)]
    pub out: PathBuf,
    /// Which engines read, parted by commas; by default tesseract, paddle and easyocr, `pdf_text` where a page has a
    /// text layer, and ocrs when its weights are configured.
    #[arg(long, value_delimiter = ',')]
    pub engines: Vec<Engine>,
    /// Documents in flight.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// `full`: every engine reads every line; `adaptive`: one drafts, the others read what is doubtful
    /// or dangerous.
    #[arg(long, value_enum, default_value_t = Mode::Full)]
    pub mode: Mode,
    /// Languages of the documents, as Tesseract names them or by two letters, parted by commas. Without it the script is
    /// told page by page, and Tesseract reads English.
    #[arg(long, value_delimiter = ',')]
    pub lang: Vec<Language>,
    /// What is written beside the JSON, parted by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub format: Vec<Format>,
    /// Highest share of accepted dangerous values that may be wrong, `0.5%` or `0.005`.
    #[arg(long, value_parser = share)]
    pub max_error: Option<f64>,
    /// The reviewed documents that the bound rests on, as `GET /v1/admin/calibration` writes them.
    #[arg(long, requires = "max_error")]
    pub calibration: Option<PathBuf>,
}

/// How much is read.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Mode {
    /// Every engine on every line.
    Full,
    /// One engine drafts the page; the others read lines that are doubtful or hold dangerous fields.
    Adaptive,
}

impl From<Mode> for workers::adaptive::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Full => Self::Full,
            Mode::Adaptive => Self::Adaptive,
        }
    }
}

/// What can be written beside the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Plain text, `.txt`.
    Text,
    /// hOCR, `.hocr`.
    Hocr,
    /// ALTO 4.4, `.alto.xml`.
    Alto,
    /// Searchable PDF, `.pdf`: the pages with their words as invisible text.
    Pdf,
    /// A FHIR R4 Bundle, `.fhir.json`.
    Fhir,
    /// One `entities.csv` for all documents.
    Csv,
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |n| (n, 100.0));
    let value = number
        .trim()
        .parse::<f64>()
        .map_err(|_| "give a share such as 1% or 0.01")?
        / scale;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("a share lies between 0 and 1".into())
    }
}

/// Runs a command to its exit code.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let _telemetry = match telemetry::start() {
        Ok(started) => started,
        Err(error) => {
            complain(&error.into());
            return ExitCode::from(CANNOT_RUN);
        }
    };
    if let Err(error) = core_files::forbid() {
        tracing::warn!(%error, "core files cannot be forbidden");
    }
    let code = match cli.command {
        Command::Process(arguments) => process::run(&arguments),
        Command::Extract { file, jsonl } => extract_text::run(file.as_deref(), jsonl),
        Command::Setup { all, rxnorm } => setup(all, rxnorm.as_deref()),
        Command::Doctor => doctor(),
        Command::Up {
            listen,
            data,
            slots,
        } => with_settings(
            Flags {
                listen,
                data,
                slots,
            },
            |settings| {
                let parts = Parts {
                    serve: true,
                    work: Some(Vec::new()),
                    embedded: true,
                };
                service::run(settings, &parts)
            },
        ),
        Command::Serve { listen } => {
            let flags = Flags {
                listen,
                ..Flags::default()
            };
            with_settings(flags, |settings| {
                let parts = Parts {
                    serve: true,
                    work: None,
                    embedded: false,
                };
                service::run(settings, &parts)
            })
        }
        Command::Work { stages, slots } => {
            let flags = Flags {
                slots,
                ..Flags::default()
            };
            with_settings(flags, |settings| {
                let parts = Parts {
                    serve: false,
                    work: Some(stages),
                    embedded: false,
                };
                service::run(settings, &parts)
            })
        }
        Command::Drop(arguments) => {
            with_settings(Flags::default(), |settings| drop::run(settings, &arguments))
        }
        Command::Migrate => with_settings(Flags::default(), service::migrate),
        Command::Dlq(command) => with_settings(Flags::default(), |settings| {
            operations::dlq(settings, &command)
        }),
        Command::Audit(command) => with_settings(Flags::default(), |settings| {
            audit_log::run(settings, &command)
        }),
        Command::Backup(arguments) => with_settings(of_data(arguments.data()), |settings| {
            backup::back_up(settings, &arguments)
        }),
        Command::Restore(arguments) => with_settings(of_data(arguments.data()), |settings| {
            backup::restore(settings, &arguments)
        }),
        Command::Erase(arguments) => with_settings(of_data(arguments.data()), |settings| {
            erase::run(settings, &arguments)
        }),
        Command::Keys(command) => {
            with_settings(Flags::default(), |settings| keys::run(settings, command))
        }
        Command::Knowledge(command) => with_settings(Flags::default(), |settings| {
            knowledge::run(settings, &command)
        }),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        complain(&error);
        CANNOT_RUN
    }))
}

fn of_data(data: Option<&Path>) -> Flags {
    Flags {
        data: data.map(Path::to_owned),
        ..Flags::default()
    }
}

fn with_settings(
    flags: Flags,
    run: impl FnOnce(&Settings) -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    // Every TLS connection of the process uses this provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(&Settings::read(flags)?)
}

/// One sentence with its causes on standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("medbot: {error:#}");
}

fn setup(all: bool, rxnorm: Option<&Path>) -> anyhow::Result<u8> {
    let cache = Cache::locate()?;
    if let Some(release) = rxnorm {
        let names = vocabularies::add_release(&cache, release)?;
        eprintln!("medbot setup: RxNorm is loaded, {names} names");
    }
    let selection = if all {
        Selection::All
    } else {
        Selection::Needed
    };
    let installed = models::install(&cache, selection, &mut |step| {
        eprintln!("medbot setup: {step}");
    })?;
    eprintln!(
        "medbot setup: {} files are in place, {} of them new",
        installed.present + installed.new,
        installed.new
    );
    vocabularies::pack(&cache)?;
    Ok(DONE)
}

fn doctor() -> anyhow::Result<u8> {
    let report = infra::doctor::report(&Cache::locate()?);
    // Whoever closed the pipe has seen enough.
    let _ = write!(stdout(), "{report}");
    Ok(if report.is_ready() { DONE } else { CANNOT_RUN })
}
