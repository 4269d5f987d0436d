//! Writing a backup, while the system goes on.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{SubsecRound as _, Utc};
use futures::TryStreamExt as _;
use schemas::{Artefact, DocumentId, TenantId};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    BackupError, COPIED_AT_ONCE, ERASED_PART, KEYS_TABLE, Kind, Manifest, OBJECTS, OBJECTS_PART,
    Object, Part, Places, of_backup, part,
};
use crate::{
    db::{Db, DbError, Snapshot, Table},
    erasure::ErasureList,
    store::{self, DataKey, Listed, Local, MasterKey, Store, StoreErrorKind},
};

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What belongs to the backup.
    pub system: Manifest,
    /// What belongs to its keys.
    pub keys: Manifest,
    /// Objects.
    pub objects: u64,
    /// Their size.
    pub bytes: u64,
    /// Documents whose original is not in the store, and which nobody has erased.
    pub incomplete: u64,
}

/// The backup's id, its key and where it goes.
struct Target<'a> {
    id: Uuid,
    key: DataKey,
    places: &'a Places,
}

/// Writes a backup into new folders. `sealed` is the store below the one that seals: its objects are
/// copied as they are.
///
/// # Errors
/// [`BackupError`]; what was written until then is no backup.
pub async fn write(
    db: &Db,
    sealed: &dyn Store,
    master: &MasterKey,
    list: &ErasureList,
    places: &Places,
) -> Result<Written, BackupError> {
    make_folder(&places.system)?;
    make_folder(&places.keys)?;
    make_folder(&places.system.join("tables"))?;
    let target = Target {
        id: Uuid::now_v7(),
        key: DataKey::generate()?,
        places,
    };
    let made_at = Utc::now().trunc_subsecs(6);
    let mut snapshot = db.snapshot().await?;
    let schema = snapshot.schema().await?;
    let manifest = |kind| Manifest::new(kind, target.id, made_at, schema, (master, &target.key));
    let (mut system, mut keys) = (manifest(Kind::System)?, manifest(Kind::Keys)?);
    for table in snapshot.tables().await? {
        let (kind, to) = if table.name == KEYS_TABLE {
            (Kind::Keys, &mut keys)
        } else {
            (Kind::System, &mut system)
        };
        to.parts
            .push(target.table(&mut snapshot, kind, table).await?);
    }
    system.sequences = snapshot.sequences().await?;
    let documents = snapshot.documents().await?;
    let keyed = snapshot.keyed_documents().await?;
    snapshot.close().await?;

    let copied = target.objects(sealed, &keyed).await?;
    let (objects, bytes) = (copied.part.rows, copied.bytes);
    system.parts.push(copied.part);
    // Last, so that it holds what was erased while objects were copied.
    list.prove()?;
    let erased = list.read()?;
    system.parts.push(target.erased(&erased).await?);
    keys.write(&places.keys, &target.key)?;
    system.write(&places.system, &target.key)?;

    let gone: HashSet<_> = erased.iter().map(|e| (e.tenant, e.document)).collect();
    let mut missing = documents.iter().filter(|d| !copied.originals.contains(d));
    let incomplete = missing.by_ref().filter(|d| !gone.contains(d)).count();
    Ok(Written {
        system,
        keys,
        objects,
        bytes,
        incomplete: incomplete as u64,
    })
}

struct Copied {
    part: Part,
    bytes: u64,
    originals: HashSet<(TenantId, DocumentId)>,
}

