//! People with their roles: from labels, from the address and signature of letters, from a letterhead
//! (`Joshua Munoz, M.D.`) and from sentences (`seen by Dr. Flores`).

use schemas::{Fact, PersonRole as Role};

use crate::{context::Context, draft::Draft, layout::Span};

mod beside;
mod copies;
mod house;
mod labels;
mod letter;
mod patient;
mod prose;
mod role;
mod same;
mod title;

/// A role, the place of a name, and how sure the rule is that found it.
type Found = (Role, Span, f32);

/// All people; the same person in the same role once.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut found = labels::from_labels(context);
    prose::from_appointments(context, &mut found);
    prose::from_sentences(context, &mut found);
    letter::from_letterhead(context, &mut found);
    letter::from_first_name(context, &mut found);
    patient::patient_alone(context, &mut found);
    beside::patient(context, &mut found);
    patient::patient_in_prose(context, &mut found);
    prose::others_named(context, &mut found);
    prose::nurses(context, &mut found);
    prose::by_trade(context, &mut found);
    letter::addressee(context, &mut found);
    letter::addressed_by_surname(context, &mut found);
    letter::from_first_name(context, &mut found);
    let named_in_parts = labels::in_parts(context);
    let mut out = same::keep_one_each(context, found);
    let is_patient =
        |draft: &Draft| matches!(&draft.fact, Fact::Person(p) if p.role == Some(Role::Patient));
    if !out.iter().any(is_patient) {
        out.extend(named_in_parts);
    }
    out
}

fn is_drug(context: &Context, name: &Span) -> bool {
    context.lexicon.is_any_drug(context.layout.get(name))
        || context.lexicon.is_condition(context.layout.get(name))
}

fn is_organisation(context: &Context, name: &Span) -> bool {
    crate::org::has_head(context.layout.get(name))
}
