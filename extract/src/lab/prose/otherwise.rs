//! What looks like a result of a sentence and is none: a limit, a time, what a fluid is made of; and the numbers and words
//! that are one without a unit.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    lab::cells::{Cell, CellKind},
};

/// `stop if WBC < 3.5, neutrophils < 1.6`: what would have to be found for something to be done.
pub(super) fn is_limit(before: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:if|unless|whenever|until|(?:hold|stop|delay|omit|withhold|call|notify|inform|transfuse|treat) (?:for|when))\b(?:[^.;]|\.[0-9])*$")
            .expect("a valid expression")
    });
    static BOUND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:is|was|were|has|had|came|showed)\b").expect("a valid expression")
    });
    // `Target INR 2.5 (2.0 - 3.0)`: what is aimed at.
    static AIM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:target|goal|aim(?:ing)?(?: for)?|desired|therapeutic|keep|maintain)(?: range)?(?: (?:of|for))?\s*[:=]?\s*$")
            .expect("a valid expression")
    });
    if AIM.is_match(before) {
        return true;
    }
    let condition = CONDITION.find(before);
    condition.is_some_and(|found| !BOUND.is_match(found.as_str()))
}

/// `Therapeutic INR 2.0 - 3.0 (VTE)`: a line of what is aimed at.
pub(in crate::lab) fn is_aim(line: &str) -> bool {
    static AIM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:target|goal|therapeutic|desired) (?:range |level )?(?:of |for )?\p{L}")
            .expect("a valid expression")
    });
    // Those of a blood film are found.
    AIM.is_match(line) && !line.to_lowercase().starts_with("target cell")
}

/// `Recheck K+ 1 week`: the number tells when, and of nothing that was found.
pub(super) fn is_a_time(rest: &str) -> bool {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?(?:/(?:7|52|12)\b|(?:weeks?|wks?|days?|months?|mths?|years?|yrs?|hours?|hrs?|times|weekly|monthly|yearly|hourly)\b)")
            .expect("a valid expression")
    });
    TIME.is_match(rest)
}

/// `INR 2.6 (08/05/2025)`: a test that has no unit, and nothing goes on behind its number.
pub(super) fn stands_alone(printed: &str, rest: &str) -> bool {
    let unitless = matches!(
        &*printed.to_lowercase(),
        "inr"
            | "egfr"
            | "hba1c"
            | "a1c"
            | "crp"
            | "tsh"
            | "bnp"
            | "d-dimer"
            | "d dimer"
            | "procalcitonin"
    );
    let rest = rest.trim_start();
    unitless && (rest.is_empty() || rest.starts_with(['(', ',', ';', '.']))
}

/// What a fluid is made of is nobody's result.
pub(super) static BATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:dialysis (?:fluid|bath|prescription)|bath|replacement fluid|TPN|parenteral nutrition|feeds?)\b|\b(?:dialysate|dialysis bath)\s*:?")
        .expect("a valid expression")
});

/// Words before results that are words.
pub(super) static DIPSTICK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:urine|dip(?:stick)?|urinalysis|u/a|ua)\b").expect("a valid expression")
});

/// Below a list of drugs: a concentration that is no drug's strength.
pub(super) fn is_measured(context: &Context, printed: &str, cells: &[Cell]) -> bool {
    let text = context.layout.text;
    let unit = cells.iter().find(|c| c.kind == CellKind::Unit);
    let under = unit.and_then(|unit| {
        let unit = text[unit.span.clone()].to_lowercase();
        unit.split_once('/')
            .map(|(_, under)| under.trim().to_owned())
    });
    // No product holds so much in a litre of blood.
    let in_blood = under
        .as_deref()
        .is_some_and(|under| matches!(under, "l" | "dl" | "ul" | "mol" | "mmol"));
    let concentration = under.as_deref() == Some("ml");
    // Values that a list of drugs names without a unit; none of them is taken.
    let never_taken = matches!(
        &*printed.to_lowercase(),
        "inr" | "egfr" | "hba1c" | "a1c" | "tsh" | "crp" | "hdl" | "ldl"
    );
    in_blood || (concentration || never_taken) && !context.lexicon.is_any_drug(printed)
}
