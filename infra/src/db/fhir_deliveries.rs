//! Which documents a FHIR server is still to be told about. A row is written in the transaction that
//! makes a job succeed, or that reviews an entity of one that has; where no server is set it waits.

use std::time::Duration;

use schemas::{DocumentId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Db, DbError};

/// A document that is to be told now.
#[derive(Clone, Debug)]
pub struct DueDocument {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub document: DocumentId,
    /// Of the content that is due.
    pub version: i32,
    /// How often it was tried before.
    pub attempt: u32,
}

/// The content of a job that succeeded is new.
pub(super) async fn is_due(session: &mut PgConnection, job: Uuid) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO fhir_deliveries AS d (document_id, tenant_id)
         SELECT document_id, tenant_id FROM jobs WHERE id = $1
         ON CONFLICT (document_id) DO UPDATE SET version = d.version + 1, attempt = 0,
             run_at = now(), state = 'waiting', last_error = NULL",
        job
    )
    .execute(session)
    .await?;
    Ok(())
}

impl Db {
    /// Takes documents that are due; they are nobody else's for `lease`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn due_documents(
        &self,
        most: i64,
        lease: Duration,
    ) -> Result<Vec<DueDocument>, DbError> {
        let rows = sqlx::query!(
            "UPDATE fhir_deliveries SET attempt = attempt + 1,
                 run_at = now() + make_interval(secs => $2)
             WHERE document_id = ANY (ARRAY(
                 SELECT document_id FROM fhir_deliveries WHERE state = 'waiting' AND run_at <= now()
                 ORDER BY run_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED))
             RETURNING document_id, tenant_id, version, attempt",
            most,
            lease.as_secs_f64()
        )
        .fetch_all(self.worker())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DueDocument {
                tenant: TenantId(row.tenant_id),
                document: DocumentId(row.document_id),
                version: row.version,
                attempt: (row.attempt - 1).cast_unsigned(),
            })
            .collect())
    }

    /// The server has the content that was due. What has changed since is still due.
    ///
    /// # Errors
    /// [`DbError`]: it will be told again, which changes nothing there.
    pub async fn document_told(&self, due: &DueDocument) -> Result<(), DbError> {
        sqlx::query!(
            "UPDATE fhir_deliveries SET state = 'delivered', last_error = NULL
             WHERE document_id = $1 AND version = $2",
            due.document.0,
            due.version
        )
        .execute(self.worker())
        .await?;
        Ok(())
    }

    /// The server does not have it: it is due again after `rest`, or with none given up until it changes.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn document_untold(
        &self,
        due: &DueDocument,
        rest: Option<Duration>,
        why: &str,
    ) -> Result<(), DbError> {
        sqlx::query!(
            "UPDATE fhir_deliveries SET
                 state = CASE WHEN $3::float8 IS NULL THEN 'given_up' ELSE state END,
                 run_at = now() + make_interval(secs => coalesce($3, 0)), last_error = $4
             WHERE document_id = $1 AND version = $2 AND state = 'waiting'",
            due.document.0,
            due.version,
            rest.map(|rest| rest.as_secs_f64()),
            why
        )
        .execute(self.worker())
        .await?;
        Ok(())
    }
}
