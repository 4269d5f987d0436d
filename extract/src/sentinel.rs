//! What a pharmacist or a laboratory would ask back about: a strength that no product has, a dose above any
//! single dose, a strength that is its look-alike's, a result outside what a living person can have,
//! differential counts that do not add up, dates in an impossible order, two patients in one document.
//! Each becomes a reason for review in words; nothing is repaired. Limit: what it knows are its tables; a
//! wrong value that is as usual as the right one can only be seen on the pixels ([`crate::dissent`]).

use schemas::{Entity, Subject};

use crate::{coding, draft};

mod dates;
mod formulary;
mod identity;
mod limits;
mod sums;

pub(crate) use formulary::is_usual;
pub use formulary::lookalikes;

/// Adds reasons to entities that have their codes.
pub(crate) fn check(entities: &mut [Entity]) {
    for entity in entities.iter_mut() {
        confirm_unit(entity);
        for reason in formulary::doubts(entity)
            .into_iter()
            .chain(limits::doubt(entity))
        {
            doubt(entity, reason);
        }
    }
    let of_all = sums::doubts(entities)
        .into_iter()
        .chain(dates::doubts(entities))
        .chain(identity::doubts(entities));
    for (index, reason) in of_all.collect::<Vec<_>>() {
        doubt(&mut entities[index], reason);
    }
}

/// Doubts what the pixels say of the patient where it is another than the file's header names.
pub fn against_header(entities: &mut [Entity], subject: &Subject) {
    for (index, reason) in identity::against(entities, subject) {
        doubt(&mut entities[index], reason);
    }
}

/// A unit that was read with doubt and is one that this test is measured in is read right: a misread one would
/// hardly be.
fn confirm_unit(entity: &mut Entity) {
    if coding::measured(entity).is_some() {
        let doubt = draft::read_with_doubt("unit");
        let before = entity.reasons.len();
        entity.reasons.retain(|reason| *reason != doubt);
        entity.needs_review &= entity.reasons.len() == before || !entity.reasons.is_empty();
    }
}

fn doubt(entity: &mut Entity, reason: String) {
    entity.needs_review = true;
    if !entity.reasons.contains(&reason) {
        entity.reasons.push(reason);
    }
}

/// A plain number; none for a bound, a range or a word.
fn number(printed: &str) -> Option<f64> {
    let digits = printed
        .trim()
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
    crate::number::read(printed).filter(|_| digits)
}
