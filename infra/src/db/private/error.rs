//! Why there is no private server: each a sentence that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to start or stop the private PostgreSQL. Nothing in it comes from the database's rows.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// Another medbot has the folder.
    #[error("{} is in use by another medbot: stop that one, or name another data folder", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The server's user may not enter a folder on the way.
    #[error(
        "{} is closed to the user {user}, as whom PostgreSQL runs because it refuses root: \
         name another data folder, such as {}, or open it with chmod o+x",
        closed.display(), super::account::DATA_OF_ROOT
    )]
    Closed {
        /// The folder that shuts it out.
        closed: PathBuf,
        /// The server's user.
        user: String,
    },
    /// An ordinary user came to somebody else's database.
    #[error("{} belongs to another user: run medbot as that user or as root", folder.display())]
    NotOwner {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is no user to run as.
    #[error(
        "PostgreSQL refuses root, and there is no user to run it as ({reason}): \
         make one with useradd --system medbot"
    )]
    NoUser {
        /// What was tried.
        reason: String,
    },
    /// A database of another major version.
    #[error(
        "the database in {} is of PostgreSQL {found} and this medbot brings PostgreSQL {ours}: with the \
         medbot that made it write a dump (medbot backup, or pg_dumpall of PostgreSQL {found}), move the \
         folder away, and restore the dump with this one (medbot restore, or psql)",
        folder.display()
    )]
    OtherVersion {
        /// The data folder.
        folder: PathBuf,
        /// Its major version.
        found: String,
        /// The programs' major version.
        ours: String,
    },
    /// No folder can hold the socket.
    #[error(
        "no folder can hold PostgreSQL's socket ({tried}): set XDG_RUNTIME_DIR to a short path"
    )]
    NoSocketFolder {
        /// Each place and what was wrong with it.
        tried: String,
    },
    /// A file or folder.
    #[error("{} cannot be used: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// One of PostgreSQL's programs did not do its work.
    #[error("PostgreSQL's {program} failed: {reason}")]
    Program {
        /// Its name.
        program: &'static str,
        /// Its last line.
        reason: String,
    },
    /// What a killed medbot left cannot be stopped.
    #[error("the process {pid} still runs on {} and cannot be stopped: stop it", folder.display())]
    LeftOver {
        /// One of the processes.
        pid: u32,
        /// The database's folder.
        folder: PathBuf,
    },
    /// The server did not stop in time.
    #[error("PostgreSQL did not stop in time and was killed; it recovers when it is started again")]
    NotStopped,
}

impl PrivateError {
    /// For `map_err` on what was done with a file.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |reason| Self::File { path, reason }
    }
}
