//! Nothing that an entity says gets lost on the way into a row.

use chrono::{DateTime, Utc};
use schemas::{Confidence, DocumentId, Entity, EntityId, JobId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Attributes, Row, RowIds};

pub(in crate::export) fn ids(n: u128) -> RowIds {
    RowIds {
        entity_id: EntityId(Uuid::from_u128(n)),
        document_id: DocumentId(Uuid::from_u128(2)),
        job_id: JobId(Uuid::from_u128(3)),
    }
}

pub(in crate::export) fn time() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_123).unwrap()
}

/// An entity with these attributes.
pub(in crate::export) fn row(n: u128, attributes: &Value) -> Row {
    let mut entity = json!({
        "id": "e0", "text": "as printed", "span": [0, 10], "page": 4, "words": ["p4w1"],
        "confidence": 0.875, "needs_review": true, "reasons": ["unit: doubtful", "dose: high"],
        "assertion": "historical",
    });
    let object = entity.as_object_mut().unwrap();
    object.extend(attributes.as_object().unwrap().clone());
    let entity: Entity = serde_json::from_value(entity).unwrap();
    Row::from_entity(&entity, ids(n), time())
}

#[test]
fn every_attribute_of_every_type_has_its_column() {
    for mut attributes in [
        json!({"type": "medication", "name": "a", "strength": "b", "form": "c", "dose": "d",
               "route": "e", "frequency": "f", "duration": "g", "quantity": "h", "refills": "i",
               "prn": true, "instructions": "j", "status": "k", "route_norm": "l",
               "frequency_norm": "m"}),
        json!({"type": "lab", "name": "a", "value": "b", "unit": "c", "range": "d", "flag": "H",
               "date": "e"}),
        json!({"type": "date", "iso": "2024-02-29", "role": "follow_up"}),
        json!({"type": "person", "name": "a", "role": "primary_care"}),
        json!({"type": "diagnosis", "code": "I10"}),
        json!({"type": "allergy", "substance": "a", "reaction": "b"}),
        json!({"type": "vital", "name": "a", "value": "b", "unit": "c", "date": "d"}),
        json!({"type": "id", "role": "nhs_number", "value": "a"}),
        json!({"type": "org", "role": "pharmacy", "name": "a"}),
        json!({"type": "procedure", "code": "a", "charge": "b"}),
        json!({"type": "amount", "role": "total_charge", "value": "a"}),
        json!({"type": "instruction"}),
    ] {
        let row = serde_json::to_value(row(1, &attributes)).unwrap();
        if let Some(substance) = attributes.as_object_mut().unwrap().remove("substance") {
            attributes["name"] = substance;
        }
        let columns = Attributes::COLUMNS.iter().map(|(name, _)| *name);
        for name in columns.chain(["type", "prn"]) {
            assert_eq!(
                row.get(name),
                attributes.get(name),
                "{} of {}",
                name,
                attributes["type"]
            );
        }
    }
}

#[test]
fn json_goes_out_and_comes_in() {
    let code = json!({"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "display": ""});
    let row = row(
        1,
        &json!({"type": "diagnosis", "code": "I10", "codes": [code]}),
    );
    let json = serde_json::to_value(&row).unwrap();
    assert_eq!(
        json,
        json!({
            "entity_id": "00000000-0000-0000-0000-000000000001",
            "document_id": "00000000-0000-0000-0000-000000000002",
            "job_id": "00000000-0000-0000-0000-000000000003",
            "page": 4, "type": "diagnosis", "text": "as printed", "code": "I10",
            "codes": [code], "assertion": "historical", "confidence": Confidence::new(0.875),
            "needs_review": true, "reasons": ["unit: doubtful", "dose: high"],
            "created_at": "2023-11-14T22:13:20.123Z",
        })
    );
    assert_eq!(serde_json::from_value::<Row>(json).unwrap(), row);
}
