//! What keeps promises when somebody vanished: leases that ended, notices that got lost.

use std::time::Duration;

use schemas::JobState;

use super::{
    Db, DbError,
    connect::commit,
    settle::{self, Attempts, Settled},
};

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tasks whose worker vanished and which somebody will take up.
    pub retried: u64,
    /// Tasks whose worker vanished too often.
    pub given_up: u64,
    /// Notices that will be sent again.
    pub republished: u64,
    /// Jobs that ended with a task that was given up.
    pub ended: Vec<JobState>,
}

impl Db {
    /// Takes up what has been left lying. A notice that nobody claimed for `overdue` is sent again;
    /// sending one too many does no harm.
    ///
    /// # Errors
    /// [`DbError`]; what was swept until then stays swept.
    pub async fn sweep(&self, attempts: Attempts, overdue: Duration) -> Result<Swept, DbError> {
        let mut swept = Swept::default();
        let lost = sqlx::query!(
            "SELECT id, job_id FROM tasks WHERE state = 'running' AND lease_until < now()
             ORDER BY lease_until LIMIT 256"
        )
        .fetch_all(self.worker())
        .await?;
        for task in lost {
            let mut transaction = self.begin().await?;
            let settled = settle::lose(&mut transaction, task.id, task.job_id, attempts).await?;
            commit(transaction).await?;
            match settled {
                Settled::Retried => swept.retried += 1,
                Settled::Ended => swept.given_up += 1,
                Settled::Finished { state, .. } => {
                    swept.given_up += 1;
                    swept.ended.push(state);
                }
                Settled::Stale => {}
            }
        }
        let republished = sqlx::query!(
            // An array and not a join, which PostgreSQL may answer by reading all tasks.
            "UPDATE tasks SET published_at = NULL WHERE id = ANY (ARRAY(
                 SELECT id FROM tasks WHERE state = 'queued'
                   AND published_at < now() - make_interval(secs => $1)
                 LIMIT 1024 FOR NO KEY UPDATE SKIP LOCKED))",
            overdue.as_secs_f64()
        )
        .execute(self.worker())
        .await?;
        swept.republished = republished.rows_affected();
        if swept.retried + swept.republished > 0 {
            sqlx::query!("SELECT pg_notify('medbot_due', '')")
                .execute(self.worker())
                .await?;
        }
        Ok(swept)
    }

    /// Removes what is only of use for a while: idempotency keys older than a day, and of batches older than a week
    /// the files that were refused.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tidy(&self) -> Result<(), DbError> {
        sqlx::query!("DELETE FROM idempotency_keys WHERE created_at < now() - interval '1 day'")
            .execute(self.worker())
            .await?;
        sqlx::query!(
            "DELETE FROM batch_items i USING batches b
             WHERE i.job_id IS NULL AND b.id = i.batch_id AND b.created_at < now() - interval '7 days'"
        )
        .execute(self.worker())
        .await?;
        sqlx::query!("DELETE FROM sign_ins WHERE good_until < now()")
            .execute(self.worker())
            .await?;
        Ok(())
    }
}
