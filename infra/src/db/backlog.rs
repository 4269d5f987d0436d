//! What waits over all tenants, and how far reviewers bear out what was stated: for metrics alone.

use super::{Db, DbError};

/// Open tasks of a stage. A stage without any is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Backlog {
    /// Which stage.
    pub stage: String,
    /// Tasks that the queue has not taken yet, those that rest before their next attempt included.
    pub unsent: i64,
    /// Tasks that stand in the queue.
    pub sent: i64,
    /// Tasks that a worker could begin now.
    pub due: i64,
    /// Tasks that are worked on.
    pub running: i64,
    /// Tasks that were given up.
    pub dead: i64,
    /// For how many seconds the oldest due task has waited.
    pub oldest_due_seconds: Option<f64>,
    /// The same of those that the queue has not taken.
    pub oldest_unsent_seconds: Option<f64>,
}

/// Jobs in a state that they leave again. A state without any is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenJobs {
    /// Which state: queued, running, needs_review.
    pub state: String,
    /// How many.
    pub jobs: i64,
}

/// What reviewers found in entities, beside what was stated of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReviewGap {
    /// Reviews that were looked at.
    pub reviews: i64,
    /// Mean stated confidence less the share that was accepted; none without reviews.
    pub gap: Option<f64>,
}

impl Db {
    /// Open tasks by stage.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn backlog(&self) -> Result<Vec<Backlog>, DbError> {
        Ok(sqlx::query_as!(
            Backlog,
            r#"SELECT stage AS "stage!", unsent AS "unsent!", sent AS "sent!", due AS "due!",
                   running AS "running!", dead AS "dead!", oldest_due_seconds, oldest_unsent_seconds
               FROM backlog ORDER BY stage"#
        )
        .fetch_all(self.worker())
        .await?)
    }

    /// Jobs that are not at their end, by state.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open_jobs(&self) -> Result<Vec<OpenJobs>, DbError> {
        Ok(sqlx::query_as!(
            OpenJobs,
            r#"SELECT state, count(*) AS "jobs!" FROM jobs
               WHERE state IN ('queued', 'running', 'needs_review') GROUP BY state ORDER BY state"#
        )
        .fetch_all(self.worker())
        .await?)
    }

    /// The last reviews of 30 days, 2,000 at most. Reviewers see what is doubtful, so this is no
    /// accuracy: it shows that stated confidences drift from what is found.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn review_gap(&self) -> Result<ReviewGap, DbError> {
        Ok(sqlx::query_as!(
            ReviewGap,
            r#"SELECT count(*) AS "reviews!", avg(stated - accepted)::float8 AS gap FROM (
                   SELECT (before ->> 'confidence')::float8 AS stated,
                       (decision = 'accepted')::int AS accepted
                   FROM reviews WHERE created_at > now() - interval '30 days'
                   ORDER BY created_at DESC LIMIT 2000
               ) AS last"#
        )
        .fetch_one(self.worker())
        .await?)
    }
}
