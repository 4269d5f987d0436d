//! What happened to a drug (started, stopped, changed), told by its row of a list, its sentence or the heading above:
//! [`change`] holds the words, [`advice`] and [`course`] those of them that tell of no event, [`row`], [`sentence`] and
//! [`above`] say of which drug they tell.

use std::sync::LazyLock;

use regex::Regex;

use super::scope::Scope;
use crate::layout::Span;

mod above;
mod advice;
mod change;
mod course;
mod row;
mod sentence;

pub(super) use above::of_list;
pub(super) use change::changes;

/// Before drugs that were taken once: `Previously tried:`, `Failed therapies:`.
static FORMER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:(?:previous(?:ly)?|prior|past|failed) (?:tried|failed|used|therap(?:y|ies)|treatments?|medic(?:ations?|ines)|drugs|agents|trials?)|(?:drugs|medic(?:ations|ines)|treatments|therapies) (?:previously )?(?:tried|failed))\b[^:]{0,30}(?::|$)")
        .expect("a valid expression")
});

/// What happened to a drug. `names` are all drugs that the document names, in reading order.
pub(super) fn of(text: &str, scope: &Scope, name: &Span, names: &[Span]) -> Option<&'static str> {
    let told = match scope {
        Scope::Row(row) => row::in_row(text, row, name),
        Scope::Sentence(sentence) => sentence::in_sentence(text, sentence, name, names),
    };
    let (Scope::Row(within) | Scope::Sentence(within)) = scope;
    let lead = || text.get(within.start..name.start).unwrap_or_default();
    told.or_else(|| FORMER.is_match(lead()).then_some("stopped"))
}

/// What a heading says of the drugs below it: `CHANGE how you take`.
pub(super) fn of_heading(heading: &str) -> Option<&'static str> {
    static BARE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^\W*change\b").expect("a valid expression"));
    if FORMER.is_match(heading) {
        return Some("stopped");
    }
    changes(heading, &(0..heading.len()))
        .into_iter()
        .find(|change| change.word != "taking")
        .map(|change| change.status)
        .or_else(|| BARE.is_match(heading).then_some("changed"))
}

#[cfg(test)]
mod tests {
    use crate::probe;

    /// `name: status` of each medication, parted by `; `.
    fn told(text: &str) -> String {
        probe::told(text, "medication", ["name", "status"])
            .iter()
            .map(|told| match told {
                [name, none] if none.is_empty() => format!("{name}: -"),
                known => known.join(": "),
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
