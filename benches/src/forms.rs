//! Normal forms of values, so that `BID` equals `twice a day` and `ug` equals `mcg`. Scoring only:
//! the pipeline has its own.

use std::{collections::BTreeSet, sync::LazyLock};

use fusion::metrics::normal;
use jiff::civil::Date;
use regex::Regex;

use crate::{entities::field, gold::Fields};

const FREQUENCIES: &[&[&str]] = &[
    &[
        "once daily",
        "daily",
        "qd",
        "od",
        "every day",
        "once a day",
        "q24h",
        "every 24 hours",
        "1 time daily",
        "once per day",
        "one time daily",
    ],
    &[
        "twice daily",
        "bid",
        "two times a day",
        "twice a day",
        "2 times daily",
        "2x daily",
        "two times daily",
        "bd",
    ],
    &[
        "three times daily",
        "tid",
        "three times a day",
        "3 times daily",
        "tds",
        "3x daily",
    ],
    &[
        "four times daily",
        "qid",
        "four times a day",
        "4 times daily",
        "qds",
    ],
    &[
        "at bedtime",
        "qhs",
        "hs",
        "every night at bedtime",
        "nightly",
        "nocte",
        "every night",
        "at night",
    ],
    &[
        "every morning",
        "qam",
        "each morning",
        "mane",
        "in the morning",
    ],
    &[
        "once weekly",
        "weekly",
        "q week",
        "once a week",
        "every week",
        "qw",
        "qweek",
    ],
    &["every 4 hours as needed", "q4h prn"],
    &["every 6 hours as needed", "q6h prn"],
    &["every 8 hours as needed", "q8h prn"],
    &["every 6 hours", "q6h"],
    &["every 8 hours", "q8h"],
    &["every 12 hours", "q12h"],
    &["every 72 hours", "q72h", "every 3 days"],
    &["three times daily with meals", "tid ac", "tid with meals"],
];

const ROUTES: &[(&str, &[&str])] = &[
    ("oral", &["by mouth", "orally", "po"]),
    ("inhalation", &["inh", "by inhalation", "inhaled"]),
    ("nasal", &["in", "in each nostril", "intranasal"]),
    ("ophthalmic", &["ou", "in each eye", "both eyes"]),
    ("topical", &["top", "to affected area", "topically"]),
    (
        "subcutaneous",
        &[
            "sc",
            "subq",
            "sq",
            "subcut",
            "subcutaneously",
            "under the skin",
        ],
    ),
    ("intravenous", &["iv", "intravenously"]),
    ("transdermal", &["td", "to the skin"]),
];

const ROLES: &[(&str, &[&str])] = &[
    ("prescriber", &["provider", "physician", "doctor"]),
    ("prescribed", &["issue", "issued", "rx_date", "written"]),
    (
        "dob",
        &["birth", "date_of_birth", "birth_date", "birthdate"],
    ),
    ("admission", &["admit", "admitted"]),
    ("discharge", &["discharged"]),
    ("collected", &["collection"]),
    ("reported", &["report"]),
    ("follow_up", &["followup"]),
    ("patient", &["member"]),
    ("service", &["date_of_service"]),
    ("ordering", &["ordering_physician"]),
    ("attending", &["attending_physician"]),
    ("referring", &["referring_provider"]),
    ("signed", &["signature"]),
];

/// Roles that no one can tell apart on a page.
const ALIKE: &[&[&str]] = &[
    &["prescriber", "ordering", "attending", "referring", "signer"],
    &["prescribed", "signed", "letter", "referral", "ordered"],
];

const DATES: &[&str] = &[
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%m/%d/%y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d/%m/%Y",
    "%d/%m/%y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%B %d %Y",
];

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file compiles")
}

/// How often.
#[must_use]
pub fn frequency(text: &str) -> String {
    let plain = normal(&normal(text).replace(['.', ','], ""));
    FREQUENCIES
        .iter()
        .find(|names| names.contains(&plain.as_str()))
        .map_or(plain, |names| names[0].to_owned())
}

/// Which way.
#[must_use]
pub fn route(text: &str) -> String {
    let bare = normal(text).trim_matches('.').to_owned();
    ROUTES
        .iter()
        .find(|(_, names)| names.contains(&bare.as_str()))
        .map_or_else(
            || normal_unless_known(&bare, text),
            |(name, _)| (*name).to_owned(),
        )
}

/// A name of the table itself loses its full stop, anything else keeps it.
fn normal_unless_known(bare: &str, text: &str) -> String {
    if ROUTES.iter().any(|(name, _)| *name == bare) {
        bare.to_owned()
    } else {
        normal(text)
    }
}

/// Letters, digits and what values are made of, without white space.
#[must_use]
pub fn compact(text: &str) -> String {
    let kept: String = normal(text)
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".%/<>+-".contains(*c))
        .collect();
    kept.replace("micrograms", "mcg")
        .replace("microgram", "mcg")
        .replace("ug", "mcg")
}

/// A unit without powers' signs.
#[must_use]
pub fn unit(text: &str) -> String {
    normal(text)
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "%/".contains(*c))
        .collect()
}

