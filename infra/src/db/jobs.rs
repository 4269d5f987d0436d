//! Jobs and batches as clients see them, and their cancelling.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use schemas::{BatchId, DocumentId, Engine, JobId, JobState, Problem, Stage, TenantId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{Db, DbError, claim::engines, connect::commit, settle, webhooks};

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// Of which document.
    pub document: DocumentId,
    /// As it was uploaded.
    pub file: String,
    /// Where it is.
    pub state: JobState,
    /// Grows with every change.
    pub version: i64,
    /// When it was taken.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Pages of the document, once they are counted.
    pub pages: Option<u32>,
    /// Pages that could not be read.
    pub pages_failed: u32,
    /// By stage.
    pub progress: BTreeMap<String, StageProgress>,
    /// Why it failed.
    pub error: Option<Problem>,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageProgress {
    /// Tasks that did their work.
    pub done: u32,
    /// Tasks that there are, or will be at least.
    pub total: u32,
    /// Tasks that were given up.
    pub failed: u32,
}

/// What a poll finds.
#[derive(Clone, Debug)]
pub enum Polled {
    /// A version that the client has seen.
    Seen(i64),
    /// Another.
    New(Job),
}

/// What asking to cancel a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It is cancelled now.
    Now,
    /// It was cancelled before.
    Before,
    /// It had ended already.
    TooLate(JobState),
}

/// A batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which.
    pub id: BatchId,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// Jobs by state.
    pub states: BTreeMap<JobState, u64>,
    /// Jobs of the batch with file and whether the content was known.
    pub jobs: Vec<(String, JobId, bool)>,
    /// Files that were not taken.
    pub rejected: Vec<BatchReject>,
}

/// A file of a batch that was not taken.
#[derive(Clone, Debug)]
pub struct BatchReject {
    /// As the client calls it.
    pub file: String,
    /// Why.
    pub error: Problem,
}

impl Db {
    /// A job of a tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn job(&self, tenant: TenantId, job: JobId) -> Result<Option<Job>, DbError> {
        Ok(self.jobs_of(tenant, &[job]).await?.pop())
    }

    /// Those of some jobs that a tenant has, in no order.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn jobs_of(&self, tenant: TenantId, jobs: &[JobId]) -> Result<Vec<Job>, DbError> {
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.0).collect();
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = rows(&mut transaction, &ids).await?;
        with_progress(&mut transaction, rows).await
    }

    /// Whose some jobs are; what is gone is left out. As a worker: it shows ids alone.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tenants_of(&self, jobs: &[JobId]) -> Result<Vec<(JobId, TenantId)>, DbError> {
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.0).collect();
        let rows = sqlx::query!("SELECT id, tenant_id FROM jobs WHERE id = ANY ($1)", &ids)
            .fetch_all(self.worker())
            .await?;
        let owned = rows.into_iter();
        Ok(owned
            .map(|row| (JobId(row.id), TenantId(row.tenant_id)))
            .collect())
    }

    /// Jobs of a tenant, the newest first, older than `before`, at most `most`; in one state if it is
    /// named.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn jobs(
        &self,
        tenant: TenantId,
        state: Option<JobState>,
        before: Option<(DateTime<Utc>, JobId)>,
        most: i64,
    ) -> Result<Vec<Job>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query_as!(
            JobRow,
            r#"SELECT j.id, j.document_id, d.file, j.state, j.version, j.created_at, j.updated_at,
                   j.page_count, j.pages_failed, j.engines, j.error AS "error: Json<Problem>"
               FROM jobs j JOIN documents d ON d.id = j.document_id
               WHERE j.tenant_id = $1 AND ($2::text IS NULL OR j.state = $2)
                 AND ($3::timestamptz IS NULL OR (j.created_at, j.id) < ($3, $4))
               ORDER BY j.created_at DESC, j.id DESC LIMIT $5"#,
            tenant.0,
            state.map(JobState::name),
            before.map(|(at, _)| at),
            before.map(|(_, id)| id.0),
            most,
        )
        .fetch_all(&mut *transaction)
        .await?;
        with_progress(&mut transaction, rows).await
    }

    /// A job of a tenant, or no more than its version where the client has seen that one.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn poll(
        &self,
        tenant: TenantId,
        job: JobId,
        is_seen: impl Fn(i64) -> bool + Send,
    ) -> Result<Option<Polled>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = rows(&mut transaction, &[job.0]).await?;
        if let Some(row) = rows.first()
            && is_seen(row.version)
        {
            return Ok(Some(Polled::Seen(row.version)));
        }
        let mut jobs = with_progress(&mut transaction, rows).await?;
        Ok(jobs.pop().map(Polled::New))
    }

    /// Stops a job: what waits is dropped, what runs works in vain.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn cancel(&self, tenant: TenantId, job: JobId) -> Result<Option<Cancelled>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        let row = sqlx::query!(
            "SELECT state FROM jobs WHERE id = $1 FOR NO KEY UPDATE",
            job.0
        )
        .fetch_optional(&mut *session)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let state: JobState = row.state.parse().unwrap_or(JobState::Cancelled);
        if state == JobState::Cancelled {
            return Ok(Some(Cancelled::Before));
        }
        if state.is_final() {
            return Ok(Some(Cancelled::TooLate(state)));
        }
        sqlx::query!(
            "UPDATE jobs SET state = 'cancelled', version = version + 1, updated_at = now()
             WHERE id = $1",
            job.0
        )
        .execute(&mut *session)
        .await?;
        sqlx::query!(
            "UPDATE tasks SET state = 'cancelled', lease_until = NULL, updated_at = now()
             WHERE job_id = $1 AND state IN ('queued', 'running')",
            job.0
        )
        .execute(&mut *session)
        .await?;
        settle::announce(session, job.0).await?;
        webhooks::tell(session, job.0).await?;
        commit(transaction).await?;
        Ok(Some(Cancelled::Now))
    }

    /// A batch of a tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn batch(&self, tenant: TenantId, batch: BatchId) -> Result<Option<Batch>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let row = sqlx::query!("SELECT created_at FROM batches WHERE id = $1", batch.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let items = sqlx::query!(
            r#"SELECT i.file, i.job_id, i.duplicate, i.error AS "error: Json<Problem>",
                   j.state AS "state?"
               FROM batch_items i LEFT JOIN jobs j ON j.id = i.job_id
               WHERE i.batch_id = $1 ORDER BY i.position"#,
            batch.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut found = Batch {
            id: batch,
            created_at: row.created_at,
            states: BTreeMap::new(),
            jobs: Vec::new(),
            rejected: Vec::new(),
        };
        for item in items {
            if let Some(error) = item.error {
                found.rejected.push(BatchReject {
                    file: item.file,
                    error: error.0,
                });
            } else if let (Some(job), Some(Ok(state))) = (
                item.job_id,
                item.state.map(|state| state.parse::<JobState>()),
            ) {
                *found.states.entry(state).or_default() += 1;
                found.jobs.push((item.file, JobId(job), item.duplicate));
            }
        }
        Ok(Some(found))
    }
}

