//! The role of a date that nothing tells of: by the kind of its document and where it stands there.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DateRole, DocumentKind, PersonRole};

use crate::{context::Context, dates::Printed, labels::Target};

pub(super) fn role(context: &Context, date: &Printed) -> DateRole {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let top = layout.lines[..line]
        .iter()
        .filter(|l| !l.span.is_empty())
        .count()
        < 15;
    let signed = context.labels_on(line).any(|(_, label)| {
        let behind = layout.text[date.span.end.min(label.span.start)..label.span.start].trim();
        matches!(
            label.target,
            Target::Signature | Target::Date(DateRole::Signed)
        ) && (label.span.end <= date.span.start || behind.is_empty())
    });
    // `Completed by: Dr Margaret Pemberton   Date: 28 Dec 2023`.
    let completed = labelled_plain(context, line, date)
        && context.labels_on(line).any(|(_, label)| {
            let key = crate::labels::letters(layout.get(&label.span));
            label.span.end <= date.span.start && matches!(&*key, "completedby" | "preparedby")
        });
    if signed || completed || closes_claim(context, line, date) {
        return DateRole::Signed;
    }
    if line < TOP && labelled_plain(context, line, date) && is_referral_form(context) {
        return DateRole::Referral;
    }
    let prescribed = context.labels_on(line).any(|(_, label)| {
        label.target == Target::Person(PersonRole::Prescriber) && label.span.end <= date.span.start
    });
    if prescribed {
        return DateRole::Prescribed;
    }
    // In a sentence it is the date of what the sentence tells.
    let told = layout
        .get(&layout.sentence(date.span.start))
        .split_whitespace()
        .count()
        > 8
        && layout.line(line).split_whitespace().count() > 8;
    let near_signature = context
        .labels
        .iter()
        .any(|l| l.target == Target::Signature && l.line <= line && line - l.line <= 2);
    if near_signature && !top {
        return DateRole::Signed;
    }
    let headed = line < 4 && layout.line(line).split_whitespace().count() <= 8 && !told;
    let labelled = line < 6
        && context.labels_on(line).any(|(_, label)| {
            label.target == Target::PlainDate && label.span.end <= date.span.start
        });
    let note = top && (alone(context, date) || headed || labelled) && is_note(context);
    match context.kind {
        DocumentKind::Other | DocumentKind::Prescription if note => DateRole::Service,
        DocumentKind::Prescription => DateRole::Prescribed,
        DocumentKind::ReferralLetter if top && !told => DateRole::Letter,
        DocumentKind::LabReport if top => DateRole::Reported,
        DocumentKind::Imaging if top => DateRole::Service,
        DocumentKind::Other | DocumentKind::DischargeSummary if top && alone(context, date) => {
            DateRole::Letter
        }
        _ => DateRole::Other,
    }
}

/// Lines of a form's head.
const TOP: usize = 6;

/// `Date:` stands before it.
fn labelled_plain(context: &Context, line: usize, date: &Printed) -> bool {
    context
        .labels_on(line)
        .any(|(_, label)| label.target == Target::PlainDate && label.span.end <= date.span.start)
}

/// `REFERRAL FORM (MOH 100)`: what such a form calls its date is the day of the referral.
fn is_referral_form(context: &Context) -> bool {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\breferral (?:form|slip|sheet)\b").expect("a valid expression")
    });
    let mut first = context.layout.lines.iter().take(4);
    first.any(|line| TITLE.is_match(context.layout.get(&line.span)))
}

/// `Doctor: Dr. Ines Maduro   Stamp & Sign` and below it `Date:`; `Approved by: Grace Atieno   04/09/2025`: the day on which
/// a part of a claim was closed.
fn closes_claim(context: &Context, line: usize, date: &Printed) -> bool {
    if context.kind != DocumentKind::InsuranceForm {
        return false;
    }
    let behind_who = context.labels_on(line).last().is_some_and(|(_, label)| {
        label.target == Target::Person(PersonRole::Authoriser)
            && label.colon
            && label.span.end <= date.span.start
    });
    let doctor = |above: usize| {
        let mut labels = context.labels_on(above);
        labels.any(|(_, label)| label.target == Target::Doctor && label.colon && label.at_start)
    };
    let below_doctor = line >= TOP && line > 0 && doctor(line - 1);
    behind_who || below_doctor && labelled_plain(context, line, date)
}

/// A record of a visit, which nobody is addressed in.
fn is_note(context: &Context) -> bool {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:notes?|visit|consultation|consult|encounter|review|attendance|assessment|ward round|clerking|run sheet|flow ?sheet|infusions?|drips?|discharge instructions)\b|\b(?-i:WR)\b")
            .expect("a valid expression")
    });
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^\s*(?:dear\b|to whom|(?:yours )?(?:sincerely|faithfully)|(?:kind|best|warm) (?:regards|wishes))")
            .expect("a valid expression")
    });
    let mut first = context.layout.lines.iter().take(4);
    first.any(|line| HEADING.is_match(context.layout.get(&line.span)))
        && !ADDRESSED.is_match(context.layout.text)
}

/// On a line of its own, or behind the place it was written at: `Freiburg, 14.03.2025`.
fn alone(context: &Context, date: &Printed) -> bool {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|\s{2,}|\t)\p{Lu}\p{Ll}[\p{L} -]{1,20},\s*$").expect("a valid expression")
    });
    let line = context.layout.line_at(date.span.start);
    let text = context.layout.line(line);
    let rest = text.len().saturating_sub(date.span.len());
    let span = &context.layout.lines[line].span;
    let closes = date.span.end >= span.end;
    rest < 8 || closes && PLACE.is_match(&context.layout.text[span.start..date.span.start])
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_forms_call_their_date() {
        for (text, want) in [
            (
                "REFERRAL FORM (MOH 100)\nFROM: Dr Imelda Okoth      DATE: 30/05/2025\n",
                "referral",
            ),
            (
                "MEDICAL EXPENSE CLAIM\nPatient: Jabari Cole\nDiagnosis: asthma\nVisit date: 05/09/2024\nFees: 150.00\nTotal: 150.00\nDoctor: Dr. Cecil August      Reg. No. 417\nDate: 26/09/2024      Stamp\n",
                "service signed",
            ),
            (
                "PRE-AUTHORIZATION REQUEST\nApproved by: Mercy Ateno   24/09/2025\n",
                "signed",
            ),
        ] {
            let roles = told(text, "date", ["role"]).concat();
            assert_eq!(roles.join(" "), want, "{text}");
        }
    }
}
