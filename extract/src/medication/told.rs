//! What the sentence around a drug's name tells of its use: that it is used at all, what happened to
//! it (started, stopped, changed), or that it is not taken.

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::Span;

pub(super) fn has_cue(text: &str, sentence: &Span, name: &Span) -> bool {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:start(?:ed|ing)?|continue[ds]?|continuing|tak(?:es|ing|en)|on|prescribed|prescription for|treated with|given|received|receives|restart(?:ed)?|commence[d]?|switch(?:ed)? to|chang(?:ed|e) to|increase[d]?|decrease[d]?|reduce[d]?|stop(?:ped)?|discontinue[d]?|hold|held|withhold|administer(?:ed)?|course of|dose of|managed with|controlled (?:with|on|by)|added|resume[d]?|using|uses|therapy with|initiated|loaded with|refill(?:ed)? (?:of|for)?)\b").expect("a valid expression")
    });
    let before = &text[sentence.start.min(name.start)..name.start];
    let near = before.len().saturating_sub(70);
    let near = (near..=before.len())
        .find(|i| before.is_char_boundary(*i))
        .unwrap_or(0);
    CUE.is_match(&before[near..])
}

pub(super) fn status(text: &str, sentence: &Span, name: &Span) -> Option<String> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(start(?:ed|ing)?|continue[ds]?|stop(?:ped)?|discontinue[d]?|hold|held|withheld|changed|increase[d]?|decrease[d]?|reduce[d]?|restart(?:ed)?|commence[d]?|takes|taking|switched|new|unchanged|resume[d]?|initiated|added)\b").expect("a valid expression")
    });
    let before = &text[sentence.start.min(name.start)..name.start];
    let after = &text[name.end..sentence.end.max(name.end)];
    let word = in_row(text, name)
        .and_then(|row| {
            STATUS
                .find_iter(row)
                .last()
                .filter(|m| m.end() == row.len())
        })
        .or_else(|| STATUS.find_iter(before).last())
        .or_else(|| STATUS.find_iter(after).last())?
        .as_str()
        .to_lowercase();
    Some(
        match word.as_str() {
            w if w.starts_with("stop") || w.starts_with("disc") => "stopped",
            w if w.starts_with("hold") || w.starts_with("held") || w.starts_with("withheld") => {
                "held"
            }
            w if w.starts_with("cont")
                || w.starts_with("tak")
                || w.starts_with("unch")
                || w.starts_with("resu") =>
            {
                "continued"
            }
            w if w.starts_with("incr") => "increased",
            w if w.starts_with("decr") || w.starts_with("redu") => "decreased",
            w if w.starts_with("chan") || w.starts_with("swit") => "changed",
            _ => "started",
        }
        .into(),
    )
}

/// The rest of a line that begins with the name: a row of a list, whose last column may be the status. What
/// stands above it is another drug's.
fn in_row<'a>(text: &'a str, name: &Span) -> Option<&'a str> {
    let begins = text[..name.start].rsplit('\n').next()?.trim().is_empty();
    let rest = text[name.end..].split('\n').next()?.trim_end();
    begins.then_some(rest)
}

pub(super) fn is_negated_use(text: &str, name: &Span) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:not (?:on|taking|to take|given|prescribed)|denies (?:taking|use of|using)|avoid|no longer (?:on|taking)|never (?:taken|took))\b[^.]{0,40}$").expect("a valid expression")
    });
    let from = name.start.saturating_sub(80);
    let from = (from..=name.start)
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    NOT.is_match(&text[from..name.start])
}

#[cfg(test)]
mod tests {
    use schemas::Fact;

    use crate::{Lexicon, Source, extract};

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
            let source = Source {
                text: &text,
                words: &[],
            };
            let found = extract(&source, &Lexicon::builtin()).entities;
            let told = found.iter().filter_map(|entity| match &entity.fact {
                Fact::Medication(m) => Some((m.name.as_deref()?, m.status.as_deref())),
                _ => None,
            });
            assert_eq!(
                told.collect::<Vec<_>>(),
                [
                    ("Amoxicillin", Some("decreased")),
                    ("Bisoprolol", Some("started")),
                    ("Lansoprazole", Some("continued")),
                    ("warfarin", Some("started")),
                ],
                "{text}"
            );
        }
    }
}
