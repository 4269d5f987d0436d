//! `/v1/jobs/{id}/events` and `/v1/jobs/events`: changes of jobs as server-sent events.
//!
//! An event is the job as it stands, and its id is the job's version. So a listener that comes back
//! with the last id that it saw misses nothing that still matters, and changes in quick succession
//! become one event.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use infra::{
    db::{Change, Job},
    telemetry::Stream as Counted,
};
use schemas::{JobId, TenantId};
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    time::{Instant, sleep_until, timeout_at},
};

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
        _counted: Counted::open(),
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
    _counted: Counted,
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
                Ok(Ok(Change::Due | Change::Erased)) => continue,
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

/// Who follows all jobs asks anew after this time, and is known anew.
const WHOLE: Duration = Duration::from_mins(5);
/// Changes within this time of one another are told together.
const GATHERED: Duration = Duration::from_millis(200);
/// Jobs of one gathering; whoever has missed more looks at the list.
const MOST: usize = 200;

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
    let listening = Listening {
        changes: api.changes.subscribe(),
        stop: api.stop.clone(),
        api,
        tenant,
        until: Instant::now() + WHOLE,
        // Something between the page and the service may hold an answer back until its first bytes.
        told: VecDeque::from([Event::default().comment("from now on")]),
        _counted: Counted::open(),
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(all_events(listening))
        .keep_alive(keep_alive)
        .into_response())
}

struct Listening {
    api: Api,
    tenant: TenantId,
    changes: tokio::sync::broadcast::Receiver<Change>,
    stop: watch::Receiver<bool>,
    until: Instant,
    told: VecDeque<Event>,
    _counted: Counted,
}

fn all_events(listening: Listening) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(listening, |mut listening| async move {
        loop {
            if let Some(event) = listening.told.pop_front() {
                return Some((Ok(event), listening));
            }
            listening.gather().await?;
        }
    })
}

impl Listening {
    /// Waits for changes and makes them events. None at the end.
    async fn gather(&mut self) -> Option<()> {
        let mut jobs: Vec<JobId> = Vec::new();
        let mut missed = false;
        let mut end = self.until;
        loop {
            let heard = tokio::select! {
                heard = timeout_at(end, self.changes.recv()) => heard,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            };
            match heard {
                Ok(Ok(Change::Job(job))) if !jobs.contains(&job) => jobs.push(job),
                Ok(Ok(Change::Job(_) | Change::Due | Change::Erased)) => continue,
                Ok(Ok(Change::Reconnected) | Err(RecvError::Lagged(_))) => missed = true,
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) if end == self.until => return None,
                Err(_) => break,
            }
            end = end.min(Instant::now() + GATHERED);
            if jobs.len() >= MOST {
                break;
            }
        }
        for job in jobs {
            match self.api.db.job(self.tenant, job).await {
                Ok(Some(job)) => {
                    let event = Event::default().event("job");
                    self.told.extend(event.json_data(JobView::from(job)).ok());
                }
                // Another tenant's.
                Ok(None) => {}
                Err(_) => missed = true,
            }
        }
        if missed {
            self.told
                .push_back(Event::default().event("missed").data("{}"));
            // A database that does not answer is not asked in a tight circle.
            sleep_until(Instant::now() + GATHERED).await;
        }
        Some(())
    }
}
