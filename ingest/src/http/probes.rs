//! `/healthz`, `/readyz`, `/version`: for whoever watches the process.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::Api;
use crate::compose;

/// The longest that something may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// What answers and what does not.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    /// `ok`, or what is wrong.
    checks: BTreeMap<&'static str, String>,
    /// What it works without, less well, and how to get it.
    missing: Vec<String>,
}

/// What runs.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are the answer's")]
pub(crate) struct Version {
    name: &'static str,
    version: &'static str,
    /// How one may sign in on the page: with a `key`, and by a `provider` at `/v1/sign-in`.
    sign_in: &'static [&'static str],
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "probes",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Database, store and queue answer.
#[utoipa::path(get, path = "/readyz", tag = "probes", responses(
    (status = 200, description = "They do", body = Readiness),
    (status = 503, description = "At least one does not", body = Readiness,
     headers(("Retry-After" = u32))),
))]
pub(crate) async fn readyz(State(api): State<Api>) -> Response {
    let (database, store, queue) = tokio::join!(
        timeout(PATIENCE, api.db.ready()),
        timeout(PATIENCE, api.store.ready()),
        timeout(PATIENCE, api.queue.ready()),
    );
    let mut checks: BTreeMap<&str, String> = [
        (
            "database",
            database.map(|said| said.map_err(|error| error.to_string())),
        ),
        (
            "store",
            store.map(|said| said.map_err(|error| error.to_string())),
        ),
        (
            "queue",
            queue.map(|said| said.map_err(|error| error.to_string())),
        ),
    ]
    .into_iter()
    .map(|(name, said)| {
        let words = match said {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => error,
            Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
        };
        (name, words)
    })
    .collect();
    if !api.is_open.load(Ordering::Acquire) {
        let words = "the database was not looked through yet for what was erased";
        checks.insert("erasures", words.to_owned());
    }
    let ready = checks.values().all(|words| words == "ok");
    let missing = compose::encoder_files().err();
    let answer = Json(Readiness {
        ready,
        checks,
        missing: missing.iter().map(|error| format!("{error:#}")).collect(),
    });
    if ready {
        return answer.into_response();
    }
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, answer).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// Name and version of the program, and how its page is signed in to.
#[utoipa::path(get, path = "/version", tag = "probes",
    responses((status = 200, description = "They are", body = Version)))]
pub(crate) async fn version(State(api): State<Api>) -> Json<Version> {
    Json(Version {
        name: "medbot",
        version: env!("CARGO_PKG_VERSION"),
        sign_in: match api.sign_in {
            Some(_) => &["key", "provider"],
            None => &["key"],
        },
    })
}
