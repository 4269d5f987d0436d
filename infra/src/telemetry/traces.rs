//! One trace from a request through every stage of its job: the request's span is written down with the
//! job, travels in the queue's messages, and is the parent of each task's span. Form: W3C Trace Context.

use opentelemetry::{
    Context, KeyValue,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TraceContextExt as _,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use schemas::{JobId, Step};
use tracing::{Span, error_span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The target of the spans that are exported. Those of libraries are not: who knows what they hold.
pub(super) const TARGET: &str = "medbot::trace";
const HEADER: &str = "traceparent";

/// The span of a request. `route` is the template; `traceparent` what the client says that it belongs to.
#[must_use]
pub fn request_span(method: &'static str, route: &str, traceparent: Option<&str>) -> Span {
    // At the level of errors, so that no filter of log lines takes the trace's id from them.
    let name = format!("{method} {route}");
    let span = error_span!(target: TARGET, "request", otel.name = name, otel.kind = "server", trace_id = Empty);
    belongs_to(&span, traceparent);
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.to_owned());
    span
}

/// The span of an attempt at a task, in the trace of the request that made its job.
#[must_use]
pub fn task_span(job: JobId, step: Step, attempt: i32, traceparent: Option<&str>) -> Span {
    let stage = step.stage.to_string();
    let span = error_span!(target: TARGET, "task", otel.name = stage, otel.kind = "consumer", trace_id = Empty);
    belongs_to(&span, traceparent);
    span.set_attribute("medbot.job", job.to_string());
    span.set_attribute("medbot.stage", stage);
    span.set_attribute("medbot.attempt", i64::from(attempt));
    if let Some(page) = step.page {
        span.set_attribute("medbot.page", i64::from(page));
    }
    span
}

/// Where this moment's span stands, for whoever goes on with it. None where no span is open.
#[must_use]
pub fn traceparent() -> Option<String> {
    let mut header = Header(None);
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut header);
    header.0
}

fn belongs_to(span: &Span, traceparent: Option<&str>) {
    if let Some(traceparent) = traceparent {
        let header = Header(Some(traceparent.to_owned()));
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &header);
        if parent.span().span_context().is_valid() {
            // Without the layer of traces there is nothing to belong to.
            let _ = span.set_parent(parent);
        }
    }
    let context = span.context();
    let found = context.span().span_context().clone();
    if found.is_valid() {
        span.record("trace_id", tracing::field::display(found.trace_id()));
    }
}

/// The status of a request's answer.
pub fn answered(span: &Span, status: u16) {
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set_status(opentelemetry::trace::Status::error(""));
    }
}

/// Attributes of the process.
pub(super) fn version() -> KeyValue {
    KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))
}

struct Header(Option<String>);

impl Injector for Header {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER {
            self.0 = Some(value);
        }
    }
}

impl Extractor for Header {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == HEADER)
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}
