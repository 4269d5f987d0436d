//! Dates that a question names in whole or in part: `on 13/08`, `in June`, `2nd of July`, `in 2023`. A document that
//! has none of them does not answer the question, however much else it holds.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A date of which some may not be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
}

/// A date as it may be meant: `04/07/25` is April or July.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named(Vec<Day>);

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// A month in words. `may` alone is a verb.
const MONTH: &str = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";

/// A way to write a date, and what its parts are.
struct Form {
    expression: Regex,
    read: fn(&Captures<'_>) -> Vec<Day>,
}

/// The more exact ones first; what one has read no other reads.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let form = |expression: &str, read: fn(&Captures<'_>) -> Vec<Day>| Form {
        expression: Regex::new(&expression.replace("MONTH", MONTH)).expect("a valid expression"),
        read,
    };
    vec![
        form(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b", |parts| {
            day(number(parts, 1), number(parts, 2), number(parts, 3))
        }),
        form(r"\b(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})\b", |parts| {
            turned(
                number(parts, 3).map(full),
                number(parts, 1),
                number(parts, 2),
            )
        }),
        form(
            r"\b(\d{1,2})(?:st|nd|rd|th)?(?: of)?[ -]*MONTH\b[ .,-]*(\d{4}\b)?",
            |parts| day(number(parts, 3), month(parts, 2), number(parts, 1)),
        ),
        form(
            r"\bMONTH\b[ .-]*(\d{1,2})(?:st|nd|rd|th)?\b[ ,]*(\d{4}\b)?",
            |parts| day(number(parts, 3), month(parts, 1), number(parts, 2)),
        ),
        form(r"\bMONTH\b[ ,]*(\d{4})\b", |parts| {
            day(number(parts, 2), month(parts, 1), None)
        }),
        // Short names are other words too, as in an OCT scan.
        form(
            r"\b(?:in|of|since|last|early|late|mid|during|from|until|by|this|next) MONTH\b",
            |parts| day(None, month(parts, 1), None),
        ),
        form(
            r"\b(january|february|march|april|june|july|august|september|october|november|december)\b",
            |parts| day(None, month(parts, 1), None),
        ),
        // Two digits each, or it is half a tablet.
        form(r"(?:^|[^\d/])(\d{2})/(\d{2})(?:$|[^\d/])", |parts| {
            turned(None, number(parts, 1), number(parts, 2))
        }),
        form(r"\b((?:19|20)\d\d)\b", |parts| {
            day(number(parts, 1), None, None)
        }),
    ]
});

fn number(parts: &Captures<'_>, at: usize) -> Option<u32> {
    parts.get(at)?.as_str().parse().ok()
}

fn month(parts: &Captures<'_>, at: usize) -> Option<u32> {
    let name = parts.get(at)?.as_str();
    (1..)
        .zip(MONTHS)
        .find(|(_, month)| name.starts_with(month))
        .map(|(n, _)| n)
}

/// Two digits of a year are of a life.
fn full(year: u32) -> u32 {
    match year {
        0..=45 => 2000 + year,
        46..=99 => 1900 + year,
        _ => year,
    }
}

fn day(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> Vec<Day> {
    let fits = month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day));
    if fits {
        vec![Day { year, month, day }]
    } else {
        Vec::new()
    }
}

fn turned(year: Option<u32>, one: Option<u32>, other: Option<u32>) -> Vec<Day> {
    let mut out = day(year, one, other);
    out.extend(
        day(year, other, one)
            .into_iter()
            .filter(|day| !out.contains(day))
            .collect::<Vec<_>>(),
    );
    out
}

/// The dates of a text in their order of exactness.
pub(crate) fn named(text: &str) -> Vec<Named> {
    let mut text = text.to_lowercase();
    let mut out = Vec::new();
    for form in FORMS.iter() {
        let mut read = Vec::new();
        for parts in form.expression.captures_iter(&text) {
            let days = (form.read)(&parts);
            if let (false, Some(all)) = (days.is_empty(), parts.get(0)) {
                read.push(all.range());
                out.push(Named(days));
            }
        }
        for range in read.into_iter().rev() {
            text.replace_range(range.clone(), &" ".repeat(range.len()));
        }
    }
    out
}

impl Named {
    /// May a date of a document be meant, which is told by its text or as `YYYY-MM-DD`?
    pub(crate) fn is(&self, other: &Named) -> bool {
        let same = |wanted: Option<u32>, has: Option<u32>| wanted.is_none() || wanted == has;
        self.0.iter().any(|wanted| {
            other.0.iter().any(|has| {
                same(wanted.year, has.year)
                    && same(wanted.month, has.month)
                    && same(wanted.day, has.day)
            })
        })
    }

    /// Is it one of these?
    pub(crate) fn is_among(&self, others: &[Named]) -> bool {
        others.iter().any(|other| self.is(other))
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn dates_are_told_by_their_parts() {
        for (question, line, holds) in [
            ("on the 30th of june", "30/06/25", true),
            ("on 13/08", "2025-08-13", true),
            ("on 13/08", "04/07/25", false),
            ("in January 2025", "04/07/25 30/06/25", false),
            ("in July", "04/07/25", true),
            ("in 2023", "Collected 09/30/2024", false),
            ("sept 30", "Collected 09/30/2024", true),
            ("the 2nd of July", "on 2023-07-02.", true),
            ("May 15, 2023", "Order date May 15, 2023", true),
            ("in may", "Order date May 15, 2023", true),
        ] {
            let (asked, there) = (named(question), named(line));
            assert_eq!(asked.len(), 1, "{question}: {asked:?}");
            assert_eq!(asked[0].is_among(&there), holds, "{question} in {line}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "how often may she take it",
            "was it 120/80",
            "1/2 a tablet",
            "vitamin b12 result",
            "2 tablets 4 times",
            "what did the oct scan show",
        ] {
            assert_eq!(named(text), [], "{text}");
        }
    }
}
