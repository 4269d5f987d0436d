//! A document result as a FHIR R4 Bundle: what was found, as resources, and for each of them a
//! Provenance that names the document, the page and the words.
//!
//! Nothing that no person has accepted looks as if one had: it carries the tag `unverified`, and the
//! statuses that FHIR has for it (`unknown`, `proposal`, `unconfirmed`, `preliminary`). What is absent,
//! a relative's or past never becomes a positive statement. Ids are version 5 UUIDs over the
//! document's and the entity's, so the same result gives the same bytes.
//!
//! Limits: a decimal is written as its shortest form, so zeros that end a printed number are lost;
//! procedures, amounts and instructions are left out.

use std::collections::BTreeSet;

use schemas::{Document, Entity, Fact};
use serde_json::{Value, json};
use uuid::Uuid;

mod allergy;
mod condition;
mod dosage;
mod medication;
mod observation;
mod party;
mod provenance;
mod quantity;
mod resource;
mod source;

use resource::Resource;

/// A result and what the mapping cannot know from it.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// What was read.
    pub document: &'a Document,
    /// Ids of the entities that a person accepted or corrected.
    pub accepted: &'a BTreeSet<String>,
    /// When it was recorded: an instant as FHIR writes it, `2024-03-03T10:00:00Z`.
    pub recorded: &'a str,
}

/// Everything that was found, as a Bundle of type `collection`.
#[must_use]
pub fn collection(export: &Export) -> Value {
    bundle(export, "collection", resources(export, |_| true), false)
}

/// What may be told to a FHIR server, as a Bundle of type `transaction`: entities that wait for a review
/// are left out, and every resource is put under its own id, so that a repetition changes nothing.
#[must_use]
pub fn transaction(export: &Export) -> Value {
    let told = |entity: &Entity| !entity.needs_review;
    bundle(export, "transaction", resources(export, told), true)
}

fn resources<'a>(export: &'a Export<'a>, told: impl Fn(&Entity) -> bool) -> Vec<Resource<'a>> {
    let entities: Vec<&Entity> = export
        .document
        .entities
        .iter()
        .filter(|entity| told(entity))
        .collect();
    let context = Context::of(export);
    let mut resources = vec![source::document_reference(&context)];
    resources.push(party::patient(&context, &entities));
    resources.extend(party::practitioners(&context, &entities));
    resources.extend(party::organizations(&context, &entities));
    let mut results = Vec::new();
    for entity in &entities {
        match &entity.fact {
            Fact::Medication(fact) => {
                resources.extend(medication::resource(&context, &entities, entity, fact));
            }
            Fact::Lab(fact) => results.extend(observation::lab(&context, &entities, entity, fact)),
            Fact::Vital(fact) => resources.extend(observation::vital(&context, entity, fact)),
            Fact::Diagnosis(_) => resources.extend(condition::resource(&context, entity)),
            Fact::Allergy(fact) => resources.extend(allergy::resource(&context, entity, fact)),
            Fact::Date(_)
            | Fact::Person(_)
            | Fact::Id(_)
            | Fact::Org(_)
            | Fact::Procedure(_)
            | Fact::Amount(_)
            | Fact::Instruction(_) => {}
        }
    }
    let report = observation::report(&context, &entities, &results, &resources);
    resources.extend(results);
    resources.extend(report);
    let proofs: Vec<Resource> = resources
        .iter()
        .filter_map(|resource| provenance::of(&context, resource))
        .collect();
    resources.extend(proofs);
    resources
}

fn bundle(export: &Export, kind: &str, resources: Vec<Resource>, put: bool) -> Value {
    let entries: Vec<Value> = resources
        .into_iter()
        .map(|resource| {
            let (url, full) = (resource.url(), resource.reference());
            let mut entry = json!({"fullUrl": full, "resource": resource.into_json()});
            if put {
                entry["request"] = json!({"method": "PUT", "url": url});
            }
            entry
        })
        .collect();
    let context = Context::of(export);
    let mut bundle = json!({
        "resourceType": "Bundle",
        "id": context.id(kind).to_string(),
        "type": kind,
        "entry": entries,
    });
    if !put {
        bundle["identifier"] = json!({
            "system": "urn:ietf:rfc:3986",
            "value": format!("urn:uuid:{}", context.document),
        });
    }
    bundle
}

/// What every resource of a Bundle shares.
#[derive(Clone, Copy)]
struct Context<'a> {
    export: &'a Export<'a>,
    /// The name space of the document's ids.
    document: Uuid,
}

impl<'a> Context<'a> {
    fn of(export: &'a Export<'a>) -> Self {
        let id = &export.document.document.id;
        let name = format!("urn:medbot:document:{id}");
        Self {
            export,
            document: Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()),
        }
    }

    fn id(&self, of: &str) -> Uuid {
        Uuid::new_v5(&self.document, of.as_bytes())
    }

    fn is_accepted(&self, entity: &Entity) -> bool {
        self.export.accepted.contains(&entity.id)
    }

    fn reference(&self, of: &str) -> Value {
        json!({"reference": format!("urn:uuid:{}", self.id(of))})
    }

    fn patient(&self) -> Value {
        self.reference(party::PATIENT)
    }

    fn source(&self) -> Value {
        self.reference(source::DOCUMENT)
    }
}

/// A concept with the codes of one system or of all, and the words as printed.
fn concept(entity: &Entity, text: &str) -> Value {
    let coding: Vec<Value> = entity
        .codes
        .iter()
        .filter(|code| code.system != crate::coding::UCUM)
        .map(|code| json!({"system": code.system, "code": code.code, "display": code.display}))
        .collect();
    if coding.is_empty() {
        json!({"text": text})
    } else {
        json!({"coding": coding, "text": text})
    }
}

/// A concept of one code of a system of HL7's.
fn coded(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code}]})
}

/// A whole date as FHIR writes it.
fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests;
