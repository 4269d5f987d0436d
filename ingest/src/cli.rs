//! The commands of `medbot`, their exit codes, and where log lines go.

use std::{
    io::{IsTerminal, Write as _, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use infra::models::{self, Cache, Selection};
use schemas::Engine;

use crate::{extract_text, process};

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
    /// Fetches and verifies the model files.
    Setup {
        /// Also what only development needs.
        #[arg(long)]
        all: bool,
    },
    /// Says what is there, what is missing and how to get it.
    Doctor,
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
    /// Which engines read; by default tesseract, paddle and easyocr, `pdf_text` where a page has a
    /// text layer, and ocrs when its weights are configured.
    #[arg(long, value_delimiter = ',')]
    pub engines: Vec<Engine>,
    /// Documents in flight.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// `full`: every engine reads every line.
    #[arg(long, value_enum, default_value_t = Mode::Full)]
    pub mode: Mode,
    /// Languages of the documents, as Tesseract names them.
    #[arg(long, value_delimiter = ',', default_value = "eng")]
    pub lang: Vec<String>,
    /// What is written beside the JSON.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub format: Vec<Format>,
    /// Highest share of accepted dangerous values that may be wrong, `0.5%` or `0.005`.
    #[arg(long, value_parser = share)]
    pub max_error: Option<f64>,
}

/// How much is read.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Mode {
    /// Every engine on every line.
    Full,
}

/// What can be written beside the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Plain text, `.txt`.
    Text,
    /// hOCR, `.hocr`.
    Hocr,
    /// One `entities.csv` for all documents.
    Csv,
}

fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |n| (n, 100.0));
    let value = number
        .trim()
        .parse::<f64>()
        .map_err(|error| error.to_string())?
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
    log_to_stderr();
    let code = match cli.command {
        Command::Process(arguments) => process::run(&arguments),
        Command::Extract { file, jsonl } => extract_text::run(file.as_deref(), jsonl),
        Command::Setup { all } => setup(all),
        Command::Doctor => doctor(),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        complain(&error);
        CANNOT_RUN
    }))
}

/// One sentence with its causes on standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("medbot: {error:#}");
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MEDBOT_LOG")
        .unwrap_or_else(|_| "info,ort=error".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_target(false)
        .with_writer(stderr)
        .init();
}

fn setup(all: bool) -> anyhow::Result<u8> {
    let cache = Cache::locate()?;
    let selection = if all {
        Selection::All
    } else {
        Selection::Needed
    };
    let installed = models::install(&cache, selection, &mut |step| {
        eprintln!("medbot setup: {step}")
    })?;
    eprintln!(
        "medbot setup: {} files are in place, {} of them new",
        installed.present + installed.new,
        installed.new
    );
    Ok(DONE)
}

fn doctor() -> anyhow::Result<u8> {
    let report = infra::doctor::report(&Cache::locate()?);
    // Whoever closed the pipe has seen enough.
    let _ = write!(stdout(), "{report}");
    Ok(if report.is_ready() { DONE } else { CANNOT_RUN })
}
