//! Dates that cannot follow one another: a birth after anything else, a discharge before its admission, a
//! sample that was received before it was collected.

use schemas::{DateRole as Role, Entity, Fact};

/// Each pair's first is never after its second.
const ORDER: [(Role, Role, &str); 8] = [
    (
        Role::Admission,
        Role::Discharge,
        "the discharge is before the admission",
    ),
    (
        Role::Collected,
        Role::Received,
        "the sample was received before it was collected",
    ),
    (
        Role::Collected,
        Role::Reported,
        "the report is older than its sample",
    ),
    (
        Role::Received,
        Role::Reported,
        "the report is older than its sample",
    ),
    (
        Role::Onset,
        Role::Signed,
        "the signature is older than the illness",
    ),
    (
        Role::Service,
        Role::Signed,
        "the signature is older than the service",
    ),
    (
        Role::Dictated,
        Role::Transcribed,
        "the transcript is older than its dictation",
    ),
    (
        Role::Admission,
        Role::FollowUp,
        "the follow-up is before the admission",
    ),
];

/// The index of each date that contradicts another, with the reason.
pub(super) fn doubts(entities: &[Entity]) -> Vec<(usize, String)> {
    let dates: Vec<(usize, Role, &str)> = entities
        .iter()
        .enumerate()
        .filter_map(|(index, entity)| match &entity.fact {
            Fact::Date(date) => Some((index, date.role?, date.iso.as_deref()?)),
            _ => None,
        })
        .filter(|(_, _, iso)| iso.len() == "2000-01-01".len())
        .collect();
    let mut out = Vec::new();
    for (first, role, iso) in &dates {
        for (second, later, other) in &dates {
            let born = *role == Role::Dob && *later != Role::Dob && other < iso;
            let order = ORDER
                .iter()
                .find(|(a, b, _)| a == role && b == later && other < iso);
            let reason = match order {
                Some((_, _, reason)) => *reason,
                None if born => "a date is before the date of birth",
                None => continue,
            };
            out.extend([*first, *second].map(|index| (index, reason.to_owned())));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::probe::entities;

    #[test]
    fn impossible_orders() {
        for (text, reason) in [
            (
                "Admission Date: 2024-03-01\nDischarge Date: 2024-03-05\n",
                "",
            ),
            (
                "Admission Date: 2024-03-10\nDischarge Date: 2024-03-05\n",
                "the discharge is before the admission",
            ),
            (
                "Collected: 2024-03-10\nReported: 2024-03-09\n",
                "the report is older than its sample",
            ),
            (
                "Date of Birth: 2044-03-10\nReported: 2024-03-09\n",
                "a date is before the date of birth",
            ),
        ] {
            let entities = entities(text);
            assert_eq!(entities.len(), 2, "{text}");
            for entity in entities {
                let said = entity.reasons.iter().any(|r| r == reason);
                assert_eq!(said, !reason.is_empty(), "{text}: {:?}", entity.reasons);
            }
        }
    }
}
