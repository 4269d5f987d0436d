//! Tasks that nobody has been told of yet, taken in a fair order and stamped once the queue has them.

use std::{future::Future, time::Duration};

use schemas::{Priority, Stage, TaskId};
use uuid::Uuid;

use super::{Db, DbError, claim::stage};
use crate::queue::{Notice, Queue, QueueName};

/// Tasks of one tenant and stage that may stand in the queue at once: a clinic that drops 10,000
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
        self.take_due(&Stage::ALL, WINDOW, async |notices| {
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

    /// Locks due tasks of these stages, lets `send` say which are on their way, and stamps those.
    pub(super) async fn take_due<F>(
        &self,
        stages: &[Stage],
        most: i64,
        send: impl FnOnce(Vec<(QueueName, Notice)>) -> F,
    ) -> Result<Vec<Notice>, DbError>
    where
        F: Future<Output = Vec<bool>>,
    {
        let names: Vec<String> = stages.iter().map(ToString::to_string).collect();
        let mut transaction = self.worker().begin().await?;
        let rows = sqlx::query!(
            r#"WITH fair AS (
                   SELECT due.id, row_number() OVER (PARTITION BY n.id, s.stage
                              ORDER BY due.priority, due.run_at, due.id) AS rank,
                       due.priority, due.run_at
                   FROM tenants n
                   CROSS JOIN unnest($1::text[]) AS s (stage)
                   CROSS JOIN LATERAL (
                       SELECT least($2, $3 - count(*)) AS room FROM (
                           SELECT FROM tasks t
                           WHERE t.tenant_id = n.id AND t.stage = s.stage AND t.state = 'queued'
                             AND t.published_at IS NOT NULL
                           LIMIT $3
                       ) AS standing
                   ) AS share
                   CROSS JOIN LATERAL (
                       SELECT t.id, t.priority, t.run_at FROM tasks t
                       WHERE t.tenant_id = n.id AND t.stage = s.stage AND t.state = 'queued'
                         AND t.published_at IS NULL AND t.run_at <= now()
                       ORDER BY t.priority, t.run_at, t.id
                       LIMIT greatest(share.room, 0)
                   ) AS due
               ), chosen AS (
                   SELECT id FROM fair ORDER BY priority, rank, run_at LIMIT $2
               )
               SELECT t.id, t.stage, t.priority, j.traceparent
               FROM tasks t JOIN jobs j ON j.id = t.job_id
               WHERE t.id IN (SELECT id FROM chosen)
                 AND t.state = 'queued' AND t.published_at IS NULL
               ORDER BY t.priority, t.run_at, t.id
               FOR NO KEY UPDATE OF t SKIP LOCKED"#,
            &names,
            most,
            SHARE,
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
        transaction.commit().await?;
        Ok(sent)
    }
}
