//! A line as a FHIR R4 `AuditEvent`.

use serde_json::{Value, json};

use super::Event;

/// FHIR's action code: create, read, update, delete, execute.
fn code(action: &str) -> &'static str {
    match action.rsplit('.').next() {
        Some("upload" | "create" | "open") => "C",
        Some("read" | "list" | "image" | "evidence" | "export") => "R",
        Some("review" | "cancel" | "replay" | "rotate") => "U",
        Some("erase" | "remove") => "D",
        _ => "E",
    }
}

/// FHIR's outcome code: success, minor failure (the request's fault), serious failure (ours).
fn outcome(status: u16) -> &'static str {
    match status {
        0..400 => "0",
        400..500 => "4",
        _ => "8",
    }
}

/// The event as a resource.
#[must_use]
pub fn audit_event(event: &Event) -> Value {
    let what = &event.what;
    let mut agent = json!({"requestor": true});
    if let Some(actor) = &what.actor {
        agent["who"] = json!({"identifier": {"value": actor.id.to_string()}});
        agent["role"] = json!([{"text": actor.role}]);
        if actor.emergency {
            agent["purposeOfUse"] = json!([{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                "code": "BTG",
                "display": "break the glass",
            }]}]);
        }
    } else {
        agent["who"] = json!({"display": "not known"});
    }
    if let Some(address) = what.address {
        // Network type 2 is an IP address.
        agent["network"] = json!({"address": address.to_string(), "type": "2"});
    }
    let mut entity = json!({"what": {"display": what.object}});
    let counts = [("rows", what.extent.rows), ("times", what.extent.times)];
    let detail: Vec<Value> = counts
        .iter()
        .filter_map(|(name, count)| {
            Some(json!({"type": name, "valueString": (*count)?.to_string()}))
        })
        .collect();
    if !detail.is_empty() {
        entity["detail"] = Value::Array(detail);
    }
    let mut entities = vec![entity];
    let narrowed = [
        ("documents", what.extent.document),
        ("patients", what.extent.patient),
    ];
    for (kind, id) in narrowed {
        entities.extend(id.map(|id| json!({"what": {"display": format!("/v1/{kind}/{id}")}})));
    }
    json!({
        "resourceType": "AuditEvent",
        "id": format!("{}-{}", event.tenant, event.seq),
        "type": {
            "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
            "code": "rest",
            "display": "RESTful Operation",
        },
        "subtype": [{"display": what.action}],
        "action": code(&what.action),
        "recorded": what.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "outcome": outcome(what.outcome),
        "agent": [agent],
        "source": {"observer": {"display": "medbot"}},
        "entity": entities,
    })
}
