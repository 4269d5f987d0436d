//! Settling a task: its end, what `plan` says must exist now, and what clients can see, in one
//! transaction that holds the job's row.
//!
//! The job's row is always locked first and tasks after it, here, in cancelling and in the sweep:
//! so siblings serialise and nobody waits in a circle.

mod pages;

use std::time::Duration;

use schemas::{
    DocumentPlan, Engine, JobState, Known, Outcome, PageCounts, PagePlan, Problem, Reject,
    RejectKind, Stage, Step, TaskError, TaskErrorKind, plan_document, plan_page,
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{
    Claimed, Db, DbError, EntityRow, PassageRow,
    claim::{engines, step},
    connect::commit,
    entities, fhir_deliveries, webhooks,
};
use crate::store::MasterKey;

/// How often a task is tried, and how long it rests between.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    /// At most.
    pub most: i32,
    /// Seconds of rest after the first, a quarter more or less; doubled after each other.
    pub rest_seconds: f64,
}

impl Default for Attempts {
    /// Five, resting about 2, 4, 8 and 16 seconds.
    fn default() -> Self {
        Self {
            most: 5,
            rest_seconds: 2.0,
        }
    }
}

/// Rests between two attempts while the store does not answer.
const OUTAGE_RESTS: f64 = 4.0;

fn is_outage(error: &TaskError) -> bool {
    error.kind == TaskErrorKind::Store
}

/// What a settle did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Somebody else holds the task now, or nobody: nothing was changed.
    Stale,
    /// It will be tried again.
    Retried,
    /// It ended, and the job goes on.
    Ended,
    /// It ended, and so did the job.
    Finished {
        /// How.
        state: JobState,
        /// Did no task fail? Then what lies between input and result is of no more use.
        clean: bool,
    },
}

/// The columns of a job that a settle needs.
struct Locked {
    id: Uuid,
    tenant: Uuid,
    document: Uuid,
    state: JobState,
    priority: i16,
    engines: Vec<Engine>,
    pages: PageCounts,
}

/// The rows of an index stage.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// Facts.
    pub entities: &'a [EntityRow],
    /// What the chat searches.
    pub passages: &'a [PassageRow],
    /// Seals whom they name.
    pub master: &'a MasterKey,
}

impl Db {
    /// Ends a claimed task with what its stage said. `found` are the rows of an index stage.
    ///
    /// # Errors
    /// [`DbError`]: nothing was changed, and the task can be settled again or its lease runs out.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        said: Result<Outcome, TaskError>,
        took: Duration,
        found: Findings<'_>,
        attempts: Attempts,
    ) -> Result<Settled, DbError> {
        let mut transaction = self.begin().await?;
        let session = &mut *transaction;
        let Some(job) = lock(session, claimed.job.0).await? else {
            return Ok(Settled::Stale);
        };
        if let Err(error) = &said
            && error.kind.is_transient()
            && (is_outage(error) || claimed.attempt < attempts.most)
        {
            let held = (claimed.task.0, claimed.fence);
            let retried = retry(session, held, claimed.attempt, error, attempts).await?;
            commit(transaction).await?;
            return Ok(if retried {
                Settled::Retried
            } else {
                Settled::Stale
            });
        }
        let took = Some(took);
        if !end(session, (claimed.task.0, claimed.fence), &said, took).await? {
            return Ok(Settled::Stale);
        }
        if claimed.step.stage == Stage::Index && said.is_ok() {
            entities::replace(session, claimed, found).await?;
        }
        let settled = follow(session, job, claimed.step, &said).await?;
        commit(transaction).await?;
        Ok(settled)
    }
}

/// Gives a task whose holder vanished to the next, or gives it up. As [`Db::settle`] in all else.
pub(super) async fn lose(
    session: &mut PgConnection,
    task: Uuid,
    job: Uuid,
    attempts: Attempts,
) -> Result<Settled, DbError> {
    // Whoever holds the job may be frozen: the sweep has others to look after, and comes again.
    let free = sqlx::query!(
        "SELECT id FROM jobs WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED",
        job
    )
    .fetch_optional(&mut *session)
    .await?;
    if free.is_none() {
        return Ok(Settled::Stale);
    }
    let Some(locked) = lock(session, job).await? else {
        return Ok(Settled::Stale);
    };
    let row = sqlx::query!(
        "SELECT attempt, fence, stage, page, pass FROM tasks
         WHERE id = $1 AND state = 'running' AND lease_until < now()",
        task
    )
    .fetch_optional(&mut *session)
    .await?;
    let Some(row) = row else {
        return Ok(Settled::Stale);
    };
    let error = TaskError {
        kind: TaskErrorKind::Lost,
        detail: format!("its worker vanished in attempt {}", row.attempt),
    };
    if row.attempt < attempts.most {
        let retried = retry(session, (task, row.fence), row.attempt, &error, attempts).await?;
        return Ok(if retried {
            Settled::Retried
        } else {
            Settled::Stale
        });
    }
    let said = Err(error);
    // Somebody may have claimed it since it was looked at: a claim does not wait for the job's row.
    if !end(session, (task, row.fence), &said, None).await? {
        return Ok(Settled::Stale);
    }
    follow(
        session,
        locked,
        step(&row.stage, row.page, row.pass)?,
        &said,
    )
    .await
}

