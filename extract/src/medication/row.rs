//! The fields of a medication from a row of a table, whose cells tell each phrase's field, and the normal forms of
//! what no sentence corrected.

use schemas::Medication;

use super::table;
use crate::{
    draft::Draft,
    sig::{self, Part},
};

/// A table's row: the first phrase of each kind counts.
pub(super) fn fill(medication: &mut Medication, draft: &mut Draft, phrases: Vec<table::Phrase>) {
    for phrase in phrases {
        let (slot, field, dangerous) = match phrase.part {
            Part::Strength if medication.strength.is_some() => (&mut medication.dose, "dose", true),
            Part::Strength => (&mut medication.strength, "strength", true),
            Part::Dose => (&mut medication.dose, "dose", true),
            Part::Form => (&mut medication.form, "form", false),
            Part::Route => (&mut medication.route, "route", true),
            Part::Frequency => (&mut medication.frequency, "frequency", true),
            Part::Duration => (&mut medication.duration, "duration", false),
            Part::Quantity => (&mut medication.quantity, "quantity", false),
            Part::Refills => (&mut medication.refills, "refills", false),
            Part::Instructions => (&mut medication.instructions, "instructions", false),
            Part::Prn => {
                medication.prn = Some(true);
                if medication.frequency.is_some() {
                    draft.doubt("as needed stands apart from the frequency");
                    continue;
                }
                (&mut medication.frequency, "frequency", true)
            }
        };
        if slot.is_some() {
            continue;
        }
        *slot = Some(phrase.value);
        for span in phrase.spans {
            draft.add(field, span, dangerous);
        }
    }
}

/// Normal forms of what is printed, where [`fill`](super::fill::fill) has not set them from corrected words.
pub(super) fn finish_norms(medication: &mut Medication) {
    if medication.frequency_norm.is_none()
        && let Some(frequency) = &medication.frequency
    {
        let norm = sig::frequency_norm(frequency);
        if norm.ends_with("as needed") {
            medication.prn = Some(true);
        }
        medication.frequency_norm = Some(norm);
    }
    if medication.route_norm.is_none() {
        medication.route_norm = medication
            .route
            .as_deref()
            .and_then(sig::route_norm)
            .map(Into::into);
    }
}
