//! Amounts beside a drug that are no amount of it: the volume of a product or of what it is given in, what was
//! measured in blood, a body's weight, and how much is not to be taken.

use std::sync::LazyLock;

use regex::Regex;

use super::amounts::amounts;
use crate::{
    layout::Span,
    sig::{self, Part, repair::Read},
};

/// Is it no amount that is taken of the drug?
pub(super) fn is_elsewhere(text: &str, found: &[Read], n: usize) -> bool {
    is_volume_of_product(text, found, n)
        || is_measured(text, found, n)
        || is_limit(text, found, n)
        || is_of_each(text, found, n)
        || is_eaten(text, &found[n].found.span)
        || is_elemental(text, &found[n].found.span)
        || is_of_unknown_name(text, found, n)
}

/// `Propranolol 40 mg bd can be discontinued. He should carry on with Pharmapress 10 mg`: a second amount, right behind a
/// capital in the midst of a sentence, is that of a drug that no list knows.
fn is_of_unknown_name(text: &str, found: &[Read], n: usize) -> bool {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:with|on|and|to|of|for|using|take|takes|taking|started|continue|add|added)\s(\p{Lu}\p{Ll}{4,})\s$")
            .expect("a valid expression")
    });
    const DAYS: [&str; 9] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Morning",
        "Evening",
    ];
    let item = &found[n].found;
    let before = &text[..item.span.start];
    let sentence_ends = || {
        let first = amounts(found)
            .next()
            .map(|first| found[first].found.span.end);
        let between = first.and_then(|end| text.get(end..item.span.start));
        between.is_some_and(|between| between.contains(". "))
    };
    matches!(item.part, Part::Strength | Part::Dose)
        && sentence_ends()
        && NAMED
            .captures(before)
            .is_some_and(|found| !DAYS.contains(&&found[1]))
}

/// `325 mg (65 mg elemental iron)`: how much of the salt is what works.
fn is_elemental(text: &str, span: &Span) -> bool {
    static ELEMENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^\s*(?:of )?elemental\b").expect("a valid expression"));
    ELEMENT.is_match(&text[span.end..])
}

/// `1 unit per 10 g carbohydrate`: what is eaten, by which the dose goes.
fn is_eaten(text: &str, span: &Span) -> bool {
    static FOOD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:(?:of )?(?:carb(?:ohydrate)?s?|CHO)|of (?:fast[- ]acting )?(?:sugar|glucose|juice|honey))\b").expect("a valid expression")
    });
    FOOD.is_match(&text[span.end..])
}

/// `level 14.2 mg/L`, `0.6 mmol/L`, `weighs 58 kg`: no product is so strong, and nobody takes kilograms.
fn is_measured(text: &str, found: &[Read], n: usize) -> bool {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(?:trough|peak|serum|plasma|blood|random)?\s*levels?|concentration|weigh(?:s|ing|ed)?|weight|wt|clearance|trough|peak)\s*(?:of|was|is|at|:|=)?\s*$")
            .expect("a valid expression")
    });
    static IN_BLOOD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[0-9.,\s]+(?:(?:mg|mcg|ug|µg|ng|pg|mmol|umol|µmol|nmol|u|iu)\s?/\s?l|(?:ng|pg)\s?/\s?ml|kg)$")
            .expect("a valid expression")
    });
    let item = &found[n].found;
    matches!(item.part, Part::Strength | Part::Dose)
        && (IN_BLOOD.is_match(&text[item.value.clone()])
            || item.part == Part::Strength && NAMED.is_match(&text[..item.span.start]))
}

/// `do not exceed 8 tablets`, `no more than 4 g`.
fn is_limit(text: &str, found: &[Read], n: usize) -> bool {
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:exceed(?:ing)?|(?:more|less) than|max(?:imum|\.)?(?: dose)?(?: of| is|:)?|limit(?: of)?|at most)\s*$")
            .expect("a valid expression")
    });
    static OF_A_DAY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:a|per|each|every|in (?:a|any|each|one)|/)\s*day\b|^\s*(?:daily|in 24|/\s*24|per 24)")
            .expect("a valid expression")
    });
    let item = &found[n].found;
    let before = text[..item.span.start].trim_end().to_lowercase();
    // `up to 2 tablets` is taken at once, `up to 8 tablets a day` is not.
    let of_a_day = before.ends_with("up to") && OF_A_DAY.is_match(&text[item.span.end..]);
    matches!(item.part, Part::Strength | Part::Dose)
        && (of_a_day || LIMIT.is_match(&text[..item.span.start]))
}

/// `20 mEq (2 x 10 mEq tablets)`: what each of several holds is not what is taken.
fn is_of_each(text: &str, found: &[Read], n: usize) -> bool {
    // `3.75 mg (one and a half 2.5mg tablets)`.
    static PIECES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\((?:take |as |i\.e\.,? )?(?:[0-9]|½|one|two|three|four|five|six|half)(?: (?:and|&) (?:a )?half| ½)?(?: of (?:a|the))?(?: an?| the)?\s+$")
            .expect("a valid expression")
    });
    let span = &found[n].found.span;
    found[n].found.part == Part::Strength
        && (is_counted(text, span) || PIECES.is_match(&text[..span.start]))
        && amounts(found).any(|m| m < n)
}

