//! The pieces of a laboratory row after its name: numbers, words that are results, units, flags and
//! reference ranges, told apart by shape because columns come in any order.

use super::{
    flags::{FLAG, leading_flag},
    shapes::{
        BOUND, DATE, GRADE, NUMBER, RANGE, SEEN, SIGN, UNIT, WORD, generic_unit, grouped_thousands,
        power_of_ten, starts_unit,
    },
};
use crate::layout::Span;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// `4.7`, `>90`.
    Number,
    /// `0.5 - 2.2`, `<5.0` after a value.
    Range,
    /// `Negative`, `1+`.
    Word,
    Unit,
    Flag,
    /// A date or time beside the value.
    Date,
}

/// A piece with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub kind: CellKind,
    pub span: Span,
}

/// All pieces, skipping what none of the shapes fits.
pub(crate) fn scan(text: &str, within: Span) -> Vec<Cell> {
    run(text, within, true, Seen::default())
}

/// As [`scan`], where the heading has the unit's column before the value's.
pub(crate) fn scan_units_first(text: &str, within: Span) -> Vec<Cell> {
    let seen = Seen {
        unit_may_come: true,
        ..Seen::default()
    };
    run(text, within, true, seen)
}

/// As [`scan`], for a line below others of the same row: `valued` when a value stands there already.
pub(crate) fn scan_after(text: &str, within: Span, valued: bool) -> Vec<Cell> {
    let seen = Seen {
        value: valued,
        ..Seen::default()
    };
    run(text, within, true, seen)
}

/// Pieces up to the first thing that is none.
pub(crate) fn scan_run(text: &str, within: Span) -> Vec<Cell> {
    run(text, within, false, Seen::default())
}

/// What is known of a row before its pieces.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// A value stands there already.
    value: bool,
    /// A unit may stand before the value.
    unit_may_come: bool,
}

fn run(text: &str, within: Span, skip: bool, seen: Seen) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let rest = &text[at..within.end];
        let Some(c) = rest.chars().next() else { break };
        if c.is_whitespace() || matches!(c, '|' | ':' | ';' | ',' | '=') {
            at += c.len_utf8();
            continue;
        }
        if matches!(c, '(' | ')' | '[' | ']') && !FLAG.is_match(rest) {
            at += 1;
            continue;
        }
        if let Some((kind, length)) = piece(text, rest, &out, seen) {
            // `CRP mg/L (<5) 164`: a bound in brackets is no value where one may follow.
            let bracketed = text[within.start..at].trim_end().ends_with(['(', '[']);
            let bound = kind == CellKind::Number && rest.starts_with(['<', '>', '≤', '≥']);
            let kind = if bound && bracketed {
                CellKind::Range
            } else {
                kind
            };
            let end = at + rest[..length].trim_end_matches([' ', '\t', ')', ']']).len();
            let closed = rest[..length].ends_with(')') && rest[..length].contains('(');
            let end = if closed || rest.starts_with(['(', '[']) {
                at + length
            } else {
                end
            };
            out.push(Cell {
                kind,
                span: at..end.max(at + 1),
            });
            at += length.max(1);
            continue;
        }
        if !skip {
            break;
        }
        at += rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_whitespace())
            .map_or(rest.len(), |(i, _)| i);
    }
    out
}

