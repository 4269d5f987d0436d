//! What is measured of every request: how long it took, by route and status, and its span in a trace.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use infra::telemetry;
use tracing::Instrument as _;

/// Probes are asked all day and belong to no trace.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/version"];

pub(super) async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    // A path that nobody made a route of is anything that somebody typed.
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = name(request.method());
    let start = Instant::now();
    let response = if PROBES.contains(&route) {
        next.run(request).await
    } else {
        let traceparent = request.headers().get("traceparent");
        let traceparent = traceparent.and_then(|value| value.to_str().ok());
        let span = telemetry::request_span(method, route, traceparent);
        let response = next.run(request).instrument(span.clone()).await;
        telemetry::answered(&span, response.status().as_u16());
        response
    };
    telemetry::http_answered(method, route, response.status().as_u16(), start.elapsed());
    response
}

fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