/// A job's row, with its document's name.
struct JobRow {
    id: Uuid,
    document_id: Uuid,
    file: String,
    state: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    page_count: Option<i32>,
    pages_failed: i32,
    engines: Vec<String>,
    error: Option<Json<Problem>>,
}

async fn rows(session: &mut PgConnection, jobs: &[Uuid]) -> Result<Vec<JobRow>, DbError> {
    let rows = sqlx::query_as!(
        JobRow,
        r#"SELECT j.id, j.document_id, d.file, j.state, j.version, j.created_at, j.updated_at,
               j.page_count, j.pages_failed, j.engines, j.error AS "error: Json<Problem>"
           FROM jobs j JOIN documents d ON d.id = j.document_id WHERE j.id = ANY ($1)"#,
        jobs
    )
    .fetch_all(session)
    .await?;
    Ok(rows)
}

/// Jobs with how far their stages are, in the order of the rows.
async fn with_progress(session: &mut PgConnection, rows: Vec<JobRow>) -> Result<Vec<Job>, DbError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let counts = sqlx::query!(
        r#"SELECT job_id, stage, count(*) AS "total!",
               count(*) FILTER (WHERE state = 'done') AS "done!",
               count(*) FILTER (WHERE state = 'failed') AS "failed!"
           FROM tasks WHERE job_id = ANY($1) GROUP BY job_id, stage"#,
        &ids
    )
    .fetch_all(session)
    .await?;
    let mut by_job: HashMap<Uuid, BTreeMap<String, StageProgress>> = HashMap::new();
    for count in counts {
        let progress = StageProgress {
            done: count.done as u32,
            total: count.total as u32,
            failed: count.failed as u32,
        };
        let stages = by_job.entry(count.job_id).or_default();
        stages.insert(count.stage, progress);
    }
    rows.into_iter()
        .map(|row| {
            let stages = by_job.remove(&row.id).unwrap_or_default();
            row.with(stages)
        })
        .collect()
}

impl JobRow {
    fn with(self, mut progress: BTreeMap<String, StageProgress>) -> Result<Job, DbError> {
        let state: JobState = self.state.parse().unwrap_or(JobState::Cancelled);
        let pages = self.page_count.map(i32::cast_unsigned);
        if !state.is_final() {
            for stage in expected(&engines(&self.engines)?) {
                let total = match stage {
                    Stage::Extract | Stage::Index => 1,
                    _ => pages.unwrap_or(1),
                };
                let stage = progress.entry(stage.to_string()).or_default();
                stage.total = stage.total.max(total);
            }
        }
        Ok(Job {
            id: JobId(self.id),
            document: DocumentId(self.document_id),
            file: self.file,
            state,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            pages,
            pages_failed: self.pages_failed.cast_unsigned(),
            progress,
            error: self.error.map(|error| error.0),
        })
    }
}

/// The stages that a job of these engines goes through, as far as one can know beforehand.
fn expected(engines: &[Engine]) -> impl Iterator<Item = Stage> {
    Stage::ALL.into_iter().filter(|stage| match stage {
        // Only pages with a text layer have it.
        Stage::Recognise(Engine::PdfText) => false,
        Stage::Recognise(engine) => engines.contains(engine),
        _ => true,
    })
}
