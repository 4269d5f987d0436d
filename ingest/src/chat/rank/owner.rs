//! Whose an address or a telephone number is: the patient's, or that of whoever is named last before it.

use crate::chat::{
    evidence::{DocumentEvidence, Proven, Unit},
    say,
};

/// Lines that an address may stand below its owner's name.
const BELOW: usize = 4;

/// Of each line whether what stands there is the patient's own; none where nobody is named near it.
pub(super) fn owned(document: &DocumentEvidence) -> Vec<Option<bool>> {
    let named: Vec<Option<bool>> = document
        .units
        .iter()
        .map(|unit| named(unit, document))
        .collect();
    document
        .units
        .iter()
        .enumerate()
        .map(|(n, unit)| {
            labelled(unit).or_else(|| {
                let first = n.saturating_sub(BELOW);
                named[first..=n].iter().rev().find_map(|named| *named)
            })
        })
        .collect()
}

/// A field that is called an address, without more, is about the patient.
fn labelled(unit: &Unit) -> Option<bool> {
    let lower = format!("{} {}", unit.under, unit.text).to_lowercase();
    let of_others = [
        "clinic", "hospital", "surgery", "practice", "provider", "facility",
    ];
    (lower.contains("address") || lower.contains("patient"))
        .then(|| !of_others.iter().any(|other| lower.contains(other)))
}

/// Does a line name the patient, or an organisation or another person?
fn named(unit: &Unit, document: &DocumentEvidence) -> Option<bool> {
    let on_it = |fact: &&Proven| {
        let mut words = fact.entity.words.iter();
        words.any(|word| unit.words.contains(word))
    };
    let mut found = document.facts.iter().filter(on_it).filter_map(|fact| {
        let (kind, role) = say::kind_and_role(&fact.entity);
        match (kind.as_str(), role.as_deref()) {
            ("person", Some("patient" | "insured")) | ("date", Some("dob")) => Some(true),
            ("person" | "org", _) => Some(false),
            _ => None,
        }
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use super::owned;
    use crate::chat::printed::printed;

    #[test]
    fn an_address_belongs_to_whom_is_named_before_it() {
        let document = printed(
            "Larkfield Medical Center\n12 Canal Street, Millrace, OH 44999\nTel. (560) 555-0144\n\
             Patient: Mabel Ashdown\nDOB: 07/03/1982\n4 Mill Lane, Millrace, OH 44999\n\
             Address: 9 Chapel Close, Tolliver, GA 30999",
        );
        let owned = owned(&document);
        for (part, whose) in [
            ("Canal Street", Some(false)),
            ("555-0144", Some(false)),
            ("Mill Lane", Some(true)),
            ("Chapel Close", Some(true)),
        ] {
            let mut units = document.units.iter();
            let line = units.position(|unit| unit.text.contains(part)).unwrap();
            assert_eq!(owned[line], whose, "{part}");
        }
    }
}
