//! The language of prescriptions: strengths, forms, doses, routes, frequencies, durations, quantities,
//! refills, with their normal forms. A pattern claims its characters, so that the 30 of `# 30` is never
//! a dose. Spaces may be lost anywhere between a number and its unit.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::layout::Span;

mod accept;
mod norm;
mod pattern;
pub(crate) mod repair;
mod unit;

use accept::accept;
pub(crate) use norm::{frequency_norm, route_norm};
use pattern::{PATTERNS, re};
pub(crate) use unit::{strength_unit, unit_of};

/// One recognised phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Quantity,
    Refills,
    Duration,
    Strength,
    Dose,
    Frequency,
    Route,
    Form,
    Prn,
    Instructions,
}

/// A phrase with its value.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub part: Part,
    /// The whole phrase, label included.
    pub span: Span,
    pub value: Span,
}

/// All phrases of a stretch of text, in reading order.
pub(crate) fn scan(text: &str, within: Range<usize>, taken: &[Span]) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    for (part, pattern) in PATTERNS.iter() {
        let mut at = within.start;
        while at < within.end {
            let Some(found) = pattern.captures_at(&text[..within.end], at) else {
                break;
            };
            let Some(all) = found.get(0) else { break };
            let mut value = found.get(1).unwrap_or(all).range();
            let mut span = all.range();
            let step = text[span.start..].chars().next().map_or(1, char::len_utf8);
            if *part == Part::Instructions {
                // A later step goes on up to what other labels claim.
                let claimed = out.iter().map(|f| f.span.start);
                let end = claimed.filter(|at| *at > span.start).min();
                span.end = end.map_or(span.end, |end| end.min(span.end));
                value.end = value.end.min(span.end).max(value.start);
            }
            if *part == Part::Strength
                && let Some(dash) = amount_behind_concentration(&text[span.clone()])
            {
                span.end = span.start + dash;
                value.end = value.end.min(span.end);
            }
            if *part == Part::Frequency
                && let Some(end) =
                    before_heading(text, &value).or_else(|| before_next(text, &value))
            {
                span.end = end.max(span.start);
                value.end = end.max(value.start);
            }
            let free = out
                .iter()
                .map(|f| &f.span)
                .chain(taken)
                .all(|other| other.end <= span.start || other.start >= span.end);
            if span.is_empty() || !free || !accept(text, *part, &span, &value, within.start, &out) {
                at = span.start + step;
                continue;
            }
            at = span.end;
            let value = crate::layout::trim_by(text, value, |c| {
                c.is_whitespace() || matches!(c, ',' | ';' | '(')
            });
            let value = balance(text, value);
            out.push(Found {
                part: *part,
                span,
                value,
            });
        }
    }
    out.sort_by_key(|f| f.span.start);
    joined(
        text,
        out.into_iter().flat_map(|f| parted(text, f)).collect(),
    )
}

/// `500 mg/tab`: how strong the piece is, and the piece.
fn parted(text: &str, found: Found) -> Vec<Found> {
    static PIECE: LazyLock<Regex> =
        LazyLock::new(|| re(r"^([0-9.,]+\s?\p{L}+)\s?/\s?((?:tab(?:let)?|cap(?:sule)?)s?)$"));
    let phrase = &text[found.span.clone()];
    let told = PIECE
        .captures(phrase)
        .filter(|_| found.part == Part::Strength);
    let Some((strong, piece)) = told.and_then(|told| told.get(1).zip(told.get(2))) else {
        return vec![found];
    };
    let of = |part: Part, said: regex::Match| {
        let span = found.span.start + said.start()..found.span.start + said.end();
        Found {
            part,
            value: span.clone(),
            span,
        }
    };
    vec![of(Part::Strength, strong), of(Part::Form, piece)]
}

