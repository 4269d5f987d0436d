//! What stands behind a name and says what somebody is to the patient: `, Lab Head`, `, visit 03/21/2025`.

use std::sync::LazyLock;

use regex::Regex;
use schemas::DocumentKind;

use crate::{context::Context, layout::Span};

/// The rest of the line behind a name.
fn behind<'a>(context: &Context<'a>, name: &Span) -> &'a str {
    let line = &context.layout.lines[context.layout.line_at(name.start)].span;
    &context.layout.text[name.end..line.end.max(name.end)]
}

/// `Reviewed by: Dr. Amal Darwish, Lab Head`: who heads the laboratory, whatever label it stands behind.
pub(super) fn heads_laboratory(context: &Context, name: &Span) -> bool {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,(-]{1,4}(?:[A-Z]{2,6}[\s,]{1,3})?(?:lab(?:oratory)? (?:head|director)|head of (?:the )?lab(?:oratory)?)\b")
            .expect("a valid expression")
    });
    context.kind == DocumentKind::LabReport && HEAD.is_match(behind(context, name))
}

/// `Pediatrician: Dr. Ines Maduro, visit 03/21/2025` on who goes home: whom the patient sees next.
pub(super) fn is_seen_next(context: &Context, name: &Span) -> bool {
    static VISIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[^.;\n]{0,16}\b(?:visit|appointment|appt|to see)(?: on)?\W{1,3}(?:[0-9]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri)[a-z]*\b)")
            .expect("a valid expression")
    });
    context.kind == DocumentKind::DischargeSummary && VISIT.is_match(behind(context, name))
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_stands_behind_a_name_says_the_role() {
        for (text, want) in [
            (
                "LABORATORY REPORT\nReference range\nReviewed by: Dr. Amal Darwish, Lab Head\n",
                "lab_director Amal Darwish",
            ),
            (
                "DISCHARGE SUMMARY\nPediatrician: Dr. Ines Maduro, visit 03/21/2025\n",
                "follow_up_provider Ines Maduro",
            ),
            (
                "DISCHARGE SUMMARY\nNeonatologist: Ines Maduro, MD\n",
                "attending Ines Maduro",
            ),
            (
                "e-Prescription\nClinician: Dr. Amal Darwish   Lic. 4711\n",
                "prescriber Amal Darwish",
            ),
            (
                "LABORATORY REPORT\nNormal range\nRowena T. Sison, RMT          Carlos M. Ybarra, MD\nMedical Technologist          Pathologist\n",
                "other Rowena T. Sison; authoriser Carlos M. Ybarra",
            ),
            (
                "LABORATORY REPORT\nNormal range\nCopy to: Dr. Paul Trent; Nora Quill, NP\nPHYS: SALAZAR, P\n",
                "other Paul Trent; other Nora Quill; ordering SALAZAR, P",
            ),
            (
                "e-Prescription\nPrescriber: Keiko Brandt, PA-C    Supervising Prescriber: Alan Whitman, DO\nAgent: Maria Sloan\n",
                "prescriber Keiko Brandt; other Alan Whitman; other Maria Sloan",
            ),
            (
                "DISCHARGE SUMMARY\nAttending: HOLM, ERIK S      Resident: Dr. Nirav Patil\n",
                "attending HOLM, ERIK S; other Nirav Patil",
            ),
            (
                "XRAY CHEST PA VIEW\nIMPRESSION : MILD CARDIOMEGALY.\nDr. Sneha Gokhale, MD (Radiodiagnosis)\n",
                "authoriser Sneha Gokhale",
            ),
            (
                "TELEPHONE ORDER\nT.O. Dr. Nayar / Rita Castle LPN\n",
                "prescriber Nayar; other Rita Castle",
            ),
            (
                "MEDICAL CERTIFICATE\nThis is to certify that Mr Lim Boon Teck NRIC S1 is unfit for duty.\n",
                "patient Lim Boon Teck",
            ),
            (
                "LABORATORY REPORT\nReference range\nLab Scientist: Grace Adebisi  AIMLS\n",
                "other Grace Adebisi",
            ),
        ] {
            let told = told(text, "person", ["role", "name"]);
            let told: Vec<String> = told.iter().map(|person| person.join(" ")).collect();
            assert_eq!(told.join("; "), want, "{text}");
        }
    }
}
