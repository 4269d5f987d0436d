//! When a person should look at a medication: numbers and units that are known to be misread or
//! misunderstood (the list of error-prone abbreviations of the Institute for Safe Medication
//! Practices names trailing zeros, naked decimals and U for unit).

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use crate::{draft::Draft, sig};

fn re(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a review pattern is a valid expression")
}

static TRAILING_ZERO: LazyLock<Regex> = LazyLock::new(|| re(r"\d\.0+(?:\D|$)"));
static NAKED: LazyLock<Regex> = LazyLock::new(|| re(r"(?:^|[^\d])\.\d"));
static LETTER_IN_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"\d[.,]?[OoIl|](?:[\s\d.,/%+]|$|m?c?g\b)|[OoIl|][.,]?\d|^[lI][Oo]\s|^[lI|](?:\s|$|%|mc?g|mL|g\b|(?i:cap|tab|puff|drop|spray|unit|vial|amp)s?\b)",
    )
});
static LEADING_ZERO: LazyLock<Regex> = LazyLock::new(|| re(r"(?:^|[^\d.,:/])0\d"));
static COMMA_DECIMAL: LazyLock<Regex> = LazyLock::new(|| re(r"\d,\d{1,2}(?:\D|$)"));

/// Adds reasons and candidates.
pub(crate) fn check(medication: &Medication, draft: &mut Draft) {
    for (field, value) in [
        ("strength", &medication.strength),
        ("dose", &medication.dose),
    ] {
        let Some(value) = value else { continue };
        number(field, value, draft);
        if let Some(unit) = sig::strength_unit(value) {
            if matches!(unit.as_str(), "rng" | "mq" | "mcq") {
                draft.doubt(format!("the unit of the {field} looks misread"));
                let unit_read = if unit == "mcq" { "mcg" } else { "mg" };
                draft.candidate(field, value.to_lowercase().replace(&unit, unit_read), 0.8);
            }
            if unit == "u" {
                draft.doubt("U for units is easily read as a zero");
            }
        }
    }
    if medication.strength.is_none() && medication.dose.is_none() {
        let named = medication.frequency.is_some() || medication.quantity.is_some();
        if named {
            draft.doubt("no strength or dose stands with the drug");
        }
    }
    if let Some(frequency) = &medication.frequency {
        number("frequency", frequency, draft);
    }
}

/// Reasons to doubt a number as printed.
pub(crate) fn number(field: &str, value: &str, draft: &mut Draft) {
    if TRAILING_ZERO.is_match(value) && field != "value" {
        draft.doubt(format!(
            "a trailing zero in the {field} is easily read as ten times as much"
        ));
    }
    if NAKED.is_match(value) {
        draft.doubt(format!(
            "a decimal point without a zero before it in the {field}"
        ));
    }
    if LEADING_ZERO.is_match(value) && field != "frequency" {
        draft.doubt(format!(
            "a zero stands before the digits of the {field}; a decimal point may be lost"
        ));
    }
    if COMMA_DECIMAL.is_match(value) {
        draft.doubt(format!("a comma stands in the number of the {field}"));
    }
    if LETTER_IN_NUMBER.is_match(value) {
        draft.doubt(format!("a letter stands among the digits of the {field}"));
        draft.candidate(field, digits_only(value), 0.8);
    }
}

/// The value with letters that look like digits read as digits.
fn digits_only(value: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let beside_digit = |i: usize| {
        let touches = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_digit() || *c == '.');
        touches(i.checked_sub(1).and_then(|k| chars.get(k))) || touches(chars.get(i + 1))
    };
    chars
        .iter()
        .enumerate()
        .map(|(i, c)| match c {
            'O' | 'o' if beside_digit(i) => '0',
            'I' | 'l' | '|' if beside_digit(i) => '1',
            c => *c,
        })
        .collect()
}
