//! What happened to a drug (started, stopped, changed), told by its row of a list, its sentence or the heading above.

use std::sync::LazyLock;

use regex::Regex;

use super::scope::Scope;
use crate::layout::Span;

/// What happens to a drug, by the words that say so.
const CHANGES: [(&str, &str); 8] = [
    (
        "stopped",
        r"stop(?:s|ped|ping)?(?: (?:taking|using))?|d/c(?:['’]?d)?|discontinu(?:e[sd]?|ing)|ceased?|(?:has|have|had) (?:now )?(?:finished|completed)|completed (?:a|the|his|her) course|replaced|not (?:been )?tolerated|poorly tolerated|(?:gave|given) up|came off|(?:weaned|taken) off|no longer (?:takes|taking|on|using|needed|required)",
    ),
    (
        "held",
        r"hold|holding|held|withh(?:old|eld)|(?:remains? |kept )?on hold|paused?|suspend(?:ed)?|omit(?:ted)?|delay(?:ed)?|postponed?",
    ),
    (
        "continued",
        r"(?:continu(?:e[sd]?|ing)|keep)(?: (?:taking|using))?|takes|taking|unchanged|no changes?|not changed|resum(?:e[sd]?|ing)|remains? on|maintained on|stays? on",
    ),
    ("increased", r"increas(?:e[sd]?|ing)|up-?titrated"),
    (
        "decreased",
        r"decreas(?:e[sd]?|ing)|reduc(?:e[sd]?|ing)|lowered|down-?titrated",
    ),
    (
        "changed",
        r"chang(?:ed|ing)|change (?:from|to|how)|switch(?:ed|ing)?|converted|swapped",
    ),
    (
        "started",
        r"start(?:s|ed|ing)?(?: (?:taking|using))?|re-?start(?:ed)?|(?:re-?)?commenc(?:e[sd]?|ing)|initiat(?:e[sd]?|ing)|beg[iau]n|introduced?|added|adding|new",
    ),
    ("stopped", r"instead of|in place of"),
];

static CHANGE: LazyLock<Regex> = LazyLock::new(|| {
    let words = CHANGES.map(|(_, words)| format!("({words})")).join("|");
    Regex::new(&format!(r"(?i)\b(?:{words})\b")).expect("a valid expression")
});

/// A word that says what happens to a drug, and where it stands.
pub(super) struct Change {
    status: &'static str,
    word: String,
    pub(super) span: Span,
}

