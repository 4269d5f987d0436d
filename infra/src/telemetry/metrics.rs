//! Every metric of medbot, by name: base units, labels of few values, no ids. Where nobody asked for
//! metrics the calls cost a branch.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use schemas::{JobState, Outcome, Stage, TaskError, TaskErrorKind};

use super::{TelemetryError, cgroup};
use crate::db::{Backlog, EntityRow, OpenJobs, ReviewGap, Settled, Swept, TokenCounts};

/// How a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is now.
    Gauge,
    /// It is spread over buckets.
    Histogram,
}

/// Every metric of medbot's own, with what it means.
pub const DESCRIBED: [(&str, Kind, &str); 20] = [
    (
        "medbot_build_info",
        Kind::Gauge,
        "1, with the version that runs",
    ),
    (
        "medbot_memory_limit_bytes",
        Kind::Gauge,
        "What this process's control group may hold; absent where nothing limits it",
    ),
    (
        "medbot_task_duration_seconds",
        Kind::Histogram,
        "How long a stage, or an engine, worked on a task",
    ),
    (
        "medbot_tasks_ended_total",
        Kind::Counter,
        "Attempts at tasks by how they ended: done, rejected, failed, retried, stale",
    ),
    (
        "medbot_tasks_swept_total",
        Kind::Counter,
        "What the sweep found: lost leases, tasks given_up for it, overdue notices",
    ),
    (
        "medbot_jobs_ended_total",
        Kind::Counter,
        "Jobs that this process ended, by state: succeeded, needs_review, failed, cancelled",
    ),
    (
        "medbot_entities_total",
        Kind::Counter,
        "Entities that were indexed, by type and whether a person should look",
    ),
    (
        "medbot_sandbox_ends_total",
        Kind::Counter,
        "Sandboxed children that ended without an answer, by why",
    ),
    (
        "medbot_http_request_duration_seconds",
        Kind::Histogram,
        "From a request's head to its answer's, by method, route and status",
    ),
    (
        "medbot_emergency_accesses_total",
        Kind::Counter,
        "Emergency accesses that were opened",
    ),
    (
        "medbot_chat_tokens_total",
        Kind::Counter,
        "Tokens that the chat's model was given and that it answered with, by kind: prompt, completion",
    ),
    (
        "medbot_event_streams",
        Kind::Gauge,
        "Streams of events that are open",
    ),
    (
        "medbot_jobs",
        Kind::Gauge,
        "Jobs of all tenants that are not at their end, by state: queued, running, needs_review",
    ),
    (
        "medbot_tasks",
        Kind::Gauge,
        "Open tasks of all tenants by state: unsent, sent, running, dead",
    ),
    (
        "medbot_tasks_due",
        Kind::Gauge,
        "Tasks that a worker could begin now",
    ),
    (
        "medbot_oldest_due_task_age_seconds",
        Kind::Gauge,
        "For how long the oldest due task has waited",
    ),
    (
        "medbot_oldest_unsent_task_age_seconds",
        Kind::Gauge,
        "For how long the oldest due task that the queue has not taken has waited",
    ),
    (
        "medbot_backlog_looked_timestamp_seconds",
        Kind::Gauge,
        "When the database was last asked what waits",
    ),
    (
        "medbot_review_confidence_gap_ratio",
        Kind::Gauge,
        "Stated confidence less the share that reviewers accepted, over the last reviews",
    ),
    (
        "medbot_reviews_looked_at",
        Kind::Gauge,
        "Reviews that the gap rests on",
    ),
];

/// States that a job leaves again.
const OPEN: [JobState; 3] = [JobState::Queued, JobState::Running, JobState::NeedsReview];

const TASK_BUCKETS: [f64; 12] = [
    0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0,
];
const HTTP_BUCKETS: [f64; 12] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

impl Metrics {
    /// Begins to count; once in a process.
    ///
    /// # Errors
    /// When something else counts already.
    pub fn start() -> Result<Self, TelemetryError> {
        let full = |name: &str| Matcher::Full(name.into());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(full("medbot_task_duration_seconds"), &TASK_BUCKETS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(
                    full("medbot_http_request_duration_seconds"),
                    &HTTP_BUCKETS,
                )
            })
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| TelemetryError::Metrics(error.to_string()))?;
        for (name, kind, meaning) in DESCRIBED {
            match kind {
                Kind::Counter => describe_counter!(name, meaning),
                Kind::Gauge => describe_gauge!(name, meaning),
                Kind::Histogram => describe_histogram!(name, meaning),
            }
        }
        let process = Collector::default();
        process.describe();
        // There from the start, so that the first one is seen as a rise.
        counter!("medbot_emergency_accesses_total").increment(0);
        chat_tokens(TokenCounts::default());
        gauge!("medbot_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        if let Some(bytes) = cgroup::memory_limit() {
            gauge!("medbot_memory_limit_bytes").set(bytes as f64);
        }
        Ok(Self { handle, process })
    }

    /// All of them as Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        self.process.collect();
        self.upkeep();
        self.handle.render()
    }

    /// Makes counts of what was measured since the last time, which is held one by one until then.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// A stage's labels. The engine of a stage without one is empty, which is the same as no label.
