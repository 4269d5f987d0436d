//! Uploads under way, so that an object whose upload died is found and removed.
//!
//! The row stands before the object is written; it goes in the transaction that makes the document, or
//! when the object was removed. An upload that is silent for too long is first given up: from then on
//! it cannot become a document. Only as long again later its object goes, so that a write that was
//! still on its way has ended by then.

use std::time::Duration;

use schemas::{DocumentId, TenantId};
use sqlx::PgConnection;

use super::{Db, DbError, DbErrorKind, connect::commit};

impl Db {
    /// Says that an object of this document may lie in the store from now on.
    ///
    /// # Errors
    /// [`DbError`]: then none may be written.
    pub async fn begin_upload(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "INSERT INTO uploads (document_id, tenant_id) VALUES ($1, $2)",
            document.0,
            tenant.0
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(())
    }

    /// Says that an upload goes on. False when it was given up: what it writes is in vain.
    ///
    /// # Errors
    /// [`DbError`]: nothing was said.
    pub async fn renew_upload(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let renewed = sqlx::query!(
            "UPDATE uploads SET seen_at = now() WHERE document_id = $1 AND given_up_at IS NULL",
            document.0
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Forgets an upload whose object is not in the store any more.
    ///
    /// # Errors
    /// [`DbError`]: the object is looked for once more.
    pub async fn forget_upload(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!("DELETE FROM uploads WHERE document_id = $1", document.0)
            .execute(&mut *transaction)
            .await?;
        commit(transaction).await?;
        Ok(())
    }

    /// Gives up uploads that have said nothing for this long. Gives their number.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn give_up_uploads(&self, silence: Duration) -> Result<u64, DbError> {
        let given_up = sqlx::query!(
            "UPDATE uploads SET given_up_at = now()
             WHERE given_up_at IS NULL AND seen_at < now() - make_interval(secs => $1)",
            silence.as_secs_f64()
        )
        .execute(self.worker())
        .await?;
        Ok(given_up.rows_affected())
    }

    /// Uploads that were given up this long ago, whose objects are to be removed. One that is a
    /// document after all is not among them, whatever its row says.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn orphans(
        &self,
        silence: Duration,
        most: i64,
    ) -> Result<Vec<(TenantId, DocumentId)>, DbError> {
        let rows = sqlx::query!(
            "SELECT tenant_id, document_id FROM uploads u
             WHERE given_up_at < now() - make_interval(secs => $1)
               AND NOT EXISTS (SELECT FROM documents d WHERE d.id = u.document_id)
             ORDER BY given_up_at LIMIT $2",
            silence.as_secs_f64(),
            most
        )
        .fetch_all(self.worker())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (TenantId(row.tenant_id), DocumentId(row.document_id)))
            .collect())
    }
}

/// Ends an upload that becomes a document in this transaction. Whoever would give it up waits for that.
pub(super) async fn end(session: &mut PgConnection, document: DocumentId) -> Result<(), DbError> {
    let ended = sqlx::query!(
        "DELETE FROM uploads WHERE document_id = $1 AND given_up_at IS NULL",
        document.0
    )
    .execute(session)
    .await?;
    if ended.rows_affected() == 0 {
        let detail = "the upload was given up for lost; it is to be sent again";
        return Err(DbError::new(DbErrorKind::Conflict, detail));
    }
    Ok(())
}