/// The words of a stretch that say so. `then stop` and `7 days, stop` end a course, `do not stop`, `stop if`, `hold for
/// ANC < 1.5` and `if K is low, stop` are advice, and `on d/c` is a discharge: none of them tells what happened.
pub(super) fn changes(text: &str, within: &Span) -> Vec<Change> {
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:then|until|not|never|if|without|before|may|or)|n['’]t)\s+(?:be\s+|been\s+|to\s+)?$")
            .expect("a valid expression")
    });
    static ADVICE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:if|unless|in (?:a|[0-9]{1,2}|one|two|three|four|six) (?:days?|weeks?|months?)|next (?:week|month))\b").expect("a valid expression")
    });
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:^|[.;:!?•]\s+|\n)\W*(?:if|should|consider)\b[^.;]*$")
            .expect("a valid expression")
    });
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:for|when)\s+(?:[a-z/-]+\s+){1,3}[<>≤≥]|^\s+for\s+(?:sedation|bleeding|diarrh|loose|drows)")
            .expect("a valid expression")
    });
    static COURSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:[0-9]\s?(?:days?|d|weeks?|wks?|/7|/52))[\s,]+(?:and )?$")
            .expect("a valid expression")
    });
    static DISCHARGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:on|of|at|since|post|pre|to|after|before|until|for|day|home|pending)[\s-]+$",
        )
        .expect("a valid expression")
    });
    static DISCHARGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:meds?|medic\w+|date|home|plan\w*|letter|summary|advice|diagnos\w+|dx|on|with|to)\b")
            .expect("a valid expression")
    });
    CHANGE
        .captures_iter(&text[within.clone()])
        .filter_map(|found| {
            let all = found.get(0)?;
            let span = within.start + all.start()..within.start + all.end();
            if OTHERWISE.is_match(&text[within.start..span.start])
                || ADVICE.is_match(&text[span.end..within.end])
            {
                return None;
            }
            let word = all.as_str().to_lowercase();
            let before = &text[within.start..span.start];
            let behind = &text[span.end..within.end];
            if CONDITION.is_match(before)
                || LIMIT.is_match(behind)
                || word == "stop" && COURSE.is_match(before)
                || word == "d/c" && (DISCHARGE.is_match(before) || DISCHARGED.is_match(behind))
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

/// What happened to a drug. `names` are all drugs that the document names, in reading order.
pub(super) fn of(text: &str, scope: &Scope, name: &Span, names: &[Span]) -> Option<&'static str> {
    match scope {
        Scope::Row(row) => in_row(text, row, name),
        Scope::Sentence(sentence) => in_sentence(text, sentence, name, names),
    }
}

/// In a row the word begins or ends it, opens brackets or stands behind a dash. What else a sig says
/// (`take until finished`) tells nothing.
fn in_row(text: &str, row: &Span, name: &Span) -> Option<&'static str> {
    if let Some(change) = changes(text, &(row.start..name.start)).pop() {
        return Some(change.status);
    }
    let found = changes(text, &(name.end..row.end));
    let ends = |change: &&Change| {
        let rest = &text[change.span.end..row.end];
        let line = rest.split('\n').next().unwrap_or_default();
        !line.contains(char::is_alphanumeric)
    };
    let marked = |change: &&Change| {
        let lead = text[name.end..change.span.start].trim_end();
        let bare = lead.strip_suffix("dose").or(lead.strip_suffix("Dose"));
        let lead = bare.unwrap_or(lead).trim_end();
        let past = change.word.ends_with("ed") || change.word.ends_with("eld");
        let own_cell = text[name.end..change.span.start].ends_with(['\t', '|'])
            || text[name.end..change.span.start].ends_with("  ")
            || text[name.end..change.span.start].ends_with("| ");
        own_cell
            || lead.ends_with(['(', '[', '-', '–', '—', '*'])
            || past && lead.ends_with([',', ';'])
            || is_passive(text, change)
    };
    found
        .iter()
        .rev()
        .find(ends)
        .or_else(|| found.iter().find(marked))
        .map(|change| change.status)
}

/// `was stopped`, `has been increased`, `to be restarted`.
fn is_passive(text: &str, change: &Change) -> bool {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:was|were|is|are|be|been|being)\s+(?:now |also |recently )?$")
            .expect("a valid expression")
    });
    change.word.ends_with("ed") && BEFORE.is_match(&text[..change.span.start])
}

