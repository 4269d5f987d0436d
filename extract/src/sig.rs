//! The language of prescriptions: strengths, forms, doses, routes, frequencies, durations, quantities,
//! refills, with their normal forms. A pattern claims its characters, so that the 30 of `# 30` is never
//! a dose. Spaces may be lost anywhere between a number and its unit.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::layout::Span;

mod norm;
mod pattern;
pub(crate) mod repair;

pub(crate) use norm::{frequency_norm, route_norm};
use pattern::{PATTERNS, UNIT, re};

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
                && let Some(end) = before_heading(text, &value)
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

/// What a pattern alone cannot say: word ends, case of short abbreviations, numbers without a unit.
fn accept(text: &str, part: Part, span: &Span, value: &Span, from: usize, found: &[Found]) -> bool {
    let phrase = &text[span.clone()];
    let after = text[span.end..].chars().next();
    let before = text[..span.start].chars().next_back();
    let glued_after = after.is_some_and(|c| c.is_ascii_lowercase())
        && phrase.ends_with(|c: char| c.is_ascii_alphabetic());
    // `0800          GORD`: a time of day in a column of its own.
    if matches!(part, Part::Strength | Part::Dose) && is_clock(phrase) {
        return false;
    }
    let digit_before = before.is_some_and(|c| c.is_ascii_digit() || c == '.');
    let upto = text[..span.start].trim_end().len();
    let behind = |part: Part| found.iter().any(|f| f.part == part && f.span.end == upto);
    match part {
        Part::Strength if is_bare_pair(phrase) => {
            let named = span.start <= from + 1 && !could_be_day(phrase);
            (named || before_form(text, span.end)) && !matches!(before, Some('/' | '-'))
        }
        Part::Strength => {
            let letters: String = phrase
                .chars()
                .filter(|c| c.is_alphabetic() || *c == '%')
                .collect();
            let has_unit = strength_unit(phrase).is_some();
            // Right behind a drug's name a space may be lost.
            let starts_in_word = span.start > from
                && before.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '/');
            let rest = text[span.end..].to_ascii_lowercase();
            let glued_word = glued_after
                && ![
                    "tab", "cap", "po", "once", "twice", "daily", "oral", "by", "cream", "inhaler",
                    "take", "sol", "inj", "every", "bid", "tid",
                ]
                .iter()
                .any(|word| rest.starts_with(word));
            // `long` is no ten nanograms.
            let word = phrase.len() > 3 && phrase.chars().all(|c| c.is_ascii_lowercase());
            has_unit
                && !word
                && !letters.is_empty()
                && !starts_in_word
                && !glued_word
                && !digit_before
        }
        Part::Dose => {
            // A bare count stands before a frequency and is otherwise the number of something else.
            let bare = !text[value.clone()].contains(' ') && span.start < value.start;
            // A column of a chart: nothing is taken then. `7/7` above another line is a course.
            let said = &text[value.clone()];
            let nothing = said.split_whitespace().next() == Some("0") || said.contains('\n');
            let lead = text[span.start..value.start].trim();
            let next = value.end + text[value.end..].len() - text[value.end..].trim_start().len();
            let counts = found
                .iter()
                .any(|f| f.part == Part::Frequency && f.span.start == next);
            // `665mg 2 tds`: between two words a count stands only behind what it counts.
            let inner = bare && text[span.start..value.start] == *" ";
            // Forms are found later than counts: `100mg caps i bd`.
            let word = text[..upto]
                .rsplit([' ', '\t', '\n'])
                .next()
                .unwrap_or_default();
            let formed = word.chars().all(char::is_alphabetic) && is_form(&word.to_lowercase());
            // `Adcal D3 one twice daily`.
            let named = span.start <= from + 1;
            let counted = behind(Part::Strength) || behind(Part::Form) || formed || named;
            let digit_before =
                text[..value.start].ends_with(|c: char| c.is_ascii_digit() || c == '.');
            !digit_before
                && said != "I"
                && !nothing
                && before != Some('/')
                && !glued_after
                && (!inner || counted)
                && (!bare || counts || !lead.is_empty() && !another_noun(text, next))
        }
        Part::Route => {
            let short = phrase.len() <= 4;
            let bare = phrase.replace('.', "");
            let abbreviation = short && !bare.eq_ignore_ascii_case("oral");
            let cased = !abbreviation
                || bare.chars().all(char::is_uppercase)
                || matches!(
                    bare.to_lowercase().as_str(),
                    "po" | "iv"
                        | "im"
                        | "sc"
                        | "s/c"
                        | "s/l"
                        | "i/v"
                        | "i/m"
                        | "sl"
                        | "inh"
                        | "neb"
                        | "sq"
                        | "subq"
                        | "top"
                );
            let eye = !bare.eq_ignore_ascii_case("od") || cased && is_drop(text, found, upto);
            // `PR` of `PRN`.
            let cut = short && after.is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            cased && eye && !cut && !glued_after && !before.is_some_and(char::is_alphabetic)
        }
        Part::Form => !glued_after || before.is_some_and(|c| c.is_ascii_digit()),
        Part::Quantity => {
            let number = &text[value.clone()];
            // `#19 extracted` counts teeth.
            let of_else = phrase.trim_start().starts_with('#') && another_noun(text, span.end);
            number.chars().any(|c| c.is_ascii_digit()) && !of_else
        }
        Part::Frequency => {
            let bare = phrase.trim().to_lowercase();
            let word = matches!(bare.as_str(), "mane" | "stat" | "bedtime" | "am" | "pm");
            // Words of other sentences, unless a dose or its route stands before them.
            let common = matches!(bare.as_str(), "on" | "om" | "on." | "om." | "once" | "now");
            let last = text[span.end..].trim_start_matches([' ', '\t']);
            // `78 mcg/mL on 24/03/2025` is a day.
            let dated = bare == "on" && last.starts_with(|c: char| c.is_ascii_digit());
            let apart =
                text[span.end..].starts_with(['\t', '\n']) || text[span.end..].starts_with("  ");
            let ends = apart || !last.starts_with(|c: char| c.is_alphabetic()) && !dated;
            let dosed = [Part::Dose, Part::Strength, Part::Route, Part::Form]
                .into_iter()
                .any(behind);
            let eye = phrase.starts_with("OD") && is_drop(text, found, upto);
            // The number before `-hourly` is not understood.
            let cut = bare == "hourly" && matches!(before, Some('-' | '–' | '0'..='9'));
            // `1/2-0-0` of `1-1/2-0-0`, where a reader lost what joins them.
            let cut = cut
                || bare.starts_with(|c: char| c.is_ascii_digit())
                    && bare.contains('-')
                    && (digit_before || matches!(before, Some('/' | '-')));
            // `on day 1 then`: the rest is told in the instructions.
            let step = bare.starts_with("on day") && last.starts_with("then");
            !glued_after
                && !eye
                && !cut
                && !step
                && (!word || before.is_some_and(char::is_whitespace))
                && (!common || dosed && ends)
        }
        Part::Refills => !glued_after && !before.is_some_and(char::is_alphabetic),
        // `5 days` without a word before it belongs to the frequency that it follows.
        Part::Duration => {
            let bare = span.start == value.start && !phrase.contains('-');
            !glued_after && !digit_before && (!bare || behind(Part::Frequency))
        }
        Part::Prn | Part::Instructions => !glued_after,
    }
}

