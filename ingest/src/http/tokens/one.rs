//! `/v1/admin/revoked-tokens`: one token alone.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use infra::{audit::Extent, db::RevokedToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    Api,
    auth::Known,
    extract::JsonBody,
    jwt::LONGEST_ID,
    problem::{ApiError, Errors},
};

/// Which token: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeOne {
    /// Its claim `jti`, of at most 1,000 bytes.
    jti: Option<String>,
    /// The token itself, of this tenant, while it is good; for those that have no `jti` the only way.
    token: Option<String>,
}

/// That one token was taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedToken)]
pub(crate) struct RevokedView {
    /// How the audit log names it.
    id: Uuid,
    /// Its `jti`, or `sha256:` and a digest of what is signed of it.
    token_id: String,
    revoked_at: DateTime<Utc>,
    /// Who did so; null where the operator did by command.
    revoked_by: Option<Uuid>,
}

/// Tokens that were taken back one by one.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedTokens {
    /// The newest first, at most 1,000.
    tokens: Vec<RevokedView>,
}

impl From<RevokedToken> for RevokedView {
    fn from(revoked: RevokedToken) -> Self {
        Self {
            id: named(&revoked.token),
            token_id: revoked.token,
            revoked_at: revoked.revoked_at,
            revoked_by: revoked.revoked_by,
        }
    }
}

/// How the audit log names a token: it holds ids alone, and a `jti` is whatever a provider makes of it.
pub(crate) fn named(token_id: &str) -> Uuid {
    let id = token_id.parse();
    id.unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, token_id.as_bytes()))
}

/// Takes back one token: no process accepts it any more. What it was already exchanged for, such as a session of the
/// page, goes on.
#[utoipa::path(
    post,
    path = "/v1/admin/revoked-tokens",
    tag = "admin",
    request_body = RevokeOne,
    responses(
        (status = 201, description = "It is good no longer", body = RevokedView),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "It names no token, or both ways, or one that is nobody's here", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn revoke_one(
    State(api): State<Api>,
    known: Known,
    JsonBody(asked): JsonBody<RevokeOne>,
) -> Result<(StatusCode, Json<RevokedView>), ApiError> {
    let caller = known.as_one_of(&[])?;
    let refused =
        |detail| ApiError::unprocessable("revocation-refused", "No token is taken back", detail);
    let token_id = match (asked.jti, asked.token, &api.tokens) {
        (Some(jti), None, _) if (1..=LONGEST_ID).contains(&jti.len()) => jti,
        (Some(_), None, _) => return Err(refused("a `jti` has 1 to 1,000 bytes")),
        (None, Some(token), Some(tokens)) => {
            match tokens.said(token.trim()).await {
                Ok(said) if said.caller.tenant == caller.tenant => said.id,
                Err(away @ ApiError::Unavailable(_)) => return Err(away),
                // Of another tenant's the same is told as of one that is nobody's.
                _ => {
                    return Err(refused(
                        "the `token` is not good here, so there is nothing to take back",
                    ));
                }
            }
        }
        (None, Some(_), None) => {
            return Err(refused(
                "there is no identity provider, so no token is good",
            ));
        }
        _ => {
            return Err(refused(
                "name a `jti` or give a `token`, and one of them alone",
            ));
        }
    };
    known.names(named(&token_id));
    let by = Some(caller.id);
    let revoked = api.db.revoke_token(caller.tenant, &token_id, by).await?;
    Ok((StatusCode::CREATED, Json(revoked.into())))
}

/// Which tokens were taken back one by one.
#[utoipa::path(
    get,
    path = "/v1/admin/revoked-tokens",
    tag = "admin",
    responses((status = 200, description = "The newest", body = RevokedTokens), Errors)
)]
pub(crate) async fn list_each(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<RevokedTokens>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let tokens = api.db.revoked_tokens(caller.tenant).await?;
    known.was_given(Extent::rows(tokens.len()));
    Ok(Json(RevokedTokens {
        tokens: tokens.into_iter().map(RevokedView::from).collect(),
    }))
}
