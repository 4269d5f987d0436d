//! `POST /v1/tryout`: one page read in memory, so that somebody sees what medbot makes of it. Nothing of it
//! is stored.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use schemas::{Document, Reject, RejectKind};
use tokio::sync::Semaphore;
use workers::document::Pipeline;

use super::{
    Api,
    auth::Visitor,
    gather,
    problem::{ApiError, Errors},
};

/// Largest file in bytes.
const LARGEST: usize = 5_000_000;
/// How long one waits for one's turn.
const WAIT: Duration = Duration::from_secs(30);
/// The name that the result carries: the sender's is nobody's business.
const NAME: &str = "tryout";

/// What reads a page at once, where this process has the stages for it.
pub struct Tryout {
    pipeline: OnceLock<Arc<Pipeline>>,
    // One at a time: documents that are stored go before.
    turn: Arc<Semaphore>,
}

impl Default for Tryout {
    fn default() -> Self {
        Self {
            pipeline: OnceLock::new(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Tryout {
    /// These stages read from now on.
    pub fn opened(&self, pipeline: Arc<Pipeline>) {
        // A process opens its stages once.
        let _ = self.pipeline.set(pipeline);
    }
}

/// Reads one page without storing anything: the result as of a document. For guests too, where the site
/// lets them; one page at a time.
#[utoipa::path(
    post,
    path = "/v1/tryout",
    tag = "documents",
    request_body(
        content = inline(gather::Raw),
        description = "One page, at most 5 MB, in any format that is read",
        content_type = "application/octet-stream"
    ),
    responses(
        (status = 200, description = "What was read", body = inline(serde_json::Value)),
        (status = 413, description = "The file is larger than 5 MB", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "It is no format that is read", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "It cannot be read, or has several pages", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn read(
    State(api): State<Api>,
    _visitor: Visitor,
    body: Body,
) -> Result<Response, ApiError> {
    let Some(pipeline) = api.tryout.pipeline.get().cloned() else {
        return Err(ApiError::Unavailable(
            "this process reads nothing itself; one of `medbot up` does, once its models are open",
        ));
    };
    let bytes = to_bytes(body, LARGEST)
        .await
        .map_err(|_| ApiError::TooLarge("a page to try has at most 5 MB".into()))?;
    let turn = Arc::clone(&api.tryout.turn).acquire_owned();
    let Ok(Ok(turn)) = tokio::time::timeout(WAIT, turn).await else {
        return Err(ApiError::Unavailable("other pages are being tried"));
    };
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        one_page(&pipeline, &Arc::from(bytes.as_ref()))
    });
    let document = read
        .await
        .map_err(|_| ApiError::Internal)?
        .map_err(|reject| ApiError::rejected(&reject))?;
    let uncached = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((uncached, Json(document)).into_response())
}

fn one_page(pipeline: &Pipeline, bytes: &Arc<[u8]>) -> Result<Document, Reject> {
    if pipeline.decoder.open(Arc::clone(bytes), None)?.page_count() > 1 {
        return Err(Reject::new(
            RejectKind::TooLarge,
            "a file to try has one page; upload it to have all of them read",
        ));
    }
    pipeline.process(NAME, bytes, &mut |_, _| {})
}
