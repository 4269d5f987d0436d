//! Emergency access: somebody whose role does not let them read may read for a while, in their own tenant, with a
//! reason. Everything that they read then is marked in the audit log, the tenant's webhooks are told, and an
//! administrator sees and ends it. It lets nobody review, erase or administer.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use infra::{db::EmergencyAccess, telemetry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::{JsonBody, PathId},
    problem::{ApiError, Errors},
};

/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 10..=500;

/// Why somebody has to read now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmergencyAccess {
    /// 10 to 500 characters, for the administrator. Names no patient.
    reason: String,
}

/// An emergency access.
#[derive(Serialize, ToSchema)]
#[schema(as = EmergencyAccess)]
pub(crate) struct EmergencyAccessView {
    id: Uuid,
    /// The key or person that has it.
    caller_id: Uuid,
    /// What they are otherwise.
    role: String,
    reason: String,
    opened_at: DateTime<Utc>,
    /// When it ends by itself.
    ends_at: DateTime<Utc>,
    /// When an administrator ended it.
    ended_at: Option<DateTime<Utc>>,
}

/// A tenant's emergency accesses.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmergencyAccesses {
    emergency_accesses: Vec<EmergencyAccessView>,
}

impl From<EmergencyAccess> for EmergencyAccessView {
    fn from(access: EmergencyAccess) -> Self {
        Self {
            id: access.id,
            caller_id: access.caller,
            role: access.role,
            reason: access.reason,
            opened_at: access.opened_at,
            ends_at: access.ends_at,
            ended_at: access.ended_at,
        }
    }
}

/// Lets the caller read what documents of the tenant say, for a while.
#[utoipa::path(
    post,
    path = "/v1/emergency-access",
    tag = "emergency access",
    request_body = NewEmergencyAccess,
    responses(
        (status = 201, description = "It is open", body = EmergencyAccessView),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "No reason is given, the caller may read anyway, or the site has switched it off", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn open(
    State(api): State<Api>,
    known: Known,
    JsonBody(asked): JsonBody<NewEmergencyAccess>,
) -> Result<Response, ApiError> {
    let refused = |detail: &str| {
        ApiError::unprocessable("emergency-refused", "There is no emergency access", detail)
    };
    let lasts = api
        .emergency
        .ok_or_else(|| refused("the site has switched it off"))?;
    if known.may_read() {
        return Err(refused("your role lets you read documents"));
    }
    let reason = asked.reason.trim();
    if !REASON.contains(&reason.chars().count()) {
        return Err(refused("say why, in 10 to 500 characters"));
    }
    let access = api.db.open_emergency(&known.caller, reason, lasts).await?;
    telemetry::emergency_opened();
    tracing::warn!(emergency_access = %access.id, caller = %access.caller, "an emergency access is open");
    let view = EmergencyAccessView::from(access);
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Who read in an emergency and why, the newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/emergency-access",
    tag = "admin",
    responses((status = 200, description = "The newest 1,000", body = EmergencyAccesses), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<EmergencyAccesses>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let all = api.db.emergencies(caller.tenant).await?;
    let emergency_accesses = all.into_iter().map(EmergencyAccessView::from).collect();
    Ok(Json(EmergencyAccesses { emergency_accesses }))
}

/// Ends an access before its time.
#[utoipa::path(
    delete,
    path = "/v1/admin/emergency-access/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "Emergency access")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "There is no such access that is open", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn end(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    if api.db.end_emergency(&caller, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}
