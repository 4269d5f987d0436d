//! Errors at the edge: RFC 9457 problem details with stable types, and nothing of what lies within.

use std::{any::Any, collections::BTreeMap};

use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use infra::{
    db::{DbError, DbErrorKind},
    store::{StoreError, StoreErrorKind},
};
use schemas::{Problem, Reject, RejectKind};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response as Described, ResponseBuilder},
};

use super::limits::Waits;

/// What went wrong with a request.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The request is not of the form that the description gives.
    BadRequest(String),
    /// Nobody, or with a key that is not good.
    Unauthenticated,
    /// A sign-in by an identity provider that failed, and what to do.
    SignIn(&'static str),
    /// Somebody whom the identity provider knows and this service does not.
    NoPart,
    /// Somebody who may not do this.
    Forbidden,
    /// With a session, but not from the page that opened it.
    CrossSite,
    /// Under a name that is not this machine's, where whoever asks is the administrator.
    Misdirected,
    /// There is no such thing, or it is another tenant's.
    NotFound,
    /// Something stands in the way; with seconds after which it may not.
    Conflict(String, Option<u32>),
    /// The body is larger than allowed.
    TooLarge(String),
    /// The content is no format that is read.
    Unsupported(Problem),
    /// No form that was asked for can be given.
    NotAcceptable(String),
    /// The request is well formed and makes no sense.
    Unprocessable(Problem),
    /// Asked too often, by this limit.
    TooMany(Waits),
    /// Something that is needed does not answer.
    Unavailable(&'static str),
    /// Others have taken all of something that there is.
    Busy(&'static str),
    /// A fault of ours.
    Internal,
}

/// RFC 9457 problem details.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct Details {
    /// Stable.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: String,
    /// As the answer's.
    status: u16,
    /// What happened and what to do.
    detail: String,
}

/// Seconds after which what did not answer may be asked again.
const REST: u32 = 5;

impl ApiError {
    /// A refused document.
    pub(crate) fn rejected(reject: &Reject) -> Self {
        let problem = Problem::from(reject);
        match reject.kind {
            RejectKind::UnsupportedFormat | RejectKind::Mislabelled => Self::Unsupported(problem),
            RejectKind::TooLarge => Self::TooLarge(reject.detail.clone()),
            _ => Self::Unprocessable(problem),
        }
    }

    /// A request that makes no sense, in words.
    pub(crate) fn unprocessable(slug: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::Unprocessable(Problem {
            kind: format!("urn:medbot:problem:{slug}"),
            title: title.into(),
            detail: detail.into(),
        })
    }

    /// Status, problem, and seconds to wait.
    #[expect(clippy::too_many_lines, reason = "one table")]
    pub(crate) fn parts(self) -> (StatusCode, Problem, Option<u32>) {
        let problem = |slug: &str, title: &str, detail: &str| Problem {
            kind: format!("urn:medbot:problem:{slug}"),
            title: title.into(),
            detail: detail.into(),
        };
        match self {
            Self::BadRequest(detail) => (
                StatusCode::BAD_REQUEST,
                problem("bad-request", "The request is malformed", &detail),
                None,
            ),
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                problem(
                    "unauthenticated",
                    "Who asks is not known",
                    "send `Authorization: Bearer` with an API key that is good, or sign in",
                ),
                None,
            ),
            Self::SignIn(detail) => (
                StatusCode::UNAUTHORIZED,
                problem("sign-in-failed", "The sign-in failed", detail),
                None,
            ),
            Self::NoPart => (
                StatusCode::FORBIDDEN,
                problem(
                    "no-part",
                    "You have no part in this service",
                    "the identity provider knows you, and names no role and tenant that you have here; ask \
                     your administrator",
                ),
                None,
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                problem(
                    "forbidden",
                    "This key may not do that",
                    "ask for a key with a role that may",
                ),
                None,
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                problem(
                    "cross-site",
                    "The request does not come from the page",
                    "send this service's own `Origin`, and the `csrf_token` of GET /v1/session as \
                     `X-CSRF-Token`",
                ),
                None,
            ),
            Self::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                problem(
                    "misdirected",
                    "This service does not have that name",
                    "ask `localhost` or a loopback address: with MEDBOT_AUTH=off no other name is answered",
                ),
                None,
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                problem(
                    "not-found",
                    "There is no such thing",
                    "check the id and the route",
                ),
                None,
            ),
            Self::Conflict(detail, after) => (
                StatusCode::CONFLICT,
                problem("conflict", "Something stands in the way", &detail),
                after,
            ),
            Self::TooLarge(detail) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                problem("too-large", "The body is too large", &detail),
                None,
            ),
            Self::Unsupported(problem) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, problem, None),
            Self::NotAcceptable(detail) => (
                StatusCode::NOT_ACCEPTABLE,
                problem("not-acceptable", "That form cannot be given", &detail),
                None,
            ),
            Self::Unprocessable(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem, None),
            Self::TooMany(waits) => (
                StatusCode::TOO_MANY_REQUESTS,
                problem(
                    "too-many-requests",
                    "Asked too often",
                    "wait as long as `Retry-After` says; the header `RateLimit-Policy` names the limit",
                ),
                Some(waits.seconds()),
            ),
            Self::Unavailable(what) => (
                StatusCode::SERVICE_UNAVAILABLE,
                problem(
                    "unavailable",
                    "Something that is needed does not answer",
                    &format!("{what} does not answer; nothing was lost, try again"),
                ),
                Some(REST),
            ),
            Self::Busy(what) => (
                StatusCode::SERVICE_UNAVAILABLE,
                problem(
                    "busy",
                    "Too much is under way",
                    &format!("{what}; nothing was taken, try again"),
                ),
                Some(REST),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                problem("internal", "A fault of the server", "the log says where"),
                None,
            ),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let waits = match &self {
            Self::TooMany(waits) => Some(*waits),
            _ => None,
        };
        let (status, problem, after) = self.parts();
        let mut response = answer(status, problem, after);
        if let Some(waits) = waits {
            response.extensions_mut().insert(waits.whose);
            waits.tell(response.headers_mut());
        }
        response
    }
}

