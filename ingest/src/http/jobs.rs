//! `/v1/jobs/{id}`: where a job is, and its cancelling.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use infra::{
    audit::Extent,
    db::{Cancelled, Job, Polled, Role, StageProgress},
    telemetry,
};
use schemas::{JobId, JobState, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    cursor,
    extract::{Asked, PathId},
    problem::{ApiError, Errors},
};

/// A job.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    id: Uuid,
    document_id: Uuid,
    /// As it was uploaded.
    file: String,
    state: JobState,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Pages of the document; null until they are counted.
    pages: Option<u32>,
    /// Pages that could not be read.
    pages_failed: u32,
    /// By stage.
    progress: BTreeMap<String, Progress>,
    /// Why it failed.
    #[schema(value_type = Option<Object>)]
    error: Option<Problem>,
}

/// How far a stage is.
#[derive(Serialize, ToSchema)]
struct Progress {
    done: u32,
    total: u32,
    failed: u32,
}

impl From<StageProgress> for Progress {
    fn from(progress: StageProgress) -> Self {
        Self {
            done: progress.done,
            total: progress.total,
            failed: progress.failed,
        }
    }
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.0,
            document_id: job.document.0,
            file: job.file,
            state: job.state,
            created_at: job.created_at,
            updated_at: job.updated_at,
            pages: job.pages,
            pages_failed: job.pages_failed,
            progress: job
                .progress
                .into_iter()
                .map(|(stage, progress)| (stage, progress.into()))
                .collect(),
            error: job.error,
        }
    }
}

/// Every role may follow jobs.
pub(crate) const FOLLOWERS: [Role; 3] = [Role::Uploader, Role::Reviewer, Role::Analyst];

pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsQuery {
    /// Only those in this state.
    #[param(inline)]
    state: Option<JobState>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// Jobs of an answer; 50 unless asked otherwise.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobPage {
    jobs: Vec<JobView>,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

/// Jobs of an answer, unless asked otherwise, and at most.
const PAGE: u16 = 50;
const LARGEST_PAGE: u16 = 500;

/// Jobs, the newest first.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    params(JobsQuery),
    responses((status = 200, description = "A page of them", body = JobPage), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
    Asked(query): Asked<JobsQuery>,
) -> Result<Json<JobPage>, ApiError> {
    let caller = known.as_one_of(&FOLLOWERS)?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        let detail = format!("`limit` lies between 1 and {LARGEST_PAGE}");
        return Err(ApiError::BadRequest(detail));
    }
    let before = query.cursor.as_deref().map(cursor::parsed).transpose()?;
    let most = i64::from(limit) + 1;
    let mut jobs = api
        .db
        .jobs(caller.tenant, query.state, before, most)
        .await?;
    let more = jobs.len() > usize::from(limit);
    jobs.truncate(usize::from(limit));
    known.was_given(Extent::rows(jobs.len()));
    let last = jobs.last().filter(|_| more);
    Ok(Json(JobPage {
        next_cursor: last.map(|job| cursor::written(job.created_at, job.id)),
        jobs: jobs.into_iter().map(JobView::from).collect(),
    }))
}

/// Where a job is.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "Job"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that was seen last"),
    ),
    responses(
        (status = 200, description = "The job", body = JobView, headers(("ETag" = String))),
        (status = 304, description = "Nothing has changed"),
        (status = 404, description = "There is no such job", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    known: Known,
    PathId(job): PathId<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&FOLLOWERS)?;
    let seen = headers.get(header::IF_NONE_MATCH);
    let seen = seen.and_then(|seen| seen.to_str().ok()).unwrap_or_default();
    let is_seen = |version| {
        let now = etag(version);
        seen.split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == now)
    };
    match api.db.poll(caller.tenant, job, is_seen).await? {
        None => Err(ApiError::NotFound),
        Some(Polled::Seen(version)) => {
            let tag = [(header::ETAG, etag(version))];
            Ok((StatusCode::NOT_MODIFIED, tag).into_response())
        }
        Some(Polled::New(job)) => {
            let tag = [(header::ETAG, etag(job.version))];
            Ok((tag, Json(JobView::from(job))).into_response())
        }
    }
}

/// Cancels a job. What was read until then is dropped; the document stays.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "Job")),
    responses(
        (status = 200, description = "It is cancelled", body = JobView),
        (status = 404, description = "There is no such job", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 409, description = "It had ended already", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn cancel(
    State(api): State<Api>,
    known: Known,
    PathId(job): PathId<JobId>,
) -> Result<Json<JobView>, ApiError> {
    let caller = known.as_one_of(&[Role::Uploader, Role::Reviewer])?;
    match api.db.cancel(caller.tenant, job).await? {
        None => Err(ApiError::NotFound),
        Some(Cancelled::TooLate(state)) => {
            let detail = format!("the job has ended already: {}", state.name());
            Err(ApiError::Conflict(detail, None))
        }
        Some(cancelled) => {
            if cancelled == Cancelled::Now {
                telemetry::job_ended(JobState::Cancelled);
            }
            let job = api.db.job(caller.tenant, job).await?;
            Ok(Json(job.ok_or(ApiError::NotFound)?.into()))
        }
    }
}
