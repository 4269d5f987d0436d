//! What `medbot setup` and `medbot doctor` do, without the rest of medbot: `setup [--all]`,
//! `setup doctor`.

use std::process::ExitCode;

use infra::doctor;
use infra::models::{Cache, Selection, SetupError, install};

fn main() -> ExitCode {
    match run(std::env::args().nth(1).as_deref()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("setup: {error}.");
            ExitCode::FAILURE
        }
    }
}

fn run(argument: Option<&str>) -> Result<ExitCode, SetupError> {
    let cache = Cache::locate()?;
    let selection = match argument {
        Some("doctor") => {
            let report = doctor::report(&cache);
            print!("{report}");
            return Ok(if report.is_ready() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Some("--all") => Selection::All,
        _ => Selection::Needed,
    };
    let done = install(&cache, selection, &mut |step| eprintln!("{step}"))?;
    println!("{} files were there, {} are new", done.present, done.new);
    Ok(ExitCode::SUCCESS)
}