/// In a sentence a word tells of the drugs before it when one stands in its own clause (`metformin was
/// increased`) and of the drugs behind it when none does (`stop ramipril and start amlodipine`); the next
/// such word ends its reach.
fn in_sentence(text: &str, sentence: &Span, name: &Span, names: &[Span]) -> Option<&'static str> {
    let inside: Vec<&Span> = names
        .iter()
        .filter(|other| other.start >= sentence.start && other.end <= sentence.end)
        .collect();
    let own = inside.iter().position(|other| *other == name)?;
    let directly = |from: usize, k: usize| text[from..inside[k].start].trim().is_empty();
    let found: Vec<Change> = changes(text, sentence)
        .into_iter()
        .filter(|change| {
            let next = inside.iter().position(|n| n.start >= change.span.end);
            let at = |k| directly(change.span.end, k);
            // Adjectives of other things, unless the drug follows at once.
            !(matches!(&*change.word, "new" | "keep") || change.word.ends_with(" of"))
                || next.is_some_and(at)
        })
        .collect();
    let mut told: Vec<Option<&'static str>> = vec![None; inside.len()];
    for (n, change) in found.iter().enumerate() {
        let from = n
            .checked_sub(1)
            .map_or(sentence.start, |k| found[k].span.end);
        let to = found
            .get(n + 1)
            .map_or(sentence.end, |next| next.span.start);
        let between = |from: usize, to: usize| {
            let first = inside.partition_point(|name| name.start < from);
            first..inside.partition_point(|name| name.start < to).max(first)
        };
        let (behind, ahead) = (
            between(from, change.span.start),
            between(change.span.end, to),
        );
        let clause = clause_start(text, from, change.span.start);
        let exchange = change.status == "changed" || change.word == "replaced";
        if behind.clone().any(|k| inside[k].start >= clause) && !change.word.ends_with(" of") {
            let status = if exchange && !ahead.is_empty() {
                "stopped"
            } else {
                change.status
            };
            let several = tells_of_several(&text[clause..change.span.start]);
            let last = behind.end - 1;
            for k in behind.rev() {
                let listed = k == last || {
                    let gap = &text[inside[k].end..inside[k + 1].start];
                    !gap.contains(';') && (several || is_joint(gap))
                };
                if !listed || inside[k].start < clause && told[k].is_some() {
                    break;
                }
                told[k] = Some(status);
            }
            for k in ahead.filter(|_| exchange) {
                told[k] = Some("started");
            }
        } else if ahead.is_empty() {
            let lead = &text[clause..change.span.start];
            // `was held and resumed`: the later word counts.
            let again = lead.trim().is_empty();
            let any = between(sentence.start, change.span.start).last();
            let last = behind.last().filter(|k| told[*k].is_none());
            let last = if again { any } else { last };
            if let Some(k) = last.filter(|_| has_no_subject(lead)) {
                told[k] = Some(change.status);
            }
        } else if change.word != "replaced" && reaches(text, change, inside[ahead.start]) {
            for k in ahead {
                let lead = text[change.span.end..inside[k].start].to_lowercase();
                let last = lead
                    .split_whitespace()
                    .rfind(|word| matches!(*word, "to" | "from"));
                told[k] = Some(match (change.status, last) {
                    ("changed", Some("to")) => "started",
                    ("changed", Some("from")) => "stopped",
                    (status, _) => status,
                });
            }
        }
    }
    told[own]
}

/// `were stopped`, `both held`: more drugs than the last.
fn tells_of_several(clause: &str) -> bool {
    static SEVERAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:were|have|are|both|all)\b").expect("a valid expression")
    });
    SEVERAL.is_match(clause)
}

/// `aspirin, ramipril and`: nothing but what joins names.
fn is_joint(gap: &str) -> bool {
    gap.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '+' | '&'))
        .all(|word| matches!(word, "" | "and" | "the" | "her" | "his"))
}

/// An amount may grow or fall of its own: only `increased the dose of X` and the like tell of a drug.
fn reaches(text: &str, change: &Change, name: &Span) -> bool {
    const BETWEEN: &[&str] = &[
        "the",
        "a",
        "an",
        "her",
        "his",
        "their",
        "your",
        "dose",
        "doses",
        "of",
        "to",
        "from",
        "down",
        "up",
        "on",
        "both",
        "further",
        "mg",
        "mcg",
        "micrograms",
        "g",
        "units",
        "ml",
    ];
    !matches!(change.status, "increased" | "decreased" | "changed")
        || text[change.span.end..name.start]
            .to_lowercase()
            .split_whitespace()
            .all(|word| BETWEEN.contains(&word) || word.contains(|c: char| c.is_ascii_digit()))
}

/// `, which was recently stopped`: nothing else is spoken of.
fn has_no_subject(lead: &str) -> bool {
    const WORDS: &[&str] = &[
        "which", "that", "this", "it", "dose", "was", "is", "has", "been", "had", "now",
        "recently", "also", "later", "today", "the", "to", "be",
    ];
    lead.to_lowercase()
        .split_whitespace()
        .all(|word| WORDS.contains(&word))
}

/// Where the clause of a word begins: behind the last comma, bracket, conjunction or subject before it.
fn clause_start(text: &str, from: usize, to: usize) -> usize {
    static BREAK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;:(]|\b(?:and|but|while|whereas|so|we|i|he|she|they|patient)\b")
            .expect("a valid expression")
    });
    BREAK
        .find_iter(&text[from..to])
        .last()
        .map_or(from, |m| from + m.end())
}

/// What a heading says of the drugs below it: `CHANGE how you take`.
pub(super) fn of_heading(heading: &str) -> Option<&'static str> {
    static BARE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^\W*change\b").expect("a valid expression"));
    changes(heading, &(0..heading.len()))
        .into_iter()
        .find(|change| change.word != "taking")
        .map(|change| change.status)
        .or_else(|| BARE.is_match(heading).then_some("changed"))
}

