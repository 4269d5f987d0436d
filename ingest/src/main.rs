//! `medbot`: see [`ingest::cli`] for its commands.

use std::process::ExitCode;

use clap::Parser as _;
use ingest::cli::Cli;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    ingest::trim::hold_little(command.as_deref() != Some("process"));
    // A sandboxed child must be single-threaded until it has locked itself in.
    if command.as_deref() == Some("sandbox-child") {
        return workers::sandbox::child_main(&arguments.next().unwrap_or_default());
    }
    ingest::cli::run(Cli::parse())
}
