//! `/v1/jobs/{id}/events` and `/v1/jobs/events`: changes of jobs as server-sent events.
//!
//! An event is the job as it stands, and its id is the job's version. So a listener that comes back
//! with the last id that it saw misses nothing that still matters, and changes in quick succession
//! become one event.

mod feed;

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use futures::{Stream, stream};
use infra::telemetry::Stream as Counted;
use schemas::JobId;
use tokio::{
    sync::{broadcast, broadcast::error::RecvError, watch},
    time::{Instant, timeout, timeout_at},
};

pub use self::feed::Feed;
use self::feed::{MISSED, Told};
use super::{
    Api,
    auth::Known,
    extract::PathId,
    jobs::FOLLOWERS,
    problem::{ApiError, Errors},
};

/// A stream that has said nothing for this time says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);
const IS_ALIVE: Bytes = Bytes::from_static(b":\n\n");

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
    let changes = api.feed.of_job(caller.tenant, id);
    let job = api.db.job(caller.tenant, id).await?;
    let following = Following {
        changes,
        seen,
        next: Told::of(job.ok_or(ApiError::NotFound)?),
        _counted: Counted::open(),
    };
    Ok(answer(events(following)))
}

fn answer(events: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(events)).into_response()
}

struct Following {
    changes: watch::Receiver<Option<Told>>,
    seen: i64,
    next: Option<Told>,
    _counted: Counted,
}

fn events(following: Following) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(following), |following| async move {
        let mut following = following?;
        loop {
            if let Some(told) = following.next.take()
                && (told.version > following.seen || told.ended)
            {
                following.seen = told.version;
                return Some((Ok(told.event), (!told.ended).then_some(following)));
            }
            match timeout(ALIVE, following.changes.changed()).await {
                Ok(Ok(())) => following
                    .next
                    .clone_from(&following.changes.borrow_and_update()),
                // The job is gone.
                Ok(Err(_)) => return None,
                Err(_) => return Some((Ok(IS_ALIVE), Some(following))),
            }
        }
    })
}

/// Who follows all jobs asks anew after this time, and is known anew.
const WHOLE: Duration = Duration::from_mins(5);

/// Follows all jobs of the tenant from now on. Each event `job` holds a job as `GET /v1/jobs/{id}` gives
/// it; an event `missed` says that some changes were not told. The stream ends after a few minutes: ask
/// again, then look at `/v1/jobs` once.
#[utoipa::path(
    get,
    path = "/v1/jobs/events",
    tag = "jobs",
    responses(
        (status = 200, description = "Events", body = String, content_type = "text/event-stream"),
        Errors,
    )
)]
pub(crate) async fn follow_all(State(api): State<Api>, known: Known) -> Result<Response, ApiError> {
    let tenant = known.as_one_of(&FOLLOWERS)?.tenant;
    Ok(answer(all_events(Listening {
        told: api.feed.of_tenant(tenant),
        until: Instant::now() + WHOLE,
        begun: false,
        _counted: Counted::open(),
    })))
}

struct Listening {
    told: broadcast::Receiver<Bytes>,
    until: Instant,
    begun: bool,
    _counted: Counted,
}

fn all_events(listening: Listening) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(listening, |mut listening| async move {
        if !listening.begun {
            listening.begun = true;
            // Something between the page and the service may hold an answer back until its first bytes.
            return Some((Ok(Bytes::from_static(b": from now on\n\n")), listening));
        }
        let next = (Instant::now() + ALIVE).min(listening.until);
        let said = match timeout_at(next, listening.told.recv()).await {
            Ok(Ok(events)) => events,
            Ok(Err(RecvError::Lagged(_))) => MISSED,
            Ok(Err(RecvError::Closed)) => return None,
            Err(_) if next == listening.until => return None,
            Err(_) => IS_ALIVE,
        };
        Some((Ok(said), listening))
    })
}

#[cfg(test)]
mod tests;
