//! Taking an upload: its document, its job and its first task appear together or not at all.

use schemas::{
    BatchId, DocumentId, Engine, JobId, JobState, PagePlan, Priority, Problem, TenantId, WebhookId,
    plan_page,
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{
    Db, DbError, claim::engines as parse_engines, connect::commit, outbox::rank, uploads, webhooks,
};

/// An object that lies in the store and shall be read.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Under which id it lies in the store.
    pub document: DocumentId,
    /// As the client calls it.
    pub file: String,
    /// Keyed digest of the content; none when a double shall be a document of its own.
    pub digest: Option<[u8; 32]>,
    /// Its size.
    pub bytes: u64,
    /// How soon.
    pub priority: Priority,
    /// Who shall read.
    pub engines: Vec<Engine>,
    /// Who shall be told.
    pub webhook: Option<WebhookId>,
    /// W3C trace of the request.
    pub traceparent: Option<String>,
}

/// What an upload became.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The job to follow.
    pub job: JobId,
    /// The document: another than uploaded when the content was there already.
    pub document: DocumentId,
    /// Where the job is.
    pub state: JobState,
    /// Was the content there already? Then the uploaded object is to be removed, and the upload to be
    /// forgotten.
    pub duplicate: bool,
}

impl Db {
    /// Takes an upload that was begun.
    ///
    /// # Errors
    /// [`DbError`]; nothing was taken then. A conflict when the upload was given up for lost.
    pub async fn accept(&self, tenant: TenantId, upload: &Upload) -> Result<Accepted, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        let (mut accepted, started) = loop {
            // A double that is erased between the two is none any more: the next turn takes it in.
            if let Some(accepted) = single(session, tenant, upload).await? {
                break (accepted, true);
            }
            if let Some(found) = double(session, tenant, upload).await? {
                break found;
            }
        };
        sqlx::query!("SELECT pg_notify('medbot_due', '')")
            .execute(&mut *session)
            .await?;
        commit(transaction).await?;
        if !started {
            self.join(tenant, upload, &mut accepted).await?;
        }
        Ok(accepted)
    }

    /// Makes a double's wishes those of the job that serves it: its webhook is told too, and what it
    /// wants soon comes soon. In a transaction of its own, which holds the job's row and no document's:
    /// a settle locks them the other way round than a double does.
    async fn join(
        &self,
        tenant: TenantId,
        upload: &Upload,
        accepted: &mut Accepted,
    ) -> Result<(), DbError> {
        if upload.webhook.is_none() && upload.priority == Priority::Normal {
            return Ok(());
        }
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        let job = accepted.job.0;
        let row = sqlx::query!(
            "SELECT state, priority FROM jobs WHERE id = $1 FOR NO KEY UPDATE",
            job
        )
        .fetch_optional(&mut *session)
        .await?;
        // Erased since.
        let Some(row) = row else { return Ok(()) };
        accepted.state = row.state.parse().unwrap_or(JobState::Cancelled);
        let ended = accepted.state.is_final();
        if let Some(webhook) = upload.webhook {
            webhooks::add_to_job(session, job, ended, webhook).await?;
        }
        if !ended && rank(upload.priority) < row.priority {
            hasten(session, job, upload.priority).await?;
        }
        commit(transaction).await?;
        Ok(())
    }

    /// Opens a batch.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open_batch(
        &self,
        tenant: TenantId,
        webhook: Option<WebhookId>,
    ) -> Result<BatchId, DbError> {
        let batch = Uuid::now_v7();
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "INSERT INTO batches (id, tenant_id, webhook_id) VALUES ($1, $2, $3)",
            batch,
            tenant.0,
            webhook.map(|webhook| webhook.0),
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(BatchId(batch))
    }

    /// Adds to an open batch what became of one of its files.
    ///
    /// # Errors
    /// [`DbError`], also when the tenant has no such batch.
    pub async fn add_to_batch(
        &self,
        tenant: TenantId,
        batch: BatchId,
        position: u32,
        file: &str,
        became: Result<&Accepted, &Problem>,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "INSERT INTO batch_items (batch_id, position, tenant_id, file, job_id, duplicate, error)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            batch.0,
            position.cast_signed(),
            tenant.0,
            file,
            became.ok().map(|accepted| accepted.job.0),
            became.is_ok_and(|accepted| accepted.duplicate),
            became.err().map(Json) as _,
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(())
    }

    /// Says that a batch has all its files: it ends with its last job, which may be now.
    ///
    /// # Errors
    /// [`DbError`]: its end is then not told.
    pub async fn close_batch(&self, tenant: TenantId, batch: BatchId) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "UPDATE batches SET closed_at = now() WHERE id = $1 AND closed_at IS NULL",
            batch.0
        )
        .execute(&mut *transaction)
        .await?;
        webhooks::finish(&mut transaction, &[batch.0]).await?;
        commit(transaction).await?;
        Ok(())
    }
}

