//! A receiver of webhooks that writes down which message told of which job.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use serde_json::Value;
use uuid::Uuid;

/// What was told: of each job the ids of messages, with the state that they told.
pub(super) type Told = BTreeMap<Uuid, BTreeSet<(String, String)>>;

#[derive(Clone, Default)]
pub(super) struct Receiver(Arc<Mutex<Told>>);

impl Receiver {
    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<(Self, SocketAddr)> {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .context("a port for webhooks")?;
        let address = listener.local_addr().context("a port for webhooks")?;
        let router = Router::new()
            .route("/", post(hear))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, address))
    }

    pub fn told(&self) -> Told {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, Json(body): Json<Value>) {
    let id = headers
        .get("webhook-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let data = &body["data"];
    let Some(job) = data["job_id"].as_str().and_then(|job| job.parse().ok()) else {
        return;
    };
    let state = data["state"].as_str().unwrap_or_default();
    receiver
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(job)
        .or_default()
        .insert((id.into(), state.into()));
}
