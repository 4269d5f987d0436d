//! `medbot`: see [`ingest::cli`] for its commands.

use std::process::ExitCode;

use clap::Parser as _;
use ingest::cli::Cli;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    // What ends with its files gives all back then; asking the system for each picture would take a tenth of its time.
    if command.as_deref() != Some("process") {
        ingest::trim::hold_little();
    }
    // A sandboxed child must be single-threaded until it has locked itself in.
    if command.as_deref() == Some("sandbox-child") {
        return workers::sandbox::child_main(&arguments.next().unwrap_or_default());
    }
    ingest::cli::run(Cli::parse())
}