async fn lock(session: &mut PgConnection, job: Uuid) -> Result<Option<Locked>, DbError> {
    let row = sqlx::query!(
        "SELECT id, tenant_id, document_id, state, priority, engines, page_count, pages_fused,
             pages_failed
         FROM jobs WHERE id = $1 FOR NO KEY UPDATE",
        job
    )
    .fetch_optional(session)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state = row.state.parse().unwrap_or(JobState::Cancelled);
    Ok(Some(Locked {
        id: row.id,
        tenant: row.tenant_id,
        document: row.document_id,
        state,
        priority: row.priority,
        engines: engines(&row.engines)?,
        pages: PageCounts {
            total: row.page_count.map(i32::cast_unsigned),
            fused: row.pages_fused.cast_unsigned(),
            failed: row.pages_failed.cast_unsigned(),
        },
    }))
}

/// A task and the fencing token of its holder.
type Held = (Uuid, i64);

async fn retry(
    session: &mut PgConnection,
    (task, fence): Held,
    attempt: i32,
    error: &TaskError,
    attempts: Attempts,
) -> Result<bool, DbError> {
    // Nobody is given up because the store was away, and such attempts are none of the few.
    let outage = is_outage(error);
    let rest = if outage {
        OUTAGE_RESTS * attempts.rest_seconds
    } else {
        attempts.rest_seconds * f64::from(1 << (attempt - 1).clamp(0, 10))
    };
    // Tasks that were lost together come back apart, by up to a half: beside one that takes its worker
    // with it each time, the others would be given up as well.
    let bits = task.as_bytes()[9 + attempt.rem_euclid(7) as usize];
    let rest = rest * (0.75 + 0.5 * f64::from(bits) / 255.0);
    let retried = sqlx::query!(
        "UPDATE tasks SET state = 'queued', run_at = now() + make_interval(secs => $3),
             lease_until = NULL, published_at = NULL, error = $4, attempt = attempt - $5,
             updated_at = now()
         WHERE id = $1 AND fence = $2 AND state = 'running'",
        task,
        fence,
        rest,
        Json(error) as _,
        i32::from(outage),
    )
    .execute(session)
    .await?;
    Ok(retried.rows_affected() == 1)
}

