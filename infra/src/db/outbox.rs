//! Tasks that nobody has been told of yet, taken in a fair order and stamped once the queue has them.

use std::{future::Future, time::Duration};

use schemas::{Priority, Stage, TaskId};
use uuid::Uuid;

use super::{Db, DbError, claim::stage, connect::commit};
use crate::queue::{Notice, Queue, QueueName};

/// Tasks of one tenant that may stand in a stage's urgent or normal queue at once: a clinic that drops 10,000
/// pages waits for its own pages, and others do not.
const SHARE: i64 = 64;
/// Tasks that are taken in one go.
const WINDOW: i64 = 256;

impl Db {
    /// Sends due tasks to the queue and stamps those that it confirmed. Gives their number.
    ///
    /// # Errors
    /// When the database does not answer; what the queue does not confirm stays due.
    pub async fn publish_due(&self, queue: &dyn Queue, time: Duration) -> Result<usize, DbError> {
        let queues: Vec<QueueName> = Stage::ALL
            .into_iter()
            .flat_map(|stage| Priority::ALL.map(|priority| QueueName { stage, priority }))
            .collect();
        self.take_due(&queues, WINDOW, async |notices| {
            match queue.publish(&notices, time).await {
                Ok(confirmed) => confirmed,
                Err(error) => {
                    tracing::warn!(%error, "tasks wait in the database");
                    vec![false; notices.len()]
                }
            }
        })
        .await
        .map(|taken| taken.len())
    }

    /// Locks due tasks of these queues, lets `send` say which are on their way, and stamps those.
    pub(super) async fn take_due<F>(
        &self,
        queues: &[QueueName],
        most: i64,
        send: impl FnOnce(Vec<(QueueName, Notice)>) -> F,
    ) -> Result<Vec<Notice>, DbError>
    where
        F: Future<Output = Vec<bool>>,
    {
        let stages: Vec<String> = queues.iter().map(|queue| queue.stage.to_string()).collect();
        let priorities: Vec<i16> = queues.iter().map(|queue| rank(queue.priority)).collect();
        let mut transaction = self.begin().await?;
        // Tenants are stepped through in the index of due tasks, so that idle ones cost nothing.
        // More are chosen than are taken: what another publisher has locked is left to it.
        let rows = sqlx::query!(
            r#"WITH RECURSIVE waiting AS (
                   (SELECT tenant_id FROM tasks WHERE state = 'queued' AND published_at IS NULL
                    ORDER BY tenant_id LIMIT 1)
                   UNION ALL
                   SELECT (SELECT t.tenant_id FROM tasks t
                           WHERE t.state = 'queued' AND t.published_at IS NULL
                             AND t.tenant_id > w.tenant_id
                           ORDER BY t.tenant_id LIMIT 1)
                   FROM waiting w WHERE w.tenant_id IS NOT NULL
               ), fair AS (
                   SELECT due.id, row_number() OVER (PARTITION BY w.tenant_id, q.stage, q.priority
                              ORDER BY due.run_at, due.id) AS turn,
                       q.priority, due.run_at
                   FROM waiting w
                   CROSS JOIN unnest($1::text[], $2::smallint[]) AS q (stage, priority)
                   CROSS JOIN LATERAL (
                       SELECT $4 - count(*) AS room FROM (
                           SELECT FROM tasks t
                           WHERE t.tenant_id = w.tenant_id AND t.stage = q.stage
                             AND t.priority = q.priority AND t.state = 'queued'
                             AND t.published_at IS NOT NULL
                           LIMIT $4
                       ) AS standing
                   ) AS share
                   CROSS JOIN LATERAL (
                       SELECT t.id, t.run_at FROM tasks t
                       WHERE t.tenant_id = w.tenant_id AND t.stage = q.stage
                         AND t.priority = q.priority AND t.state = 'queued'
                         AND t.published_at IS NULL AND t.run_at <= now()
                       ORDER BY t.run_at, t.id
                       LIMIT share.room
                   ) AS due
                   WHERE w.tenant_id IS NOT NULL
               ), chosen AS (
                   SELECT id, priority, turn, run_at FROM fair
                   ORDER BY priority, turn, run_at LIMIT $5
               )
               SELECT t.id, t.stage, t.priority, j.traceparent
               FROM chosen c JOIN tasks t ON t.id = c.id JOIN jobs j ON j.id = t.job_id
               WHERE t.state = 'queued' AND t.published_at IS NULL
               ORDER BY c.priority, c.turn, c.run_at LIMIT $3
               FOR NO KEY UPDATE OF t SKIP LOCKED"#,
            &stages,
            &priorities,
            most,
            SHARE,
            WINDOW,
        )
        .fetch_all(&mut *transaction)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let notices = rows
            .into_iter()
            .map(|row| {
                let name = QueueName {
                    stage: stage(&row.stage)?,
                    priority: if row.priority == 0 {
                        Priority::Urgent
                    } else {
                        Priority::Normal
                    },
                };
                let notice = Notice {
                    task: TaskId(row.id),
                    traceparent: row.traceparent,
                };
                Ok((name, notice))
            })
            .collect::<Result<Vec<_>, DbError>>()?;
        let confirmed = send(notices.clone()).await;
        let sent: Vec<Notice> = notices
            .into_iter()
            .zip(confirmed)
            .filter(|(_, confirmed)| *confirmed)
            .map(|((_, notice), _)| notice)
            .collect();
        let ids: Vec<Uuid> = sent.iter().map(|notice| notice.task.0).collect();
        sqlx::query!(
            "UPDATE tasks SET published_at = now() WHERE id = ANY($1)",
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(sent)
    }
}

/// A priority in a row: lower is sooner.
pub(super) fn rank(priority: Priority) -> i16 {
    match priority {
        Priority::Urgent => 0,
        Priority::Normal => 1,
    }
}
