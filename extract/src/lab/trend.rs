//! Other values of the same test beside the first: `CRP 188 -> 74`, `Cr 1.9 mg/dL (baseline 1.2)`,
//! `A1c 8.3%, up from 7.4%`, `CRP 212 on arrival falling to 48`. Each is a result of its own; those that are said to have
//! been before are of the past.

use std::sync::LazyLock;

use regex::Regex;

use super::cells::{self, Cell, CellKind};
use crate::layout::Span;

static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[HL*]?(?:[\s,]{1,2}(?:on|at|in) [a-z ]{3,16}?)?[\s,]{0,3}(?:(?:->|→|=>|>>)|(?:and |then |now )?(?:falling|rising|dropping|improving|settling|decreasing|increasing|fell|rose|dropped|improved|settled|down|up) to)\s*(?:[<>]?[0-9])")
        .expect("a valid expression")
});
static FORMER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[HL*]?[\s,]{0,3}\(?(?:baseline|was|previously|previous|prev\.?|prior|last|up from|down from|from)(?: was| of|:)?\s+(?:[<>]?[0-9])")
        .expect("a valid expression")
});

/// ` on admission and 4.2 the day he left`: two moments, each behind its value.
static MOMENTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[HL*]?[\s,]{1,2}(?:on|at) (?:admission|arrival|presentation|baseline|booking|transfer|referral|diagnosis|[0-9/.-]{4,10}),? and (?:then |now )?(?:[0-9])")
        .expect("a valid expression")
});
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[HL*]?[\s,]{1,2}(?:(?:on|at|by|before|after) (?:admission|discharge|transfer|departure|review|home|the (?:day|morning|time)|day|[0-9])|the (?:day|morning)|today|now|yesterday|this morning)\b")
        .expect("a valid expression")
});
/// ` (1.9 mg/dL in Feb)`, ` (88 on 03/02/2025)`: when it was so stands behind it.
static BRACKET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[HL*]?\s{0,4}\([<>]?[0-9]").expect("a valid expression"));
static THEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s(?:in|on|last)\s(?:(?:early |late )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b|[0-9]{1,2}[/.-][0-9]|[12][09][0-9]{2}|week|month|year|visit)[^()]{0,12}\)")
        .expect("a valid expression")
});

/// Does another value of the test follow?
pub(super) fn follows(text: &str, rest: Span) -> bool {
    let behind = &text[rest];
    NEXT.is_match(behind) || FORMER.is_match(behind)
}

/// A further value of a test.
pub(super) struct Other {
    pub cells: Vec<Cell>,
    /// `was 211`, `baseline 96`: it held before the first.
    pub former: bool,
}

/// Each further value; `first` ends with the first value's last piece.
pub(super) fn others(text: &str, first: Span, line: usize) -> Vec<Other> {
    let mut out = Vec::new();
    // The unit may stand behind the last value alone, so that what follows is sought behind the number too.
    let mut at = first.end;
    while let Some(other) = next(text, at..line) {
        at = other.cells.last().map_or(line, |cell| cell.span.end);
        out.push(other);
    }
    out
}

fn next(text: &str, rest: Span) -> Option<Other> {
    let behind = &text[rest.clone()];
    let (found, former, proof) = if let Some(found) = NEXT.find(behind) {
        (found, false, None)
    } else if let Some(found) = FORMER.find(behind) {
        (found, true, None)
    } else if let Some(found) = MOMENTS.find(behind) {
        (found, false, Some(&MOMENT))
    } else {
        (BRACKET.find(behind)?, true, Some(&THEN))
    };
    // The match ends with the value's first digit, and a sign may stand before it.
    let digit = rest.start + found.end() - 1;
    let from = if text[..digit].ends_with(['<', '>']) && !text[..digit].ends_with("->") {
        digit - 1
    } else {
        digit
    };
    let mut cells = cells::scan_run(text, from..rest.end);
    // `Hb 72 -> 2 units -> 89`: what was given in between.
    static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?(?:units?|u|pools?|bags?)\b").expect("a valid expression")
    });
    let first = cells.first().map_or(rest.end, |cell| cell.span.end);
    if GIVEN.is_match(&text[first..rest.end]) {
        return None;
    }
    let unit = cells
        .get(1)
        .is_some_and(|c| c.kind == CellKind::Unit && text[first..c.span.start].trim().is_empty());
    cells.truncate(if unit { 2 } else { 1 });
    let number = cells.first().is_some_and(|c| c.kind == CellKind::Number);
    let end = cells.last().map_or(rest.end, |cell| cell.span.end);
    let proven = proof.is_none_or(|proof| proof.is_match(&text[end..rest.end]));
    (number && proven).then_some(Other { cells, former })
}

/// The value in brackets at the end of a row, `3.1 mg/dL   (1.9 mg/dL in Feb)`.
pub(super) fn in_brackets(text: &str, line: &Span) -> Option<Other> {
    let open = line.start + text[line.clone()].rfind('(')?;
    BRACKET
        .is_match(&text[open..line.end])
        .then(|| next(text, open..line.end))?
}

/// The value before: `has gone from 2.4 mg/dL on 10/12/2023 to `, as it stands between a test and its last value. Without
/// a day of its own it only tells the course.
pub(super) fn from(text: &str, link: Span) -> Option<Other> {
    static FROM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bfrom\s+(?:[<>]?[0-9])").expect("a valid expression"));
    static DATED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:on|in)\s+(?:[0-9]|[a-z]{3,9} [0-9])").expect("a valid expression")
    });
    let found = FROM.find(&text[link.clone()])?;
    let mut cells = cells::scan_run(text, link.start + found.end() - 1..link.end);
    let unit = cells.get(1).is_some_and(|c| c.kind == CellKind::Unit);
    cells.truncate(if unit { 2 } else { 1 });
    let number = cells.first().is_some_and(|c| c.kind == CellKind::Number);
    let end = cells.last().map_or(link.end, |cell| cell.span.end);
    (number && DATED.is_match(&text[end..link.end])).then_some(Other {
        cells,
        former: true,
    })
}

#[cfg(test)]
mod tests {
    use super::{next, others};

    #[test]
    fn further_values() {
        for (text, want, former) in [
            (" -> 11.0  CRP 188", vec!["11.0"], false),
            (" (baseline 1.2), K 3.4", vec!["1.2"], true),
            (", up from 7.4%. Next", vec!["7.4", "%"], true),
            (" on arrival falling to 48 before", vec!["48"], false),
            (" (was 64), eGFR", vec!["64"], true),
            (" on arrival and 4.4 at discharge.", vec!["4.4"], false),
            (" (1.4 mg/dL in March)", vec!["1.4", "mg/dL"], true),
            ("  (88 on 03/02/2024)", vec!["88"], true),
        ] {
            let other = next(text, 0..text.len()).expect(text);
            let cells = other.cells.iter();
            let got: Vec<&str> = cells.map(|c| &text[c.span.clone()]).collect();
            assert_eq!((got, other.former), (want, former), "{text}");
        }
        for text in [
            ", K 3.4",
            " on 12/03/2025",
            " from clinic",
            " >5",
            " on admission and 2 units of blood",
            " (15 - 60)",
            " (40 in males)",
        ] {
            assert!(next(text, 0..text.len()).is_none(), "{text}");
        }
        assert_eq!(others("15 -> 11 -> 9", 0..2, 13).len(), 2);
    }
}