/// `PO/IV`, `IV or PO`: one way or the other is one phrase; and so is `nasal spray`, a form.
fn joined(text: &str, found: Vec<Found>) -> Vec<Found> {
    static SITE: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^(?:nasal (?:spray|drops?|gel)|oral (?:solution|suspension|spray|drops?|syrup|liquid|elixir|gel|rinse)|(?:ophthalmic|otic) (?:solution|suspension|drops?|ointment|gel))",
        )
    });
    let mut out: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        if let Some(last) = out.last_mut()
            && last.part == Part::Route
            && next.part == Part::Form
            && SITE.is_match(&text[last.span.start..next.span.end])
            && next.span.start == last.span.end + 1
        {
            last.part = Part::Form;
            last.span.end = next.span.end;
            last.value.end = next.value.end;
            continue;
        }
        if let Some(last) = out.last_mut()
            && last.part == Part::Route
            && next.part == Part::Route
            && text
                .get(last.span.end..next.span.start)
                .is_some_and(|gap| matches!(gap.trim(), "/" | "or"))
        {
            last.span.end = next.span.end;
            last.value.end = next.value.end;
            continue;
        }
        out.push(next);
    }
    out
}

/// `4 mg mane` above a line that says `PRN` and nothing else: that heads the drugs below it.
fn before_heading(text: &str, value: &Span) -> Option<usize> {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^\s*(?:p\.?r\.?n\.?|(?:as|when|if) (?:required|needed)|stat|once only)(?: medic\w+)?\s*:?\s*$",
        )
    });
    let cut = text[value.clone()].rfind('\n')?;
    let below = value.start + cut + 1;
    let line = text[below..].split('\n').next().unwrap_or_default();
    HEADING.is_match(line).then_some(value.start + cut)
}

/// `100 mg daily, PRN hydroxyzine 25 mg`: behind the comma the next drug is spoken of.
fn before_next(text: &str, value: &Span) -> Option<usize> {
    static NEXT: LazyLock<Regex> =
        LazyLock::new(|| re(r"^ (\p{L}[\p{L}-]{3,}) (?:[0-9]|p\.?o\b|iv\b)"));
    static LAST: LazyLock<Regex> =
        LazyLock::new(|| re(r",\s(?:p\.?r\.?n\.?|as needed|when required)$"));
    let last = LAST.find(&text[value.clone()])?;
    let next = NEXT.captures(&text[value.end..])?;
    let own = matches!(
        &*next[1].to_lowercase(),
        "take" | "every" | "with" | "maximum" | "limit"
    );
    (!own).then_some(value.start + last.start())
}

/// Where the dash stands in `2 mg/mL - 3 mL`: what is taken behind how strong it is, and no range.
fn amount_behind_concentration(phrase: &str) -> Option<usize> {
    let dash = phrase.find([' ', '\t']).and_then(|_| {
        [" - ", " \u{2013} "]
            .iter()
            .find_map(|dash| phrase.find(dash))
    })?;
    let (strong, taken) = phrase.split_at(dash);
    (strong.contains('/') && !taken.contains('/')).then_some(dash)
}

/// `(AM` without its other half, or a closing mark too many.
fn balance(text: &str, span: Span) -> Span {
    let part = &text[span.clone()];
    if part.ends_with(')') && !part.contains('(') {
        return span.start..span.end - 1;
    }
    if part.contains('(') && !part.contains(')') && text[span.end..].starts_with(')') {
        return span.start..span.end + 1;
    }
    span
}

/// Is it, in lower case, a word that says how much or how often?
pub(crate) fn counts(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "once", "twice", "thrice", "one", "two", "three", "four", "five", "six", "half", "hour",
        "hours", "day", "days", "week", "weeks", "month", "months", "other", "morning", "evening",
        "night",
    ];
    WORDS.contains(&word) || norm::is_frequency(word)
}

/// Is it a word for what is taken at once, or for the form of a product?
pub(crate) fn is_form(word: &str) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| re(&pattern::form_alone()));
    WORD.is_match(word)
}

#[cfg(test)]
mod tests {
    use super::{Part, scan};

