//! The store in a local folder.
//!
//! A body goes into a file of `.incoming`, which lies in the same file system, is made durable and
//! is then renamed to its key, so a key shows a whole object or none. What a crash leaves in
//! `.incoming` is removed when the store is opened: parts of bodies after a day, since another
//! process may still write them, erased documents at once. Network file systems without an atomic
//! rename are not for this store.

mod folder;

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rustix::io::Errno;
use schemas::{ArtefactKey, DocumentId, TenantId};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::{Body, Listed, Listing, Store, StoreError, StoreErrorKind};
use folder::Folder;

const INCOMING: &str = ".incoming";
const ERASED: &str = "erased-";
const LEFT_OVER_AFTER: Duration = Duration::from_hours(24);
const READ_BYTES: usize = 256 * 1024;
const LISTED_AHEAD: usize = 1024;
/// How often a write and an erase may get in each other's way before either gives up.
const ERASES_IN_THE_WAY: usize = 8;

/// A store in a folder.
#[derive(Clone)]
pub struct Local(Arc<Folders>);

struct Folders {
    incoming_path: PathBuf,
    root: Folder,
    incoming: Folder,
}

impl Local {
    /// Opens the store in that folder, makes the folder if it is not there, and removes what
    /// crashed writes left.
    ///
    /// # Errors
    /// [`StoreErrorKind::Refused`] when the folder cannot be made or used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| failure(&error);
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        let root = Folder::root(path).map_err(failed)?;
        let folders = Folders {
            incoming_path: path.join(INCOMING),
            incoming: root.make(INCOMING).map_err(failed)?,
            root,
        };
        folders.sweep().map_err(failed)?;
        Ok(Self(Arc::new(folders)))
    }

    /// Runs what blocks where it may.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folders = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&folders))
            .await
            // The error of a thread that panicked quotes what the panic says.
            .unwrap_or_else(|_| Err(io::Error::other("it broke down; the log says where")))
    }
}

#[async_trait]
impl Store for Local {
    async fn put(&self, key: ArtefactKey, mut body: Body) -> Result<u64, StoreError> {
        let failed = |error| failure(&error);
        let incoming = Incoming::new(&self.0);
        let name = incoming.name.clone();
        let file = self.run(move |folders| folders.incoming.create(&name));
        let mut file = tokio::fs::File::from_std(file.await.map_err(failed)?);
        let mut size = 0;
        while let Some(piece) = body.try_next().await? {
            file.write_all(&piece).await.map_err(failed)?;
            size += piece.len() as u64;
        }
        // Writes go on in the background; the flush is what reports their errors.
        file.flush().await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        let name = incoming.name.clone();
        let placed = self.run(move |folders| folders.place(&name, &key.to_string()));
        placed.await.map_err(failed)?;
        Ok(size)
    }

    async fn get(&self, key: ArtefactKey) -> Result<Body, StoreError> {
        let opened = self.run(move |folders| folders.read(&key.to_string()));
        let file = opened.await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::not_found(key),
            _ => failure(&error),
        })?;
        let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file), READ_BYTES);
        Ok(pieces.map_err(|error| failure(&error)).boxed())
    }

    async fn delete(&self, key: ArtefactKey) -> Result<(), StoreError> {
        let removed = self.run(move |folders| folders.remove(&key.to_string()));
        absent_is_fine(removed.await).map_err(|error| failure(&error))
    }

    async fn erase(&self, tenant: TenantId, document: DocumentId) -> Result<u64, StoreError> {
        let (tenant, document) = (tenant.to_string(), document.to_string());
        let erased = self.run(move |folders| folders.erase(&tenant, &document));
        match erased.await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            erased => erased.map_err(|error| failure(&error)),
        }
    }

    async fn list(&self) -> Result<Listing, StoreError> {
        let (found, listing) = mpsc::channel(LISTED_AHEAD);
        let folders = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = folders.list(&found) {
                // Whoever asked may have given up.
                let _ = found.blocking_send(Err(failure(&error)));
            }
        });
        let listing = stream::unfold(listing, async |mut listing| {
            Some((listing.recv().await?, listing))
        });
        Ok(listing.boxed())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let written = self.run(|folders| {
            let name = Uuid::new_v4().to_string();
            folders.incoming.create(&name)?;
            folders.incoming.remove(&name)
        });
        written.await.map_err(|error| failure(&error))
    }
}

