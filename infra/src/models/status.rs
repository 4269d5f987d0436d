//! Which files are there, by their hash. For `doctor`; set-up uses stamps instead.

use std::path::PathBuf;

use super::digest;
use super::lock::{FileEntry, Lock, PackageEntry};
use super::{Asset, Cache};

/// One file and how it stands.
#[derive(Debug)]
pub struct AssetStatus {
    /// Which.
    pub asset: Asset,
    /// What the lock says about it.
    pub entry: &'static FileEntry,
    /// The package that holds it.
    pub package: Option<&'static PackageEntry>,
    /// Where it lies or would lie.
    pub path: PathBuf,
    /// What is there.
    pub state: AssetState,
}

/// What lies at a file's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetState {
    /// The pinned bytes.
    Present,
    /// Other bytes, with this sha256.
    WrongHash(String),
    /// Nothing that can be read.
    Missing,
}

/// Every file of the lock with its state; hashes each of them (about a second for all).
#[must_use]
pub fn status(cache: &Cache) -> Vec<AssetStatus> {
    let lock = Lock::embedded();
    let one = |entry: &'static FileEntry| {
        let path = cache.files().join(&entry.name);
        let state = match digest::of_place(&path) {
            Ok(sha256) if sha256 == entry.sha256 => AssetState::Present,
            Ok(sha256) => AssetState::WrongHash(sha256),
            Err(_) => AssetState::Missing,
        };
        AssetStatus {
            asset: entry.asset,
            entry,
            package: lock.package(&entry.package),
            path,
            state,
        }
    };
    lock.files.iter().map(one).collect()
}
