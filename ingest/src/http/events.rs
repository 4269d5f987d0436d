//! `/v1/jobs/{id}/events`: a job's changes as server-sent events.
//!
//! An event is the job as it stands, and its id is the job's version. So a listener that comes back
//! with the last id that it saw misses nothing that still matters, and changes in quick succession
//! become one event.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use infra::db::{Change, Job};
use schemas::{JobId, TenantId};
use tokio::sync::broadcast::error::RecvError;

use super::{
    Api,
    auth::Known,
    extract::PathId,
    jobs::{FOLLOWERS, JobView},
    problem::{ApiError, Errors},
};

/// A notification may be missed while the database reconnects; then this is how late one learns.
const LOOK: Duration = Duration::from_secs(15);

/// Follows a job to its end. Each event `job` holds the job as `GET /v1/jobs/{id}` gives it.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "Job"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events until the job ends", body = String, content_type = "text/event-stream"),
        (status = 404, description = "There is no such job", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn follow(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&FOLLOWERS)?;
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    // Heard before looked at, so that no change falls in between.
    let changes = api.changes.subscribe();
    let job = api
        .db
        .job(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    let following = Following {
        api,
        tenant: caller.tenant,
        id,
        changes,
        seen,
        next: Some(job),
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events(following))
        .keep_alive(keep_alive)
        .into_response())
}

struct Following {
    api: Api,
    tenant: TenantId,
    id: JobId,
    changes: tokio::sync::broadcast::Receiver<Change>,
    seen: i64,
    next: Option<Job>,
}

fn events(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(following), |following| async move {
        let mut following = following?;
        loop {
            let Some(job) = following.next.take() else {
                following.next = following.changed().await?;
                continue;
            };
            let ended = job.state.is_final();
            if job.version <= following.seen && !ended {
                continue;
            }
            following.seen = job.version;
            let event = Event::default()
                .event("job")
                .id(job.version.to_string())
                .json_data(JobView::from(job))
                .ok()?;
            return Some((Ok(event), (!ended).then_some(following)));
        }
    })
}

impl Following {
    /// Waits until the job may have changed. None when it is gone; `Some(None)` when the database
    /// does not answer now.
    async fn changed(&mut self) -> Option<Option<Job>> {
        loop {
            match tokio::time::timeout(LOOK, self.changes.recv()).await {
                Ok(Ok(Change::Job(job))) if job != self.id => continue,
                Ok(Ok(Change::Due)) => continue,
                Ok(Err(RecvError::Closed)) => return None,
                // This job, or too many changes, or none for a while.
                _ => {}
            }
            return match self.api.db.job(self.tenant, self.id).await {
                Ok(Some(job)) => Some(Some(job)),
                Ok(None) => None,
                Err(_) => Some(None),
            };
        }
    }
}
