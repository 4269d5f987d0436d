//! `/v1/admin/audit`: the log as administrators read it, and whether its chain holds.

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use infra::audit::{Event, Extent, audit_event};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    Api,
    auth::Known,
    problem::{ApiError, Errors},
};

/// Lines of one answer.
const MOST: i64 = 1000;

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The number of the last line that was seen.
    #[serde(default)]
    after: i64,
    /// The last lines that there are, whatever `after` is.
    #[serde(default)]
    newest: bool,
}

/// Lines of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLines {
    /// In the order in which they were written.
    events: Vec<serde_json::Value>,
    /// What to give as `after` for those that follow; none when these are the last.
    next: Option<i64>,
}

/// The audit log of the tenant: JSON, or with `Accept: application/fhir+ndjson` an `AuditEvent` a line.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    tag = "admin",
    params(After),
    responses((status = 200, description = "Lines in order", body = AuditLines), Errors)
)]
pub(crate) async fn read(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    Query(After { after, newest }): Query<After>,
) -> Result<Response, ApiError> {
    const FHIR: &str = "application/fhir+ndjson";
    let caller = known.as_one_of(&[])?;
    let after = if newest {
        let head = api.db.audit_head(caller.tenant).await?;
        head.map_or(0, |head| (head.seq - MOST).max(0))
    } else {
        after
    };
    let lines = api.db.audit_lines(caller.tenant, after, MOST).await?;
    known.was_given(Extent::rows(lines.len()));
    let next = lines
        .last()
        .filter(|_| lines.len() == MOST as usize && !newest)
        .map(|line| line.seq);
    let events = lines
        .iter()
        .map(|line| serde_json::from_str::<Event>(&line.event))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| ApiError::Internal)?;
    let fhir = headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains(FHIR)));
    if fhir {
        let text: String = events
            .iter()
            .map(|event| format!("{}\n", audit_event(event)))
            .collect();
        return Ok(([(header::CONTENT_TYPE, FHIR)], text).into_response());
    }
    let events = events
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(|_| ApiError::Internal)?;
    Ok(Json(AuditLines { events, next }).into_response())
}

/// Whether the chain holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verification {
    /// No line was changed, removed, moved or cut off.
    intact: bool,
    /// Lines that were walked along; up to the flaw, when there is one.
    lines: Option<i64>,
    /// What is wrong.
    flaw: Option<String>,
}

/// Walks along the tenant's chain and says whether it holds.
#[utoipa::path(
    get,
    path = "/v1/admin/audit/verification",
    tag = "admin",
    responses((status = 200, description = "What was found", body = Verification), Errors)
)]
pub(crate) async fn verify(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<Verification>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let chain = api.db.audit_chain(&api.master, caller.tenant).await?;
    let found = api.db.verify_audit(caller.tenant, &chain, &[]).await?;
    Ok(Json(Verification {
        intact: found.is_ok(),
        lines: found.as_ref().ok().map(|head| head.seq),
        flaw: found.err().map(|flaw| flaw.to_string()),
    }))
}
