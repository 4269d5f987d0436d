//! The role of who is named without one: what a doctor of this kind of document does.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, PersonRole as Role};

use crate::{context::Context, labels::Target, layout::Span, names};

pub(super) fn doctor(context: &Context) -> Role {
    match context.kind {
        DocumentKind::Prescription => Role::Prescriber,
        DocumentKind::LabReport | DocumentKind::Imaging => Role::Ordering,
        DocumentKind::DischargeSummary => Role::Attending,
        DocumentKind::ReferralLetter => Role::Referring,
        DocumentKind::InsuranceForm => Role::Attending,
        _ => Role::Other,
    }
}

pub(super) fn signer(context: &Context) -> Role {
    match context.kind {
        DocumentKind::Prescription => Role::Prescriber,
        DocumentKind::LabReport | DocumentKind::Imaging => Role::Authoriser,
        DocumentKind::DischargeSummary => Role::Attending,
        DocumentKind::ReferralLetter => Role::Referring,
        DocumentKind::InsuranceForm => Role::Attending,
        _ => Role::Other,
    }
}

/// A physician who signs a note or is named as its doctor treats the patient; anyone else who does is other.
pub(super) fn author(context: &Context, name: &Span) -> Role {
    let text = context.layout.text;
    let before = text[..name.start].trim_end().to_lowercase();
    let titled = ["dr", "dr.", "doctor", "prof"].iter().any(|title| {
        before
            .strip_suffix(title)
            .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    });
    let note = matches!(
        context.kind,
        DocumentKind::Other | DocumentKind::DischargeSummary
    );
    if note && (titled || names::has_degree(text, name.end)) {
        Role::Attending
    } else {
        Role::Other
    }
}

/// `Consultation 07-Oct-2025 09:50  Dr Emlyn Pritchard`: who stands behind the day of a visit holds it.
pub(super) fn heads_visit(context: &Context, name: &Span) -> bool {
    static VISIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:consultation|visit|encounter|ward round|progress note)|\b(?-i:WR)\b")
            .expect("a valid expression")
    });
    const TOP: usize = 4;
    let index = context.layout.line_at(name.start);
    let line = &context.layout.lines[index].span;
    let dated = context
        .dates
        .iter()
        .any(|date| date.span.start >= line.start && date.span.end <= name.start);
    let labelled = context
        .labels_on(index)
        .any(|(_, label)| matches!(label.target, Target::Person(_)));
    index < TOP && dated && !labelled && VISIT.is_match(&context.layout.text[..line.end])
}

/// Who sees a patient treats them; who reviews a report does not.
pub(super) fn seen_by(context: &Context) -> Role {
    match context.kind {
        DocumentKind::LabReport | DocumentKind::Imaging | DocumentKind::InsuranceForm => {
            Role::Other
        }
        _ => Role::Attending,
    }
}

pub(super) fn doctor_or_prescriber(context: &Context) -> Role {
    match doctor(context) {
        Role::Other => Role::Prescriber,
        role => role,
    }
}

/// `Dr Strange (GP)`.
pub(super) fn is_family_doctor(context: &Context, name: &Span) -> bool {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[ ,(-]{1,4}(?i:gp|general practitioner|pcp|primary care|family (?:doctor|physician))\b")
            .expect("a valid expression")
    });
    BEHIND.is_match(&context.layout.text[name.end..])
}