/// `h`, `l`, `hh`, `ll`, `a` or nothing.
#[must_use]
pub fn flag(text: &str) -> String {
    let plain = normal(text);
    let plain = plain.trim_matches(|c| "*() ".contains(c));
    match plain {
        "high" => "h",
        "low" => "l",
        "normal" | "n" => "",
        "abnormal" | "abn" | "positive" => "a",
        other => other,
    }
    .to_owned()
}

/// A number without separators; other values as they are.
#[must_use]
pub fn number(text: &str) -> String {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[<>]?=?\s*-?[\d,]*\.?\d+$"));
    let plain = normal(text);
    if NUMBER.is_match(&plain) {
        plain.replace([' ', ','], "")
    } else {
        plain
    }
}

/// How much each time.
#[must_use]
pub fn dose(text: &str) -> String {
    let short = compact(text)
        .replace("tablets", "tab")
        .replace("tablet", "tab")
        .replace("capsules", "cap")
        .replace("capsule", "cap");
    short.strip_suffix('s').map_or(short.clone(), str::to_owned)
}

/// Words of a name in letters and digits.
#[must_use]
pub fn drug(text: &str) -> String {
    let spaced: String = normal(text)
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                ' '
            }
        })
        .collect();
    normal(&spaced)
}

/// Parts of a person's name in alphabetical order, without titles, degrees and initials.
#[must_use]
pub fn person(text: &str) -> String {
    static TITLES: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\b(dr|mr|mrs|ms|miss|prof|m\.?d|do|phd|np|pa-c|rn)\b\.?"));
    let plain = normal(text).replace("m.d.", "");
    let bare = TITLES.replace_all(&plain, "");
    let mut parts: Vec<&str> = bare
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|part| part.trim_matches('.').chars().count() > 1)
        .map(|part| part.trim_matches(['.', ',']))
        .collect();
    parts.sort_unstable();
    parts.join(" ")
}

/// May two roles stand for each other?
#[must_use]
pub fn roles_agree(a: &str, b: &str) -> bool {
    let (a, b) = (role(a), role(b));
    a == b
        || ALIKE
            .iter()
            .any(|set| set.contains(&a.as_str()) && set.contains(&b.as_str()))
}

fn role(text: &str) -> String {
    static GAPS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\s-]+"));
    let plain = normal(text);
    let joined = GAPS.replace_all(&plain, "_").into_owned();
    ROLES
        .iter()
        .find(|(_, names)| names.contains(&joined.as_str()))
        .map_or(joined, |(name, _)| (*name).to_owned())
}

/// Every day that a date entity may mean.
#[must_use]
pub fn days(entity: &Fields) -> BTreeSet<String> {
    static ISO: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}-\d\d-\d\d"));
    let mut found = BTreeSet::new();
    for name in ["iso", "date", "normalized", "value", "text"] {
        let value = field(entity, name);
        let value = value.trim();
        if let Some(iso) = ISO.find(value) {
            if name == "iso" {
                return BTreeSet::from([iso.as_str().to_owned()]);
            }
            found.insert(iso.as_str().to_owned());
        }
        found.extend(DATES.iter().filter_map(|style| {
            let day = Date::strptime(style, value).ok()?;
            let century = if day.year() > 2035 { 100 } else { 0 };
            Date::new(day.year() - century, day.month(), day.day())
                .ok()
                .map(|day| day.to_string())
        }));
    }
    found
}

/// Similarity of 0..=100: 100 less the share of characters that must be edited.
#[must_use]
pub fn similarity(a: &str, b: &str) -> f64 {
    let (x, y): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    match (x.len(), y.len()) {
        (0, 0) => 100.0,
        (0, _) | (_, 0) => 0.0,
        (n, m) => 100.0 * (1.0 - fusion::metrics::edits(&x, &y) as f64 / n.max(m) as f64),
    }
}

/// Does `text` hold `part` as whole words?
#[must_use]
pub fn holds_words(text: &str, part: &str) -> bool {
    format!(" {text} ").contains(&format!(" {part} "))
}

#[cfg(test)]
mod tests {
    use super::{dose, drug, flag, frequency, number, person, roles_agree, route, unit};

    #[test]
    fn different_writings_have_one_form() {
        type Form = fn(&str) -> String;
        let cases: [(&str, Form, &str, &str); 10] = [
            ("frequency", frequency, "B.I.D.", "twice a day"),
            ("frequency", frequency, "OD", "once daily"),
            ("route", route, "p.o", "p.o"),
            ("route", route, "PO", "by mouth"),
            ("dose", dose, "2 tablets", "2 tabs"),
            ("unit", unit, "10^9/L", "109/l"),
            ("flag", flag, "(HIGH)", "H"),
            ("number", number, "1,200", "1200"),
            ("person", person, "HUFF, Greg M.", "Dr. Greg Huff, MD"),
            ("drug", drug, "Co-amoxiclav", "co amoxiclav"),
        ];
        for (name, form, a, b) in cases {
            assert_eq!(form(a), form(b), "{name}: {a}, {b}");
        }
        assert_ne!(number("1.0"), number("10"));
        assert!(roles_agree("physician", "ordering") && !roles_agree("patient", "prescriber"));
    }
}
