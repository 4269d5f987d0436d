//! The words that say what happens to a drug, each with where it stands.

use std::sync::LazyLock;

use regex::Regex;

use super::{advice, course};
use crate::layout::Span;

/// What happens to a drug, by the words that say so. The first that fits counts.
const CHANGES: [(&str, &str); 8] = [
    (
        "stopped",
        r"stop(?:s|ped|ping)?(?: (?:taking|using))?|d/c(?:['’]?d)?|discontinu(?:e[sd]?|ing)|ceased?|(?:has|have|had) (?:now )?(?:finished|completed)|completed (?:a|the|his|her) course|(?:taper|course|wean) (?:was |has been |now )?completed|replaced?|not (?:been )?tolerated|poorly tolerated|(?:could|did|can) ?not tolerate|unable to tolerate|(?:has|have|had) (?:previously )?failed|inadequate response|ineffective|(?:no|without) (?:benefit|response|effect)|(?:gave|given) up|came off|off|(?:weaned|taken|wean) off|removed from (?:the )?(?:repeats?|list)|no longer (?:takes|taking|on|using|needed|required)",
    ),
    (
        "held",
        r"hold|holding|held|withh(?:old|eld)|(?:remains? |kept )?on hold|paused?|suspend(?:ed)?|omit(?:ted)?|delay(?:ed)?|postponed?",
    ),
    (
        "continued",
        r"(?:continu(?:e[sd]?|ing)|keep)(?: (?:taking|using))?|takes|taking|unchanged|(?-i:SAME)|no changes?|not changed|resum(?:e[sd]?|ing)|(?:goes on|carr(?:y|ies) on|stays?) (?:as before|the same)|as before|remains? (?:(?:well|stable|settled) )?on|maintained on|stays? on|charted",
    ),
    (
        "increased",
        r"increas(?:e[sd]?|ing)|up-?titrated|rais(?:ed?|ing)|(?:gone|went|put|back) up|dose up(?: (?:from|to))?",
    ),
    (
        "decreased",
        r"decreas(?:e[sd]?|ing)|reduc(?:e[sd]?|ing)|lowered|down-?titrated|halved|(?:come|came|cut|wean(?:ed)?|taper(?:ed)?) down|wean(?:ed|ing)?|tapered|dose down(?: (?:from|to))?",
    ),
    (
        "changed",
        r"chang(?:ed|ing)|change (?:from|to|how)|switch(?:ed|ing)?|converted|swapped",
    ),
    (
        "started",
        r"start(?:s|ed|ing)?(?: (?:taking|using))?|re-?start(?:ed)?|(?:re-?)?commenc(?:e[sd]?|ing)|initiat(?:e[sd]?|ing)|beg[iau]n|introduced?|add(?:ed|ing)?|substituted|(?:have|has) (?:also )?prescribed|(?:was|were) (?:also )?prescribed|prescribe|new",
    ),
    ("stopped", r"instead of|in place of"),
];

static CHANGE: LazyLock<Regex> = LazyLock::new(|| {
    let words = CHANGES.map(|(_, words)| format!("({words})")).join("|");
    Regex::new(&format!(r"(?i)\b(?:{words})\b")).expect("a valid expression")
});

/// A word that says what happens to a drug, and where it stands.
pub(in crate::medication) struct Change {
    pub(super) status: &'static str,
    /// In small letters.
    pub(super) word: String,
    pub(in crate::medication) span: Span,
}

impl Change {
    /// One drug goes and another comes: `switched`, `replaced`.
    pub(super) fn exchanges(&self) -> bool {
        self.status == "changed" || self.word.starts_with("replace")
    }
}

/// The words of a stretch that say what happened. Advice, conditions, the end of a course and the discharge of a patient
/// tell nothing of the kind.
pub(in crate::medication) fn changes(text: &str, within: &Span) -> Vec<Change> {
    CHANGE
        .captures_iter(&text[within.clone()])
        .filter_map(|found| {
            let all = found.get(0)?;
            let span = within.start + all.start()..within.start + all.end();
            let word = all.as_str().to_lowercase();
            let before = &text[within.start..span.start];
            let behind = &text[span.end..within.end];
            if advice::is_advice(before, &word, behind) || course::is_course(before, &word, behind)
            {
                return None;
            }
            let which = (1..=CHANGES.len()).find(|i| found.get(*i).is_some())?;
            Some(Change {
                status: CHANGES[which - 1].0,
                word,
                span,
            })
        })
        .collect()
}
