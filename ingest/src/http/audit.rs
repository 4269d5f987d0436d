//! Every request that reads content, searches, exports, changes something or is refused leaves a line in
//! the audit log before it is answered. [`ROUTES`] says which is what: a route that is not there answers
//! nobody. A request goes on when its client has gone: what it did by then has its line.

pub(super) mod log;

use std::{
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use chrono::{SubsecRound as _, Utc};
use futures::FutureExt as _;
use infra::{
    audit::{Actor, Extent, Occurrence},
    db::Caller,
};
use schemas::TenantId;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    Api, peer,
    problem::{self, ApiError},
    refusals,
};

/// What a route does. What is `None` is asked so often that only its refusals are written down: polls of
/// a state, which show no content.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, Option<&str>)] = &[
    ("POST",   "/v1/documents",                     Some("document.upload")),
    ("GET",    "/v1/documents/{id}",                Some("document.read")),
    ("DELETE", "/v1/documents/{id}",                Some("document.erase")),
    ("GET",    "/v1/documents/{id}/pages/{page}",   Some("page.image")),
    ("POST",   "/v1/batches",                       Some("batch.open")),
    ("GET",    "/v1/batches/{id}",                  Some("batch.read")),
    ("GET",    "/v1/jobs",                          Some("job.list")),
    ("GET",    "/v1/jobs/{id}",                     None),
    ("DELETE", "/v1/jobs/{id}",                     Some("job.cancel")),
    ("GET",    "/v1/jobs/{id}/events",              None),
    ("GET",    "/v1/jobs/events",                   None),
    ("GET",    "/v1/entities",                      Some("entity.list")),
    ("POST",   "/v1/entities/search",               Some("entity.search")),
    ("PATCH",  "/v1/entities/{id}",                 Some("entity.review")),
    ("GET",    "/v1/entities/{id}/evidence.png",    Some("entity.evidence")),
    ("GET",    "/v1/patients/{id}",                 Some("patient.read")),
    ("POST",   "/v1/tryout",                        Some("tryout.read")),
    ("POST",   "/v1/chat",                          Some("chat.ask")),
    ("GET",    "/v1/chat/sessions",                 Some("chat.list")),
    ("GET",    "/v1/chat/sessions/{id}",            Some("chat.read")),
    ("DELETE", "/v1/chat/sessions/{id}",            Some("chat.remove")),
    ("POST",   "/v1/webhooks",                      Some("webhook.create")),
    ("GET",    "/v1/webhooks",                      Some("webhook.list")),
    ("DELETE", "/v1/webhooks/{id}",                 Some("webhook.remove")),
    ("POST",   "/v1/session",                       Some("session.open")),
    ("GET",    "/v1/session",                       None),
    ("DELETE", "/v1/session",                       Some("session.close")),
    ("GET",    "/v1/sign-in",                       None),
    ("GET",    "/v1/sign-in/callback",              Some("session.open")),
    ("DELETE", "/v1/admin/sessions/{id}",           Some("session.end")),
    ("POST",   "/v1/emergency-access",              Some("emergency.open")),
    ("GET",    "/v1/admin/emergency-access",        Some("emergency.list")),
    ("DELETE", "/v1/admin/emergency-access/{id}",   Some("emergency.end")),
    ("POST",   "/v1/admin/keys",                    Some("key.create")),
    ("GET",    "/v1/admin/keys",                    Some("key.list")),
    ("DELETE", "/v1/admin/keys/{id}",               Some("key.remove")),
    ("POST",   "/v1/admin/token-revocations",       Some("token.revoke")),
    ("GET",    "/v1/admin/token-revocations",       Some("token.list")),
    ("POST",   "/v1/admin/revoked-tokens",          Some("token.revoke")),
    ("GET",    "/v1/admin/revoked-tokens",          Some("token.list")),
    ("GET",    "/v1/admin/queues",                  None),
    ("GET",    "/v1/admin/dead-letters",            Some("dead_letter.list")),
    ("POST",   "/v1/admin/dead-letters/{id}/replay", Some("dead_letter.replay")),
    ("GET",    "/v1/admin/calibration",             Some("calibration.export")),
    ("GET",    "/v1/admin/audit",                   Some("audit.read")),
    ("GET",    "/v1/admin/audit/verification",      Some("audit.verify")),
];

/// Where a handler leaves who asked.
#[derive(Clone, Default)]
pub(super) struct Asker(Arc<Asked>);

#[derive(Default)]
struct Asked {
    address: Option<IpAddr>,
    caller: OnceLock<Caller>,
    emergency: AtomicBool,
    named: OnceLock<Uuid>,
    extent: OnceLock<Extent>,
}

impl Asker {
    fn at(address: Option<IpAddr>) -> Self {
        Self(Arc::new(Asked {
            address,
            ..Asked::default()
        }))
    }

    /// Something that whoever asks does.
    pub(super) fn does(&self, action: &str, object: String, outcome: u16) -> Occurrence {
        let asked = &self.0;
        Occurrence {
            at: Utc::now().trunc_subsecs(6),
            actor: asked.caller.get().map(|caller| Actor {
                id: caller.id,
                role: caller.role.name().into(),
                emergency: asked.emergency.load(Ordering::Relaxed),
            }),
            action: action.into(),
            object,
            outcome,
            address: asked.address,
            extent: asked.extent.get().copied().unwrap_or_default(),
        }
    }

