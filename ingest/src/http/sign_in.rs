//! `/v1/sign-in`: signing in on the page by the site's identity provider. A browser goes there and comes back with
//! a code, and has a session like one that a key opens.
//!
//! What is under way is a random token in a cookie, and its digest in the database: good once, for ten minutes,
//! in the browser that began. A person sees the answers, so what goes wrong is a page where one is asked for.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use infra::db::Holder;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use utoipa::IntoParams;

use super::{
    Api,
    audit::Asker,
    auth,
    code_flow::Pending,
    page,
    problem::{ApiError, Errors},
    sessions,
};

/// The cookie of a sign-in under way. The provider's page sends the browser back, so it is not `Strict`.
const COOKIE: &str = "medbot_sign_in";
/// How long a person may take at the provider.
const LIFE: Duration = Duration::from_mins(10);
const LOST: ApiError = ApiError::SignIn(
    "it was begun in another browser or at another address of this service, has come to its end already, or took \
     longer than ten minutes; begin again",
);
/// What a provider may say when it refuses (RFC 6749, 4.1.2.1; `OpenID` Connect Core 1.0, 3.1.2.6): all of it that
/// is written down.
const REFUSALS: [&str; 11] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_request",
    "invalid_scope",
    "login_required",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_response_type",
];

/// With what the browser comes back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Returned {
    /// As the provider was given it.
    state: Option<String>,
    /// What becomes a token.
    code: Option<String>,
    /// That the provider refused.
    error: Option<String>,
    /// The provider's name, where it says so.
    iss: Option<String>,
}

/// Sends the browser to the identity provider.
#[utoipa::path(
    get,
    path = "/v1/sign-in",
    tag = "session",
    responses(
        (status = 303, description = "To the provider", headers(("Location" = String), ("Set-Cookie" = String))),
        (status = 404, description = "No identity provider is configured for sign-in", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn begin(State(api): State<Api>, headers: HeaderMap) -> Response {
    let begun = begun(&api).await;
    begun.unwrap_or_else(|error| shown(error, &headers))
}

async fn begun(api: &Api) -> Result<Response, ApiError> {
    let sign_in = api.sign_in.as_ref().ok_or(ApiError::NotFound)?;
    let token = auth::random();
    let address = sign_in.address(&Pending(&token)).await?;
    api.db.begin_sign_in(&auth::digest(&token), LIFE).await?;
    let mut answer = to(address.as_str())?;
    let cookie = cookie(&token, LIFE.as_secs())?;
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// Where the provider sends the browser back to: opens a session, and shows the page.
#[utoipa::path(
    get,
    path = "/v1/sign-in/callback",
    tag = "session",
    params(Returned),
    responses(
        (status = 303, description = "To the page, signed in", headers(("Location" = String), ("Set-Cookie" = String))),
        (status = 404, description = "No identity provider is configured for sign-in", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn finish(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Response {
    let finished = finished(&api, &asker, &headers, &returned).await;
    finished.unwrap_or_else(|error| shown(error, &headers))
}

async fn finished(
    api: &Api,
    asker: &Asker,
    headers: &HeaderMap,
    returned: &Returned,
) -> Result<Response, ApiError> {
    let sign_in = api.sign_in.as_ref().ok_or(ApiError::NotFound)?;
    let begun = sessions::cookie_of(headers, COOKIE).ok_or(LOST)?;
    let pending = Pending(begun);
    let state = returned.state.as_deref().unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(pending.state().as_bytes()))
        || !api.db.end_sign_in(&auth::digest(begun)).await?
    {
        return Err(LOST);
    }
    if returned
        .iss
        .as_ref()
        .is_some_and(|iss| !sign_in.is_issuer(iss))
    {
        return Err(ApiError::SignIn(
            "another identity provider answered; begin again",
        ));
    }
    let code = match (&returned.error, &returned.code) {
        (None, Some(code)) => code,
        (error, _) => {
            let known = |said: &String| REFUSALS.into_iter().find(|known| known == said);
            let error = error.as_ref().and_then(known).unwrap_or("another");
            tracing::info!(error, "the identity provider refuses a sign-in");
            return Err(ApiError::SignIn(
                "the identity provider did not let you in; begin again, or ask your administrator",
            ));
        }
    };
    let said = sign_in.who(code, &pending).await?;
    let caller = said.caller;
    if !api.db.knows(caller.tenant).await? {
        return Err(ApiError::NoPart);
    }
    if !api.db.is_good_token(said.token()).await? {
        return Err(ApiError::SignIn(
            "what the identity provider said of you was taken back meanwhile; begin again",
        ));
    }
    asker.is(caller);
    let (session, _) = sessions::opened(api, &caller, Holder::Person).await?;
    let mut answer = to("/")?;
    let fields = answer.headers_mut();
    fields.append(header::SET_COOKIE, session);
    fields.append(header::SET_COOKIE, cookie("", 0)?);
    Ok(answer)
}

fn cookie(token: &str, seconds: u64) -> Result<HeaderValue, ApiError> {
    let cookie = format!(
        "{COOKIE}={token}; Path=/v1/sign-in; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax"
    );
    HeaderValue::from_str(&cookie).map_err(|_| ApiError::Internal)
}

/// Sends the browser on; no address goes along.
fn to(address: &str) -> Result<Response, ApiError> {
    let address = HeaderValue::from_str(address).map_err(|_| ApiError::Internal)?;
    let fields = [
        (header::LOCATION, address),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    Ok((StatusCode::SEE_OTHER, fields).into_response())
}

/// What went wrong: a page for a browser, problem details for others.
fn shown(error: ApiError, headers: &HeaderMap) -> Response {
    let wants_page = headers.get_all(header::ACCEPT).iter().any(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("text/html"))
    });
    if wants_page {
        page::problem(error)
    } else {
        error.into_response()
    }
}
