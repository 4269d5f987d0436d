use std::collections::BTreeSet;

use schemas::{Assertion, Confidence, Document, DocumentInfo, DocumentKind, Entity};
use serde_json::{Value, json};

use super::{Export, collection, transaction};

fn entity(n: usize, assertion: Assertion, fact: &Value) -> Entity {
    let mut value = json!({
        "id": format!("e{n}"), "text": "hypertension", "span": [0, 12], "page": 0, "words": ["p0w0"],
        "confidence": 0.9, "needs_review": false, "reasons": [], "assertion": assertion,
    });
    let all = value.as_object_mut().unwrap();
    all.extend(fact.as_object().unwrap().clone());
    serde_json::from_value(value).unwrap()
}

fn document(kind: DocumentKind, entities: Vec<Entity>) -> Document {
    Document {
        schema: schemas::SCHEMA_ID.into(),
        document: DocumentInfo {
            id: "d1".into(),
            file: "a.png".into(),
            sha256: "00".into(),
            media_type: "image/png".into(),
            bytes: 7,
            page_count: 0,
            kind,
            kind_confidence: Confidence::ONE,
        },
        text: "hypertension".into(),
        pages: vec![],
        entities,
        engines: vec![],
        timings_ms: schemas::Timings::default(),
    }
}

fn export(document: &Document, accepted: &[&str]) -> Value {
    let accepted: BTreeSet<String> = accepted.iter().map(|id| (*id).to_owned()).collect();
    collection(&Export {
        document,
        accepted: &accepted,
        recorded: "2024-03-03T10:00:00Z",
    })
}

fn of_kind<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| &entry["resource"])
        .filter(|resource| resource["resourceType"] == kind)
        .collect()
}

/// Only what a person accepted is confirmed or active, and what is denied never is.
#[test]
fn assertions_and_reviews_of_a_condition() {
    for (assertion, accepted, verification, clinical) in [
        (Assertion::Present, false, "unconfirmed", None),
        (Assertion::Present, true, "confirmed", Some("active")),
        (Assertion::Possible, false, "unconfirmed", None),
        (Assertion::Possible, true, "provisional", None),
        (Assertion::Absent, false, "refuted", None),
        (Assertion::Absent, true, "refuted", None),
        (
            Assertion::Historical,
            false,
            "unconfirmed",
            Some("inactive"),
        ),
        (Assertion::Historical, true, "confirmed", Some("inactive")),
    ] {
        let found = entity(0, assertion, &json!({"type": "diagnosis"}));
        let document = document(DocumentKind::Other, vec![found]);
        let bundle = export(&document, if accepted { &["e0"] } else { &[] });
        let [condition] = of_kind(&bundle, "Condition")[..] else {
            panic!("one condition: {bundle}");
        };
        let case = format!("{assertion:?} {accepted}");
        let status = |field: &str| condition[field]["coding"][0]["code"].as_str();
        assert_eq!(status("verificationStatus"), Some(verification), "{case}");
        assert_eq!(status("clinicalStatus"), clinical, "{case}");
        let tag = if accepted { "accepted" } else { "unverified" };
        assert_eq!(condition["meta"]["tag"][0]["code"], tag, "{case}");
    }
    for (assertion, history) in [(Assertion::Family, 1), (Assertion::Planned, 0)] {
        let found = entity(0, assertion, &json!({"type": "diagnosis"}));
        let bundle = export(&document(DocumentKind::Other, vec![found]), &["e0"]);
        assert!(of_kind(&bundle, "Condition").is_empty(), "{assertion:?}");
        assert_eq!(of_kind(&bundle, "FamilyMemberHistory").len(), history);
    }
}

#[test]
fn drugs_of_prescriptions_and_of_letters() {
    for (kind, assertion, accepted, wanted, status, intent) in [
        (
            DocumentKind::Prescription,
            Assertion::Present,
            false,
            "MedicationRequest",
            "unknown",
            Some("proposal"),
        ),
        (
            DocumentKind::Prescription,
            Assertion::Present,
            true,
            "MedicationRequest",
            "active",
            Some("order"),
        ),
        (
            DocumentKind::Prescription,
            Assertion::Absent,
            false,
            "MedicationStatement",
            "not-taken",
            None,
        ),
        (
            DocumentKind::Other,
            Assertion::Present,
            false,
            "MedicationStatement",
            "unknown",
            None,
        ),
        (
            DocumentKind::Other,
            Assertion::Present,
            true,
            "MedicationStatement",
            "active",
            None,
        ),
        (
            DocumentKind::Other,
            Assertion::Historical,
            false,
            "MedicationStatement",
            "unknown",
            None,
        ),
        (
            DocumentKind::Other,
            Assertion::Historical,
            true,
            "MedicationStatement",
            "completed",
            None,
        ),
    ] {
        let fact = json!({"type": "medication", "name": "Digoxin", "strength": "62.5 mcg",
            "frequency": "bd", "frequency_norm": "twice daily", "route": "po", "route_norm": "oral"});
        let document = document(kind, vec![entity(0, assertion, &fact)]);
        let bundle = export(&document, if accepted { &["e0"] } else { &[] });
        let [drug] = of_kind(&bundle, wanted)[..] else {
            panic!("one {wanted}: {bundle}");
        };
        assert_eq!(drug["status"], status, "{kind:?} {assertion:?}");
        assert_eq!(drug.get("intent").and_then(Value::as_str), intent);
        let dosage = drug
            .pointer("/dosage/0")
            .or(drug.pointer("/dosageInstruction/0"));
        assert_eq!(dosage.unwrap()["timing"]["repeat"]["frequency"], 2);
    }
    let fact = json!({"type": "medication", "name": "Digoxin"});
    let bundle = export(
        &document(
            DocumentKind::Other,
            vec![entity(0, Assertion::Family, &fact)],
        ),
        &[],
    );
    assert!(of_kind(&bundle, "MedicationStatement").is_empty());
}