impl Target<'_> {
    async fn part(
        &self,
        kind: Kind,
        name: &str,
        table: Option<Table>,
        lines: store::Body,
    ) -> Result<Part, BackupError> {
        let folder = match kind {
            Kind::System => &self.places.system,
            Kind::Keys => &self.places.keys,
        };
        let place = super::manifest::place(kind, self.id, name);
        part::write((folder, name), &place, &self.key, table, lines).await
    }

    async fn table(
        &self,
        snapshot: &mut Snapshot,
        kind: Kind,
        table: Table,
    ) -> Result<Part, BackupError> {
        let name = match kind {
            Kind::System => format!("tables/{}.sealed", table.name),
            Kind::Keys => format!("{}.sealed", table.name),
        };
        let (send, lines) = part::channel();
        let copy = async {
            let copied: Result<(), DbError> = snapshot.copy(&table, send).await;
            copied.map_err(BackupError::from)
        };
        let write = self.part(kind, &name, Some(table.clone()), lines);
        let (copied, written) = futures::join!(copy, write);
        // A copy that broke off looks like a short table to whoever writes.
        copied?;
        written
    }

    /// Copies the objects of documents that have a key: what was erased cannot be read, and what came
    /// after the snapshot is in no table.
    async fn objects(
        &self,
        sealed: &dyn Store,
        keyed: &HashSet<(TenantId, DocumentId)>,
    ) -> Result<Copied, BackupError> {
        let folder = Local::open(&self.places.system.join(OBJECTS))?;
        let (send, lines) = part::channel();
        let copied = Mutex::new((0, HashSet::new()));
        let listed = sealed.list().await?.map_err(BackupError::from);
        let wanted = listed.try_filter(|listed| {
            let of = (listed.key.tenant, listed.key.document);
            futures::future::ready(keyed.contains(&of))
        });
        let (folder, copied_so_far) = (&folder, &copied);
        let copying = async move {
            let send = send;
            wanted
                .try_for_each_concurrent(COPIED_AT_ONCE, |listed| {
                    one(sealed, folder, listed, &send, copied_so_far)
                })
                .await
        };
        let write = self.part(Kind::System, OBJECTS_PART, None, lines);
        let (ended, part) = futures::join!(copying, write);
        ended?;
        let (bytes, originals) = copied.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Copied {
            part: part?,
            bytes,
            originals,
        })
    }

    async fn erased(&self, erased: &[crate::erasure::Erased]) -> Result<Part, BackupError> {
        let mut lines = Vec::new();
        for erased in erased {
            lines.extend(line(erased)?);
        }
        self.part(Kind::System, ERASED_PART, None, store::body(lines))
            .await
    }
}

/// Copies an object and tells of it. One that was erased meanwhile is left out.
async fn one(
    sealed: &dyn Store,
    folder: &Local,
    listed: Listed,
    send: &mpsc::Sender<Bytes>,
    copied: &Mutex<(u64, HashSet<(TenantId, DocumentId)>)>,
) -> Result<(), BackupError> {
    let key = listed.key;
    let body = match sealed.get(key).await {
        Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(()),
        body => body?,
    };
    let (body, seen) = part::watched(body);
    let put = folder.put(key, body).await;
    put.map_err(of_backup(&key.to_string()))?;
    let seen = part::look(&seen);
    let object = Object {
        key: key.to_string(),
        bytes: seen.bytes,
        sha256: seen.sha256(),
    };
    {
        let mut copied = copied.lock().unwrap_or_else(PoisonError::into_inner);
        copied.0 += object.bytes;
        if key.artefact == Artefact::Original {
            copied.1.insert((key.tenant, key.document));
        }
    }
    // Whoever writes the list says himself why he stopped.
    let _ = send.send(line(&object)?.into()).await;
    Ok(())
}

fn line(of: &impl serde::Serialize) -> Result<Vec<u8>, BackupError> {
    let line = serde_json::to_vec(of).map(|mut line| {
        line.push(b'\n');
        line
    });
    line.map_err(|error| BackupError::file(Path::new(OBJECTS_PART))(error.into()))
}

/// Makes a folder that only this user can enter; one that is there must be empty.
fn make_folder(folder: &Path) -> Result<(), BackupError> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(BackupError::file(folder))?;
    let mut entries = fs::read_dir(folder).map_err(BackupError::file(folder))?;
    match entries.next() {
        Some(_) => Err(BackupError::Taken(folder.into())),
        None => Ok(()),
    }
}