fn piece(text: &str, rest: &str, before: &[Cell], seen: Seen) -> Option<(CellKind, usize)> {
    let has_value = seen.value
        || before
            .iter()
            .any(|c| matches!(c.kind, CellKind::Number | CellKind::Word | CellKind::Range));
    let whole = |length: usize| {
        !rest[..length].ends_with(|c: char| c.is_alphanumeric())
            || !rest[length..].starts_with(|c: char| c.is_alphanumeric())
    };
    if let Some(m) = DATE.find(rest).filter(|m| whole(m.end())) {
        return Some((CellKind::Date, m.end()));
    }
    if let Some(length) = leading_flag(rest) {
        return Some((CellKind::Flag, length));
    }
    if let Some(m) = FLAG.find(rest) {
        let bare = m.as_str().trim();
        // `mmol/` goes on with an L, and `mmol/L` does not.
        let cut =
            |c: &Cell| c.kind == CellKind::Unit && text[c.span.clone()].ends_with(['/', 'm', 'd']);
        let unit_like = bare == "L" && before.last().is_some_and(cut);
        if has_value && !unit_like {
            return Some((CellKind::Flag, m.end()));
        }
    }
    // `402 +     10*3/uL`: as laboratories of the continent mark what is too high or too low.
    if let Some(sign) = SIGN.find(rest)
        && before.last().is_some_and(|c| c.kind == CellKind::Number)
        && rest[sign.end()..].starts_with(|c: char| {
            c.is_alphanumeric() && !c.is_ascii_digit()
                || power_of_ten(&rest[sign.end()..])
                || c == '%'
        })
    {
        return Some((CellKind::Flag, 1));
    }
    // `CRP 142, U+E`: two letters that a sign joins are no unit.
    let joined = |length: usize| rest[length..].starts_with(['+', '&']);
    if let Some(m) = UNIT.find(rest).filter(|m| !joined(m.end())) {
        let power = rest.starts_with("10");
        let symbol = !rest.starts_with(|c: char| c.is_alphanumeric());
        let may_come = seen.unit_may_come && before.iter().all(|c| c.kind != CellKind::Unit);
        if (has_value || may_come || symbol && !power) && whole(m.end()) {
            return Some((CellKind::Unit, m.end()));
        }
    }
    if let Some(m) = GRADE
        .find(rest)
        .filter(|m| !rest[m.end()..].starts_with(|c: char| c.is_alphanumeric()))
    {
        return Some((CellKind::Word, m.end()));
    }
    if let Some(m) = RANGE.find(rest).filter(|m| {
        !rest[m.end()..].starts_with(|c: char| {
            c.is_ascii_digit() || c.is_alphabetic() && !starts_unit(&rest[m.end()..])
        })
    }) {
        return Some((CellKind::Range, m.end()));
    }
    if let Some(m) = BOUND.find(rest) {
        return Some((
            if has_value {
                CellKind::Range
            } else {
                CellKind::Number
            },
            m.end(),
        ));
    }
    if let Some(m) = NUMBER.find(rest) {
        let tail = &rest[m.end()..];
        if !has_value && let Some(groups) = grouped_thousands(&rest[..m.end()], tail) {
            return Some((CellKind::Number, m.end() + groups));
        }
        let glued = tail.starts_with(|c: char| c.is_alphabetic())
            && !starts_unit(tail)
            && !tail.starts_with(['H', 'L', 'A']);
        let grouped = tail.starts_with(['-', '/', ':', '.'])
            && tail[1..].starts_with(|c: char| c.is_ascii_digit());
        if m.as_str().contains(|c: char| c.is_ascii_digit()) && !glued && !grouped {
            return Some((CellKind::Number, m.end()));
        }
    }
    if let Some(m) = SEEN.find(rest).or_else(|| WORD.find(rest)) {
        return Some((CellKind::Word, m.end()));
    }
    generic_unit(rest, has_value)
}

#[cfg(test)]
mod tests {
    use super::{CellKind, scan, scan_units_first};

