//! `/v1/webhooks`: where a clinic wants to be told that jobs and batches ended.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use infra::webhook::{self, Refusal, Secret};
use schemas::WebhookId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::{JsonBody, PathId},
    problem::{ApiError, Errors},
};

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// `https://…` at a public address.
    url: String,
}

/// A webhook with the secret that signs its messages: shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    id: Uuid,
    url: String,
    /// `whsec_…`, as Standard Webhooks has it.
    secret: String,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    id: Uuid,
    url: String,
    created_at: DateTime<Utc>,
    /// When its receiver answered 410.
    disabled_at: Option<DateTime<Utc>>,
}

/// A tenant's webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<WebhookView>,
}

/// Makes a webhook. Messages are signed as Standard Webhooks.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    request_body = NewWebhook,
    responses(
        (status = 201, description = "Made", body = MadeWebhook, headers(("Location" = String))),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The address cannot be used", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    known: Known,
    JsonBody(asked): JsonBody<NewWebhook>,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&[])?;
    let refused = |refusal: Refusal| {
        ApiError::unprocessable(
            "webhook-refused",
            "The address cannot be used",
            refusal.to_string(),
        )
    };
    api.webhook_guard.check(&asked.url).await.map_err(refused)?;
    let id = WebhookId(Uuid::now_v7());
    let secret = Secret::random().map_err(|_| ApiError::Internal)?.expose();
    let sealed = api.master.seal(
        webhook::SECRET,
        caller.tenant,
        id.0.as_bytes(),
        secret.as_bytes(),
    )?;
    api.db
        .add_webhook(caller.tenant, id, &asked.url, &sealed)
        .await?;
    let location =
        HeaderValue::from_str(&format!("/v1/webhooks/{id}")).map_err(|_| ApiError::Internal)?;
    let made = MadeWebhook {
        id: id.0,
        url: asked.url,
        secret: secret.to_string(),
    };
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(made),
    )
        .into_response())
}

/// The webhooks that there are.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "webhooks",
    responses((status = 200, description = "All of them", body = WebhookList), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<WebhookList>, ApiError> {
    let caller = known.as_one_of(&[])?;
    let webhooks = api.db.webhooks(caller.tenant).await?;
    Ok(Json(WebhookList {
        webhooks: webhooks
            .into_iter()
            .map(|webhook| WebhookView {
                id: webhook.id.0,
                url: webhook.url,
                created_at: webhook.created_at,
                disabled_at: webhook.disabled_at,
            })
            .collect(),
    }))
}

/// Removes a webhook, with what it was still to be told.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "Webhook")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such webhook", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<WebhookId>,
) -> Result<StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    if api.db.remove_webhook(caller.tenant, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}
