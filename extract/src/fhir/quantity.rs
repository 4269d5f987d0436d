//! Printed numbers as numbers. What is no plain number stays text: a comma may be a decimal point in
//! one country and mark thousands in another, so it is not guessed.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Number, Value, json};

use crate::coding::{UCUM, ucum};

/// A number with what is printed before it.
pub(super) struct Printed {
    pub comparator: Option<&'static str>,
    pub value: Number,
}

/// `12.4`, `< 0.5`, `>= 60`.
pub(super) fn number(text: &str) -> Option<Printed> {
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(<=|>=|≤|≥|<|>)?\s*([0-9]+(?:\.[0-9]+)?)\s*$").expect("a valid expression")
    });
    let found = PLAIN.captures(text)?;
    let comparator = match found.get(1).map(|sign| sign.as_str()) {
        Some("<") => Some("<"),
        Some(">") => Some(">"),
        Some("<=" | "≤") => Some("<="),
        Some(">=" | "≥") => Some(">="),
        _ => None,
    };
    let value = decimal(&found[2])?;
    Some(Printed { comparator, value })
}

/// Digits with at most one point.
pub(super) fn decimal(text: &str) -> Option<Number> {
    if !text.contains('.') {
        return text.parse::<u64>().ok().map(Number::from);
    }
    text.parse().ok().and_then(Number::from_f64)
}

/// A number with its unit as printed, and the unit's UCUM code when it has one.
pub(super) fn quantity(value: &Number, unit: Option<&str>) -> Value {
    let mut quantity = json!({"value": value});
    if let Some(unit) = unit {
        quantity["unit"] = json!(unit);
        if let Some(code) = ucum(unit) {
            quantity["system"] = json!(UCUM);
            quantity["code"] = json!(code);
        }
    }
    quantity
}

/// `12.0 to 16.0`, `70-99`, `<200`: low and high in the value's unit, and the text.
pub(super) fn range(text: &str, unit: Option<&str>) -> Value {
    static BOTH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\W*([0-9]+(?:\.[0-9]+)?)\s*(?:-|–|—|to)\s*([0-9]+(?:\.[0-9]+)?)\W*$")
            .expect("a valid expression")
    });
    let mut range = json!({"text": text});
    if let Some(found) = BOTH.captures(text)
        && let (Some(low), Some(high)) = (decimal(&found[1]), decimal(&found[2]))
    {
        range["low"] = quantity(&low, unit);
        range["high"] = quantity(&high, unit);
    } else if let Some(limit) = number(text.trim_matches(['(', ')', '[', ']'])) {
        // The bounds of a range have no comparator: only inclusive ones can be said.
        match limit.comparator {
            Some("<=") => range["high"] = quantity(&limit.value, unit),
            Some(">=") => range["low"] = quantity(&limit.value, unit),
            _ => {}
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{number, range};

    #[test]
    fn plain_numbers_and_nothing_else() {
        for (text, want) in [
            ("12.4", Some((None, "12.4"))),
            ("< 0.5", Some((Some("<"), "0.5"))),
            ("≥60", Some((Some(">="), "60"))),
            ("1,200", None),
            ("l2.4", None),
            ("Negative", None),
        ] {
            let found = number(text).map(|n| (n.comparator, n.value.to_string()));
            let want = want.map(|(sign, value)| (sign, value.to_owned()));
            assert_eq!(found, want, "{text}");
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(range("12.0 to 16.0", None)["high"], json!({"value": 16.0}));
        assert_eq!(range("<200", None), json!({"text": "<200"}));
        assert_eq!(range(">= 60", Some("mg/dL"))["low"]["code"], "mg/dL");
    }
}
