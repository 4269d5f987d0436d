//! What waits and what is worked on, for whoever runs the service.

use chrono::{DateTime, Utc};
use schemas::{JobId, Step, TaskId, TenantId};

use super::{Db, DbError, claim::step};

/// Tasks of a stage that are not done.
#[derive(Clone, Debug)]
pub struct QueueDepth {
    /// Which stage.
    pub stage: String,
    /// Tasks that wait, for a worker or for their next attempt.
    pub waiting: i64,
    /// Tasks that somebody works on.
    pub running: i64,
    /// Tasks that were given up.
    pub dead: i64,
    /// Since when the oldest that is due waits.
    pub due_since: Option<DateTime<Utc>>,
}

/// A task that a worker holds.
#[derive(Clone, Debug)]
pub struct AtWork {
    /// Which.
    pub task: TaskId,
    /// Of which job.
    pub job: JobId,
    /// What is done.
    pub step: Step,
    /// The attempt, from 1.
    pub attempt: i32,
    /// Until when the worker holds it without a further sign of life.
    pub lease_until: Option<DateTime<Utc>>,
}

impl Db {
    /// Queues of a tenant by stage; a stage without open tasks is left out.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn queues(&self, tenant: TenantId) -> Result<Vec<QueueDepth>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        Ok(sqlx::query_as!(
            QueueDepth,
            r#"SELECT stage, count(*) FILTER (WHERE state = 'queued') AS "waiting!",
                   count(*) FILTER (WHERE state = 'running') AS "running!",
                   count(*) FILTER (WHERE state = 'failed') AS "dead!",
                   min(run_at) FILTER (WHERE state = 'queued' AND run_at <= now()) AS due_since
               FROM tasks WHERE state IN ('queued', 'running', 'failed')
               GROUP BY stage ORDER BY stage"#
        )
        .fetch_all(&mut *transaction)
        .await?)
    }

    /// Tasks of a tenant that workers hold, the oldest lease first, at most `most`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn at_work(&self, tenant: TenantId, most: i64) -> Result<Vec<AtWork>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            "SELECT id, job_id, stage, page, pass, attempt, lease_until
             FROM tasks WHERE state = 'running' ORDER BY lease_until, id LIMIT $1",
            most
        )
        .fetch_all(&mut *transaction)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AtWork {
                    task: TaskId(row.id),
                    job: JobId(row.job_id),
                    step: step(&row.stage, row.page, row.pass)?,
                    attempt: row.attempt,
                    lease_until: row.lease_until,
                })
            })
            .collect()
    }
}
