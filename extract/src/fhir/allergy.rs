//! Allergies, and the statement that there are none. FHIR writes the latter as an allergy whose code says
//! so; `refuted` would deny the denial.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Allergy, Assertion, Entity};
use serde_json::json;

use super::{Context, coded, concept, resource::Resource};

/// None for what is a relative's, or is to come.
pub(super) fn resource<'a>(
    context: &Context,
    entity: &'a Entity,
    fact: &Allergy,
) -> Option<Resource<'a>> {
    let substance = fact.substance.as_deref().unwrap_or(&entity.text);
    let accepted = context.is_accepted(entity);
    let none = entity.assertion == Assertion::Absent && says_none(substance);
    let affirmed = if accepted { "confirmed" } else { "unconfirmed" };
    let (clinical, verification) = match entity.assertion {
        Assertion::Family | Assertion::Planned => return None,
        Assertion::Absent if !none => ("inactive", "refuted"),
        Assertion::Historical => ("inactive", affirmed),
        Assertion::Possible => ("active", "unconfirmed"),
        Assertion::Absent | Assertion::Present => ("active", affirmed),
    };
    let code = if none {
        json!({"text": format!("None known, as printed: {substance}")})
    } else {
        concept(entity, substance)
    };
    let mut body = json!({
        "clinicalStatus": coded("allergyintolerance-clinical", clinical),
        "verificationStatus": coded("allergyintolerance-verification", verification),
        "code": code,
        "patient": context.patient(),
    });
    if let Some(reaction) = &fact.reaction {
        body["reaction"] = json!([{"manifestation": [{"text": reaction}]}]);
    }
    Some(Resource::new(
        context,
        "AllergyIntolerance",
        &entity.id,
        vec![entity],
        body,
    ))
}

/// `NKDA`, `No known drug allergies`: a statement about all substances and not about one.
fn says_none(substance: &str) -> bool {
    static NONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:nk(?:d|f)?a|no (?:known )?(?:\w+ )*(?:allerg|sensitivit)\w*|nil known|none(?: known)?|denies\b.*allerg\w*)\b")
            .expect("a valid expression")
    });
    NONE.is_match(substance)
}