impl Folders {
    /// Gives a written file its key.
    fn place(&self, name: &str, key: &str) -> io::Result<()> {
        let mut tries = 0;
        loop {
            match self.try_place(name, key) {
                // An erase took a folder away between its making and the rename.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && tries < ERASES_IN_THE_WAY =>
                {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    fn try_place(&self, name: &str, key: &str) -> io::Result<()> {
        let (folders, file) = split(key);
        let mut chain = vec![self.root.again()?];
        for folder in folders {
            chain.extend(chain.last().map(|last| last.make(folder)).transpose()?);
        }
        if let Some(last) = chain.last() {
            self.incoming.rename(name, last, file)?;
        }
        // Also of folders that were there: who made them may not have come to make them durable.
        chain.iter().rev().try_for_each(Folder::sync)
    }

    /// The folder of a key, and the name in it.
    fn enter<'a>(&self, key: &'a str) -> io::Result<(Folder, &'a str)> {
        let (mut folders, file) = split(key);
        let folder = folders.try_fold(self.root.again()?, |folder, name| folder.enter(name))?;
        Ok((folder, file))
    }

    fn read(&self, key: &str) -> io::Result<File> {
        let (folder, file) = self.enter(key)?;
        folder.read(file)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let (folder, file) = self.enter(key)?;
        folder.remove(file)?;
        folder.sync()
    }

    /// The document's folder goes away at once, and then what is in it. Gives how many objects that were.
    fn erase(&self, tenant: &str, document: &str) -> io::Result<u64> {
        let tenant = self.root.enter(tenant)?;
        let name = format!("{ERASED}{}", Uuid::new_v4());
        let mut tries = 0;
        while let Err(error) = tenant.rename(document, &self.incoming, &name) {
            // Another erase was faster.
            tenant.enter(document)?;
            // A write made the folder again since, or the other end is gone, which is no success.
            if error.kind() != io::ErrorKind::NotFound || tries == ERASES_IN_THE_WAY {
                return Err(io::Error::other(format!(
                    "a document cannot be erased: {error}"
                )));
            }
            tries += 1;
        }
        tenant.sync()?;
        let mut erased = 0;
        walk(&self.incoming_path.join(&name), &mut |_, _| {
            erased += 1;
            true
        })?;
        self.remove_all(&name)?;
        Ok(erased)
    }

    /// Tells of every object, until nobody listens any more.
    fn list(&self, found: &mpsc::Sender<Result<Listed, StoreError>>) -> io::Result<()> {
        let Some(root) = self.incoming_path.parent() else {
            return Ok(());
        };
        walk(root, &mut |path, bytes| {
            let key = path.strip_prefix(root).ok().and_then(Path::to_str);
            match key.and_then(ArtefactKey::parse) {
                Some(key) => found.blocking_send(Ok(Listed { key, bytes })).is_ok(),
                None => true,
            }
        })
    }

    fn remove_all(&self, name: &str) -> io::Result<()> {
        let path = self.incoming_path.join(name);
        let mut tries = 0;
        loop {
            match absent_is_fine(std::fs::remove_dir_all(&path)) {
                // A write that began before the erase may still end in the folder that goes.
                Err(error)
                    if error.kind() == io::ErrorKind::DirectoryNotEmpty
                        && tries < ERASES_IN_THE_WAY =>
                {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// Removes what crashes left.
    fn sweep(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.incoming_path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(ERASED) {
                self.remove_all(&name)?;
                continue;
            }
            // Another process may have put it into its place meanwhile.
            let Ok(modified) = entry.metadata().and_then(|m| m.modified()) else {
                continue;
            };
            // A time in the future is no age.
            if modified.elapsed().is_ok_and(|age| age > LEFT_OVER_AFTER) {
                absent_is_fine(self.incoming.remove(&name))?;
            }
        }
        Ok(())
    }
}

/// A file that is being written; it is removed with this, unless it got its place.
struct Incoming {
    folders: Arc<Folders>,
    name: String,
}

impl Incoming {
    fn new(folders: &Arc<Folders>) -> Self {
        Self {
            folders: Arc::clone(folders),
            name: Uuid::new_v4().to_string(),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // No longer there after a rename; what cannot be removed is swept later.
        let _ = self.folders.incoming.remove(&self.name);
    }
}

/// The folders of a key, and its last name.
fn split(key: &str) -> (std::str::Split<'_, char>, &str) {
    let (folders, file) = key.rsplit_once('/').unwrap_or_default();
    (folders.split('/'), file)
}

/// Calls with every file below a folder and its size, while it says to go on. What goes away meanwhile is
/// left out, and no link is followed.
fn walk(folder: &Path, each: &mut impl FnMut(&Path, u64) -> bool) -> io::Result<()> {
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                open.push(entry.path());
            } else if metadata.is_file() && !each(&entry.path(), metadata.len()) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn failure(error: &io::Error) -> StoreError {
    use io::ErrorKind::{
        NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    let detail = match error.kind() {
        StorageFull | QuotaExceeded => {
            return StoreError::new(StoreErrorKind::Unavailable, "the disk is full");
        }
        ReadOnlyFilesystem => "the file system is read-only",
        PermissionDenied => "this user may not use its folder",
        NotFound => "its folder is gone",
        NotADirectory => "a link or a file stands where a folder belongs",
        _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            "a link stands where an object belongs"
        }
        // The system's words name no path.
        _ => return StoreError::new(StoreErrorKind::Unavailable, error),
    };
    StoreError::new(StoreErrorKind::Refused, detail)
}

#[cfg(test)]
mod tests;
