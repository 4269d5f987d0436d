//! Words of a change that tell the course of a treatment as it was ordered, or of something other than the drug: `7
//! days, stop`, `reducing by 5 mg a week`, a patch that is `changed every 72 hours`, and a patient who is discharged.

use std::sync::LazyLock;

use regex::Regex;

/// What stands before the word, the word, what stands behind it.
pub(super) fn is_course(before: &str, word: &str, behind: &str) -> bool {
    word == "stop" && ends_course(before)
        || word == "d/c" && is_discharge(before, behind)
        || word.ends_with("ing") && goes_on_in_steps(behind)
        || word == "changed" && is_renewed(behind)
        || word == "new" && names_no_drug(behind)
        || word == "prescribe" && before.trim_end().to_lowercase().ends_with("continue to")
}

/// `30 mg for 5 days, stop`.
fn ends_course(before: &str) -> bool {
    static COURSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:[0-9]\s?(?:days?|d|weeks?|wks?|/7|/52))[\s,]+(?:and )?$")
            .expect("a valid expression")
    });
    COURSE.is_match(before)
}

/// `on d/c`, `d/c meds`: the patient's discharge.
fn is_discharge(before: &str, behind: &str) -> bool {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:on|of|at|since|post|pre|to|after|before|until|for|day|home|pending)[\s-]+$",
        )
        .expect("a valid expression")
    });
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:meds?|medic\w+|rx|prescriptions?|instructions?|orders?|date|home|plan\w*|letter|summary|advice|diagnos\w+|dx|on|with|to)\b")
            .expect("a valid expression")
    });
    LEAD.is_match(before) || BEHIND.is_match(behind)
}

/// `reducing by 5 mg a week`.
fn goes_on_in_steps(behind: &str) -> bool {
    static STEPS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^\s+by\b").expect("a valid expression"));
    STEPS.is_match(behind)
}

/// `changed every 72 hours`.
fn is_renewed(behind: &str) -> bool {
    static EVERY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^\s+(?:every|each|q\s?[0-9]|[0-9]+[ -]hourly|daily|weekly|twice|on alternate)\b",
        )
        .expect("a valid expression")
    });
    EVERY.is_match(behind)
}

/// `new problems`, `new patient`.
fn names_no_drug(behind: &str) -> bool {
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:patient|problem|complaint|symptom|finding|onset|referral|diagnos)")
            .expect("a valid expression")
    });
    OTHER.is_match(behind)
}

#[cfg(test)]
mod tests {
    use super::is_course;

    #[test]
    fn a_course_is_told_from_a_change() {
        for (before, word, behind, course) in [
            ("30 mg for 5 days, ", "stop", "", true),
            ("lisinopril on ", "d/c", "", true),
            ("", "d/c", " meds: aspirin", true),
            ("", "d/c", " Rx:", true),
            ("40 mg daily ", "reducing", " by 5 mg a week", true),
            ("patch ", "changed", " every 72 hours", true),
            ("", "d/c", " aspirin", false),
            ("We are ", "reducing", " prednisolone", false),
            ("was ", "changed", " to lansoprazole", false),
            ("- ", "new", "", false),
            ("Please continue to ", "prescribe", " aspirin", true),
            ("if you could ", "prescribe", " aspirin", false),
        ] {
            let told = is_course(before, word, behind);
            assert_eq!(told, course, "{before}{word}{behind}");
        }
    }
}
