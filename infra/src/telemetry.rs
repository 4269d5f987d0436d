//! What an operator sees: metrics, logs with the ids of traces, traces, and reports of errors.
//!
//! Nothing of a document enters any of them. Labels have few values and are no ids; a log line holds ids,
//! kinds and counts; a span has a name, a stage and a job; a report holds what `reports` lets through.

mod backlog;
mod cgroup;
mod metrics;
mod panics;
mod reports;
mod start;
mod traces;

pub use backlog::watch;
pub use cgroup::memory;
pub use metrics::{
    DESCRIBED, Metrics, Stream, chat_tokens, emergency_opened, http_answered, job_ended,
    sandbox_ended, swept, task_ended,
};
pub use start::{Telemetry, TelemetryError, start};
pub use traces::{answered, request_span, task_span, traceparent};
