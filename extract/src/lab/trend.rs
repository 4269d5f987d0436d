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
    let (found, former) = match NEXT.find(behind) {
        Some(found) => (found, false),
        None => (FORMER.find(behind)?, true),
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
    number.then_some(Other { cells, former })
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
        ] {
            let other = next(text, 0..text.len()).expect(text);
            let cells = other.cells.iter();
            let got: Vec<&str> = cells.map(|c| &text[c.span.clone()]).collect();
            assert_eq!((got, other.former), (want, former), "{text}");
        }
        for text in [", K 3.4", " on 12/03/2025", " from clinic", " >5"] {
            assert!(next(text, 0..text.len()).is_none(), "{text}");
        }
        assert_eq!(others("15 -> 11 -> 9", 0..2, 13).len(), 2);
    }
}