fn labels(stage: Stage) -> [(&'static str, &'static str); 2] {
    let (stage, engine) = match stage {
        Stage::Decode => ("decode", ""),
        Stage::Prepare => ("prepare", ""),
        Stage::Detect => ("detect", ""),
        Stage::Recognise(engine) => ("recognise", engine.name()),
        Stage::Fuse => ("fuse", ""),
        Stage::Extract => ("extract", ""),
        Stage::Index => ("index", ""),
    };
    [("stage", stage), ("engine", engine)]
}

/// Somebody opened an emergency access.
pub fn emergency_opened() {
    counter!("medbot_emergency_accesses_total").increment(1);
}

/// A model answered the chat.
pub fn chat_tokens(counts: TokenCounts) {
    for (kind, count) in [("prompt", counts.prompt), ("completion", counts.completion)] {
        counter!("medbot_chat_tokens_total", "kind" => kind).increment(count.into());
    }
}

/// A worker's attempt at a task ended.
pub fn task_ended(
    stage: Stage,
    took: Duration,
    said: &Result<Outcome, TaskError>,
    settled: Settled,
    entities: &[EntityRow],
) {
    let [stage, engine] = labels(stage);
    let outcome = match (settled, said) {
        (Settled::Stale, _) => "stale",
        (Settled::Retried, _) => "retried",
        (_, Ok(_)) => "done",
        (_, Err(error)) if matches!(error.kind, TaskErrorKind::Reject(_)) => "rejected",
        (_, Err(_)) => "failed",
    };
    histogram!("medbot_task_duration_seconds", &[stage, engine]).record(took.as_secs_f64());
    counter!(
        "medbot_tasks_ended_total",
        &[stage, engine, ("outcome", outcome)]
    )
    .increment(1);
    if outcome != "done" {
        return;
    }
    for entity in entities {
        let review = if entity.needs_review() {
            "true"
        } else {
            "false"
        };
        let kind = entity.kind().to_owned();
        counter!("medbot_entities_total", "type" => kind, "needs_review" => review).increment(1);
    }
}

/// This process ended a job.
pub fn job_ended(state: JobState) {
    counter!("medbot_jobs_ended_total", "state" => state.name()).increment(1);
}

/// The sweep took up what had been left lying.
pub fn swept(found: &Swept) {
    for (what, count) in [
        ("lost", found.retried),
        ("given_up", found.given_up),
        ("overdue", found.republished),
    ] {
        counter!("medbot_tasks_swept_total", "found" => what).increment(count);
    }
    found.ended.iter().copied().for_each(job_ended);
}

/// A sandboxed child ended without an answer.
pub fn sandbox_ended(kind: &'static str, reason: &'static str) {
    counter!("medbot_sandbox_ends_total", "kind" => kind, "reason" => reason).increment(1);
}

/// A request was answered. `route` is the template and not the path, `method` one that a route has.
pub fn http_answered(method: &'static str, route: &str, status: u16, took: Duration) {
    histogram!(
        "medbot_http_request_duration_seconds",
        "method" => method,
        "route" => route.to_owned(),
        "status" => status.to_string()
    )
    .record(took.as_secs_f64());
}

/// A stream of events, open for as long as this lives.
pub struct Stream(());

impl Stream {
    /// One more.
    #[must_use]
    pub fn open() -> Self {
        gauge!("medbot_event_streams").increment(1.0);
        Self(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        gauge!("medbot_event_streams").decrement(1.0);
    }
}

/// What the database says of open tasks, for every stage.
pub(super) fn backlog(rows: &[Backlog]) {
    for stage in Stage::ALL {
        let [name, engine] = labels(stage);
        let row = rows.iter().find(|row| row.stage == stage.to_string());
        let count = |of: fn(&Backlog) -> i64| row.map_or(0.0, |row| of(row) as f64);
        for (state, count) in [
            ("unsent", count(|row| row.unsent)),
            ("sent", count(|row| row.sent)),
            ("running", count(|row| row.running)),
            ("dead", count(|row| row.dead)),
        ] {
            gauge!("medbot_tasks", &[name, engine, ("state", state)]).set(count);
        }
        let due = row.and_then(|row| row.oldest_due_seconds);
        let unsent = row.and_then(|row| row.oldest_unsent_seconds);
        gauge!("medbot_tasks_due", &[name, engine]).set(count(|row| row.due));
        gauge!("medbot_oldest_due_task_age_seconds", &[name, engine]).set(due.unwrap_or(0.0));
        gauge!("medbot_oldest_unsent_task_age_seconds", &[name, engine]).set(unsent.unwrap_or(0.0));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    gauge!("medbot_backlog_looked_timestamp_seconds").set(now.unwrap_or_default().as_secs_f64());
}

/// What the database says of jobs that somebody waits for.
pub(super) fn open_jobs(rows: &[OpenJobs]) {
    for state in OPEN {
        let row = rows.iter().find(|row| row.state == state.name());
        let count = row.map_or(0, |row| row.jobs);
        gauge!("medbot_jobs", "state" => state.name()).set(count as f64);
    }
}

/// What the database says of reviews.
pub(super) fn review_gap(found: ReviewGap) {
    gauge!("medbot_reviews_looked_at").set(found.reviews as f64);
    if let Some(gap) = found.gap {
        gauge!("medbot_review_confidence_gap_ratio").set(gap);
    }
}
