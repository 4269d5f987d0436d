//! Restoring into an empty system: nobody sees anything of it before what was erased is gone again.
//!
//! The rows come in one transaction that locks everybody else out. Objects are put before it commits, so
//! that no document shows without its objects. A restore that broke off is simply done again: the database
//! is still empty, and objects of the same backup may lie there already.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::{DocumentId, TenantId};

use super::{Backup, BackupError, COPIED_AT_ONCE, Kind, Manifest};
use crate::{
    db::{Contents, Db, Loading},
    erasure::{Erased, ErasureList},
    store::{Store, StoreError, StoreErrorKind},
};

/// What is known of erasures since the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasures {
    /// The list has them; without a list that is proven nothing is restored.
    Listed,
    /// Somebody says that there were none but those that a list may name.
    None,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Rows by table, as they were loaded.
    pub rows: BTreeMap<String, u64>,
    /// Objects that were put.
    pub objects: u64,
    /// Jobs that were under way and begin anew.
    pub restarted: u64,
    /// Documents that were in the backup and are erased again.
    pub erased: u64,
}

/// Restores a backup into an empty database and store. `sealed` is the store below the one that seals.
///
/// # Errors
/// [`BackupError`]; the database is as it was then, and so is the store but for objects that nothing
/// refers to.
pub async fn restore(
    backup: &Backup,
    db: &Db,
    sealed: &dyn Store,
    list: &ErasureList,
    erasures: Erasures,
) -> Result<Restored, BackupError> {
    if erasures == Erasures::Listed && !list.exists() {
        return Err(BackupError::NoErasureList(list.path().into()));
    }
    let known = match erasures {
        Erasures::Listed => list.read()?,
        Erasures::None => list.read_unproven()?,
    };
    is_empty(backup, sealed).await?;
    match db.contents().await? {
        Contents::Nothing => db.migrate_to(backup.manifest().schema).await?,
        Contents::Schema(schema) if schema == backup.manifest().schema => {}
        contents => return Err(occupied(&contents)),
    }

    let mut loading = db.load().await?;
    let mut rows = load(backup, Kind::System, backup.manifest(), &mut loading).await?;
    rows.extend(load(backup, Kind::Keys, backup.keys(), &mut loading).await?);
    for sequence in &backup.manifest().sequences {
        loading.set(sequence).await?;
    }
    let unknown = loading.unknown_to_keys().await?;
    if unknown > 0 {
        return Err(BackupError::OtherKeys { documents: unknown });
    }
    loading.drop_stray_keys().await?;
    let restarted = loading.restart_open_jobs().await?;
    let gone = erase_again(backup, &mut loading, &known).await?;

    let objects = put(backup, sealed, &gone.all).await?;
    let new: Vec<Erased> = backup
        .erased
        .iter()
        .filter(|erased| !known.contains(erased))
        .copied()
        .collect();
    if !new.is_empty() || !list.exists() {
        list.add(&new)?;
    }
    loading.commit().await?;
    db.migrate().await?;
    Ok(Restored {
        rows,
        objects,
        restarted,
        erased: gone.again,
    })
}

/// Only objects of this backup may lie there, from a restore of it that broke off.
async fn is_empty(backup: &Backup, sealed: &dyn Store) -> Result<(), BackupError> {
    let mut listing = sealed.list().await?;
    while let Some(listed) = listing.try_next().await? {
        let known = backup.objects.get(&listed.key);
        if known.is_none_or(|object| object.bytes != listed.bytes) {
            return Err(BackupError::StoreOccupied);
        }
    }
    Ok(())
}

fn occupied(contents: &Contents) -> BackupError {
    let what = match contents {
        Contents::Rows { table, rows } => format!("rows of the table {table} ({rows})"),
        Contents::Foreign { table } => format!("the table {table}, which is not medbot's"),
        Contents::Schema(schema) => {
            format!("the tables of another version (schema {schema} instead of the backup's)")
        }
        Contents::Nothing => "nothing".into(),
    };
    BackupError::Occupied { what }
}

async fn load(
    backup: &Backup,
    kind: Kind,
    manifest: &Manifest,
    loading: &mut Loading,
) -> Result<BTreeMap<String, u64>, BackupError> {
    let mut rows = BTreeMap::new();
    for part in &manifest.parts {
        let Some(table) = &part.table else { continue };
        let loaded = loading.copy(table, backup.rows(kind, part).await?).await?;
        if loaded != part.rows {
            return Err(BackupError::Changed {
                part: part.name.clone(),
            });
        }
        rows.insert(table.name.clone(), loaded);
    }
    Ok(rows)
}

struct Gone {
    /// Everything that was ever erased, as far as anybody knows.
    all: HashSet<(TenantId, DocumentId)>,
    /// How many of them the backup still had.
    again: u64,
}

/// Erases what the list of today, the list of the backup or the keys say was erased.
async fn erase_again(
    backup: &Backup,
    loading: &mut Loading,
    known: &[Erased],
) -> Result<Gone, BackupError> {
    let listed = known.iter().chain(&backup.erased);
    let mut all: HashSet<_> = listed.map(|e| (e.tenant, e.document)).collect();
    all.extend(loading.keyless().await?);
    let mut again = 0;
    for (tenant, document) in &all {
        if loading.erase(*tenant, *document).await?.is_some() {
            again += 1;
        }
    }
    Ok(Gone { all, again })
}

async fn put(
    backup: &Backup,
    sealed: &dyn Store,
    gone: &HashSet<(TenantId, DocumentId)>,
) -> Result<u64, BackupError> {
    let wanted: Vec<_> = backup
        .objects
        .iter()
        .filter(|(key, _)| !gone.contains(&(key.tenant, key.document)))
        .collect();
    let count = wanted.len() as u64;
    stream::iter(wanted.into_iter().map(Ok))
        .try_for_each_concurrent(COPIED_AT_ONCE, async |(key, object)| {
            let body = backup.object(*key, object).await?;
            let body = body.map_err(|error| StoreError::new(StoreErrorKind::Body, error));
            sealed.put(*key, body.boxed()).await?;
            Ok::<_, BackupError>(())
        })
        .await?;
    Ok(count)
}
