//! Why there is no backup, or none that can be restored: each a sentence that says what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    db::{DbError, LoadError},
    erasure::ErasureListError,
    store::{KeyId, StoreError},
};

/// A failure to write, check or restore a backup. Nothing in it comes from a document.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder of the backup.
    #[error("{} cannot be used: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// A backup is never written over anything.
    #[error("{} holds something already: name a new folder", .0.display())]
    Taken(PathBuf),
    /// There is no manifest.
    #[error(
        "{} is no backup, or one that was broken off: it holds no whole manifest; take another",
        .0.display()
    )]
    NoBackup(PathBuf),
    /// Another master key made it.
    #[error(
        "{} was made under the master key {wanted} and not under {ours}: name the file of that key in \
         MEDBOT_MASTER_KEY_FILE",
        folder.display()
    )]
    OtherKey {
        /// The backup.
        folder: PathBuf,
        /// The key that it needs.
        wanted: String,
        /// The key that was given.
        ours: KeyId,
    },
    /// The manifest is not what was written.
    #[error("the manifest of {} was changed since it was written: take another backup", .0.display())]
    Forged(PathBuf),
    /// The folder of keys was given as the backup, or the other way round.
    #[error("{} holds another kind of backup: the keys lie in a folder of their own", .0.display())]
    OtherKind(PathBuf),
    /// A newer medbot made it.
    #[error(
        "a newer medbot made the backup (schema {theirs}; this one knows {ours}): restore it with that one"
    )]
    Newer {
        /// Its last migration.
        theirs: i64,
        /// Ours.
        ours: i64,
    },
    /// A part is not what was written.
    #[error(
        "the part {part} is missing or not what was written: nothing was changed; take another backup"
    )]
    Changed {
        /// Its name.
        part: String,
    },
    /// An object of the backup.
    #[error("the object {part} of the backup: {error}")]
    Object {
        /// Its path.
        part: String,
        /// What is wrong.
        error: StoreError,
    },
    /// The keys cannot serve this backup.
    #[error(
        "the keys were saved before the backup was made: documents that came in between would be lost; \
         take the keys of this backup or younger ones"
    )]
    OlderKeys,
    /// The keys are of another system.
    #[error(
        "{documents} documents of the backup are unknown to the keys, which are of another system: take \
         the keys of this backup or younger ones of the same system; nothing was changed"
    )]
    OtherKeys {
        /// How many.
        documents: i64,
    },
    /// A restore adds to nothing.
    #[error(
        "the database holds {what}: a restore wants an empty one; name a new data folder, or make a new \
         database (CREATE DATABASE) for DATABASE_URL"
    )]
    Occupied {
        /// What stands there.
        what: String,
    },
    /// Objects that are not of the backup.
    #[error(
        "the store holds objects that are not of this backup: a restore wants an empty one; name a new \
         data folder, or another prefix in STORE_URL"
    )]
    StoreOccupied,
    /// Nobody said what was erased since.
    #[error(
        "there is no erasure list at {}, and without it documents that were erased since the backup would \
         come back: put the newest copy there (MEDBOT_ERASURE_LIST names another place), or say \
         --nothing-was-erased",
        .0.display()
    )]
    NoErasureList(PathBuf),
    /// The erasure list.
    #[error(transparent)]
    List(#[from] ErasureListError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// For `map_err` on what was done with a file.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |reason| Self::File { path, reason }
    }
}

impl From<LoadError> for BackupError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Db(error) => Self::Db(error),
            LoadError::Rows(error) => Self::Store(error),
        }
    }
}
