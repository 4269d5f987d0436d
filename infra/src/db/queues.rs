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
            // Each part is what one partial index holds, so that tasks that are done are not read.
            r#"SELECT stage AS "stage!", sum(waiting)::bigint AS "waiting!",
                   sum(running)::bigint AS "running!", sum(dead)::bigint AS "dead!",
                   min(due) AS due_since
               FROM (
                   SELECT stage, count(*) AS waiting, 0::bigint AS running, 0::bigint AS dead,
                       min(run_at) FILTER (WHERE run_at <= now()) AS due
                   FROM tasks WHERE tenant_id = $1 AND state = 'queued' AND published_at IS NULL
                   GROUP BY stage
                   UNION ALL
                   SELECT stage, count(*), 0, 0, min(run_at) FILTER (WHERE run_at <= now())
                   FROM tasks WHERE tenant_id = $1 AND state = 'queued' AND published_at IS NOT NULL
                   GROUP BY stage
                   UNION ALL
                   SELECT stage, 0, count(*), 0, NULL
                   FROM tasks WHERE tenant_id = $1 AND state = 'running' GROUP BY stage
                   UNION ALL
                   SELECT stage, 0, 0, count(*), NULL
                   FROM tasks WHERE tenant_id = $1 AND state = 'failed' GROUP BY stage
               ) AS parts
               GROUP BY stage ORDER BY stage"#,
            tenant.0
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
