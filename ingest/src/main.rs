//! `medbot`: see [`ingest::cli`] for its commands.

use std::process::ExitCode;

use clap::Parser as _;
use ingest::cli::Cli;

fn main() -> ExitCode {
    ingest::trim::hold_little();
    // A sandboxed child must be single-threaded until it has locked itself in.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("sandbox-child") {
        return workers::sandbox::child_main(&arguments.next().unwrap_or_default());
    }
    ingest::cli::run(Cli::parse())
}
