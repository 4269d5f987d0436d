//! `medbot`: see [`ingest::cli`] for its commands.

use std::process::ExitCode;

use clap::Parser as _;
use ingest::cli::Cli;

fn main() -> ExitCode {
    // A sandboxed child must be single-threaded until it has locked itself in.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("sandbox-child") {
        return workers::sandbox::child_main(&arguments.next().unwrap_or_default());
    }
    ingest::trim::one_pool_a_core();
    ingest::cli::run(Cli::parse())
}
