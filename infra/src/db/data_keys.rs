//! Wrapped data keys of documents: the first writer's counts, and without its key a document is gone.
//!
//! An erased document keeps its row without a key, so that a worker that is late cannot make another
//! key and leave something behind. A key that was unwrapped is kept for a short while, so that a page's
//! many artefacts do not each ask for it; an erase is complete everywhere when that while is over.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use schemas::{ArtefactKey, DocumentId, TenantId};
use sqlx::PgConnection;

use super::{Db, DbError, DbErrorKind};
use crate::store::{DataKey, DataKeys, MasterKey, StoreError, StoreErrorKind, Version};

/// For how long an unwrapped key is kept.
const KEPT: Duration = Duration::from_secs(20);

/// The keys of documents, wrapped by a master key.
pub struct WrappedKeys {
    db: Db,
    master: MasterKey,
    kept: Mutex<HashMap<(TenantId, DocumentId), (Instant, DataKey)>>,
}

impl WrappedKeys {
    /// Keys in this database, wrapped by this master key.
    #[must_use]
    pub fn new(db: Db, master: MasterKey) -> Self {
        Self {
            db,
            master,
            kept: Mutex::default(),
        }
    }

    fn kept(&self, of: (TenantId, DocumentId)) -> Option<DataKey> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < KEPT);
        kept.get(&of).map(|(_, key)| key.clone())
    }

    fn keep(&self, of: (TenantId, DocumentId), key: &DataKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(of, (Instant::now(), key.clone()));
    }
}

#[async_trait]
impl DataKeys for WrappedKeys {
    async fn data_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<DataKey, StoreError> {
        if let Some(key) = self.kept((tenant, document)) {
            return Ok(key);
        }
        let known = self.db.wrapped_key(tenant, document).await;
        let wrapped = if let Some(wrapped) = known.map_err(stored)? {
            wrapped
        } else {
            let fresh = self.master.wrap(&DataKey::generate()?, tenant, document)?;
            self.db
                .keep_wrapped_key(tenant, document, &fresh)
                .await
                .map_err(stored)?
        };
        let key = self.master.unwrap(&wrapped, tenant, document)?;
        self.keep((tenant, document), &key);
        Ok(key)
    }

    async fn forget(&self, tenant: TenantId, document: DocumentId) -> Result<(), StoreError> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(tenant, document));
        self.db
            .forget_wrapped_key(tenant, document)
            .await
            .map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error))
    }

    async fn versions(&self, key: ArtefactKey) -> Result<Option<Vec<Version>>, StoreError> {
        self.db.versions(key).await.map_err(stored)
    }
}

fn stored(error: DbError) -> StoreError {
    let kind = match error.kind {
        DbErrorKind::Refused => StoreErrorKind::Refused,
        DbErrorKind::Unavailable | DbErrorKind::Conflict => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, error)
}

impl Db {
    /// A document's wrapped key.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn wrapped_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<Vec<u8>>, DbError> {
        Ok(sqlx::query_scalar!(
            "SELECT wrapped FROM document_keys WHERE tenant_id = $1 AND document_id = $2",
            tenant.0,
            document.0
        )
        .fetch_optional(self.worker())
        .await?
        .flatten())
    }

    /// Keeps a document's wrapped key unless it has one; gives the one that is kept.
    ///
    /// # Errors
    /// [`DbError`], also when the document was erased.
    pub async fn keep_wrapped_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, DbError> {
        sqlx::query!(
            "INSERT INTO document_keys (tenant_id, document_id, wrapped) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
            tenant.0,
            document.0,
            wrapped
        )
        .execute(self.worker())
        .await?;
        self.wrapped_key(tenant, document)
            .await?
            .ok_or_else(|| DbError::new(DbErrorKind::Refused, "the document was erased"))
    }

    /// Removes a document's key: what was sealed with it cannot be read any more.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn forget_wrapped_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<(), DbError> {
        destroy(&mut *self.worker().acquire().await?, tenant, document).await
    }
}

/// Leaves a document without a key, for good.
pub(super) async fn destroy(
    session: &mut PgConnection,
    tenant: TenantId,
    document: DocumentId,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO document_keys (tenant_id, document_id) VALUES ($1, $2)
         ON CONFLICT (tenant_id, document_id) DO UPDATE SET wrapped = NULL",
        tenant.0,
        document.0
    )
    .execute(session)
    .await?;
    Ok(())
}