    #[test]
    fn columns_in_any_order() {
        use CellKind::{Flag, Number, Range, Unit, Word};
        for (text, want) in [
            (
                "0.53 L 0.57 - 1.25 mg/dL",
                vec![
                    (Number, "0.53"),
                    (Flag, "L"),
                    (Range, "0.57 - 1.25"),
                    (Unit, "mg/dL"),
                ],
            ),
            (
                "86 mg/dL 70-99 H",
                vec![
                    (Number, "86"),
                    (Unit, "mg/dL"),
                    (Range, "70-99"),
                    (Flag, "H"),
                ],
            ),
            (
                "4.08 10°/L 3.90 - 10.20",
                vec![(Number, "4.08"), (Unit, "10°/L"), (Range, "3.90 - 10.20")],
            ),
            (
                "0.024 <0.040 ng/mL",
                vec![(Number, "0.024"), (Range, "<0.040"), (Unit, "ng/mL")],
            ),
            (
                "<0.010 <0.040 ng/mL",
                vec![(Number, "<0.010"), (Range, "<0.040"), (Unit, "ng/mL")],
            ),
            (
                "76 >60 mL/min/1.73m2",
                vec![(Number, "76"), (Range, ">60"), (Unit, "mL/min/1.73m2")],
            ),
            (
                "1+ Negative Abnormal",
                vec![(Word, "1+"), (Word, "Negative"), (Flag, "Abnormal")],
            ),
            (
                "3-10 0-2 Abnormal",
                vec![(Range, "3-10"), (Range, "0-2"), (Flag, "Abnormal")],
            ),
            (
                "Present (++)   Absent",
                vec![(Word, "Present (++)"), (Word, "Absent")],
            ),
            (
                "Hyaline casts seen   Nil",
                vec![(Word, "Hyaline casts seen"), (Word, "Nil")],
            ),
            ("None seen 0-2", vec![(Word, "None seen"), (Range, "0-2")]),
            (
                "7.2 x10³/µL 4.5 - 11.0",
                vec![(Number, "7.2"), (Unit, "x10³/µL"), (Range, "4.5 - 11.0")],
            ),
            ("13.8g/dL", vec![(Number, "13.8"), (Unit, "g/dL")]),
            (
                "227° 150 - 200 ng/mL",
                vec![
                    (Number, "227"),
                    (Flag, "°"),
                    (Range, "150 - 200"),
                    (Unit, "ng/mL"),
                ],
            ),
            ("36.6 °C", vec![(Number, "36.6"), (Unit, "°C")]),
            (
                "108\t115 - 165\tbelow",
                vec![(Number, "108"), (Range, "115 - 165"), (Flag, "below")],
            ),
            ("O-2 0-5", vec![(Range, "O-2"), (Range, "0-5")]),
            (
                "1248 H <1000 nmol/L",
                vec![
                    (Number, "1248"),
                    (Flag, "H"),
                    (Range, "<1000"),
                    (Unit, "nmol/L"),
                ],
            ),
            (
                "46 H 10-40 U/L",
                vec![(Number, "46"), (Flag, "H"), (Range, "10-40"), (Unit, "U/L")],
            ),
            (
                "75 H 15-55 %",
                vec![(Number, "75"), (Flag, "H"), (Range, "15-55"), (Unit, "%")],
            ),
        ] {
            let got: Vec<_> = scan(text, 0..text.len())
                .into_iter()
                .map(|c| (c.kind, &text[c.span]))
                .collect();
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn spaces_between_thousands() {
        for (text, want) in [
            ("68 400\tIU/L", "68 400"),
            ("4 820 H", "4 820"),
            ("1 204 000 copies/mL", "1 204 000"),
            ("138 139.5", "138"),
            ("138 1390", "138"),
            ("12.5 400 mg/L", "12.5"),
            ("138 140 141 142 99", "138"),
            ("148 155 129 mmol/L", "148"),
        ] {
            let cells = scan(text, 0..text.len());
            assert_eq!(&text[cells[0].span.clone()], want, "{text}");
        }
    }

    #[test]
    fn marks_before_the_value_and_behind() {
        use CellKind::{Flag, Number, Range, Unit};
        for (text, want) in [
            (
                "▲ 2.71\t2.15 - 2.55\tmmol/L",
                vec![
                    (Flag, "▲"),
                    (Number, "2.71"),
                    (Range, "2.15 - 2.55"),
                    (Unit, "mmol/L"),
                ],
            ),
            (
                "▼0.72 mmol/L",
                vec![(Flag, "▼"), (Number, "0.72"), (Unit, "mmol/L")],
            ),
            (
                "6.9 ▲ pmol/L",
                vec![(Number, "6.9"), (Flag, "▲"), (Unit, "pmol/L")],
            ),
        ] {
            let got: Vec<_> = scan(text, 0..text.len())
                .into_iter()
                .map(|c| (c.kind, &text[c.span]))
                .collect();
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn a_unit_before_the_value() {
        let text = "10*9/L\t4.0 - 11.0\t9.7";
        let got: Vec<_> = scan_units_first(text, 0..text.len())
            .into_iter()
            .map(|c| (c.kind, &text[c.span]))
            .collect();
        use CellKind::{Number, Range, Unit};
        assert_eq!(
            got,
            vec![(Unit, "10*9/L"), (Range, "4.0 - 11.0"), (Number, "9.7")]
        );
    }
}
