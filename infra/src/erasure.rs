//! Erasing a document: it is written into a list outside the database before anything is destroyed, so that a
//! backup that is older than an erasure does not bring the document back. A restore erases again what stands there,
//! and so does whoever is about to serve a database that may have been put back by other means.

mod anchor;
mod list;

use chrono::{DateTime, SubsecRound as _, Utc};
use schemas::{DocumentId, TenantId};

use crate::{
    db::{Db, DbError, ErasedRows},
    store::{Store, StoreError},
};

pub use list::{Erased, ErasureList, ErasureListError};

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
    /// How many lines the erasure list has with it; none when it stood there from an earlier call.
    pub listed: Option<usize>,
    /// The rows that went; none when an erasure that had begun earlier was ended.
    pub rows: Option<ErasedRows>,
    /// How many objects went. An error means that some stay; without their key they cannot be read.
    pub objects: Result<u64, StoreError>,
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
    let mut listed = None;
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
        let broke_down = "the erasure list broke down; the log says where";
        let added = added
            .await
            .map_err(|_| DbError::new(crate::db::DbErrorKind::Unavailable, broke_down))?;
        listed = Some(added?);
        db.erase(tenant, document).await?
    } else {
        None
    };
    if rows.is_none() && !db.is_erased(tenant, document).await? {
        return Ok(None);
    }
    Ok(Some(Erasure {
        at,
        listed,
        rows,
        objects: store.erase(tenant, document).await,
    }))
}

/// Documents that are looked for together.
const TOGETHER: usize = 1000;

/// Erases again what the list says was erased and the database still has, and gives it.
///
/// # Errors
/// [`EraseError`]; called again it goes on where it was.
pub async fn erase_again(
    db: &Db,
    store: &dyn Store,
    list: &ErasureList,
) -> Result<Vec<(TenantId, DocumentId)>, EraseError> {
    if !list.exists() {
        return Ok(Vec::new());
    }
    let erased = list.read()?;
    let erased: Vec<_> = erased.iter().map(|e| (e.tenant, e.document)).collect();
    let mut again = Vec::new();
    for some in erased.chunks(TOGETHER) {
        for (tenant, document) in db.still_there(some).await? {
            db.erase(tenant, document).await?;
            if let Err(error) = store.erase(tenant, document).await {
                // Without their key they cannot be read.
                tracing::warn!(%document, %error, "objects of an erased document stay");
            }
            again.push((tenant, document));
        }
    }
    Ok(again)
}
