//! Backup and restore of a whole system: database, objects, and the keys of documents apart.
//!
//! A backup is a folder. `manifest.json` says what belongs to it, with the SHA-256 of every part, and
//! `manifest.mac` that nobody changed it. Tables are sealed before they leave the process, as objects are:
//! AES-256-GCM in chunks, bound to the part's name and the backup's id. Objects were sealed under their
//! documents' keys when they were written and are copied as they are. The wrapped keys lie in the folder
//! `keys`, a small backup of its own that can be kept for a shorter time or elsewhere: without it no object
//! opens, and a younger one serves an older backup, without what was erased in between.
//!
//! Limit: rows of an erased document stay in backups that are older, sealed under the master key, until
//! those are deleted; a restore erases them before anybody can see them.

mod error;
mod manifest;
mod part;
mod read;
mod restore;
mod write;

pub use error::BackupError;
pub use manifest::{Kind, Manifest, Part};
pub use read::Backup;
pub use restore::{Erasures, Restored, restore};
pub use write::{Written, write};

use std::path::PathBuf;

use schemas::ArtefactKey;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// The table whose rows lie in the folder of keys.
const KEYS_TABLE: &str = "document_keys";
/// The folder of the objects.
const OBJECTS: &str = "objects";
/// The part that lists them, an [`Object`] a line.
const OBJECTS_PART: &str = "objects.sealed";
/// The part with the erasure list as it was.
const ERASED_PART: &str = "erased.sealed";
/// Objects that are copied at the same time.
const COPIED_AT_ONCE: usize = 8;

/// Where the two folders of a backup are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The backup itself.
    pub system: PathBuf,
    /// The keys.
    pub keys: PathBuf,
}

impl Places {
    /// A folder with the folder of keys in it, or elsewhere.
    #[must_use]
    pub fn new(system: PathBuf, keys: Option<PathBuf>) -> Self {
        Self {
            keys: keys.unwrap_or_else(|| system.join("keys")),
            system,
        }
    }
}

/// A line of the list of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Object {
    /// The path in the store.
    key: String,
    /// The size of the sealed object.
    bytes: u64,
    /// Its SHA-256 in hex digits.
    sha256: String,
}

impl Object {
    fn key(&self) -> Result<ArtefactKey, BackupError> {
        ArtefactKey::parse(&self.key).ok_or(BackupError::Changed {
            part: OBJECTS_PART.into(),
        })
    }
}

/// An error that the store's adapter for the backup's own folder gave, as one of the backup.
fn of_backup(part: &str) -> impl FnOnce(StoreError) -> BackupError {
    let part = part.to_owned();
    move |error| BackupError::Object { part, error }
}
