//! What `medbot setup` and `medbot doctor` do, without the rest of medbot: `setup [doctor]`.

use std::process::ExitCode;

use infra::doctor;
use infra::models::{Cache, SetupError, install};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("medbot setup: {error}.");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, SetupError> {
    let cache = Cache::locate()?;
    if std::env::args().nth(1).as_deref() == Some("doctor") {
        let report = doctor::report(&cache);
        print!("{report}");
        return Ok(if report.is_ready() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let done = install(&cache, &mut |step| eprintln!("{step}"))?;
    println!(
        "{} files were there, {} are new, {} were skipped",
        done.present, done.new, done.skipped
    );
    Ok(ExitCode::SUCCESS)
}