    #[test]
    fn phrases() {
        use Part::{Dose, Duration, Form, Frequency, Quantity, Refills, Route, Strength};
        for (text, want) in [
            ("650mg Tablet", vec![(Strength, "650mg"), (Form, "Tablet")]),
            (
                "1tablet orally every 6 hours as needed",
                vec![
                    (Dose, "1tablet"),
                    (Route, "orally"),
                    (Frequency, "every 6 hours as needed"),
                ],
            ),
            (
                "1 tab po b.i.d. x 30 days",
                vec![
                    (Dose, "1 tab"),
                    (Route, "po"),
                    (Frequency, "b.i.d."),
                    (Duration, "30 days"),
                ],
            ),
            ("# 30 RF: 5", vec![(Quantity, "30"), (Refills, "5")]),
            (
                "2 mg/mL - 3 mL once daily",
                vec![
                    (Strength, "2 mg/mL"),
                    (Strength, "3 mL"),
                    (Frequency, "once daily"),
                ],
            ),
            ("5 mg - 10 mg", vec![(Strength, "5 mg - 10 mg")]),
            (
                "40 mg/cap, 1 cap OD",
                vec![
                    (Strength, "40 mg"),
                    (Form, "cap"),
                    (Dose, "1 cap"),
                    (Frequency, "OD"),
                ],
            ),
            (
                "1 tab daily, 6 weeks",
                vec![(Dose, "1 tab"), (Frequency, "daily"), (Duration, "6 weeks")],
            ),
            ("Qty:60Refills:0", vec![(Quantity, "60"), (Refills, "0")]),
            (
                "160-4.5 mcg Inhaler",
                vec![(Strength, "160-4.5 mcg"), (Form, "Inhaler")],
            ),
            (
                "100 units/mL, 6 units under the skin at bedtime",
                vec![
                    (Strength, "100 units/mL"),
                    (Strength, "6 units"),
                    (Route, "under the skin"),
                    (Frequency, "at bedtime"),
                ],
            ),
            (
                "0.1%, 1 application to affected area two times a day",
                vec![
                    (Strength, "0.1%"),
                    (Dose, "1 application"),
                    (Route, "to affected area"),
                    (Frequency, "two times a day"),
                ],
            ),
            (
                "1-2 tablets q4-6h prn",
                vec![(Dose, "1-2 tablets"), (Frequency, "q4-6h prn")],
            ),
            ("5 mg od", vec![(Strength, "5 mg"), (Frequency, "od")]),
            (
                "500 mg 1-0-1 for 7 days",
                vec![
                    (Strength, "500 mg"),
                    (Frequency, "1-0-1"),
                    (Duration, "7 days"),
                ],
            ),
            (
                "600mg/400IU tablet twice daily",
                vec![
                    (Strength, "600mg/400IU"),
                    (Form, "tablet"),
                    (Frequency, "twice daily"),
                ],
            ),
            (
                "50 mcg nasal spray 2 sprays in each nostril",
                vec![
                    (Strength, "50 mcg"),
                    (Form, "nasal spray"),
                    (Dose, "2 sprays"),
                    (Route, "in each nostril"),
                ],
            ),
            (
                "4 tabs PO          2/12",
                vec![(Dose, "4 tabs"), (Route, "PO"), (Duration, "2/12")],
            ),
            ("4 tabs PO 2/12 0800", vec![(Dose, "4 tabs"), (Route, "PO")]),
            (
                "100 mg daily, PRN hydroxyzine 25 mg",
                vec![
                    (Strength, "100 mg"),
                    (Frequency, "daily"),
                    (Part::Prn, "PRN"),
                    (Strength, "25 mg"),
                ],
            ),
            (
                "100 mg daily, PRN for pain",
                vec![
                    (Strength, "100 mg"),
                    (Frequency, "daily, PRN"),
                    (Part::Instructions, "for pain"),
                ],
            ),
            (
                "5 mg oral tablet",
                vec![(Strength, "5 mg"), (Route, "oral"), (Form, "tablet")],
            ),
            (
                "250 mg/5 mL suspension",
                vec![(Strength, "250 mg/5 mL"), (Form, "suspension")],
            ),
            (
                "90 mcg/actuation inhaler, 2 puffs every 4-6 hours as needed",
                vec![
                    (Strength, "90 mcg/actuation"),
                    (Form, "inhaler"),
                    (Dose, "2 puffs"),
                    (Frequency, "every 4-6 hours as needed"),
                ],
            ),
        ] {
            let found = scan(text, 0..text.len(), &[]);
            let got: Vec<_> = found
                .iter()
                .map(|f| (f.part, &text[f.value.clone()]))
                .collect();
            assert_eq!(got, want, "{text}");
        }
    }
}
