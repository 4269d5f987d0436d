//! Tasks whose last attempt failed: seen, and tried once more when somebody asks.

use chrono::{DateTime, Utc};
use schemas::{JobId, Step, TaskError, TaskId, TenantId};
use serde::Serialize;
use sqlx::types::Json;

use super::{Db, DbError, claim::step, connect::commit, settle};

/// A task that was given up.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    /// Which.
    pub task: TaskId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which job.
    pub job: JobId,
    /// What was to be done.
    #[serde(flatten)]
    pub step: Step,
    /// How often it was tried.
    pub attempts: i32,
    /// Why the last attempt failed.
    pub error: Option<TaskError>,
    /// When.
    pub failed_at: DateTime<Utc>,
}

impl Db {
    /// Dead letters, the newest first; of one tenant if it is named, of one task if it is.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn dead_letters(
        &self,
        tenant: Option<TenantId>,
        task: Option<TaskId>,
        most: i64,
    ) -> Result<Vec<DeadLetter>, DbError> {
        let rows = sqlx::query!(
            r#"SELECT id, tenant_id, job_id, stage, page, pass, attempt,
                   error AS "error: Json<TaskError>", updated_at
               FROM tasks
               WHERE state = 'failed' AND ($1::uuid IS NULL OR tenant_id = $1)
                 AND ($2::uuid IS NULL OR id = $2)
               ORDER BY updated_at DESC LIMIT $3"#,
            tenant.map(|tenant| tenant.0),
            task.map(|task| task.0),
            most,
        )
        .fetch_all(self.worker())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(DeadLetter {
                    task: TaskId(row.id),
                    tenant: TenantId(row.tenant_id),
                    job: JobId(row.job_id),
                    step: step(&row.stage, row.page, row.pass)?,
                    attempts: row.attempt,
                    error: row.error.map(|error| error.0),
                    failed_at: row.updated_at,
                })
            })
            .collect()
    }

    /// Gives a dead letter its attempts again and takes back what was concluded from its failure:
    /// later steps of its page and the steps of the whole document run anew. False when the task is
    /// no dead letter, or its job was cancelled.
    ///
    /// # Errors
    /// [`DbError`]; nothing is changed then.
    pub async fn replay(&self, tenant: Option<TenantId>, task: TaskId) -> Result<bool, DbError> {
        let mut transaction = self.begin().await?;
        let session = &mut *transaction;
        let found = sqlx::query!(
            "SELECT j.id AS job_id, t.page FROM tasks t JOIN jobs j ON j.id = t.job_id
             WHERE t.id = $1 AND ($2::uuid IS NULL OR t.tenant_id = $2)
               AND t.state = 'failed' AND j.state <> 'cancelled'
             FOR NO KEY UPDATE OF j",
            task.0,
            tenant.map(|tenant| tenant.0),
        )
        .fetch_optional(&mut *session)
        .await?;
        let Some(found) = found else { return Ok(false) };
        let replayed = sqlx::query!(
            "UPDATE tasks SET state = 'queued', attempt = 0, run_at = now(), published_at = NULL,
                 error = NULL, updated_at = now()
             WHERE id = $1 AND state = 'failed'",
            task.0
        )
        .execute(&mut *session)
        .await?;
        if replayed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "DELETE FROM tasks WHERE job_id = $1 AND id <> $2
               AND (page IS NULL AND (stage = 'index' OR $3::int IS NOT NULL)
                    OR page = $3 AND (stage = 'fuse' OR pass = 2))",
            found.job_id,
            task.0,
            found.page,
        )
        .execute(&mut *session)
        .await?;
        if let Some(page) = found.page {
            sqlx::query!(
                "UPDATE pages SET state = 'open', pass = 1, error = NULL
                 WHERE job_id = $1 AND page = $2",
                found.job_id,
                page
            )
            .execute(&mut *session)
            .await?;
        }
        sqlx::query!(
            "UPDATE jobs SET state = 'running', error = NULL, version = version + 1,
                 updated_at = now(),
                 pages_fused = (SELECT count(*) FROM pages WHERE job_id = $1 AND state = 'fused'),
                 pages_failed = (SELECT count(*) FROM pages WHERE job_id = $1 AND state = 'failed')
             WHERE id = $1",
            found.job_id
        )
        .execute(&mut *session)
        .await?;
        settle::announce(session, found.job_id).await?;
        sqlx::query!("SELECT pg_notify('medbot_due', '')")
            .execute(&mut *session)
            .await?;
        commit(transaction).await?;
        Ok(true)
    }
}
