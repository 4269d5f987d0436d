//! One resource of a Bundle with the entities that it was made of, and what marks it.

use schemas::Entity;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Context;

/// Tags of who has looked at a resource.
const VERIFICATION: &str = "urn:medbot:fhir:verification";
/// The tag and the extension of what waits for a person.
const REVIEW: &str = "urn:medbot:fhir:review";

/// Attributes whose doubt can hurt.
const DANGEROUS: [&str; 6] = ["strength", "dose", "route", "frequency", "value", "unit"];

pub(super) struct Resource<'a> {
    pub kind: &'static str,
    pub id: Uuid,
    pub entities: Vec<&'a Entity>,
    body: Value,
}

impl<'a> Resource<'a> {
    /// A resource of what `entities` say; `body` holds its elements but type, id and meta.
    pub fn new(
        context: &Context,
        kind: &'static str,
        of: &str,
        entities: Vec<&'a Entity>,
        mut body: Value,
    ) -> Self {
        let id = context.id(of);
        body["resourceType"] = json!(kind);
        body["id"] = json!(id.to_string());
        body["meta"] = json!({"tag": tags(context, &entities)});
        let doubts: Vec<Value> = entities
            .iter()
            .filter(|entity| entity.needs_review)
            .flat_map(|entity| &entity.reasons)
            .map(|reason| doubt(reason))
            .collect();
        if !doubts.is_empty() {
            body["extension"] = json!(doubts);
        }
        Self {
            kind,
            id,
            entities,
            body,
        }
    }

    /// A resource that states nothing that was found in the text.
    pub fn unmarked(context: &Context, kind: &'static str, of: &str, mut body: Value) -> Self {
        let id = context.id(of);
        body["resourceType"] = json!(kind);
        body["id"] = json!(id.to_string());
        Self {
            kind,
            id,
            entities: Vec::new(),
            body,
        }
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }

    pub fn reference(&self) -> String {
        format!("urn:uuid:{}", self.id)
    }

    pub fn into_json(self) -> Value {
        self.body
    }
}

fn tags(context: &Context, entities: &[&Entity]) -> Vec<Value> {
    let accepted = !entities.is_empty() && entities.iter().all(|e| context.is_accepted(e));
    let (code, display) = if accepted {
        ("accepted", "accepted by a reviewer")
    } else {
        ("unverified", "found by software, not reviewed")
    };
    let mut tags = vec![json!({"system": VERIFICATION, "code": code, "display": display})];
    if entities.iter().any(|entity| entity.needs_review) {
        tags.push(json!({
            "system": REVIEW,
            "code": "needs-review",
            "display": "a person should look",
        }));
    }
    tags
}

/// Why a person should look, with the dangerous field that the reason names.
fn doubt(reason: &str) -> Value {
    let mut parts = vec![json!({"url": "reason", "valueString": reason})];
    let named = |field: &&str| {
        reason
            .split(|c: char| !c.is_alphabetic())
            .any(|w| w == *field)
    };
    parts.extend(
        DANGEROUS
            .iter()
            .filter(|field| named(field))
            .map(|field| json!({"url": "field", "valueCode": field})),
    );
    json!({"url": REVIEW, "extension": parts})
}