/// Does a number of pieces stand before the amount, as in `2 x 500 mg`?
pub(super) fn is_counted(text: &str, amount: &Span) -> bool {
    static TIMES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[0-9½]\s?[x×]\s*$").expect("a valid expression"));
    TIMES.is_match(&text[..amount.start])
}

/// `100 unit/mL (3 mL) pen` and `1250 mg in 250 mL sodium chloride 0.9%`: nobody takes these millilitres, and
/// nobody a percentage.
fn is_volume_of_product(text: &str, found: &[Read], n: usize) -> bool {
    let item = &found[n].found;
    let value = &text[item.value.clone()];
    let amount = item.part == Part::Strength;
    if amount && value.ends_with('%') && amounts(found).any(|m| m < n) {
        return true;
    }
    let volume =
        sig::strength_unit(value).is_some_and(|u| matches!(&*u, "ml" | "mls" | "l" | "cc"));
    // How fast a bag runs in.
    let runs = |value: &str| {
        let lower = value.to_lowercase();
        lower.rsplit_once('/').is_some_and(|(volume, time)| {
            volume.trim_end().ends_with(['l', 'L']) && time.trim_start().starts_with(['h', 'm'])
        })
    };
    if amount && runs(value) && amounts(found).any(|m| m < n) {
        return true;
    }
    if item.part != Part::Strength || !volume || value.contains('/') {
        return false;
    }
    let before = text[..item.span.start].trim_end();
    let diluent = before.ends_with(" in") || before.ends_with(" with");
    let product = before.ends_with('(')
        && found.get(n + 1).is_some_and(|next| {
            let gap = &text[item.span.end..next.found.span.start];
            next.found.part == Part::Form && gap.trim() == ")"
        });
    product || diluent && amounts(found).any(|m| m < n)
}

#[cfg(test)]
mod tests {
    use schemas::Fact;

    use crate::probe::{entities, told};

    #[test]
    fn what_is_measured_or_forbidden_is_no_dose() {
        for (text, strength, dose) in [
            (
                "Vancomycin 1 g IV twice daily, trough level 14.2 mg/L.",
                "1 g",
                "",
            ),
            (
                "Lithium 400 mg nocte, level 0.6 mmol/L last week.",
                "400 mg",
                "",
            ),
            ("Digoxin level 1.1 ng/mL on 3 May.", "", ""),
            (
                "Apixaban was reduced to 2.5 mg bd as she weighs 58 kg.",
                "2.5 mg",
                "",
            ),
            (
                "Do not exceed 8 tablets of co-codamol 30/500 a day.",
                "30/500",
                "",
            ),
            (
                "Paracetamol 1 g four times a day, no more than 4 g.",
                "1 g",
                "",
            ),
            (
                "Do not take more than 3000 mg of acetaminophen a day.",
                "",
                "",
            ),
            (
                "Morphine sulfate 10 mg/5 mL, 2.5 mL every four hours.",
                "10 mg/5 mL",
                "2.5 mL",
            ),
            (
                "Oxytocin 40 units in 500 mL saline at 125 mL/h.",
                "",
                "40 units",
            ),
            (
                "Potassium chloride 20 mEq (2 x 10 mEq tabs) daily.",
                "20 mEq",
                "",
            ),
            (
                "Ondansetron 4 mg every 8 hours, up to 3 doses a day.",
                "4 mg",
                "",
            ),
            (
                "Lisinopril: take 20 mg daily instead of 10 mg.",
                "",
                "20 mg",
            ),
            (
                "Amoxicillin 250 mg per 5 mL, one and a half teaspoons every 12 hours.",
                "250 mg per 5 mL",
                "one and a half teaspoons",
            ),
            (
                "Norepinephrine 0.15 mcg/kg/min and fentanyl 50 mcg/h.",
                "0.15 mcg/kg/min",
                "",
            ),
            ("Rituximab 375 mg/m2 weekly.", "375 mg/m2", ""),
            (
                "Ferrous sulfate 325 mg (65 mg elemental iron) 1 tab daily.",
                "325 mg",
                "1 tab",
            ),
            (
                "Metformin 500 mg tablets, take 1000 mg twice daily.",
                "500 mg",
                "1000 mg",
            ),
        ] {
            let told = told(text, "medication", ["strength", "dose"]);
            let first = told.first().cloned().unwrap_or_default();
            assert_eq!(first, [strength, dose], "{text}");
        }
    }

    #[test]
    fn an_old_amount_and_a_new_one_are_asked_about() {
        let text = "He was previously on bisoprolol 10 mg daily and now takes 5 mg daily.";
        let entities = entities(text);
        let drug = entities
            .iter()
            .find(|e| matches!(e.fact, Fact::Medication(_)));
        assert!(drug.is_some_and(|drug| drug.needs_review), "{entities:?}");
    }
}