async fn end(
    session: &mut PgConnection,
    (task, fence): Held,
    said: &Result<Outcome, TaskError>,
    took: Option<Duration>,
) -> Result<bool, DbError> {
    let (state, outcome, error) = match said {
        Ok(outcome) => ("done", Some(Json(outcome)), None),
        Err(error) => ("failed", None, Some(Json(error))),
    };
    let ended = sqlx::query!(
        "UPDATE tasks SET state = $3, outcome = $4, error = $5, lease_until = NULL,
             duration_ms = $6, updated_at = now()
         WHERE id = $1 AND fence = $2 AND state = 'running'",
        task,
        fence,
        state,
        outcome as _,
        error as _,
        took.map(|took| took.as_secs_f32() * 1000.0),
    )
    .execute(session)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// What follows from the end of a step.
async fn follow(
    session: &mut PgConnection,
    mut job: Locked,
    step: Step,
    said: &Result<Outcome, TaskError>,
) -> Result<Settled, DbError> {
    if job.state.is_final() {
        // A replayed page of a finished job is taken up by the replay, not here.
        return Ok(Settled::Ended);
    }
    let mut steps = Vec::new();
    if let Ok(Outcome::Decoded {
        page_count,
        media_type,
        ..
    }) = said
        && job.pages.total.is_none()
    {
        pages::count(session, &mut job, *page_count, media_type).await?;
        for page in 1..*page_count {
            if let PagePlan::Wait(first) = plan_page(page, &job.engines, &[]) {
                steps.extend(first);
            }
        }
    }
    let (known, of_document): (Vec<Known>, Vec<Known>) =
        pages::steps_of(session, job.id, step.page)
            .await?
            .into_iter()
            .partition(|known| known.step.page.is_some());
    if let Some(page) = step.page {
        match plan_page(page, &job.engines, &known) {
            PagePlan::Wait(next) => steps.extend(next),
            PagePlan::Fused { pass, .. } => {
                if pages::close(session, job.id, page, "fused", pass, None).await? {
                    job.pages.fused += 1;
                }
            }
            PagePlan::Failed => {
                let error = Some(because(said));
                if pages::close(session, job.id, page, "failed", 1, error).await? {
                    job.pages.failed += 1;
                }
            }
        }
    }
    let state = match plan_document(job.pages, &of_document) {
        DocumentPlan::Wait(next) => {
            steps.extend(next);
            JobState::Running
        }
        DocumentPlan::Finished {
            needs_review: false,
        } => JobState::Succeeded,
        // Reviews that outlived a replay end the doubt, as they did before it.
        DocumentPlan::Finished { needs_review: true }
            if entities::are_settled(session, job.id).await? =>
        {
            JobState::Succeeded
        }
        DocumentPlan::Finished { needs_review: true } => JobState::NeedsReview,
        DocumentPlan::Failed => JobState::Failed,
    };
    insert(session, &job, &steps).await?;
    let problem = (state == JobState::Failed).then(|| because(said));
    sqlx::query!(
        "UPDATE jobs SET state = $2, page_count = $3, pages_fused = $4, pages_failed = $5,
             error = $6, version = version + 1, updated_at = now()
         WHERE id = $1",
        job.id,
        state.name(),
        job.pages.total.map(u32::cast_signed),
        job.pages.fused.cast_signed(),
        job.pages.failed.cast_signed(),
        problem.map(Json) as _,
    )
    .execute(&mut *session)
    .await?;
    if !steps.is_empty() {
        sqlx::query!("SELECT pg_notify('medbot_due', '')")
            .execute(&mut *session)
            .await?;
    }
    announce(session, job.id).await?;
    if !state.is_final() {
        return Ok(Settled::Ended);
    }
    webhooks::tell(session, job.id).await?;
    if state == JobState::Succeeded {
        fhir_deliveries::is_due(session, job.id).await?;
    }
    let failed = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM tasks WHERE job_id = $1 AND state = 'failed') AS "failed!""#,
        job.id
    )
    .fetch_one(&mut *session)
    .await?;
    Ok(Settled::Finished {
        state,
        clean: !failed,
    })
}

/// Tells whoever listens that a job has changed.
pub(super) async fn announce(session: &mut PgConnection, job: Uuid) -> Result<(), DbError> {
    sqlx::query!("SELECT pg_notify('medbot_job', $1)", job.to_string())
        .execute(session)
        .await?;
    Ok(())
}

async fn insert(session: &mut PgConnection, job: &Locked, steps: &[Step]) -> Result<(), DbError> {
    if steps.is_empty() {
        return Ok(());
    }
    let job_id = schemas::JobId(job.id);
    let ids: Vec<Uuid> = steps.iter().map(|step| step.task_id(job_id).0).collect();
    let stages: Vec<String> = steps.iter().map(|step| step.stage.to_string()).collect();
    let pages: Vec<Option<i32>> = steps
        .iter()
        .map(|step| step.page.map(u32::cast_signed))
        .collect();
    let passes: Vec<i16> = steps.iter().map(|step| i16::from(step.pass)).collect();
    sqlx::query!(
        "INSERT INTO tasks (id, tenant_id, job_id, priority, stage, page, pass)
         SELECT s.id, $1, $2, $3, s.stage, s.page, s.pass
         FROM unnest($4::uuid[], $5::text[], $6::int[], $7::smallint[]) AS s (id, stage, page, pass)
         ON CONFLICT DO NOTHING",
        job.tenant,
        job.id,
        job.priority,
        &ids,
        &stages,
        &pages as _,
        &passes,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// Why a page or a job failed with the end of this step, as a client is told.
fn because(said: &Result<Outcome, TaskError>) -> Problem {
    let Err(error) = said else {
        let detail = "none of the job's engines reads such a page";
        return Problem::from(&Reject::new(RejectKind::Unprocessable, detail));
    };
    if let TaskErrorKind::Reject(kind) = error.kind {
        return Problem::from(&Reject::new(kind, error.detail.clone()));
    }
    Problem {
        kind: "urn:medbot:problem:processing-failed".into(),
        title: "The document could not be processed".into(),
        detail: error.detail.clone(),
    }
}
