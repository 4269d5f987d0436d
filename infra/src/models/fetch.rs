//! One package from its registry, through the registry's own client (`pip`, `npm`).
//!
//! So a user's mirror, proxy and certificates work as they do elsewhere. What a client prints is only
//! read to tell "no network" from "no such package".

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::SetupError;
use super::digest;
use super::lock::{PackageEntry, Registry};

/// The wheels are chosen for this platform and not for the Python that happens to run pip.
const WHEEL_PLATFORM: [&str; 10] = [
    "--python-version",
    "3.12",
    "--implementation",
    "cp",
    "--platform",
    "manylinux2014_x86_64",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "any",
];

/// Fetches a package into the empty folder `into` and verifies its hash; returns the archive.
///
/// # Errors
/// See [`SetupError`]; each names the package.
pub(super) fn package(package: &PackageEntry, into: &Path) -> Result<PathBuf, SetupError> {
    let label = format!("{} {}", package.name, package.version);
    let client = match package.registry {
        Registry::Pip => {
            let mut pip = pip("download");
            pip.args(["--no-deps", "--only-binary=:all:", "--dest"])
                .arg(into);
            pip.args(WHEEL_PLATFORM)
                .arg(format!("{}=={}", package.name, package.version));
            pip
        }
        Registry::Npm => {
            let mut npm = Command::new("npm");
            npm.args([
                "pack",
                "--loglevel=error",
                "--no-update-notifier",
                "--pack-destination",
            ]);
            npm.arg(into)
                .arg(format!("{}@{}", package.name, package.version))
                .current_dir(into);
            npm
        }
    };
    run(client, &label, into)?;
    let archive = only_file(into).ok_or_else(|| SetupError::Fetch {
        package: label.clone(),
        reason: "the registry's client left no archive".to_owned(),
    })?;
    let found = digest::of_file(&archive).map_err(|e| SetupError::write(&archive, e))?;
    if found != package.sha256 {
        let expected = package.sha256.clone();
        return Err(SetupError::WrongHash {
            what: format!("the package {label}"),
            expected,
            found,
        });
    }
    Ok(archive)
}

/// Installs pip requirements into the folder `into`, apart from everything that Python has.
///
/// # Errors
/// See [`SetupError`].
pub(super) fn tools(requirements: &[String], into: &Path) -> Result<(), SetupError> {
    let mut client = pip("install");
    client
        .args(["--no-deps", "--only-binary=:all:", "--target"])
        .arg(into)
        .args(requirements);
    run(client, &requirements.join(", "), into)
}

fn pip(verb: &str) -> Command {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        verb,
        "--progress-bar=off",
        "--no-input",
        "--disable-pip-version-check",
    ]);
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    pip
}

fn run(mut client: Command, label: &str, folder: &Path) -> Result<(), SetupError> {
    let program = client.get_program().to_owned();
    client.stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
    match client.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(explain(&output, label, folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(if program == "npm" { NO_NPM } else { NO_PYTHON })
        }
        Err(error) => Err(SetupError::Fetch {
            package: label.into(),
            reason: error.to_string(),
        }),
    }
}

pub(super) const NO_PYTHON: SetupError = SetupError::NoProgram {
    program: "python3",
    package: "python3 python3-pip",
};
const NO_PIP: SetupError = SetupError::NoProgram {
    program: "pip, a module of python3,",
    package: "python3-pip",
};
const NO_NPM: SetupError = SetupError::NoProgram {
    program: "npm",
    package: "npm",
};

/// Words of pip and npm that mean that nobody answered.
const NO_ANSWER: [&str; 9] = [
    "Connection",
    "connection broken",
    "Max retries",
    "name resolution",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "timed out",
];

fn explain(output: &Output, label: &str, folder: &Path) -> SetupError {
    let errors = String::from_utf8_lossy(&output.stderr);
    // pip warns of a request that nobody answered, and reports progress, on either stream.
    let said = String::from_utf8_lossy(&output.stdout) + &*errors;
    let package = label.to_owned();
    if said.contains("No module named pip") {
        return NO_PIP;
    }
    if said.contains("No space left on device") || said.contains("ENOSPC") {
        return SetupError::full(folder);
    }
    if NO_ANSWER.iter().any(|words| said.contains(words)) {
        return SetupError::Unreachable { package };
    }
    if said.contains("No matching distribution")
        || said.contains("E404")
        || said.contains("ETARGET")
    {
        return SetupError::NotInRegistry { package };
    }
    SetupError::Fetch {
        package,
        reason: last_line(&errors),
    }
}

/// The last line that says something, which is where Python and npm put the reason.
pub(super) fn last_line(said: &str) -> String {
    said.lines()
        .map(str::trim)
        .rfind(|l| !l.is_empty())
        .unwrap_or("it gave no reason")
        .to_owned()
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let first = entries.next()?.path();
    entries.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn what_a_client_says_becomes_one_sentence() {
        for (said, expected) in [
            (
                "/usr/bin/python3: No module named pip\n",
                "pip, a module of python3, was not found: install it (Debian, Ubuntu: apt-get install python3-pip)",
            ),
            (
                "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for a==1\n",
                "the package registry cannot be reached to fetch a 1: check the network and the proxy",
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement a==1 (from versions: 2)\nERROR: No matching distribution found for a==1\n",
                "the package registry has no a 1 for this machine",
            ),
            (
                "npm error code EAI_AGAIN\n",
                "the package registry cannot be reached to fetch a 1: check the network and the proxy",
            ),
            (
                "npm error code E404\n",
                "the package registry has no a 1 for this machine",
            ),
            (
                "boom\nERROR: odd\n\n",
                "a 1 could not be fetched: ERROR: odd",
            ),
            ("", "a 1 could not be fetched: it gave no reason"),
        ] {
            let status = ExitStatus::from_raw(256);
            let output = Output {
                status,
                stdout: Vec::new(),
                stderr: said.into(),
            };
            assert_eq!(
                explain(&output, "a 1", Path::new("/c")).to_string(),
                expected,
                "{said:?}"
            );
        }
        let full = Output {
            status: ExitStatus::from_raw(256),
            stdout: Vec::new(),
            stderr: b"OSError: [Errno 28] No space left on device".to_vec(),
        };
        let sentence = explain(&full, "a 1", Path::new("/c")).to_string();
        assert!(
            sentence.starts_with("the disk of /c is full: free about "),
            "{sentence}"
        );
    }
}