#[cfg(test)]
mod tests {
    use schemas::Fact;

    use crate::{Lexicon, Source, extract};

    /// `name: status` of each medication, parted by `; `.
    fn told(text: &str) -> String {
        let source = Source { text, words: &[] };
        extract(&source, &Lexicon::builtin())
            .entities
            .iter()
            .filter_map(|entity| match &entity.fact {
                Fact::Medication(m) => {
                    let status = m.status.as_deref().unwrap_or("-");
                    Some(format!("{}: {status}", m.name.as_deref()?))
                }
                _ => None,
            })
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn a_row_has_the_status_of_its_own_last_column() {
        for gap in [" ", "\t"] {
            let row = |cells: [&str; 5]| cells.join(gap);
            let text = [
                "Medicines on discharge".to_owned(),
                row([
                    "Amoxicillin 500 mg",
                    "2 cap",
                    "PO",
                    "four times daily",
                    "Reduced",
                ]),
                row(["Bisoprolol 5 mg", "1 tab", "PO", "once daily", "New"]),
                row([
                    "Lansoprazole 15 mg",
                    "2 cap",
                    "PO",
                    "once daily",
                    "Continued",
                ]),
                "He was started on warfarin 1 mg.".to_owned(),
            ]
            .join("\n");
            assert_eq!(
                told(&text),
                "Amoxicillin: decreased; Bisoprolol: started; Lansoprazole: continued; warfarin: started"
            );
        }
    }

    #[test]
    fn each_drug_of_a_sentence_has_its_own_status() {
        for (text, want) in [
            (
                "Plan: stop ramipril and start amlodipine 5 mg once daily.",
                "ramipril: stopped; amlodipine: started",
            ),
            (
                "The metformin was increased to 1 g; gliclazide 80 mg bd continued.",
                "metformin: increased; gliclazide: continued",
            ),
            (
                "Her aspirin was discontinued and clopidogrel 75 mg daily commenced.",
                "aspirin: stopped; clopidogrel: started",
            ),
            (
                "Both aspirin and clopidogrel were stopped before surgery.",
                "aspirin: stopped; clopidogrel: stopped",
            ),
            (
                "He was switched from omeprazole to lansoprazole 30 mg daily.",
                "omeprazole: stopped; lansoprazole: started",
            ),
            (
                "Her simvastatin has been switched to atorvastatin 20 mg nocte.",
                "simvastatin: stopped; atorvastatin: started",
            ),
            (
                "She remains on levothyroxine 100 micrograms daily, and the bisoprolol is on hold.",
                "levothyroxine: continued; bisoprolol: held",
            ),
            (
                "His metformin was held on the ward and resumed at discharge.",
                "metformin: continued",
            ),
            (
                "CRP increased and she was given doxycycline 100 mg daily.",
                "doxycycline: -",
            ),
            ("Please do not stop bisoprolol 5 mg daily.", "bisoprolol: -"),
            (
                "She has apixaban 5 mg twice daily instead of warfarin.",
                "apixaban: -; warfarin: stopped",
            ),
        ] {
            assert_eq!(told(text), want, "{text}");
        }
    }

    #[test]
    fn headings_and_brackets_tell_of_rows() {
        for (text, want) in [
            (
                "START taking:\nfurosemide 40 mg tablet, take 1 tablet by mouth daily\nCHANGE how you take:\ncarvedilol 6.25 mg tablet, take 1 tablet by mouth twice daily\nSTOP taking:\nibuprofen 800 mg tablet",
                "furosemide: started; carvedilol: changed; ibuprofen: stopped",
            ),
            (
                "Discharge medication:\nPrednisolone 30 mg od for 5 days then stop (NEW)\nRamipril 2.5 mg od (dose reduced)\nSenna 7.5 mg nocte - STOPPED, loose stools\nCodeine 30 mg qds, stop if drowsy",
                "Prednisolone: started; Ramipril: decreased; Senna: stopped; Codeine: -",
            ),
        ] {
            assert_eq!(told(text), want, "{text}");
        }
    }
}
