//! Parts: lines that are sealed into a file, and opened again.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::{fs::File, io::AsyncWriteExt as _, sync::mpsc};
use tokio_util::io::ReaderStream;

use super::{BackupError, Manifest, Part};
use crate::{
    db::Table,
    store::{self, Body, DataKey, StoreError, StoreErrorKind},
};

const READ_BYTES: usize = 256 * 1024;
/// Pieces that wait to be sealed.
const WAITING: usize = 16;

/// What went by of a body.
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub bytes: u64,
    pub lines: u64,
    digest: Sha256,
}

impl Seen {
    fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.lines += piece.split(|byte| *byte == b'\n').count() as u64 - 1;
        self.digest.update(piece);
    }

    pub fn sha256(self) -> String {
        let mut text = String::with_capacity(64);
        store::hex(&mut text, &self.digest.finalize());
        text
    }
}

/// A body, and what has gone by of it so far.
pub(super) fn watched(body: Body) -> (Body, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let to = Arc::clone(&seen);
    let body = body.inspect_ok(move |piece| {
        to.lock().unwrap_or_else(PoisonError::into_inner).add(piece);
    });
    (body.boxed(), seen)
}

/// What has gone by.
pub(super) fn look(seen: &Mutex<Seen>) -> Seen {
    seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A body that somebody sends.
pub(super) fn channel() -> (mpsc::Sender<Bytes>, Body) {
    let (send, receive) = mpsc::channel(WAITING);
    let body = stream::unfold(receive, async |mut receive| {
        let piece = receive.recv().await?;
        Some((Ok(piece), receive))
    });
    // Whoever cuts a body asks again after its end.
    (send, body.fuse().boxed())
}

/// Seals lines into a new file of the folder.
pub(super) async fn write(
    (folder, name): (&Path, &str),
    place: &str,
    key: &DataKey,
    table: Option<Table>,
    lines: Body,
) -> Result<Part, BackupError> {
    let path = folder.join(name);
    let failed = || BackupError::file(&path);
    let (lines, plain) = watched(lines);
    let (sealed, seen) = watched(store::seal(lines, key, place)?);
    let mut file = File::options();
    file.write(true).create_new(true).mode(0o600);
    let mut file = file.open(&path).await.map_err(failed())?;
    let mut sealed = sealed;
    while let Some(piece) = sealed.try_next().await? {
        file.write_all(&piece).await.map_err(failed())?;
    }
    file.flush().await.map_err(failed())?;
    file.sync_all().await.map_err(failed())?;
    let seen = look(&seen);
    Ok(Part {
        name: name.into(),
        table,
        rows: look(&plain).lines,
        bytes: seen.bytes,
        sha256: seen.sha256(),
    })
}

/// The lines of a part. That they are all of them is known only at their end.
pub(super) async fn open(
    folder: &Path,
    manifest: &Manifest,
    key: &DataKey,
    part: &Part,
) -> Result<(Body, Arc<Mutex<Seen>>), BackupError> {
    let changed = || BackupError::Changed {
        part: part.name.clone(),
    };
    let path = folder.join(&part.name);
    let file = File::open(&path).await.map_err(|_| changed())?;
    let pieces = ReaderStream::with_capacity(file, READ_BYTES);
    let pieces = pieces.map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error));
    let (sealed, seen) = watched(pieces.boxed());
    Ok((store::open(sealed, key, &manifest.place(&part.name)), seen))
}

/// Reads a part to its end and compares it with the manifest; `each` sees the lines as they come.
pub(super) async fn check(
    folder: &Path,
    manifest: &Manifest,
    key: &DataKey,
    part: &Part,
    mut each: impl FnMut(&[u8]),
) -> Result<(), BackupError> {
    let changed = || BackupError::Changed {
        part: part.name.clone(),
    };
    let (lines, sealed) = open(folder, manifest, key, part).await?;
    let (mut lines, plain) = watched(lines);
    while let Some(piece) = lines.try_next().await.map_err(|_| changed())? {
        each(&piece);
    }
    let (sealed, plain) = (look(&sealed), look(&plain));
    if sealed.bytes != part.bytes || plain.lines != part.rows || sealed.sha256() != part.sha256 {
        return Err(changed());
    }
    Ok(())
}
