//! Erasing a document, and the list of what was erased.
//!
//! The list lies outside the database, so that a backup that is older than an erasure does not bring the
//! document back: a restore erases again what stands there. It is written before anything is destroyed,
//! and only ever appended to. Limit: whoever can write the file can cut it; keep a copy elsewhere.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SubsecRound as _, Utc};
use rustix::fs::FlockOperation;
use schemas::{DocumentId, TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    db::{Db, DbError, ErasedRows},
    store::{Store, StoreError},
};

/// More than any line has.
const LONGEST_LINE: u64 = 1024;

/// A line of the list: ids and a time, nothing of what the document said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub document: DocumentId,
}

/// The file, one JSON object a line.
#[derive(Clone, Debug)]
pub struct ErasureList {
    path: PathBuf,
}

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ErasureListError {
    /// It cannot be read or written.
    #[error(
        "the erasure list {} cannot be used ({reason}): nothing is erased without it; \
         MEDBOT_ERASURE_LIST names a file that can be written",
        path.display()
    )]
    File {
        /// Where it should be.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// A line says nothing that is known.
    #[error(
        "line {line} of the erasure list {} is no erasure: take a copy from before it was harmed",
        path.display()
    )]
    Line {
        /// Where it is.
        path: PathBuf,
        /// Its number, from 1.
        line: usize,
    },
}

/// Why a document was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// It was not written down, so nothing was destroyed.
    #[error(transparent)]
    List(#[from] ErasureListError),
    /// The database: nothing was destroyed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What became of a document.
#[derive(Debug)]
pub struct Erasure {
    /// When.
    pub at: DateTime<Utc>,
    /// The rows that went; none when an erasure that had begun earlier was ended.
    pub rows: Option<ErasedRows>,
    /// How many objects went. An error means that some stay; without their key they cannot be read.
    pub objects: Result<u64, StoreError>,
}

impl ErasureList {
    /// The list at this path, which need not be there yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Is there a list?
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Adds erasures; they are durable when this returns. Several processes may add at once.
    ///
    /// # Errors
    /// [`ErasureListError::File`].
    pub fn add(&self, erased: &[Erased]) -> Result<(), ErasureListError> {
        self.append(erased).map_err(|reason| self.failed(reason))
    }

    fn append(&self, erased: &[Erased]) -> io::Result<()> {
        if let Some(folder) = self.path.parent().filter(|folder| *folder != Path::new("")) {
            DirBuilder::new()
                .recursive(true)
                .mode(0o711)
                .create(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
        cut_half_a_line(&mut file)?;
        let mut lines = Vec::new();
        for erased in erased {
            serde_json::to_writer(&mut lines, erased)?;
            lines.push(b'\n');
        }
        file.write_all(&lines)?;
        file.sync_all()?;
        if let Some(folder) = self.path.parent().filter(|folder| *folder != Path::new("")) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// All that was erased, in order; nothing when there is no list.
    ///
    /// # Errors
    /// [`ErasureListError`].
    pub fn read(&self) -> Result<Vec<Erased>, ErasureListError> {
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|reason| self.failed(reason))?,
        };
        // What stands after the last line's end is half a line of a crash.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let lines = text[..whole].lines().enumerate();
        lines
            .map(|(n, line)| {
                serde_json::from_str(line).map_err(|_| ErasureListError::Line {
                    path: self.path.clone(),
                    line: n + 1,
                })
            })
            .collect()
    }

    fn failed(&self, reason: io::Error) -> ErasureListError {
        ErasureListError::File {
            path: self.path.clone(),
            reason,
        }
    }
}

/// Whoever crashed while it wrote a line has erased nothing yet: the half of it goes.
fn cut_half_a_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|byte| *byte == b'\n');
    let end = start + end.map_or(0, |end| end as u64 + 1);
    if end < length {
        file.set_len(end)?;
    }
    Ok(())
}

/// Erases a document: writes it down, destroys its key and its rows in one transaction, then its objects.
/// Called again it ends what an earlier call could not. None when the tenant never had it.
///
/// # Errors
/// [`EraseError`]; nothing was destroyed then.
pub async fn erase(
    db: &Db,
    store: &dyn Store,
    list: &ErasureList,
    tenant: TenantId,
    document: DocumentId,
) -> Result<Option<Erasure>, EraseError> {
    let at = Utc::now().trunc_subsecs(6);
    let rows = if db.document(tenant, document).await?.is_some() {
        let (list, erased) = (
            list.clone(),
            Erased {
                at,
                tenant,
                document,
            },
        );
        // The file's disk may be slow.
        let added = tokio::task::spawn_blocking(move || {
            let added = list.add(&[erased]);
            added.map_err(EraseError::List)
        });
        added
            .await
            .map_err(|error| DbError::new(crate::db::DbErrorKind::Unavailable, error))??;
        db.erase(tenant, document).await?
    } else {
        None
    };
    if rows.is_none() && !db.is_erased(tenant, document).await? {
        return Ok(None);
    }
    Ok(Some(Erasure {
        at,
        rows,
        objects: store.erase(tenant, document).await,
    }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn erased(n: u128) -> Erased {
        Erased {
            at: Utc::now(),
            tenant: TenantId::DEFAULT,
            document: DocumentId(Uuid::from_u128(n)),
        }
    }

    #[test]
    fn what_was_added_is_read_and_a_harmed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let list = ErasureList::new(folder.path().join("data/erased.jsonl"));
        assert_eq!(list.read().unwrap(), []);
        let all = [1, 2, 3].map(erased);
        list.add(&all[..1]).unwrap();
        list.add(&all[1..]).unwrap();
        assert_eq!(list.read().unwrap(), all);

        // A crash in the middle of a line, and the next erasure.
        let text = std::fs::read_to_string(list.path()).unwrap();
        std::fs::write(list.path(), &text[..text.len() - 9]).unwrap();
        assert_eq!(list.read().unwrap(), all[..2]);
        list.add(&all[..1]).unwrap();
        assert_eq!(list.read().unwrap(), [all[0], all[1], all[0]]);

        std::fs::write(list.path(), text.replacen("document", "dokument", 1)).unwrap();
        assert!(matches!(
            list.read(),
            Err(ErasureListError::Line { line: 1, .. })
        ));
    }

    #[test]
    fn a_list_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let list = ErasureList::new(folder.path().to_path_buf());
        assert!(matches!(
            list.add(&[erased(1)]),
            Err(ErasureListError::File { .. })
        ));
    }
}
