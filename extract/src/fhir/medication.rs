//! A drug of a prescription is a `MedicationRequest`, of any other document a `MedicationStatement`.
//! A relative's drugs are nobody's statement about the patient and are left out.

use schemas::{Assertion, DocumentKind, Entity, Fact, IdRole, Medication};
use serde_json::{Value, json};

use super::{
    Context, concept, dosage, party,
    quantity::{decimal, quantity},
    resource::Resource,
};

pub(super) fn resource<'a>(
    context: &Context,
    entities: &[&'a Entity],
    entity: &'a Entity,
    fact: &Medication,
) -> Option<Resource<'a>> {
    let name = fact.name.as_deref().unwrap_or(&entity.text);
    let product = [Some(name), fact.strength.as_deref(), fact.form.as_deref()];
    let text: Vec<&str> = product.into_iter().flatten().collect();
    let mut body = json!({
        "medicationCodeableConcept": concept(entity, &text.join(" ")),
        "subject": context.patient(),
    });
    let prescribed = context.export.document.document.kind == DocumentKind::Prescription;
    let accepted = context.is_accepted(entity);
    let dosage = dosage::of(fact);
    match entity.assertion {
        Assertion::Family => return None,
        Assertion::Present | Assertion::Possible | Assertion::Planned if prescribed => {
            request(context, entities, fact, accepted, dosage, &mut body);
            return Some(Resource::new(
                context,
                "MedicationRequest",
                &entity.id,
                vec![entity],
                body,
            ));
        }
        assertion => {
            let (status, reason) = statement_status(assertion, fact, accepted);
            body["status"] = json!(status);
            if let Some(reason) = reason {
                body["statusReason"] = json!([{"text": reason}]);
            }
        }
    }
    if let Some(dosage) = dosage {
        body["dosage"] = json!([dosage]);
    }
    body["derivedFrom"] = json!([context.source()]);
    Some(Resource::new(
        context,
        "MedicationStatement",
        &entity.id,
        vec![entity],
        body,
    ))
}

fn statement_status(
    assertion: Assertion,
    fact: &Medication,
    accepted: bool,
) -> (&'static str, Option<String>) {
    let told = fact.status.as_deref();
    let reason = told.map(|status| format!("{status}, as the document says"));
    match assertion {
        // That a drug is not taken must never read as if it were.
        Assertion::Absent => ("not-taken", reason),
        Assertion::Historical if accepted && told == Some("stopped") => ("stopped", reason),
        Assertion::Historical if accepted => ("completed", reason),
        Assertion::Historical => (
            "unknown",
            reason.or_else(|| Some("in the past, as the document says".into())),
        ),
        Assertion::Planned if accepted => ("intended", reason),
        Assertion::Planned => (
            "unknown",
            reason.or_else(|| Some("planned, as the document says".into())),
        ),
        _ if accepted && told == Some("stopped") => ("stopped", reason),
        _ if accepted => ("active", reason),
        _ => ("unknown", reason),
    }
}

fn request(
    context: &Context,
    entities: &[&Entity],
    fact: &Medication,
    accepted: bool,
    dosage: Option<Value>,
    body: &mut Value,
) {
    let (status, intent) = if accepted {
        ("active", "order")
    } else {
        ("unknown", "proposal")
    };
    body["status"] = json!(status);
    body["intent"] = json!(intent);
    body["supportingInformation"] = json!([context.source()]);
    if let Some(dosage) = dosage {
        body["dosageInstruction"] = json!([dosage]);
    }
    if let Some(prescriber) = party::prescriber(context, entities) {
        body["requester"] = prescriber;
    }
    let numbers: Vec<&str> = entities
        .iter()
        .filter_map(|entity| match &entity.fact {
            Fact::Id(id) if id.role == Some(IdRole::RxNumber) => id.value.as_deref(),
            _ => None,
        })
        .collect();
    if let [number] = numbers[..] {
        body["groupIdentifier"] = json!({"system": "urn:medbot:rx-number", "value": number});
    }
    let mut dispense = json!({});
    let count = |text: &str| {
        let digits = text.trim().trim_start_matches(['#', ' ']);
        let end = digits
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(digits.len());
        let unit = digits[end..].trim();
        Some((decimal(&digits[..end])?, unit.to_owned()))
    };
    if let Some((value, unit)) = fact.quantity.as_deref().and_then(count) {
        let unit = (!unit.is_empty()).then_some(unit.as_str());
        dispense["quantity"] = quantity(&value, unit);
    }
    if let Some(refills) = fact
        .refills
        .as_deref()
        .and_then(|r| r.trim().parse::<u32>().ok())
    {
        dispense["numberOfRepeatsAllowed"] = json!(refills);
    }
    if dispense.as_object().is_some_and(|d| !d.is_empty()) {
        body["dispenseRequest"] = dispense;
    }
}
