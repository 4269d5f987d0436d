//! The data folder of a private server: what lies where, and the lock that keeps a second medbot out.
//!
//! When root runs the server as another user, the folder itself stays root's, so that the server can
//! plant nothing that root would follow; only the database inside is the server's.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::PrivateError;
use super::account::{Account, is_root};

/// A killed medbot's last child may hold the lock for a moment longer.
const LOCK_GRACE: Duration = Duration::from_secs(1);
const LOG_LIMIT_BYTES: u64 = 8 << 20;

/// A locked data folder. Dropping it lets the lock go.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    _lock: File,
}

/// The database in a data folder.
pub(super) fn cluster_of(data: &Path) -> PathBuf {
    data.join("cluster")
}

impl Folder {
    /// Makes the folder if need be and locks it.
    ///
    /// # Errors
    /// [`PrivateError::InUse`], [`PrivateError::Closed`], [`PrivateError::File`].
    pub(super) fn lock(data: &Path, account: &Account) -> Result<Self, PrivateError> {
        let failed = PrivateError::file(data);
        let root = make(data, account).map_err(failed)?;
        if account.is_another()
            && let Some(closed) = account.shut_out_by(&root)?
        {
            let user = account.name.clone();
            return Err(PrivateError::Closed { closed, user });
        }
        let path = root.join("lock");
        let failed = PrivateError::file(&path);
        let file = open(&path, false).map_err(failed)?;
        let deadline = Instant::now() + LOCK_GRACE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { root, _lock: file }),
                Err(TryLockError::Error(reason)) => {
                    return Err(PrivateError::File { path, reason });
                }
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    return Err(PrivateError::InUse { folder: root });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn cluster(&self) -> PathBuf {
        cluster_of(&self.root)
    }

    /// A database that is being made; it gets its final name when it is whole.
    pub(super) fn new_cluster(&self) -> PathBuf {
        self.root.join("cluster.new")
    }

    /// A copy of the programs, where the server's user cannot reach the cache.
    pub(super) fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    /// The server's log, opened to be continued; a long one is put aside once.
    pub(super) fn open_log(&self) -> Result<File, PrivateError> {
        let path = self.log();
        if path
            .symlink_metadata()
            .is_ok_and(|m| m.len() > LOG_LIMIT_BYTES)
        {
            let old = self.root.join("server.log.old");
            fs::rename(&path, old).map_err(PrivateError::file(&path))?;
        }
        open(&path, true).map_err(PrivateError::file(&path))
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// Writes a settings file that the server's user can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, PrivateError> {
        let path = self.root.join(name);
        tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&self.root)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.as_file()
                    .set_permissions(Permissions::from_mode(0o644))?;
                Ok(file.persist(&path)?)
            })
            .map_err(PrivateError::file(&path))?;
        Ok(path)
    }
}

/// Makes the folder and those above it that are missing: for root they may be passed through but not
/// listed by others, so that the server's user gets to its database.
fn make(data: &Path, account: &Account) -> io::Result<PathBuf> {
    let mode = Permissions::from_mode(if account.is_another() { 0o711 } else { 0o700 });
    let data = std::path::absolute(data)?;
    let mut missing: Vec<_> = data.ancestors().take_while(|a| !a.exists()).collect();
    while let Some(folder) = missing.pop() {
        fs::create_dir(folder)?;
        fs::set_permissions(folder, mode.clone())?;
    }
    let root = data.canonicalize()?;
    if is_root() && root.metadata()?.uid() == 0 {
        fs::set_permissions(&root, mode)?;
    }
    Ok(root)
}

fn open(path: &Path, append: bool) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .append(append)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}
