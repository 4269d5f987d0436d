//! Why set-up stopped: each a sentence that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of set-up. Nothing half-done is left under a file's final name.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No variable names a folder.
    #[error("there is no folder for the model files: set MEDBOT_CACHE or HOME")]
    NoCacheFolder,
    /// Hashes are pinned for one platform.
    #[error("the model files are pinned for Linux on x86_64, and this machine is {0}")]
    Platform(String),
    /// A registry's client is not installed.
    #[error("{program} was not found: install it (Debian, Ubuntu: apt-get install {package})")]
    NoProgram {
        /// What was to be run.
        program: &'static str,
        /// Debian's package.
        package: &'static str,
    },
    /// The registry does not answer.
    #[error(
        "the package registry cannot be reached to fetch {package}: check the network and the proxy"
    )]
    Unreachable {
        /// What was to be fetched.
        package: String,
    },
    /// The registry has no such version.
    #[error("the package registry has no {package} for this machine")]
    NotInRegistry {
        /// Name and version.
        package: String,
    },
    /// The client failed in another way.
    #[error("{package} could not be fetched: {reason}")]
    Fetch {
        /// Name and version.
        package: String,
        /// The client's last line.
        reason: String,
    },
    /// Bytes that nobody pinned.
    #[error("{what} has the wrong sha256, so it is not used: expected {expected}, got {found}")]
    WrongHash {
        /// Package or file.
        what: String,
        /// From the lock.
        expected: String,
        /// Of what came.
        found: String,
    },
    /// A package is not an archive, or lacks a file.
    #[error("{package} does not hold {member}: {reason}")]
    Member {
        /// The package.
        package: String,
        /// The path inside it.
        member: String,
        /// What the archive reader said.
        reason: String,
    },
    /// A conversion failed.
    #[error("{file} could not be made: {reason}")]
    Convert {
        /// Name in the cache.
        file: String,
        /// The script's last line.
        reason: String,
    },
    /// No space.
    #[error("the disk of {} is full: free about {needed_mb} MB", folder.display())]
    DiskFull {
        /// The cache.
        folder: PathBuf,
        /// A generous estimate.
        needed_mb: u64,
    },
    /// No permission, or a read-only file system.
    #[error("{} cannot be written: {reason}", folder.display())]
    Unwritable {
        /// The file or folder.
        folder: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
}

impl SetupError {
    /// A failed write under `folder`, which knows a full disk from a forbidden one.
    pub(super) fn write(folder: &Path, reason: io::Error) -> Self {
        if matches!(
            reason.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            return Self::full(folder);
        }
        Self::Unwritable {
            folder: folder.to_path_buf(),
            reason,
        }
    }

    /// A full disk; the estimate is everything the lock knows, archive and file.
    pub(super) fn full(folder: &Path) -> Self {
        let lock = super::Lock::embedded();
        let packages: u64 = lock.packages.iter().map(|p| p.size).sum();
        let files: u64 = lock.files.iter().map(|f| f.size).sum();
        Self::DiskFull {
            folder: folder.to_path_buf(),
            needed_mb: (packages + files) / 1_000_000,
        }
    }
}
