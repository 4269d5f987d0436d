//! One document, one patient: pages of another patient may lie in the same scan. Names, dates of birth and
//! record numbers that cannot be one person's are doubted, each of them; what readers may have misread of
//! one another (a letter or two) is not.

use schemas::{DateRole, Entity, Fact, IdRole, PersonRole, Subject};

use crate::lexicon::{distance, key};

/// The index of each entity that names a patient, when not all of them can be one.
pub(super) fn doubts(entities: &[Entity]) -> Vec<(usize, String)> {
    let of = |value: fn(&Entity) -> Option<String>| -> Vec<(usize, String)> {
        let all = entities.iter().enumerate();
        all.filter_map(|(index, entity)| Some((index, value(entity)?)))
            .collect()
    };
    let mut out = Vec::new();
    for (what, seen, same) in [
        ("names", of(name), same_name as fn(&str, &str) -> bool),
        ("dates of birth", of(born), |a, b| a == b),
        ("record numbers", of(record), |a, b| {
            distance(a, b, 2).is_some()
        }),
    ] {
        let several = seen.iter().any(|(_, value)| !same(&seen[0].1, value));
        if several {
            let reason = format!("the document holds different {what} of the patient");
            out.extend(seen.iter().map(|(index, _)| (*index, reason.clone())));
        }
    }
    out
}

/// The index of each entity that names another patient than the header of the file.
pub(super) fn against(entities: &[Entity], subject: &Subject) -> Vec<(usize, String)> {
    type Same = fn(&str, &str) -> bool;
    let checks: [(&str, Option<String>, fn(&Entity) -> Option<String>, Same); 3] = [
        ("name", subject.name.as_deref().map(key), name, same_name),
        ("date of birth", subject.birth_date.clone(), born, |a, b| {
            a == b
        }),
        (
            "record number",
            subject.id.as_deref().map(number),
            record,
            |a, b| distance(a, b, 1).is_some(),
        ),
    ];
    let all = checks.into_iter().filter_map(|(what, header, of, same)| {
        let header = header.filter(|header| !header.is_empty())?;
        let other = entities
            .iter()
            .enumerate()
            .filter_map(move |(index, entity)| {
                (!same(&header, &of(entity)?)).then(|| {
                    (
                        index,
                        format!("the file's header holds another {what} of the patient"),
                    )
                })
            });
        Some(other.collect::<Vec<_>>())
    });
    all.flatten().collect()
}

fn name(entity: &Entity) -> Option<String> {
    match &entity.fact {
        Fact::Person(person) if person.role == Some(PersonRole::Patient) => {
            person.name.as_deref().map(key)
        }
        _ => None,
    }
}

fn born(entity: &Entity) -> Option<String> {
    match &entity.fact {
        Fact::Date(date) if date.role == Some(DateRole::Dob) => date.iso.clone(),
        _ => None,
    }
}

fn record(entity: &Entity) -> Option<String> {
    match &entity.fact {
        Fact::Id(id) if id.role == Some(IdRole::Mrn) => id.value.as_deref().map(number),
        _ => None,
    }
}

fn number(printed: &str) -> String {
    key(printed).replace(' ', "")
}

/// Do the shorter name's words stand in the longer's, in any order, a letter or two misread?
fn same_name(a: &str, b: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split(' ').collect(), b.split(' ').collect());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let near = |x: &str, y: &str| match x.len().min(y.len()) {
        0 | 1 => x.chars().next() == y.chars().next(),
        2..=4 => distance(x, y, 1).is_some(),
        _ => distance(x, y, 2).is_some(),
    };
    short
        .iter()
        .all(|word| long.iter().any(|other| near(word, other)))
}

#[cfg(test)]
mod tests {
    use super::same_name;
    use schemas::Subject;

    use crate::{against_header, probe};

    #[test]
    fn names_of_one_person() {
        for (a, b, same) in [
            ("jane roe", "roe jane", true),
            ("jane a roe", "roe jane", true),
            ("jane alice roe", "jane a roe", true),
            ("heather petersen", "heathcr petcrsen", true),
            ("jane roe", "john roe", false),
            ("omar gonzalez", "rita bauer", false),
        ] {
            assert_eq!(same_name(a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn the_header_of_a_file_is_believed_no_more_than_its_pixels() {
        let text = "Patient Name: ROE, Jane\nDate of Birth: 1970-01-02\nMRN: 4411-208\nPotassium 4.1 mmol/L\n";
        for (name, birth_date, id, doubts) in [
            (
                Some("Jane Alice Roe"),
                Some("1970-01-02"),
                Some("4411208"),
                0,
            ),
            (
                Some("Omar Gonzalez"),
                Some("1970-01-02"),
                Some("4411208"),
                1,
            ),
            (
                Some("Omar Gonzalez"),
                Some("1970-02-01"),
                Some("9730555"),
                3,
            ),
            (None, None, Some("4411206"), 0),
            (Some(""), None, None, 0),
        ] {
            let subject = Subject {
                name: name.map(str::to_owned),
                birth_date: birth_date.map(str::to_owned),
                id: id.map(str::to_owned),
            };
            let mut entities = probe::entities(text);
            against_header(&mut entities, &subject);
            let said = entities
                .iter()
                .filter(|e| e.needs_review && e.reasons.iter().any(|r| r.contains("header")));
            assert_eq!(said.count(), doubts, "{subject:?}: {entities:#?}");
        }
    }

    #[test]
    fn a_second_patient_is_noticed() {
        let page = |name: &str, mrn: &str| {
            format!(
                "Patient Name: {name}\nDate of Birth: 1970-01-02\nMRN: {mrn}\nPotassium 4.1 mmol/L\n"
            )
        };
        for (second, mrn, doubts) in [
            ("Jane Roe", "4411-208", 0),
            ("ROE, Jane", "4411-208", 0),
            ("Omar Gonzalez", "4411-208", 2),
            ("Omar Gonzalez", "9730-555", 4),
        ] {
            let text = format!("{}\u{c}{}", page("Jane Roe", "4411-208"), page(second, mrn));
            let entities = probe::entities(&text);
            let said = entities
                .iter()
                .filter(|e| e.reasons.iter().any(|r| r.contains("of the patient")));
            assert_eq!(said.count(), doubts, "{second} {mrn}: {entities:#?}");
        }
    }
}
