//! Patient, Practitioner and Organization. What is printed more than once becomes one resource.

use schemas::{DateRole, Entity, Fact, IdRole, OrgRole, PersonRole};
use serde_json::{Value, json};

use super::{Context, coded, is_date, resource::Resource};
use crate::lexicon::key;

pub(super) const PATIENT: &str = "patient";

/// The one whom the document is about, named or not: other resources need a subject.
pub(super) fn patient<'a>(context: &Context, entities: &[&'a Entity]) -> Resource<'a> {
    let mut body = json!({});
    let mut found: Vec<&Entity> = Vec::new();
    let (mut names, mut keys) = (Vec::new(), Vec::new());
    let (mut identifiers, mut births) = (Vec::new(), Vec::new());
    for &entity in entities {
        match &entity.fact {
            Fact::Person(person) if person.role == Some(PersonRole::Patient) => {
                let Some(name) = &person.name else { continue };
                if !keys.contains(&key(name)) {
                    keys.push(key(name));
                    names.push(human_name(name));
                }
            }
            Fact::Id(id) => {
                let Some(identifier) = patient_identifier(id.role, id.value.as_deref()) else {
                    continue;
                };
                if !identifiers.contains(&identifier) {
                    identifiers.push(identifier);
                }
            }
            Fact::Date(date) if date.role == Some(DateRole::Dob) => {
                let Some(iso) = date.iso.as_deref().filter(|iso| is_date(iso)) else {
                    continue;
                };
                if !births.contains(&iso) {
                    births.push(iso);
                }
            }
            _ => continue,
        }
        found.push(entity);
    }
    if !names.is_empty() {
        body["name"] = json!(names);
    }
    if !identifiers.is_empty() {
        body["identifier"] = json!(identifiers);
    }
    // Two dates of birth contradict each other: neither is stated.
    if let [birth] = births[..] {
        body["birthDate"] = json!(birth);
    }
    Resource::new(context, "Patient", PATIENT, found, body)
}

fn patient_identifier(role: Option<IdRole>, value: Option<&str>) -> Option<Value> {
    let value = value.filter(|value| !value.is_empty())?;
    let typed = |code| json!({"type": coded("v2-0203", code), "value": value});
    match role? {
        IdRole::Mrn => Some(typed("MR")),
        IdRole::MemberId => Some(typed("MB")),
        IdRole::NhsNumber => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            Some(json!({"system": "https://fhir.nhs.uk/Id/nhs-number", "value": digits}))
        }
        _ => None,
    }
}

fn human_name(printed: &str) -> Value {
    match printed.split_once(',') {
        Some((family, given)) if !family.trim().is_empty() && !given.trim().is_empty() => {
            let given: Vec<&str> = given.split_whitespace().collect();
            json!({"text": printed, "family": family.trim(), "given": given})
        }
        _ => json!({"text": printed}),
    }
}

/// Those who treat: a resource a name. An NPI counts where there is one of each, since nothing else says
/// whose it is.
pub(super) fn practitioners<'a>(context: &Context, entities: &[&'a Entity]) -> Vec<Resource<'a>> {
    let groups = grouped(entities, |entity| match &entity.fact {
        Fact::Person(person) if treats(person.role) => person.name.as_deref(),
        _ => None,
    });
    let npis = grouped(entities, |entity| match &entity.fact {
        Fact::Id(id) if id.role == Some(IdRole::Npi) => id.value.as_deref(),
        _ => None,
    });
    let single = groups.len() == 1;
    groups
        .into_iter()
        .map(|(key, name, mut found)| {
            let mut body = json!({"name": [human_name(name)]});
            if let ([(_, npi, proof)], true) = (&npis[..], single) {
                body["identifier"] =
                    json!([{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]);
                found.extend(proof);
            }
            let of = format!("practitioner {key}");
            Resource::new(context, "Practitioner", &of, found, body)
        })
        .collect()
}

fn treats(role: Option<PersonRole>) -> bool {
    !matches!(
        role,
        None | Some(PersonRole::Patient | PersonRole::Insured | PersonRole::Other)
    )
}

pub(super) fn organizations<'a>(context: &Context, entities: &[&'a Entity]) -> Vec<Resource<'a>> {
    grouped(entities, |entity| match &entity.fact {
        Fact::Org(org) => org.name.as_deref(),
        _ => None,
    })
    .into_iter()
    .map(|(key, name, found)| {
        let mut body = json!({"name": name});
        if let Some(Fact::Org(org)) = found.first().map(|entity| &entity.fact)
            && let Some(role) = org.role
        {
            let mut kind = coded("organization-type", type_of(role).0);
            kind["text"] = json!(type_of(role).1);
            body["type"] = json!([kind]);
        }
        let of = format!("organization {key}");
        Resource::new(context, "Organization", &of, found, body)
    })
    .collect()
}

fn type_of(role: OrgRole) -> (&'static str, &'static str) {
    match role {
        OrgRole::Facility => ("prov", "facility"),
        OrgRole::Laboratory => ("prov", "laboratory"),
        OrgRole::Pharmacy => ("prov", "pharmacy"),
        OrgRole::Provider => ("prov", "provider"),
        OrgRole::Insurer => ("ins", "insurer"),
    }
}

/// The resource of the first prescriber, and of the first laboratory, if it is printed.
pub(super) fn prescriber(context: &Context, entities: &[&Entity]) -> Option<Value> {
    named(entities, |entity| match &entity.fact {
        Fact::Person(person) if person.role == Some(PersonRole::Prescriber) => {
            person.name.as_deref()
        }
        _ => None,
    })
    .map(|key| context.reference(&format!("practitioner {key}")))
}

pub(super) fn laboratory(context: &Context, entities: &[&Entity]) -> Option<Value> {
    named(entities, |entity| match &entity.fact {
        Fact::Org(org) if org.role == Some(OrgRole::Laboratory) => org.name.as_deref(),
        _ => None,
    })
    .map(|key| context.reference(&format!("organization {key}")))
}

fn named(entities: &[&Entity], name: impl Fn(&Entity) -> Option<&str>) -> Option<String> {
    entities.iter().find_map(|entity| Some(key(name(entity)?)))
}

/// Entities of one name together, in reading order: the name's key, the name as first printed, all of them.
fn grouped<'a>(
    entities: &[&'a Entity],
    name: impl Fn(&'a Entity) -> Option<&'a str>,
) -> Vec<(String, &'a str, Vec<&'a Entity>)> {
    let mut groups: Vec<(String, &str, Vec<&Entity>)> = Vec::new();
    for &entity in entities {
        let Some(printed) = name(entity).filter(|name| !name.trim().is_empty()) else {
            continue;
        };
        let key = key(printed);
        match groups.iter_mut().find(|(other, _, _)| *other == key) {
            Some((_, _, found)) => found.push(entity),
            None => groups.push((key, printed, vec![entity])),
        }
    }
    groups
}
