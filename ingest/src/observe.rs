//! The listener of `MEDBOT_METRICS`: metrics for who scrapes them, and a sign of life of a process that
//! answers nothing else. It knows no keys, so it belongs on an address that strangers do not reach.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, http::header, routing::get};
use infra::telemetry::Metrics;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::http;

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Between two times that measurements become counts, whether somebody scrapes or not.
const UPKEEP: Duration = Duration::from_secs(15);

/// Listens; what is given back serves until `stop`.
///
/// # Errors
/// When nobody can listen there.
pub(crate) async fn listen(
    address: SocketAddr,
    metrics: Metrics,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("metrics cannot be served on {address}"))?;
    let address = listener.local_addr().context("no address")?;
    tracing::info!(%address, "metrics are served");
    let metrics = Arc::new(metrics);
    let kept = metrics.clone();
    let router = Router::new()
        .route(
            "/metrics",
            get(async move || ([(header::CONTENT_TYPE, TEXT)], metrics.text())),
        )
        .route("/healthz", get(async || "ok\n"));
    Ok(async move {
        let upkeep = async {
            let mut ticks = interval(UPKEEP);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                kept.upkeep();
            }
        };
        tokio::select! {
            served = http::serve(listener, None, router, stop) => {
                if let Err(error) = served {
                    tracing::error!(%error, "metrics are not served any more");
                }
            }
            () = upkeep => {}
        }
    })
}