/// Does a longer word in small letters follow that no prescription has: what a number before it counts? `2 carpules`.
fn another_noun(text: &str, at: usize) -> bool {
    const SHORTEST: usize = 5;
    static OF_A_SIG: LazyLock<Regex> = LazyLock::new(|| {
        re(r"^(?:refills?|repeats?|times|daily|nightly|weekly|every|each|orally|under|topical|inhal|subling|needed|before|after|night|morning|evening|once|twice|three|tonight|nocte|applied|taken|given|capsul|tabl|to be|[a-z]+ly\b)")
    });
    let rest = text[at..].trim_start_matches([' ', '\t']);
    let word: &str = rest
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    word.chars().count() >= SHORTEST
        && word.chars().all(char::is_lowercase)
        && !OF_A_SIG.is_match(word)
        && !is_form(word)
        && !counts(word)
}

/// Four digits that are a time of day, and a wide gap behind them.
fn is_clock(phrase: &str) -> bool {
    static CLOCK: LazyLock<Regex> =
        LazyLock::new(|| re(r"^\s*(?:[01][0-9]|2[0-3])[0-5][0-9](?:\s{2,}|\t)"));
    CLOCK.is_match(phrase)
}

/// `100/6`, `5/325`: the strengths of two or three substances without a unit. Fractions (`1/2`) and courses
/// (`28/7`, `2/52`, `3/12`) are none.
fn is_bare_pair(phrase: &str) -> bool {
    let parts: Vec<&str> = phrase.split('/').collect();
    let numbers = parts
        .iter()
        .all(|part| part.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let fraction = parts.iter().all(|part| part.len() == 1);
    let course = parts.len() == 2 && parts[0].len() < 3 && matches!(parts[1], "7" | "52" | "12");
    numbers && parts.len() > 1 && !fraction && !course
}

/// `20/10` may be a day.
fn could_be_day(pair: &str) -> bool {
    let small = |part: &str| part.parse::<f32>().is_ok_and(|n| n < 32.0);
    pair.split('/').take(2).all(small)
}

/// A product's form follows.
fn before_form(text: &str, at: usize) -> bool {
    static FORM: LazyLock<Regex> = LazyLock::new(|| re(&pattern::form_first()));
    FORM.is_match(&text[at..])
}

/// Ends a dose in drops here? `1 gtt OD` is the right eye and not once a day.
fn is_drop(text: &str, found: &[Found], upto: usize) -> bool {
    found.iter().any(|f| {
        let said = text[f.value.clone()].to_lowercase();
        let drops = said.contains("drop") || said.contains("gtt");
        f.part == Part::Dose && f.span.end == upto && drops
    })
}

/// The unit of a strength, in lower case.
pub(crate) fn strength_unit(strength: &str) -> Option<String> {
    static AFTER: LazyLock<Regex> =
        LazyLock::new(|| re(&format!(r"(?:^|\P{{L}})[0-9OolI|]*[0-9OolI|]\s*({UNIT})")));
    AFTER
        .captures_iter(strength)
        .last()
        .and_then(|c| c.get(1))
        .map(|m| m.as_str().to_lowercase())
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

/// The one name of a unit of amounts, by its letters in lower case; none for what is no such unit.
pub(crate) fn unit_of(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "mg" | "mgs" | "milligram" | "milligrams" => "mg",
        "mcg" | "ug" | "µg" | "μg" | "microg" | "microgram" | "micrograms" => "mcg",
        "g" | "gm" | "gram" | "grams" => "g",
        "ng" => "ng",
        "kg" => "kg",
        "ml" | "mls" | "cc" => "mL",
        "l" => "L",
        "u" | "unit" | "units" => "unit",
        "iu" => "IU",
        "meq" => "mEq",
        "mmol" => "mmol",
        "%" => "%",
        "mg/dl" => "mg/dL",
        "g/dl" => "g/dL",
        "g/l" => "g/L",
        "mg/l" => "mg/L",
        "ug/l" | "mcg/l" | "µg/l" => "ug/L",
        "ng/ml" => "ng/mL",
        "pg/ml" => "pg/mL",
        "mcg/ml" | "ug/ml" => "ug/mL",
        "mcg/dl" | "ug/dl" | "µg/dl" => "ug/dL",
        "mmol/l" => "mmol/L",
        "umol/l" | "µmol/l" | "μmol/l" => "umol/L",
        "nmol/l" => "nmol/L",
        "pmol/l" => "pmol/L",
        "meq/l" => "mEq/L",
        "u/l" => "U/L",
        "iu/l" => "IU/L",
        "miu/l" => "mIU/L",
        "mg/ml" => "mg/mL",
        _ => return None,
    })
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
