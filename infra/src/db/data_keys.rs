//! Wrapped data keys of documents: the first writer's counts, and without its key a document is gone.
//!
//! An erased document keeps its row without a key, so that a worker that is late cannot make another
//! key and leave something behind.

use schemas::{DocumentId, TenantId};
use sqlx::PgConnection;

use super::{Db, DbError};

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
            .ok_or_else(|| DbError::new(super::DbErrorKind::Refused, "the document was erased"))
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
