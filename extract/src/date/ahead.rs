//! Days that lie ahead of those of the document: what is then is a visit to come, `Growth scan 05/06/2025`, `Well visit
//! 08/04/2026`, and not one that was.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DateRole, Fact};

use crate::{context::Context, draft::Draft};

/// How sure a rule is that reads a label.
const LABELLED: f32 = 0.93;

/// Gives days behind all labelled ones, which words or the kind of the document alone gave a role, that of a follow-up.
/// Days up to which something holds, or on which something is planned or due, are none.
pub(super) fn to_follow_up(context: &Context, drafts: &mut [Draft]) {
    static VISIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:^\W*see\b|\bfo[l1]{2}ow[ -]?up|\bca[l1]{2} back|\b(?:visit|[a-z]{0,2}opd|clinic|scan|review|appointment|appt|return|recheck|repeat|see (?:dr|doctor|prof)\.? \p{L}+|bloods?|labs?|bmp|cbc|u&e|check-?up)\b)(?:[^.;\n]|\b(?:dr|mr|mrs|ms|prof)\.){0,50}$")
            .expect("a valid expression")
    });
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:valid|until|exp(?:iry|ires)?|before|discard|edd|planned|last|previous|seen|saw|was|were|attended)\b[^.;\n]{0,30}$")
            .expect("a valid expression")
    });
    let day = |draft: &Draft| match &draft.fact {
        Fact::Date(date) => date.iso.clone().zip(date.role),
        _ => None,
    };
    let own = |role: DateRole| {
        matches!(
            role,
            DateRole::Service
                | DateRole::Letter
                | DateRole::Collected
                | DateRole::Received
                | DateRole::Reported
                | DateRole::Prescribed
                | DateRole::Admission
                | DateRole::Discharge
                | DateRole::Signed
                | DateRole::Referral
        )
    };
    // A stay ends on the day that its sentence tells, too.
    let of_stay = |role: DateRole| matches!(role, DateRole::Admission | DateRole::Discharge);
    let last = drafts
        .iter()
        .filter_map(|draft| Some((draft.rule, day(draft)?)))
        .filter(|(rule, (_, role))| *rule >= LABELLED && own(*role) || of_stay(*role))
        .map(|(_, day)| day)
        .map(|(iso, _)| iso)
        .max();
    let Some(last) = last else { return };
    for draft in drafts {
        let start = draft.span().start;
        let line = &context.layout.lines[context.layout.line_at(start)].span;
        let before = &context.layout.text[line.start..start];
        let weak = draft.rule < LABELLED;
        let Fact::Date(date) = &mut draft.fact else {
            continue;
        };
        let ahead = date.iso.as_ref().is_some_and(|iso| *iso > last);
        let loose = matches!(
            date.role,
            Some(DateRole::Service | DateRole::Other | DateRole::Prescribed)
        );
        if weak && ahead && loose && VISIT.is_match(before) && !OTHERWISE.is_match(before) {
            date.role = Some(DateRole::FollowUp);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_visit_behind_the_days_of_the_document_is_to_come() {
        for (plan, want) in [
            ("Growth scan 05/23/2025.", "follow_up"),
            ("Well visit 08/14/2025.", "follow_up"),
            ("Growth scan 01/23/2025.", "service"),
            ("Chart valid until 08/14/2025.", "other"),
            (
                "Chest clinic with Dr. Anneke Smit, 08/14/2025.",
                "follow_up",
            ),
            (
                "[ ]  See Anneke Smit, NP  Aug 14, 2025 at 9 AM",
                "follow_up",
            ),
            ("SOPD 08/14/2025 at 8 am.", "follow_up"),
            ("Will call back 08/14/2025.", "follow_up"),
        ] {
            let text = format!("Clinic note\nDate of visit: 04/16/2025\nAll is well.\n{plan}\n");
            let roles = told(&text, "date", ["role"]);
            assert_eq!(roles.last(), Some(&[want.to_owned()]), "{plan}");
        }
    }
}
