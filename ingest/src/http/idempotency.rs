//! `Idempotency-Key`: a request that is sent again gets the answer that it got before.

use std::{future::Future, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use infra::db::{ANSWER, Caller, HeldKey, Recall};
use schemas::DocumentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::time::sleep;
use utoipa::IntoParams;

use super::{Api, problem::ApiError};

/// For how long a process that died stands in the way of the next attempt.
const LEASE: Duration = Duration::from_secs(6);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The header, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "a shape for the description")]
pub(crate) struct KeyHeader {
    /// The same key and request get the same answer for a day.
    #[param(rename = "Idempotency-Key", value_type = String, required = false)]
    idempotency_key: Option<String>,
}

/// An answer that can be given again.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Value,
    /// What it is about: it is not kept for longer than these.
    #[serde(skip)]
    pub documents: Vec<DocumentId>,
}

impl Answer {
    fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, Json(&self.body)).into_response();
        if let Some(Ok(location)) = self.location.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// Does the work, or gives the answer that the same key got for the same request. What tells
/// requests apart is what is known before the body: the route, its query and the body's size.
pub(crate) async fn once(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    request: &str,
    work: impl Future<Output = Result<Answer, ApiError>>,
) -> Result<Response, ApiError> {
    let Some(key) = headers.get(KEY) else {
        return Ok(work.await?.response());
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()))
        .ok_or_else(|| {
            ApiError::BadRequest("an Idempotency-Key has 1 to 255 printable characters".into())
        })?;
    let size = headers
        .get(header::CONTENT_LENGTH)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let fingerprint: [u8; 32] = Sha256::new()
        .chain_update(request)
        .chain_update([0])
        .chain_update(size)
        .finalize()
        .into();
    let recalled = api
        .db
        .recall(caller.tenant, key, &fingerprint, LEASE)
        .await?;
    let held = match recalled {
        Recall::New(held) => held,
        Recall::Answered(sealed) => {
            let opened = api
                .master
                .open(ANSWER, caller.tenant, key.as_bytes(), &sealed)?;
            return again(serde_json::from_slice(&opened));
        }
        Recall::AnsweredBefore(answer) => return again(serde_json::from_value(answer)),
        Recall::Pending => {
            let detail = "a request with this Idempotency-Key is under way";
            return Err(ApiError::Conflict(detail.into(), Some(1)));
        }
        Recall::Other => {
            return Err(ApiError::unprocessable(
                "idempotency-key-reused",
                "The Idempotency-Key belongs to another request",
                "use a new key for a new request",
            ));
        }
    };
    let done = tokio::select! {
        done = work => done,
        error = holding(api, &held) => return Err(error),
    };
    let mut kept = None;
    if let Ok(answer) = &done {
        let plain = serde_json::to_vec(answer).map_err(|_| ApiError::Internal)?;
        let row = held.key().as_bytes();
        let sealed = api.master.seal(ANSWER, caller.tenant, row, &plain)?;
        kept = Some((sealed, &answer.documents));
    }
    let kept = kept.as_ref();
    let kept = kept.map(|(sealed, documents)| (sealed.as_slice(), documents.as_slice()));
    api.db.remember(&held, kept).await?;
    Ok(done?.response())
}

/// An answer that was given before.
fn again(answer: serde_json::Result<Answer>) -> Result<Response, ApiError> {
    let mut response = answer.map_err(|_| ApiError::Internal)?.response();
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Renews the lease. Ends when another attempt took the key, since this process said nothing for long.
async fn holding(api: &Api, held: &HeldKey) -> ApiError {
    loop {
        sleep(LEASE / 4).await;
        match api.db.hold(held, LEASE).await {
            Ok(true) => {}
            Ok(false) => {
                let detail = "another request with this Idempotency-Key took its place";
                return ApiError::Conflict(detail.into(), Some(1));
            }
            Err(error) => tracing::warn!(%error, "an Idempotency-Key was not renewed"),
        }
    }
}
