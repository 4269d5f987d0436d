//! `/v1/admin/token-revocations`: all the tokens that a person was given until now.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use infra::{audit::Extent, db::TokenRevocation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    Api,
    auth::Known,
    extract::JsonBody,
    problem::{ApiError, Errors},
};

/// Whose tokens: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    /// As the audit log names them.
    person: Option<Uuid>,
    /// The claim `sub`, as the identity provider names them.
    subject: Option<String>,
}

/// That a person's tokens were taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenRevocation)]
pub(crate) struct RevocationView {
    /// As the audit log names them.
    person: Uuid,
    /// Those that were made until then.
    revoked_at: DateTime<Utc>,
    /// Who did so; null where the operator did by command.
    revoked_by: Option<Uuid>,
}

/// Revocations.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revocations {
    /// The newest first, at most 1,000.
    revocations: Vec<RevocationView>,
}

impl From<TokenRevocation> for RevocationView {
    fn from(revocation: TokenRevocation) -> Self {
        Self {
            person: revocation.person,
            revoked_at: revocation.revoked_at,
            revoked_by: revocation.revoked_by,
        }
    }
}

/// Takes back every token that a person was given until now, and ends their sessions. With a token that is made
/// later they come in again.
#[utoipa::path(
    post,
    path = "/v1/admin/token-revocations",
    tag = "admin",
    request_body = Revoke,
    responses(
        (status = 201, description = "They are good no longer", body = RevocationView),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "Nobody is named, or nobody whom an identity provider knows", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    known: Known,
    JsonBody(asked): JsonBody<Revoke>,
) -> Result<(StatusCode, Json<RevocationView>), ApiError> {
    let caller = known.as_one_of(&[])?;
    let person = match (asked.person, asked.subject, &api.tokens) {
        (Some(person), None, _) => Ok(person),
        (None, Some(subject), Some(tokens)) => Ok(tokens.id(&subject)),
        (None, Some(_), None) => Err("there is no identity provider, so no subject is anybody"),
        _ => Err("name a `person` or a `subject`, and one of them alone"),
    };
    let refused = |detail| {
        ApiError::unprocessable(
            "revocation-refused",
            "Nobody's tokens are taken back",
            detail,
        )
    };
    let person = person.map_err(refused)?;
    known.names(person);
    let revoked = api
        .db
        .revoke_tokens(caller.tenant, person, Some(caller.id))
        .await?;
    Ok((StatusCode::CREATED, Json(revoked.into())))
}

/// Whose tokens were taken back.
#[utoipa::path(
    get,
    path = "/v1/admin/token-revocations",
    tag = "admin",
    responses((status = 200, description = "The newest", body = Revocations), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<Revocations>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let revocations = api.db.token_revocations(caller.tenant).await?;
    known.was_given(Extent::rows(revocations.len()));
    Ok(Json(Revocations {
        revocations: revocations.into_iter().map(RevocationView::from).collect(),
    }))
}
