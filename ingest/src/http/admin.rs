//! `/v1/admin`: dead letters, and their replay; what was reviewed, to calibrate on.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use extract::risk::{Judged, Reviewed, is_dangerous, is_doubted};
use infra::db::{DeadLetter, ReviewedFact};
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

/// Dead letters of one answer.
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