/// A document of its own; none when the content is there already.
async fn single(
    session: &mut PgConnection,
    tenant: TenantId,
    upload: &Upload,
) -> Result<Option<Accepted>, DbError> {
    let inserted = sqlx::query!(
        "INSERT INTO documents (id, tenant_id, file, digest, bytes) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, digest) DO NOTHING",
        upload.document.0,
        tenant.0,
        upload.file,
        upload.digest.as_ref().map(<[u8; 32]>::as_slice),
        upload.bytes.cast_signed(),
    )
    .execute(&mut *session)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    uploads::end(session, upload.document).await?;
    Ok(Some(Accepted {
        job: start(session, tenant, upload.document, upload).await?,
        document: upload.document,
        state: JobState::Queued,
        duplicate: false,
    }))
}

/// The content is there: its last job counts, unless that gave no result and nothing runs; then one is
/// started, which the second value says. None when the content is there no more.
async fn double(
    session: &mut PgConnection,
    tenant: TenantId,
    upload: &Upload,
) -> Result<Option<(Accepted, bool)>, DbError> {
    let document = sqlx::query_scalar!(
        "SELECT id FROM documents WHERE digest = $1 FOR NO KEY UPDATE",
        upload.digest.as_ref().map(<[u8; 32]>::as_slice),
    )
    .fetch_optional(&mut *session)
    .await?;
    let Some(document) = document else {
        return Ok(None);
    };
    // A statement of its own: it sees the job of a double that held the document just before.
    let last = sqlx::query!(
        "SELECT id, state, engines FROM jobs WHERE document_id = $1
         ORDER BY created_at DESC LIMIT 1",
        document
    )
    .fetch_optional(&mut *session)
    .await?;
    let document = DocumentId(document);
    let last = last
        .map(|last| {
            let state: JobState = last.state.parse().unwrap_or(JobState::Cancelled);
            Ok::<_, DbError>((JobId(last.id), state, parse_engines(&last.engines)?))
        })
        .transpose()?;
    let (job, state, started) = match last {
        Some((job, state, engines))
            if !matches!(state, JobState::Failed | JobState::Cancelled)
                && engines == upload.engines =>
        {
            (job, state, false)
        }
        _ => (
            start(session, tenant, document, upload).await?,
            JobState::Queued,
            true,
        ),
    };
    let accepted = Accepted {
        job,
        document,
        state,
        duplicate: true,
    };
    Ok(Some((accepted, started)))
}

/// Puts a job that is under way before others. What already stands in the queue is sent once more, to
/// the urgent one; the notice that is left behind finds it done.
async fn hasten(session: &mut PgConnection, job: Uuid, priority: Priority) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE jobs SET priority = $2 WHERE id = $1",
        job,
        rank(priority)
    )
    .execute(&mut *session)
    .await?;
    sqlx::query!(
        "UPDATE tasks SET priority = $2,
             published_at = CASE WHEN state = 'running' THEN published_at END
         WHERE job_id = $1 AND state IN ('queued', 'running')",
        job,
        rank(priority)
    )
    .execute(&mut *session)
    .await?;
    sqlx::query!("SELECT pg_notify('medbot_due', '')")
        .execute(session)
        .await?;
    Ok(())
}

/// A job with its first page and that page's first task.
async fn start(
    session: &mut PgConnection,
    tenant: TenantId,
    document: DocumentId,
    upload: &Upload,
) -> Result<JobId, DbError> {
    let job = JobId(Uuid::now_v7());
    let priority = rank(upload.priority);
    let engines: Vec<String> = upload.engines.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "INSERT INTO jobs (id, tenant_id, document_id, webhook_id, priority, engines, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        job.0,
        tenant.0,
        document.0,
        upload.webhook.map(|webhook| webhook.0),
        priority,
        &engines,
        upload.traceparent,
    )
    .execute(&mut *session)
    .await?;
    sqlx::query!(
        "INSERT INTO pages (job_id, page, tenant_id) VALUES ($1, 0, $2)",
        job.0,
        tenant.0
    )
    .execute(&mut *session)
    .await?;
    if let PagePlan::Wait(steps) = plan_page(0, &upload.engines, &[]) {
        for step in steps {
            sqlx::query!(
                "INSERT INTO tasks (id, tenant_id, job_id, priority, stage, page, pass)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                step.task_id(job).0,
                tenant.0,
                job.0,
                priority,
                step.stage.to_string(),
                step.page.map(u32::cast_signed),
                i16::from(step.pass),
            )
            .execute(&mut *session)
            .await?;
        }
    }
    Ok(job)
}
