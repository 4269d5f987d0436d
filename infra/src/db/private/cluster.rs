//! Making the database (`initdb`) and refusing one of another major version.
//!
//! It is made under another name and renamed when it is whole, so one that was broken off is redone.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, lchown};
use std::path::Path;
use std::process::Stdio;

use super::account::Account;
use super::folder::Folder;
use super::programs::{Programs, finished};
use super::{NAME, PrivateError};

/// The order and case of the builtin provider are the same on every machine, so an index built here is
/// right after a move or an upgrade of the system's C library. Who may connect is said at each start.
const INITDB: [&str; 9] = [
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--auth=reject",
    "--no-instructions",
    "--username",
    NAME,
];

/// Makes sure that the folder holds a database of these programs' version.
///
/// # Errors
/// [`PrivateError::OtherVersion`], or what went wrong while it was made.
pub(super) fn prepare(
    folder: &Folder,
    programs: &Programs,
    account: &Account,
) -> Result<(), PrivateError> {
    let cluster = folder.cluster();
    if !cluster.exists() {
        return make(folder, programs, account);
    }
    let path = cluster.join("PG_VERSION");
    let found = fs::read_to_string(&path).map_err(PrivateError::file(&path))?;
    let (found, ours) = (found.trim().to_owned(), programs.major_version()?);
    if found == ours {
        return Ok(());
    }
    let folder = folder.root().to_path_buf();
    Err(PrivateError::OtherVersion {
        folder,
        found,
        ours,
    })
}

fn make(folder: &Folder, programs: &Programs, account: &Account) -> Result<(), PrivateError> {
    let new = folder.new_cluster();
    if new.exists() {
        fs::remove_dir_all(&new).map_err(PrivateError::file(&new))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&new)
        .map_err(PrivateError::file(&new))?;
    if account.is_another() {
        lchown(&new, Some(account.uid), Some(account.gid)).map_err(PrivateError::file(&new))?;
    }
    let initdb = account
        .command(&programs.path("initdb"))
        .args(INITDB)
        .arg("--pgdata")
        .arg(&new)
        .output();
    finished("initdb", initdb)?;
    create_database(&new, programs, account)?;
    let cluster = folder.cluster();
    fs::rename(&new, &cluster)
        .and_then(|()| File::open(folder.root())?.sync_all())
        .map_err(PrivateError::file(&cluster))
}

/// Without a server: a database that has its final name has this in it.
fn create_database(
    cluster: &Path,
    programs: &Programs,
    account: &Account,
) -> Result<(), PrivateError> {
    let single = account
        .command(&programs.path("postgres"))
        .args(["--single", "-c", "exit_on_error=on", "-D"])
        .arg(cluster)
        .arg("postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let output = single.and_then(|mut single| {
        if let Some(mut stdin) = single.stdin.take() {
            writeln!(stdin, "CREATE DATABASE {NAME}")?;
        }
        single.wait_with_output()
    });
    finished("postgres", output).map(drop)
}
