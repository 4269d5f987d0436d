//! Findings that a report concludes with and no list of conditions knows: `Acute left basal ganglia haemorrhage`, `Right
//! middle lobe nodule, CT follow up at 12 months`. A few words that end as names of what is seen in pictures do; each is
//! doubted.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, layout::Span};

/// Does the section of an item hold what a report concludes with?
pub(super) fn concludes(context: &Context, item: &Span) -> bool {
    let heading = context.heading(item.start).unwrap_or_default();
    let heading = heading.to_lowercase();
    ["impression", "opinion", "conclusion"]
        .iter()
        .any(|word| heading.contains(word))
}

/// How much of an item is such a name.
pub(super) fn length(item: &str) -> Option<usize> {
    const LONGEST: usize = 7;
    static ADVISED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;.]\s(?:(?:CT|MRI|US|PET|ultrasound|imaging|interval|clinical)\s)?(?:follow[ -]?up|recommend|suggest|advi[sc]e|correlat|review|repeat)\w*\b.*$")
            .expect("a valid expression")
    });
    static FINDING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:ha?emorrhages?|ha?ematomas?|fractures?|nodules?|mass|infarct(?:ion)?s?|emboli|embolus|embolism|effusions?|stenosis|aneurysms?|abscess|consolidation|metastas[ei]s|lymphadenopathy|hydronephrosis|thrombosis|thrombus|dissection|dislocation|calculus|calculi|perforation)$")
            .expect("a valid expression")
    });
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:no|not|without|normal|negative|nil|is|was|are|were|with|of|for|seen|noted|if|previous|prior|known)\b|[0-9?:;]")
            .expect("a valid expression")
    });
    let end = ADVISED.find(item).map_or(item.len(), |found| found.start());
    let name = item[..end].trim_end_matches(['.', ' ', ',']);
    let words = name.split_whitespace().count();
    ((2..=LONGEST).contains(&words) && FINDING.is_match(name) && !OTHERWISE.is_match(name))
        .then_some(name.len())
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_a_report_concludes_with() {
        for (text, want) in [
            (
                "CT BRAIN\nIMPRESSION:\n- ACUTE RIGHT THALAMIC HAEMORRHAGE.\n- NO SKULL FRACTURE.\n",
                "ACUTE RIGHT THALAMIC HAEMORRHAGE",
            ),
            (
                "CT CHEST\nOpinion\n1. Left lower lobe nodule, CT follow up at 6 months.\n",
                "Left lower lobe nodule",
            ),
            ("CT CHEST\nOpinion\n1. Follow up of the nodule.\n", ""),
        ] {
            let told = told(text, "diagnosis", ["text", "assertion"]);
            let present = told.iter().filter(|[_, assertion]| assertion == "present");
            let names: Vec<&str> = present.map(|[name, _]| name.as_str()).collect();
            assert_eq!(names.join("; "), want, "{text}");
        }
    }
}
