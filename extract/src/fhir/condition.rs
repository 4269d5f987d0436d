//! Diagnoses: a `Condition` of the patient, or the `FamilyMemberHistory` of a relative. What is denied is
//! `refuted`, what is over `inactive`, and neither ever reads as present.

use schemas::{Assertion, Entity};
use serde_json::json;

use super::{Context, coded, concept, resource::Resource};

pub(super) fn resource<'a>(context: &Context, entity: &'a Entity) -> Option<Resource<'a>> {
    let code = concept(entity, &entity.text);
    let accepted = context.is_accepted(entity);
    let (clinical, verification) = match entity.assertion {
        Assertion::Family => return Some(relative(context, entity)),
        // A diagnosis that is to come is none.
        Assertion::Planned => return None,
        Assertion::Absent => (None, "refuted"),
        Assertion::Historical if accepted => (Some("inactive"), "confirmed"),
        Assertion::Historical => (Some("inactive"), "unconfirmed"),
        Assertion::Possible if accepted => (None, "provisional"),
        Assertion::Present if accepted => (Some("active"), "confirmed"),
        Assertion::Possible | Assertion::Present => (None, "unconfirmed"),
    };
    let mut body = json!({
        "verificationStatus": coded("condition-ver-status", verification),
        "code": code,
        "subject": context.patient(),
        "evidence": [{"detail": [context.source()]}],
    });
    if let Some(clinical) = clinical {
        body["clinicalStatus"] = coded("condition-clinical", clinical);
    }
    Some(Resource::new(
        context,
        "Condition",
        &entity.id,
        vec![entity],
        body,
    ))
}

fn relative<'a>(context: &Context, entity: &'a Entity) -> Resource<'a> {
    let mut relationship = coded("v3-RoleCode", "FAMMEMB");
    relationship["text"] = json!("a relative");
    let body = json!({
        "status": "partial",
        "patient": context.patient(),
        "relationship": relationship,
        "condition": [{"code": concept(entity, &entity.text)}],
    });
    Resource::new(
        context,
        "FamilyMemberHistory",
        &entity.id,
        vec![entity],
        body,
    )
}
