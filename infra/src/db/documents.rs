//! Documents as clients see them, and their erasing.

use chrono::{DateTime, Utc};
use schemas::{DocumentId, JobId, JobState, TenantId};
use serde::Serialize;
use sqlx::PgConnection;

use super::{Db, DbError, connect::commit, data_keys, webhooks};

/// A document with its last job.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// Which.
    pub id: DocumentId,
    /// As it was uploaded.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// By magic bytes, once it was opened.
    pub media_type: Option<String>,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// Its last job.
    pub job: JobId,
    /// Where that is.
    pub state: JobState,
    /// The last job that has a result, which may be an earlier one.
    pub result: Option<JobId>,
    /// Its version.
    pub version: i64,
}

/// Rows that went with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ErasedRows {
    /// Jobs, with their pages and tasks.
    pub jobs: i64,
    /// Facts.
    pub entities: i64,
    /// What people said of them.
    pub reviews: i64,
    /// Lines that the chat searches.
    pub passages: i64,
    /// Answers of the chat that quoted it.
    pub chat_turns: i64,
}

impl Db {
    /// A document of a tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn document(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<DocumentRow>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let row = sqlx::query!(
            r#"SELECT d.id, d.file, d.bytes, d.media_type, d.created_at, j.id AS job_id, j.state,
                   j.version, r.id AS "result?"
               FROM documents d
               CROSS JOIN LATERAL (
                   SELECT id, state, version FROM jobs WHERE document_id = d.id
                   ORDER BY created_at DESC LIMIT 1) AS j
               LEFT JOIN LATERAL (
                   SELECT id FROM jobs WHERE document_id = d.id
                     AND state IN ('succeeded', 'needs_review')
                   ORDER BY created_at DESC LIMIT 1) AS r ON true
               WHERE d.id = $1"#,
            document.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        Ok(row.map(|row| DocumentRow {
            id: DocumentId(row.id),
            file: row.file,
            bytes: row.bytes.cast_unsigned(),
            media_type: row.media_type,
            created_at: row.created_at,
            job: JobId(row.job_id),
            state: row.state.parse().unwrap_or(JobState::Cancelled),
            result: row.result.map(JobId),
            version: row.version,
        }))
    }

    /// Removes a document with its jobs, entities, reviews and key. None when there is none.
    ///
    /// # Errors
    /// [`DbError`]; nothing was removed then.
    pub async fn erase(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<ErasedRows>, DbError> {
        // First of all it has no doubles any more: whoever adds a job to it holds its row and then
        // the job's, and everybody else the other way round.
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "UPDATE documents SET digest = NULL WHERE id = $1",
            document.0
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;

        let mut transaction = self.of_tenant(tenant).await?;
        let Some(erased) = remove(&mut transaction, tenant, document).await? else {
            return Ok(None);
        };
        sqlx::query!("SELECT pg_notify('medbot_erased', '')")
            .execute(&mut *transaction)
            .await?;
        commit(transaction).await?;
        Ok(Some(erased))
    }

    /// Those of these documents that are there, or whose key is: what was erased comes back with a database that is
    /// older.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn still_there(
        &self,
        documents: &[(TenantId, DocumentId)],
    ) -> Result<Vec<(TenantId, DocumentId)>, DbError> {
        let (tenants, ids): (Vec<_>, Vec<_>) = documents.iter().map(|(t, d)| (t.0, d.0)).unzip();
        let rows = sqlx::query!(
            r#"SELECT tenant AS "tenant!", document AS "document!"
               FROM unnest($1::uuid[], $2::uuid[]) AS listed (tenant, document)
               WHERE EXISTS (SELECT FROM documents WHERE tenant_id = tenant AND id = document)
               OR EXISTS (SELECT FROM document_keys
                   WHERE tenant_id = tenant AND document_id = document AND wrapped IS NOT NULL)"#,
            &tenants,
            &ids
        );
        let rows = rows.fetch_all(self.worker()).await?.into_iter();
        Ok(rows
            .map(|row| (TenantId(row.tenant), DocumentId(row.document)))
            .collect())
    }

    /// Was a document of the tenant erased?
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn is_erased(&self, tenant: TenantId, document: DocumentId) -> Result<bool, DbError> {
        let erased = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM document_keys
                   WHERE tenant_id = $1 AND document_id = $2 AND wrapped IS NULL) AS "erased!""#,
            tenant.0,
            document.0
        );
        Ok(erased.fetch_one(self.worker()).await?)
    }
}

/// Removes a document in the transaction of its tenant. When there is none its key is destroyed all the
/// same if the transaction commits.
pub(super) async fn remove(
    session: &mut PgConnection,
    tenant: TenantId,
    document: DocumentId,
) -> Result<Option<ErasedRows>, DbError> {
    // A settle holds the job's row: locked first, it cannot come in between.
    sqlx::query!(
        "SELECT id FROM jobs WHERE document_id = $1 ORDER BY id FOR UPDATE",
        document.0
    )
    .fetch_all(&mut *session)
    .await?;
    let batches = sqlx::query_scalar!(
        "SELECT DISTINCT i.batch_id FROM batch_items i JOIN jobs j ON j.id = i.job_id
         WHERE j.document_id = $1",
        document.0
    )
    .fetch_all(&mut *session)
    .await?;
    let rows = sqlx::query_as!(
        ErasedRows,
        r#"SELECT (SELECT count(*) FROM jobs WHERE document_id = $1) AS "jobs!",
               (SELECT count(*) FROM entities WHERE document_id = $1) AS "entities!",
               (SELECT count(*) FROM reviews WHERE document_id = $1) AS "reviews!",
               (SELECT count(*) FROM passages WHERE document_id = $1) AS "passages!",
               (SELECT count(*) FROM chat_turns WHERE documents @> ARRAY[$1]) AS "chat_turns!""#,
        document.0
    )
    .fetch_one(&mut *session)
    .await?;
    let erased = sqlx::query!("DELETE FROM documents WHERE id = $1", document.0)
        .execute(&mut *session)
        .await?;
    data_keys::destroy(session, tenant, document).await?;
    if erased.rows_affected() == 0 {
        return Ok(None);
    }
    // Its job may have been the last that a batch waited for.
    webhooks::finish(session, &batches).await?;
    Ok(Some(rows))
}
