//! `PATCH /v1/entities/{id}`: a person accepts or corrects an entity.

use axum::{Json, extract::State};
use infra::db::{Decision, Review, Role};
use schemas::{Confidence, Entity, EntityId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Known,
    entities::EntityView,
    extract::{JsonBody, PathId},
    problem::{ApiError, Errors},
};

/// What a reviewer says of an entity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewBody {
    /// The `version` that the reviewer saw.
    version: i32,
    /// `accept` it as it stands, or `correct` it.
    decision: ReviewDecision,
    /// Attributes as they should be; null removes one.
    #[serde(default)]
    attributes: Map<String, Value>,
    /// Why.
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReviewDecision {
    Accept,
    Correct,
}

/// Attributes that a correction may not touch: they say where the entity stands, not what it is.
const FIXED: [&str; 10] = [
    "id",
    "type",
    "span",
    "page",
    "words",
    "confidence",
    "field_confidence",
    "needs_review",
    "reasons",
    "candidates",
];

/// Accepts or corrects an entity. The old value is kept.
#[utoipa::path(
    patch,
    path = "/v1/entities/{id}",
    tag = "entities",
    params(("id" = String, Path, description = "Entity (`entity_id`)")),
    request_body = ReviewBody,
    responses(
        (status = 200, description = "The entity as it stands now", body = EntityView),
        (status = 404, description = "There is no such entity", body = inline(Value), content_type = "application/problem+json"),
        (status = 409, description = "It has changed since that version", body = inline(Value), content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = inline(Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(Value), content_type = "application/problem+json"),
        (status = 422, description = "The correction does not fit the entity", body = inline(Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn review(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<EntityId>,
    JsonBody(body): JsonBody<ReviewBody>,
) -> Result<Json<EntityView>, ApiError> {
    let caller = known.as_one_of(&[Role::Reviewer])?;
    let found = api
        .db
        .entity(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    let after = reviewed(&found.entity, &body)?;
    let review = Review {
        decision: match body.decision {
            ReviewDecision::Accept => Decision::Accepted,
            ReviewDecision::Correct => Decision::Corrected,
        },
        version: body.version,
        after,
        reason: body.reason,
    };
    match api.db.review(&caller, id, &review, &api.master).await? {
        None => Err(ApiError::NotFound),
        Some(false) => Err(ApiError::Conflict(
            "the entity has changed since that version: look again".into(),
            None,
        )),
        Some(true) => {
            let found = api.db.entity(caller.tenant, id).await?;
            Ok(Json(found.ok_or(ApiError::NotFound)?.into()))
        }
    }
}

fn reviewed(entity: &Entity, body: &ReviewBody) -> Result<Entity, ApiError> {
    let wrong = |detail: String| {
        ApiError::unprocessable(
            "invalid-correction",
            "The correction does not fit the entity",
            detail,
        )
    };
    match (body.decision, body.attributes.is_empty()) {
        (ReviewDecision::Accept, false) => {
            return Err(wrong(
                "to accept is to change nothing: `attributes` is empty".into(),
            ));
        }
        (ReviewDecision::Correct, true) => {
            return Err(wrong("a correction names `attributes`".into()));
        }
        _ => {}
    }
    let mut value = serde_json::to_value(entity).map_err(|_| ApiError::Internal)?;
    let object = value.as_object_mut().ok_or(ApiError::Internal)?;
    for (name, attribute) in &body.attributes {
        if FIXED.contains(&name.as_str()) {
            return Err(wrong(format!("`{name}` cannot be corrected")));
        }
        if attribute.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), attribute.clone());
        }
    }
    let mut after: Entity =
        serde_json::from_value(value.clone()).map_err(|error| wrong(error.to_string()))?;
    // What the type does not know would be dropped without a word.
    let kept = serde_json::to_value(&after).map_err(|_| ApiError::Internal)?;
    if let Some(unknown) = body
        .attributes
        .keys()
        .find(|name| value.get(*name) != kept.get(*name))
    {
        return Err(wrong(format!(
            "an entity of this type has no attribute `{unknown}`"
        )));
    }
    after.needs_review = false;
    after.reasons.clear();
    after.confidence = Confidence::ONE;
    after.field_confidence.clear();
    Ok(after)
}
