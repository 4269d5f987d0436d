//! Laboratory results and vital signs, and the report that holds a document's results together.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, DateRole, DocumentKind, Entity, Fact, IdRole, Lab, Vital};
use serde_json::{Number, Value, json};

use super::{
    Context, coded, concept, is_date, party,
    quantity::{decimal, number, quantity, range},
    resource::Resource,
};
use crate::coding::{LOINC, si};

/// The extension that gives a result in the unit of the SI.
const SI: &str = "urn:medbot:fhir:si";

pub(super) fn lab<'a>(
    context: &Context,
    entities: &[&'a Entity],
    entity: &'a Entity,
    fact: &Lab,
) -> Option<Resource<'a>> {
    let name = fact.name.as_deref()?;
    let mut body = observation(context, entity, "laboratory", name)?;
    let unit = fact.unit.as_deref();
    let value = fact.value.as_deref().unwrap_or_default();
    put_value(&mut body, value, unit);
    if let Some((factor, unit)) = si(entity)
        && let Some(value) = number(value).and_then(|printed| printed.value.as_f64())
    {
        let converted = quantity(&significant(value * factor), Some(unit));
        body["valueQuantity"]["extension"] = json!([{"url": SI, "valueQuantity": converted}]);
    }
    if let Some(printed) = &fact.range {
        body["referenceRange"] = json!([range(printed, unit)]);
    }
    if let Some(code) = fact.flag.as_deref().and_then(interpretation) {
        body["interpretation"] = json!([coded("v3-ObservationInterpretation", code)]);
    }
    let collected = collected(entities);
    if let Some(date) = fact.date.as_deref().filter(|d| is_date(d)).or(collected) {
        body["effectiveDateTime"] = json!(date);
    }
    if let Some(laboratory) = party::laboratory(context, entities) {
        body["performer"] = json!([laboratory]);
    }
    Some(Resource::new(
        context,
        "Observation",
        &entity.id,
        vec![entity],
        body,
    ))
}

pub(super) fn vital<'a>(
    context: &Context,
    entity: &'a Entity,
    fact: &Vital,
) -> Option<Resource<'a>> {
    static PRESSURE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*([0-9]{2,3})\s*/\s*([0-9]{2,3})\s*$").expect("a valid expression")
    });
    let name = fact.name.as_deref()?;
    let mut body = observation(context, entity, "vital-signs", name)?;
    let value = fact.value.as_deref().unwrap_or_default();
    if let Some(found) = PRESSURE.captures(value) {
        let part = |code: &str, display: &str, text: &str| -> Option<Value> {
            let coding = json!([{"system": LOINC, "code": code, "display": display}]);
            let value = quantity(&decimal(text)?, Some("mmHg"));
            Some(json!({"code": {"coding": coding}, "valueQuantity": value}))
        };
        body["component"] = json!([
            part("8480-6", "Systolic blood pressure", &found[1])?,
            part("8462-4", "Diastolic blood pressure", &found[2])?,
        ]);
    } else {
        put_value(&mut body, value, fact.unit.as_deref());
    }
    if let Some(date) = fact.date.as_deref().filter(|date| is_date(date)) {
        body["effectiveDateTime"] = json!(date);
    }
    Some(Resource::new(
        context,
        "Observation",
        &entity.id,
        vec![entity],
        body,
    ))
}

/// What both kinds share. Nothing that the document denies or says of a relative is an observation.
fn observation(context: &Context, entity: &Entity, category: &str, name: &str) -> Option<Value> {
    if matches!(
        entity.assertion,
        Assertion::Absent | Assertion::Family | Assertion::Planned
    ) {
        return None;
    }
    let status = if context.is_accepted(entity) {
        "final"
    } else {
        "preliminary"
    };
    Some(json!({
        "status": status,
        "category": [coded("observation-category", category)],
        "code": concept(entity, name),
        "subject": context.patient(),
        "derivedFrom": [context.source()],
    }))
}

fn put_value(body: &mut Value, value: &str, unit: Option<&str>) {
    if let Some(printed) = number(value) {
        let mut quantity = quantity(&printed.value, unit);
        if let Some(comparator) = printed.comparator {
            quantity["comparator"] = json!(comparator);
        }
        body["valueQuantity"] = quantity;
    } else if !value.is_empty() {
        let text = unit.map_or(value.to_owned(), |unit| format!("{value} {unit}"));
        body["valueString"] = json!(text);
    }
}

/// Four significant digits: as many as the factors have.
fn significant(value: f64) -> Number {
    let rounded = format!("{value:.3e}").parse().ok();
    rounded
        .and_then(Number::from_f64)
        .unwrap_or_else(|| Number::from(0))
}

fn interpretation(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "L" => "L",
        "H" => "H",
        "LL" => "LL",
        "HH" => "HH",
        "Abnormal" => "A",
        _ => return None,
    })
}

/// The one day on which a document's specimens were taken.
fn collected<'a>(entities: &[&'a Entity]) -> Option<&'a str> {
    let mut days: Vec<&str> = entities
        .iter()
        .filter_map(|entity| match &entity.fact {
            Fact::Date(date) if date.role == Some(DateRole::Collected) => date.iso.as_deref(),
            _ => None,
        })
        .filter(|iso| is_date(iso))
        .collect();
    days.sort_unstable();
    days.dedup();
    match days[..] {
        [day] => Some(day),
        _ => None,
    }
}

/// The report of a document with results, or of an imaging study.
pub(super) fn report<'a>(
    context: &Context,
    entities: &[&'a Entity],
    results: &[Resource<'a>],
    others: &[Resource<'a>],
) -> Option<Resource<'a>> {
    let imaging = context.export.document.document.kind == DocumentKind::Imaging;
    if results.is_empty() && !imaging {
        return None;
    }
    let (code, text, category) = if imaging && results.is_empty() {
        ("18748-4", "Imaging report", "RAD")
    } else {
        ("11502-2", "Laboratory report", "LAB")
    };
    let proofs: Vec<&Entity> = if results.is_empty() {
        let conditions = others.iter().filter(|r| r.kind == "Condition");
        conditions.flat_map(|r| r.entities.clone()).collect()
    } else {
        results.iter().flat_map(|r| r.entities.clone()).collect()
    };
    let accepted = !proofs.is_empty() && proofs.iter().all(|entity| context.is_accepted(entity));
    let mut body = json!({
        "status": if accepted { "final" } else { "preliminary" },
        "category": [coded("v2-0074", category)],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": text},
        "subject": context.patient(),
    });
    if !results.is_empty() {
        let references = results.iter().map(|r| json!({"reference": r.reference()}));
        body["result"] = references.collect();
        if let Some(day) = collected(entities) {
            body["effectiveDateTime"] = json!(day);
        }
        if let Some(laboratory) = party::laboratory(context, entities) {
            body["performer"] = json!([laboratory]);
        }
    }
    let accessions: Vec<Value> = entities
        .iter()
        .filter_map(|entity| match &entity.fact {
            Fact::Id(id) if id.role == Some(IdRole::Accession) => id.value.as_deref(),
            _ => None,
        })
        .map(|value| json!({"type": coded("v2-0203", "ACSN"), "value": value}))
        .collect();
    if !accessions.is_empty() {
        body["identifier"] = json!(accessions);
    }
    Some(Resource::new(
        context,
        "DiagnosticReport",
        "report",
        proofs,
        body,
    ))
}
