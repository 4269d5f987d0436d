//! `/v1/admin`: queues, what workers hold, dead letters and their replay; what was reviewed, to calibrate on.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use extract::risk::{Judged, Reviewed, is_dangerous, is_doubted};
use infra::db::{AtWork, DeadLetter, QueueDepth, ReviewedFact};
use schemas::TaskId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::PathId,
    problem::{ApiError, Errors},
};

/// Tasks of one answer.
const MOST: i64 = 1000;

/// A task whose last attempt failed.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    task_id: Uuid,
    job_id: Uuid,
    stage: String,
    page: Option<u32>,
    pass: u8,
    attempts: i32,
    /// What went wrong the last time.
    error: Option<String>,
    failed_at: DateTime<Utc>,
}

/// Dead letters.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    dead_letters: Vec<DeadLetterView>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            task_id: letter.task.0,
            job_id: letter.job.0,
            stage: letter.step.stage.to_string(),
            page: letter.step.page,
            pass: letter.step.pass,
            attempts: letter.attempts,
            error: letter.error.map(|error| error.detail),
            failed_at: letter.failed_at,
        }
    }
}

/// Tasks of a stage that are not done.
#[derive(Serialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueView {
    stage: String,
    /// For a worker, or for their next attempt.
    waiting: i64,
    running: i64,
    /// Given up.
    dead: i64,
    /// Since when the oldest that is due waits.
    due_since: Option<DateTime<Utc>>,
}

/// A task that a worker holds.
#[derive(Serialize, ToSchema)]
#[schema(as = AtWork)]
pub(crate) struct AtWorkView {
    task_id: Uuid,
    job_id: Uuid,
    stage: String,
    page: Option<u32>,
    attempt: i32,
    /// Until when it is held without a further sign of life.
    lease_until: Option<DateTime<Utc>>,
}

/// What is to be done and what is being done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queues {
    queues: Vec<QueueView>,
    at_work: Vec<AtWorkView>,
}

impl From<QueueDepth> for QueueView {
    fn from(depth: QueueDepth) -> Self {
        Self {
            stage: depth.stage,
            waiting: depth.waiting,
            running: depth.running,
            dead: depth.dead,
            due_since: depth.due_since,
        }
    }
}

impl From<AtWork> for AtWorkView {
    fn from(held: AtWork) -> Self {
        Self {
            task_id: held.task.0,
            job_id: held.job.0,
            stage: held.step.stage.to_string(),
            page: held.step.page,
            attempt: held.attempt,
            lease_until: held.lease_until,
        }
    }
}

/// Stages with open tasks, and the tasks that workers hold now.
#[utoipa::path(
    get,
    path = "/v1/admin/queues",
    tag = "admin",
    responses((status = 200, description = "As they are", body = Queues), Errors)
)]
pub(crate) async fn queues(State(api): State<Api>, known: Known) -> Result<Json<Queues>, ApiError> {
    let tenant = known.as_one_of(&[])?.tenant;
    let (queues, at_work) = tokio::try_join!(api.db.queues(tenant), api.db.at_work(tenant, MOST))?;
    Ok(Json(Queues {
        queues: queues.into_iter().map(QueueView::from).collect(),
        at_work: at_work.into_iter().map(AtWorkView::from).collect(),
    }))
}

/// Tasks that were given up, the newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/dead-letters",
    tag = "admin",
    responses((status = 200, description = "The newest", body = DeadLetters), Errors)
)]
pub(crate) async fn dead_letters(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<DeadLetters>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let letters = api.db.dead_letters(Some(caller.tenant), None, MOST).await?;
    Ok(Json(DeadLetters {
        dead_letters: letters.into_iter().map(DeadLetterView::from).collect(),
    }))
}

/// Tries a task that was given up once more, with all its attempts; its job runs again.
#[utoipa::path(
    post,
    path = "/v1/admin/dead-letters/{id}/replay",
    tag = "admin",
    params(("id" = String, Path, description = "Task")),
    responses(
        (status = 202, description = "It will be tried"),
        (status = 404, description = "There is no such dead letter, or its job was cancelled", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    known: Known,
    PathId(task): PathId<TaskId>,
) -> Result<axum::http::StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    if api.db.replay(Some(caller.tenant), task).await? {
        Ok(axum::http::StatusCode::ACCEPTED)
    } else {
        Err(ApiError::NotFound)
    }
}

/// Documents of which every dangerous fact was reviewed, one a line, as `medbot process --calibration` and
/// `MEDBOT_CALIBRATION` take them. They hold ids, confidences and verdicts, and nothing of the text.
#[utoipa::path(
    get,
    path = "/v1/admin/calibration",
    tag = "admin",
    responses(
        (status = 200, description = "`{\"document\", \"facts\": [{\"confidence\", \"right\", \"doubted\"}]}` a line", body = String, content_type = "application/x-ndjson"),
        Errors,
    )
)]
pub(crate) async fn calibration(
    State(api): State<Api>,
    known: Known,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&[])?;
    let facts = api.db.reviewed_facts(caller.tenant).await?;
    let mut lines = String::new();
    for of_document in facts.chunk_by(|a, b| a.document == b.document) {
        let Some(reviewed) = reviewed(of_document) else {
            continue;
        };
        lines.push_str(&serde_json::to_string(&reviewed).map_err(|_| ApiError::Internal)?);
        lines.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

/// A document as a calibration set holds it; none while a dangerous fact of it was not reviewed.
fn reviewed(facts: &[ReviewedFact]) -> Option<Reviewed> {
    let dangerous = facts.iter().filter(|fact| is_dangerous(&fact.entity));
    let judged: Vec<Judged> = dangerous
        .map(|fact| {
            let extracted = fact.extracted.as_ref()?;
            Some(Judged {
                confidence: extracted.confidence.get(),
                right: extracted.fact == fact.entity.fact
                    && extracted.assertion == fact.entity.assertion,
                doubted: is_doubted(extracted),
            })
        })
        .collect::<Option<_>>()?;
    let document = facts.first()?.document.to_string();
    (!judged.is_empty()).then_some(Reviewed {
        document,
        facts: judged,
    })
}
