//! `/v1/session`: signing in on the page with an API key, who one is, and signing out. `sign_in` opens sessions too.
//!
//! The cookie holds a random token, of which only the digest is kept. The token against forged requests
//! is a digest of it too, so it needs no place of its own and lasts as long as the session.

use std::time::Duration;

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infra::db::{Caller, Holder, SessionLife};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    audit::Asker,
    auth::{self, Known},
    extract::{JsonBody, PathId},
    origin,
    problem::{ApiError, Errors},
};

/// The session's cookie.
pub(super) const COOKIE: &str = "medbot_session";
/// Half an hour without use, a working day at the most.
pub(super) const LIFE: SessionLife = SessionLife {
    idle: Duration::from_mins(30),
    whole: Duration::from_hours(12),
};

/// With what one signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// An API key.
    key: String,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// The key that speaks, or the person of the identity provider.
    key_id: Uuid,
    tenant_id: Uuid,
    /// `uploader`, `reviewer`, `analyst` or `admin`.
    role: &'static str,
    /// To be sent as `X-CSRF-Token` with every method that changes something; null without a session.
    csrf_token: Option<String>,
    /// When the session ends at the latest; null without one.
    ends_at: Option<DateTime<Utc>>,
}

impl SessionView {
    fn of(caller: &Caller, session: Option<(String, DateTime<Utc>)>) -> Self {
        let (csrf_token, ends_at) = session.unzip();
        Self {
            key_id: caller.id,
            tenant_id: caller.tenant.0,
            role: caller.role.name(),
            csrf_token,
            ends_at,
        }
    }
}

/// The token of the session's cookie.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// What a cookie of this name holds; nothing where there are several that differ. A page of a sibling domain may
/// set one beside ours (RFC 6265, 8.6), and which of them comes first is its choice.
pub(super) fn cookie_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter_map(|(name, value)| (name == wanted).then_some(value));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The token against forged requests of a session.
pub(super) fn csrf(token: &str) -> String {
    let digest = Sha256::new()
        .chain_update("csrf of session ")
        .chain_update(token)
        .finalize();
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

fn cookie(token: &str, seconds: u64) -> Result<HeaderValue, ApiError> {
    let cookie =
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict");
    HeaderValue::from_str(&cookie).map_err(|_| ApiError::Internal)
}

/// Signs in: the answer sets the session's cookie.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "session",
    request_body = SignIn,
    responses(
        (status = 201, description = "Signed in", body = SessionView, headers(("Set-Cookie" = String))),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The body does not fit its schema", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn open(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Response, ApiError> {
    // Nobody shall be signed in as somebody else by a foreign page.
    origin::not_foreign(&headers)?;
    let caller = api.keys.caller(&api.db, body.key.trim()).await?;
    let caller = caller.ok_or(ApiError::Unauthenticated)?;
    asker.is(caller);
    let (cookie, view) = opened(&api, &caller, Holder::Key).await?;
    Ok((
        StatusCode::CREATED,
        [(header::SET_COOKIE, cookie)],
        Json(view),
    )
        .into_response())
}

/// A new session: its cookie, and what its page wants to know.
pub(super) async fn opened(
    api: &Api,
    caller: &Caller,
    holder: Holder,
) -> Result<(HeaderValue, SessionView), ApiError> {
    let token = auth::random();
    let session = api
        .db
        .open_session(caller, holder, &auth::digest(&token), LIFE)
        .await?;
    let view = SessionView::of(caller, Some((csrf(&token), session.ends_at)));
    Ok((cookie(&token, LIFE.whole.as_secs())?, view))
}

/// Who asks, by a session or by a key.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "session",
    responses((status = 200, description = "Who that is", body = SessionView), Errors)
)]
pub(crate) async fn show(known: Known, headers: HeaderMap) -> Json<SessionView> {
    let Known {
        caller, ends_at, ..
    } = known;
    let session = ends_at.zip(token(&headers).map(csrf));
    Json(SessionView::of(
        &caller,
        session.map(|(at, csrf)| (csrf, at)),
    ))
}

/// Where a browser goes that is to be signed out elsewhere too.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedOut {
    /// At the identity provider, which sends the browser back to the page.
    continue_at: String,
}

/// Signs out. Who asks without a session has nothing to end.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "session",
    responses(
        (status = 200, description = "Signed out here, and still signed in at the identity provider", body = SignedOut),
        (status = 204, description = "Signed out"),
        Errors,
    )
)]
pub(crate) async fn close(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut holder = None;
    if let (Some(_), Some(token)) = (known.ends_at, token(&headers)) {
        let digest = auth::digest(token);
        holder = api.db.close_session(known.caller.tenant, &digest).await?;
    }
    let gone = [(header::SET_COOKIE, cookie("", 0)?)];
    let elsewhere = match (&api.sign_in, holder) {
        (Some(sign_in), Some(Holder::Person)) => sign_in.end().await,
        _ => None,
    };
    Ok(match elsewhere {
        Some(url) => {
            let onward = SignedOut {
                continue_at: url.into(),
            };
            (gone, Json(onward)).into_response()
        }
        None => (StatusCode::NO_CONTENT, gone).into_response(),
    })
}

/// Ends every session of a person or key.
#[utoipa::path(
    delete,
    path = "/v1/admin/sessions/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "Person or key, as the audit log names them")),
    responses(
        (status = 204, description = "They have ended"),
        (status = 404, description = "There is no session of theirs", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn end_all(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    match api.db.close_sessions(caller.tenant, id).await? {
        0 => Err(ApiError::NotFound),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
