//! `/v1/admin/keys`: the API keys of a tenant.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use infra::db::{ApiKey, NewKey, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api, auth,
    auth::Known,
    extract::{JsonBody, PathId},
    known_keys,
    problem::{ApiError, Errors},
};

/// Longest name of a key, in characters.
const NAME: usize = 100;

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// `uploader`, `reviewer`, `analyst` or `admin`.
    role: String,
    /// What it is for, at most 100 characters.
    name: Option<String>,
    /// When it is no longer good; without it, it is good until it is revoked.
    expires_at: Option<DateTime<Utc>>,
}

/// A key that was made: shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiKey {
    id: Uuid,
    /// `mbk_…`
    key: String,
}

/// A key, without what its holder alone knows.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    id: Uuid,
    /// The first characters of the key, after `mbk_`; null of one that should be replaced, as an earlier medbot made
    /// it and keeps it by its SHA-256.
    public_id: Option<String>,
    /// `uploader`, `reviewer`, `analyst` or `admin`.
    role: &'static str,
    name: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            public_id: key.public_id,
            role: key.role.name(),
            name: key.name,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A tenant's keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyList {
    keys: Vec<ApiKeyView>,
}

/// Makes an API key.
#[utoipa::path(
    post,
    path = "/v1/admin/keys",
    tag = "admin",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "Made; the key is shown this once", body = MadeApiKey, headers(("Location" = String))),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "There is no such role, the name is too long or the time has passed", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    known: Known,
    JsonBody(asked): JsonBody<NewApiKey>,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&[])?;
    let refused = |detail: &str| {
        ApiError::unprocessable("key-refused", "The key cannot be made", detail.to_owned())
    };
    let role = Role::of(&asked.role)
        .ok_or_else(|| refused("the role is uploader, reviewer, analyst or admin"))?;
    let name = asked.name.as_deref();
    if name.is_some_and(|name| name.chars().count() > NAME) {
        return Err(refused("a name has at most 100 characters"));
    }
    if asked.expires_at.is_some_and(|at| at <= Utc::now()) {
        return Err(refused("the time at which it expires has passed"));
    }
    let key = auth::new_key();
    let new = NewKey {
        key: &known_keys::kept(&key).await?,
        role,
        name,
        expires_at: asked.expires_at,
    };
    let id = api.db.add_key(caller.tenant, &new).await?;
    let location =
        HeaderValue::from_str(&format!("/v1/admin/keys/{id}")).map_err(|_| ApiError::Internal)?;
    let made = MadeApiKey { id, key };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::CREATED, headers, Json(made)).into_response())
}

/// The keys that there are and were, the newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/keys",
    tag = "admin",
    responses((status = 200, description = "All of them", body = ApiKeyList), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<ApiKeyList>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let keys = api.db.keys(caller.tenant).await?;
    Ok(Json(ApiKeyList {
        keys: keys.into_iter().map(ApiKeyView::from).collect(),
    }))
}

/// Takes a key back, and ends the sessions that it opened.
#[utoipa::path(
    delete,
    path = "/v1/admin/keys/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "Key")),
    responses(
        (status = 204, description = "It is good no longer"),
        (status = 404, description = "There is no such key that is good", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    if api.db.revoke_key(caller.tenant, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}