    pub(super) fn is(&self, caller: Caller) {
        // A request has one caller.
        let _ = self.0.caller.set(caller);
    }

    /// Their role alone would not have let them.
    pub(super) fn is_in_emergency(&self) {
        self.0.emergency.store(true, Ordering::Relaxed);
    }

    /// What was made or changed, where the path does not say.
    pub(super) fn names(&self, id: Uuid) {
        let _ = self.0.named.set(id);
    }

    /// To what a list or a search was narrowed, and how much was given.
    pub(super) fn was_given(&self, extent: Extent) {
        let _ = self.0.extent.set(extent);
    }
}

/// Cancelled when nobody waits for a request's answer any more.
#[derive(Clone)]
pub(super) struct Left(pub CancellationToken);

/// The answer of a handler, also of one that panicked.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(problem::panicked)
}

/// What the log calls a route; None when it is not there.
pub(super) fn action(method: &str, route: &str) -> Option<Option<&'static str>> {
    ROUTES
        .iter()
        .find(|(m, r, _)| (*m, *r) == (method, route))
        .map(|(_, _, action)| *action)
}

/// The path with its ids; what a client wrote in the place of one stays out.
fn object(route: &str, path: &str) -> String {
    let part = |(of_route, of_path): (&str, &str)| {
        let number = of_path.strip_suffix(".png").unwrap_or(of_path);
        let id = of_path.parse::<Uuid>().is_ok() || number.parse::<u32>().is_ok();
        if of_route.starts_with('{') && !id {
            "?".to_owned()
        } else {
            of_path.to_owned()
        }
    };
    let parts: Vec<String> = route.split('/').zip(path.split('/')).map(part).collect();
    parts.join("/")
}

/// Lets a request through, and its answer out when its line is durable. Handler and line are a task of their
/// own: this future is dropped where it stands when the client closes.
pub(super) async fn record(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    // Without one there is no such route, and nothing to write down.
    let Some(matched) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    if !api.is_open.load(Ordering::Acquire) {
        return ApiError::Unavailable("the look through what was erased").into_response();
    }
    let method = request.method().clone();
    // The answer to HEAD is that to GET without its body.
    let verb = if method == "HEAD" {
        "GET"
    } else {
        method.as_str()
    };
    let action = action(verb, matched.as_str());
    let known_methods = ROUTES
        .iter()
        .any(|(_, route, _)| *route == matched.as_str());
    let Some(action) = action.or(known_methods.then_some(None)) else {
        tracing::error!(
            route = matched.as_str(),
            "a route that is not audited is refused"
        );
        return ApiError::Internal.into_response();
    };
    let left = CancellationToken::new();
    request.extensions_mut().insert(Left(left.clone()));
    let _left = left.drop_guard();
    let of = object(matched.as_str(), request.uri().path());
    let under_way = api.under_way.clone();
    let task = written_down(api, action, of, request, next).in_current_span();
    let answer = under_way.spawn(task).await;
    answer.unwrap_or_else(|_| ApiError::Internal.into_response())
}

/// Answers a request and writes its line.
async fn written_down(
    api: Api,
    action: Option<&'static str>,
    mut object: String,
    mut request: Request,
    next: Next,
) -> Response {
    let address = peer::address(
        request.extensions(),
        request.headers(),
        &api.trusted_proxies,
    );
    let asker = Asker::at(address);
    request.extensions_mut().insert(asker.clone());
    let response = caught(next.run(request)).await;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        let whose = response.extensions().get().copied();
        refusals::too_many(&api, asker.0.caller.get(), address, whose).await;
        return response;
    }
    let refused = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    let Some(action) = action.or(refused.then_some("request.refused")) else {
        return response;
    };
    if let Some(id) = asker.0.named.get() {
        object = format!("{object}/{id}");
    }
    let what = asker.does(action, object, response.status().as_u16());
    let caller = asker.0.caller.get();
    let tenant = caller.map_or(TenantId::DEFAULT, |caller| caller.tenant);
    match api.audit.record(tenant, what).await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "an answer is kept back: it could not be written down");
            ApiError::Unavailable("the audit log").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::{IntoResponse as _, Response};

    use super::{caught, object};

    #[tokio::test]
    async fn a_handler_that_panics_has_an_answer_whose_line_can_be_written() {
        let panics = async || -> Response { panic!("what a document says") };
        assert_eq!(caught(panics()).await.status(), 500);
        let answers = async || "an answer".into_response();
        assert_eq!(caught(answers()).await.status(), 200);
    }

    #[test]
    fn a_path_is_written_down_with_ids_alone() {
        let id = "00000000-0000-4000-8000-000000000000";
        for (route, path, want) in [
            ("/v1/entities", "/v1/entities", "/v1/entities"),
            (
                "/v1/jobs/{id}",
                &format!("/v1/jobs/{id}"),
                &format!("/v1/jobs/{id}"),
            ),
            (
                "/v1/documents/{id}/pages/{page}",
                &format!("/v1/documents/{id}/pages/2.png"),
                &format!("/v1/documents/{id}/pages/2.png"),
            ),
            (
                "/v1/documents/{id}",
                "/v1/documents/Miller",
                "/v1/documents/?",
            ),
            (
                "/v1/documents/{id}/pages/{page}",
                "/v1/documents/A/pages/B",
                "/v1/documents/?/pages/?",
            ),
        ] {
            assert_eq!(object(route, path), want, "{route}");
        }
    }
}