/// `NKDA` denies all allergies; it is not itself denied.
#[test]
fn no_allergies_and_a_denied_allergy() {
    for (substance, status) in [
        ("NKDA", "unconfirmed"),
        ("No known drug allergies", "unconfirmed"),
        ("Penicillin", "refuted"),
    ] {
        let fact = json!({"type": "allergy", "substance": substance});
        let document = document(
            DocumentKind::Other,
            vec![entity(0, Assertion::Absent, &fact)],
        );
        let bundle = export(&document, &[]);
        let allergy = of_kind(&bundle, "AllergyIntolerance")[0];
        let found = &allergy["verificationStatus"]["coding"][0]["code"];
        assert_eq!(found, status, "{substance}");
    }
}

#[test]
fn results_with_their_units_and_what_is_doubtful() {
    let fact = json!({"type": "lab", "name": "Glucose", "value": "95", "unit": "mg/dL",
        "range": "70-99", "flag": "H", "needs_review": true,
        "reasons": ["the value stands on a word that was read with doubt"]});
    let mut lab = entity(0, Assertion::Present, &fact);
    crate::coding::code(&mut lab, &crate::Lexicon::builtin());
    let document = document(DocumentKind::LabReport, vec![lab]);
    let bundle = export(&document, &[]);
    let result = of_kind(&bundle, "Observation")[0];
    for (path, want) in [
        ("/status", json!("preliminary")),
        ("/code/coding/0/code", json!("2345-7")),
        ("/valueQuantity/value", json!(95)),
        ("/valueQuantity/code", json!("mg/dL")),
        (
            "/valueQuantity/extension/0/valueQuantity/value",
            json!(5.273),
        ),
        (
            "/valueQuantity/extension/0/valueQuantity/code",
            json!("mmol/L"),
        ),
        ("/referenceRange/0/high/value", json!(99)),
        ("/interpretation/0/coding/0/code", json!("H")),
        ("/meta/tag/1/code", json!("needs-review")),
        ("/extension/0/extension/1/valueCode", json!("value")),
    ] {
        assert_eq!(result.pointer(path), Some(&want), "{path} in {result}");
    }
    let report = of_kind(&bundle, "DiagnosticReport")[0];
    assert_eq!(report["status"], "preliminary");
    let proof = of_kind(&bundle, "Provenance");
    assert_eq!(proof[0]["target"][0], report["result"][0]);
    let accepted = export(&document, &["e0"]);
    assert_eq!(of_kind(&accepted, "Observation")[0]["status"], "final");
    assert_eq!(of_kind(&accepted, "DiagnosticReport")[0]["status"], "final");

    let told = transaction(&Export {
        document: &document,
        accepted: &BTreeSet::new(),
        recorded: "2024-03-03T10:00:00Z",
    });
    assert!(
        of_kind(&told, "Observation").is_empty(),
        "what waits for review is not told"
    );
    let entry = &told["entry"][0];
    let id = entry["resource"]["id"].as_str().unwrap();
    assert_eq!(entry["request"]["url"], format!("DocumentReference/{id}"));
}

#[test]
fn every_reference_leads_to_an_entry_and_the_same_input_gives_the_same_bytes() {
    let facts = [
        json!({"type": "person", "role": "patient", "name": "DOE, Jane"}),
        json!({"type": "person", "role": "prescriber", "name": "Alan Reed"}),
        json!({"type": "org", "role": "laboratory", "name": "North Lab"}),
        json!({"type": "medication", "name": "Digoxin"}),
        json!({"type": "lab", "name": "Sodium", "value": "140"}),
        json!({"type": "vital", "name": "BP", "value": "120/80"}),
    ];
    let entities = facts.into_iter().enumerate();
    let entities = entities.map(|(n, fact)| entity(n, Assertion::Present, &fact));
    let mut document = document(DocumentKind::Prescription, entities.collect());
    let bundle = export(&document, &[]);
    let entries = bundle["entry"].as_array().unwrap();
    let known: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry["fullUrl"].as_str())
        .collect();
    assert_eq!(known.len(), entries.len(), "no id is given twice");
    let mut seen = 0;
    visit(&bundle, &mut |reference| {
        seen += 1;
        assert!(known.contains(reference), "{reference}");
    });
    assert!(seen > 10, "{seen}");
    assert_eq!(bundle.to_string(), export(&document, &[]).to_string());
    document.document.id = "d2".into();
    assert_ne!(
        bundle["entry"][0]["fullUrl"],
        export(&document, &[])["entry"][0]["fullUrl"]
    );
}

fn visit(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(reference) if name == "reference" => see(reference),
                    _ => visit(field, see),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        _ => {}
    }
}
