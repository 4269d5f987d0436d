//! Sets up what a process says of itself, as the environment wants it: log lines on standard error
//! (`MEDBOT_LOG`, `MEDBOT_LOG_FORMAT`), traces by OTLP over HTTP (`OTEL_*`), reports (`SENTRY_DSN`).

use std::io::{IsTerminal as _, stderr};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::{panics, reports::Reports, traces};

const USUAL: &str = "info,ort=error,opentelemetry_sdk=warn,opentelemetry-otlp=warn";

/// Why a process cannot say anything of itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Traces cannot be exported.
    #[error("traces cannot be exported: {0}")]
    Traces(String),
    /// Metrics cannot be counted.
    #[error("metrics cannot be counted: {0}")]
    Metrics(String),
}

/// What was begun. Dropped outside of asynchronous code, it sends what waits.
pub struct Telemetry {
    traces: SdkTracerProvider,
    reports: Option<Reports>,
}

/// Begins; once in a process, before any thread but the first.
///
/// # Errors
/// [`TelemetryError`] names the setting.
pub fn start() -> Result<Telemetry, TelemetryError> {
    let filter = || EnvFilter::try_from_env("MEDBOT_LOG").unwrap_or_else(|_| USUAL.into());
    let lines = fmt::layer().with_target(false).with_writer(stderr);
    let lines = match std::env::var("MEDBOT_LOG_FORMAT").as_deref() {
        Err(_) | Ok("" | "text") => lines.with_ansi(stderr().is_terminal()).boxed(),
        Ok("json") => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
        Ok(_) => {
            let wrong = "MEDBOT_LOG_FORMAT is `text` or `json`";
            return Err(TelemetryError::Setting(wrong.into()));
        }
    };
    let traces = tracer_provider()?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("medbot"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|made| {
            made.is_span() && made.target() == traces::TARGET
        }));
    let reports = match std::env::var("SENTRY_DSN") {
        Ok(dsn) if !dsn.is_empty() => Some(Reports::start(&dsn).map_err(TelemetryError::Setting)?),
        _ => None,
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter()))
        .with(spans)
        .with(reports.clone())
        .init();
    panics::write_places();
    if let Some(reports) = &reports {
        reports.of_panics();
    }
    Ok(Telemetry { traces, reports })
}

/// Spans have ids in any case, since log lines and messages carry them; they go to a collector where
/// `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names one.
fn tracer_provider() -> Result<SdkTracerProvider, TelemetryError> {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let mut resource = Resource::builder().with_attribute(traces::version());
    if !set("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name("medbot");
    }
    let mut provider = SdkTracerProvider::builder().with_resource(resource.build());
    if set("OTEL_EXPORTER_OTLP_ENDPOINT") || set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        with_tls();
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.map_err(|error| TelemetryError::Traces(error.to_string()))?;
        provider = provider.with_batch_exporter(exporter);
    }
    Ok(provider.build())
}

/// Every TLS connection of the process uses this provider; whoever is first sets it.
pub(super) fn with_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // What could not be sent within the exporter's own time is lost.
        let _ = self.traces.shutdown();
        if let Some(reports) = &self.reports {
            reports.flush();
        }
    }
}
