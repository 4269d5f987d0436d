//! PostgreSQL's programs, in a place where the server's user can run them.
//!
//! The cache of a root user lies in a home that is closed to others; then the tree is copied once into
//! the data folder, where it belongs to root.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::account::Account;
use super::folder::Folder;
use super::{POSTGRES_BIN, PrivateError};

/// The folder of the programs.
#[derive(Debug)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// The programs of an installed tree, or of its copy.
    ///
    /// # Errors
    /// [`PrivateError::File`] when the tree is not there or cannot be copied.
    pub(super) fn reachable(
        tree: &Path,
        folder: &Folder,
        account: &Account,
    ) -> Result<Self, PrivateError> {
        let tree = tree.canonicalize().map_err(PrivateError::file(tree))?;
        let bin = tree.join(POSTGRES_BIN);
        if !account.is_another() || account.shut_out_by(&bin)?.is_none() {
            return Ok(Self(bin));
        }
        let place = folder.programs();
        let copied = place.join(tree.file_name().unwrap_or_default());
        if !copied.is_dir() {
            // An older version's copy goes, and so does one that was broken off.
            if place.exists() {
                fs::remove_dir_all(&place).map_err(PrivateError::file(&place))?;
            }
            let unfinished = place.join("unfinished");
            copy_tree(&tree, &unfinished)
                .and_then(|()| open_to_all(&place))
                .and_then(|()| fs::rename(&unfinished, &copied))
                .map_err(PrivateError::file(&place))?;
        }
        Ok(Self(copied.join(POSTGRES_BIN)))
    }

    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }

    /// The major version that the server says it has.
    ///
    /// # Errors
    /// [`PrivateError::Program`] when it does not run.
    pub(super) fn major_version(&self) -> Result<String, PrivateError> {
        let output = Command::new(self.path("postgres"))
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        let output = finished("postgres", output)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = said.split_once("(PostgreSQL) ").map(|(_, n)| n.trim());
        let major = number.and_then(|n| n.split('.').next());
        major.map(str::to_owned).ok_or(PrivateError::Program {
            program: "postgres",
            reason: "it does not say its version".to_owned(),
        })
    }
}

/// The output of a program that succeeded.
pub(super) fn finished(
    program: &'static str,
    output: io::Result<Output>,
) -> Result<Output, PrivateError> {
    let reason = match output {
        Ok(output) if output.status.success() => return Ok(output),
        Ok(output) => last_line(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => error.to_string(),
    };
    Err(PrivateError::Program { program, reason })
}

/// The last line that says something.
pub(super) fn last_line(said: &str) -> String {
    let line = said.lines().map(str::trim).rfind(|l| !l.is_empty());
    line.unwrap_or("it gave no reason").to_owned()
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    open_to_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn open_to_all(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}