fn answer(status: StatusCode, problem: Problem, after: Option<u32>) -> Response {
    let details = Details {
        kind: problem.kind,
        title: problem.title,
        status: status.as_u16(),
        detail: problem.detail,
    };
    let mut response = (status, Json(details)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(after) = after {
        headers.insert(header::RETRY_AFTER, after.into());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error.kind {
            DbErrorKind::Unavailable | DbErrorKind::Conflict => {
                tracing::warn!(%error, "a request is answered with 503");
                Self::Unavailable("the database")
            }
            DbErrorKind::Refused => {
                tracing::error!(%error, "a request is answered with 500");
                Self::Internal
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::NotFound => Self::NotFound,
            StoreErrorKind::Body => {
                Self::BadRequest("the body broke off before its end; send it again".into())
            }
            StoreErrorKind::Unavailable => {
                tracing::warn!(%error, "a request is answered with 503");
                Self::Unavailable("the store")
            }
            StoreErrorKind::Refused => {
                tracing::error!(%error, "a request is answered with 503 until somebody cures this");
                Self::Unavailable("the store")
            }
            StoreErrorKind::Corrupt => {
                tracing::error!(%error, "a request is answered with 500");
                Self::Internal
            }
        }
    }
}

/// No route has this path.
pub(super) async fn no_such_route() -> ApiError {
    ApiError::NotFound
}

/// The route does not have this method.
pub(super) async fn no_such_method(method: Method) -> Response {
    answer(
        StatusCode::METHOD_NOT_ALLOWED,
        Problem {
            kind: "urn:medbot:problem:method-not-allowed".into(),
            title: "The route does not have this method".into(),
            detail: format!("{method} is none of the methods in the header `Allow`"),
        },
        None,
    )
}

/// A handler panicked: what it says stays within.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response<Body> {
    tracing::error!("a request is answered with 500: its handler panicked");
    ApiError::Internal.into_response()
}

/// Errors that the framework answers in plain text become problems.
pub(super) async fn plain_answers_are_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() && plain) {
        return response;
    }
    let error = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge("send less at once".into()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::Unsupported(Problem {
            kind: "urn:medbot:problem:unsupported-media-type".into(),
            title: "The body's content type is not supported".into(),
            detail: "see /openapi.json for what this route takes".into(),
        }),
        _ => ApiError::BadRequest("it does not fit /openapi.json".into()),
    };
    error.into_response()
}

/// The answers that every route of `/v1` may give, for the description.
pub(crate) struct Errors;

impl IntoResponses for Errors {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        [
            ("400", "The request is malformed"),
            ("401", "Who asks is not known"),
            ("403", "This key may not do that"),
            (
                "503",
                "Something that is needed does not answer; `Retry-After` says when to ask again",
            ),
        ]
        .into_iter()
        .map(|(status, words)| (status.to_owned(), described(words)))
        .collect()
    }
}

fn described(words: &str) -> RefOr<Described> {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(words)
        .content("application/problem+json", content)
        .build()
        .into()
}

/// The schema of a problem, for the description.
pub(super) fn schema() -> (String, RefOr<utoipa::openapi::Schema>) {
    (
        "Problem".into(),
        <Details as utoipa::PartialSchema>::schema(),
    )
}
