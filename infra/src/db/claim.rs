//! Taking a task: whoever claims it gets a lease and a fencing token, and learns what it works on.

use std::time::Duration;

use schemas::{DocumentId, Engine, JobId, Stage, Step, TaskError, TaskId, TenantId};

use super::{Db, DbError, DbErrorKind, versions::REMEMBERED};
use crate::store::Version;

/// A task that this process may run until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which.
    pub task: TaskId,
    /// How often it was claimed since it was made or replayed, this time included.
    pub attempt: i32,
    /// The fencing token: a settle with another than the task's last does nothing.
    pub fence: i64,
    /// Of the objects that this attempt writes.
    pub version: Version,
    /// Whose.
    pub tenant: TenantId,
    /// Of which document.
    pub document: DocumentId,
    /// Of which job.
    pub job: JobId,
    /// What is to be done.
    pub step: Step,
    /// The engines of the job.
    pub engines: Vec<Engine>,
    /// The name that the document was uploaded under; only stages see it, never a log.
    pub file: String,
    /// W3C trace of the request that made the job.
    pub traceparent: Option<String>,
}

/// What a stage must know of its siblings.
#[derive(Clone, Debug, Default)]
pub struct StageInputs {
    /// For fusion: what became of each engine on the page.
    pub readers: Vec<Reader>,
    /// For extraction: each page with the pass whose fused page counts; none for a page given up.
    pub pages: Vec<Option<u8>>,
    /// For extraction: milliseconds that the stages before took, summed over pages.
    pub durations: Vec<(Stage, f64)>,
}

/// What became of an engine on a page.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Which.
    pub engine: Engine,
    /// In which pass.
    pub pass: u8,
    /// Why it has no reading, if it has none.
    pub error: Option<TaskError>,
}

impl Db {
    /// Takes a task if it is due, or if its last holder's lease has ended.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn claim(&self, task: TaskId, lease: Duration) -> Result<Option<Claimed>, DbError> {
        let version =
            Version::new().map_err(|error| DbError::new(DbErrorKind::Unavailable, error))?;
        let row = sqlx::query!(
            r#"WITH next AS MATERIALIZED (SELECT nextval('fences') AS fence)
               UPDATE tasks t SET state = 'running', attempt = attempt + 1,
                   fence = next.fence, versioned_fence = next.fence,
                   versions = (t.versions || $3::bytea)[greatest(cardinality(t.versions) + 2 - $4, 1):],
                   lease_until = now() + make_interval(secs => $2), updated_at = now(),
                   published_at = coalesce(published_at, now())
               FROM next, jobs j JOIN documents d ON d.id = j.document_id
               WHERE t.id = $1 AND j.id = t.job_id
                 AND (t.state = 'queued' AND t.run_at <= now()
                      OR t.state = 'running' AND t.lease_until < now())
               RETURNING t.attempt, t.fence, t.tenant_id, t.job_id, t.stage, t.page, t.pass, j.document_id,
                   j.engines, j.traceparent, j.state AS job_state, d.file"#,
            task.0,
            lease.as_secs_f64(),
            version.0.as_slice(),
            REMEMBERED,
        )
        .fetch_optional(self.worker())
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.job_state == "queued" {
            // Not in one statement with the task: the job's row comes first wherever both are locked.
            sqlx::query!(
                "WITH begun AS (
                     UPDATE jobs SET state = 'running', version = version + 1, updated_at = now()
                     WHERE id = $1 AND state = 'queued' RETURNING id)
                 SELECT pg_notify('medbot_job', id::text) FROM begun",
                row.job_id
            )
            .execute(self.worker())
            .await?;
        }
        Ok(Some(Claimed {
            task,
            attempt: row.attempt,
            fence: row.fence,
            version,
            tenant: TenantId(row.tenant_id),
            document: DocumentId(row.document_id),
            job: JobId(row.job_id),
            step: step(&row.stage, row.page, row.pass)?,
            engines: engines(&row.engines)?,
            file: row.file,
            traceparent: row.traceparent,
        }))
    }

    /// Makes a lease longer. False when the task is no longer this holder's: its work is in vain.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn renew(&self, claimed: &Claimed, lease: Duration) -> Result<bool, DbError> {
        let renewed = sqlx::query!(
            "UPDATE tasks SET lease_until = now() + make_interval(secs => $3)
             WHERE id = $1 AND fence = $2 AND state = 'running'",
            claimed.task.0,
            claimed.fence,
            lease.as_secs_f64(),
        )
        .execute(self.worker())
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// What the claimed stage must know of its siblings.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn inputs(&self, claimed: &Claimed) -> Result<StageInputs, DbError> {
        let mut inputs = StageInputs::default();
        match (claimed.step.stage, claimed.step.page) {
            (Stage::Fuse, Some(page)) => {
                let rows = sqlx::query!(
                    r#"SELECT stage, pass, error AS "error: sqlx::types::Json<TaskError>"
                       FROM tasks WHERE job_id = $1 AND page = $2 AND pass <= $3
                         AND stage LIKE 'recognise:%' AND state IN ('done', 'failed')
                       ORDER BY pass, stage"#,
                    claimed.job.0,
                    page.cast_signed(),
                    i16::from(claimed.step.pass),
                )
                .fetch_all(self.worker())
                .await?;
                for row in rows {
                    if let Stage::Recognise(engine) = stage(&row.stage)? {
                        inputs.readers.push(Reader {
                            engine,
                            pass: row.pass as u8,
                            error: row.error.map(|error| error.0),
                        });
                    }
                }
            }
            (Stage::Extract, _) => {
                let rows = sqlx::query!(
                    "SELECT state, pass FROM pages WHERE job_id = $1 ORDER BY page",
                    claimed.job.0
                )
                .fetch_all(self.worker())
                .await?;
                inputs.pages = rows
                    .into_iter()
                    .map(|row| (row.state == "fused").then_some(row.pass as u8))
                    .collect();
                let rows = sqlx::query!(
                    r#"SELECT stage, sum(duration_ms)::float8 AS "sum!" FROM tasks
                       WHERE job_id = $1 AND duration_ms IS NOT NULL GROUP BY stage"#,
                    claimed.job.0
                )
                .fetch_all(self.worker())
                .await?;
                for row in rows {
                    inputs.durations.push((stage(&row.stage)?, row.sum));
                }
            }
            _ => {}
        }
        Ok(inputs)
    }
}

/// A stage's name in a row.
pub(super) fn stage(name: &str) -> Result<Stage, DbError> {
    name.parse()
        .map_err(|error| DbError::new(DbErrorKind::Refused, error))
}

/// A step as its columns have it.
pub(super) fn step(name: &str, page: Option<i32>, pass: i16) -> Result<Step, DbError> {
    Ok(Step {
        stage: stage(name)?,
        page: page.map(i32::cast_unsigned),
        pass: pass as u8,
    })
}

/// Engines' names in a row.
pub(super) fn engines(names: &[String]) -> Result<Vec<Engine>, DbError> {
    names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(|error: String| DbError::new(DbErrorKind::Refused, error))
}
