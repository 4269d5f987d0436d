//! Below which cell of a heading a cell of a row stands. Only spaces keep the columns of a page: a tab may be of any
//! width, and one space alone parts words.

use super::{
    cells::{Cell, CellKind},
    flags,
};
use crate::layout::Span;

/// The one cell of the heading that each cell overlaps, in order and none of them twice. None where the text does not
/// tell, be it for one cell alone.
pub(super) fn below(text: &str, heading: &[Span], cells: &[Span]) -> Option<Vec<usize>> {
    let heads: Vec<Span> = heading
        .iter()
        .map(|cell| place(text, cell))
        .collect::<Option<_>>()?;
    let mut out: Vec<usize> = Vec::with_capacity(cells.len());
    for cell in cells {
        let own = place(text, cell)?;
        let mut over =
            (0..heads.len()).filter(|at| heads[*at].start < own.end && own.start < heads[*at].end);
        let column = over.next().filter(|_| over.next().is_none())?;
        if out.last().is_some_and(|last| *last >= column) {
            return None;
        }
        out.push(column);
    }
    Some(out)
}

/// The columns of values that stand in the heading's order: one for each, or as many as there are with the dashes of what
/// was not requested (`128   --   136`).
pub(super) fn in_order(
    text: &str,
    from: usize,
    values: &[Span],
    columns: usize,
) -> Option<Vec<usize>> {
    let last = values.last()?.end;
    let end = text[last..].find('\n').map_or(text.len(), |end| last + end);
    let mut at = 0;
    let mut seen = from;
    let mut out = Vec::with_capacity(values.len());
    for value in values {
        at += blanks(text.get(seen..value.start)?);
        out.push(at);
        at += 1;
        seen = value.end;
    }
    (at + blanks(&text[last..end]) == columns).then_some(out)
}

/// `138` and `129` of `138\t-\t129` below dates: no range, as a dash with a tab on both sides is a cell of its own.
pub(super) fn without_blank(text: &str, cell: &Cell) -> Vec<Cell> {
    let printed = &text[cell.span.clone()];
    let gap = ["\t-\t", "\t–\t", "\t—\t"]
        .into_iter()
        .find_map(|gap| Some((printed.find(gap)?, gap.len())));
    let Some((at, length)) = gap.filter(|_| cell.kind == CellKind::Range) else {
        return vec![cell.clone()];
    };
    let number = |span| Cell {
        kind: CellKind::Number,
        span,
    };
    let middle = cell.span.start + at;
    vec![
        number(cell.span.start..middle),
        number(middle + length..cell.span.end),
    ]
}

/// How many cells of what was not requested a part of a row has, up to its first cell that says something else than a flag.
/// Behind a gap: `4.1 -` marks what is too low.
fn blanks(part: &str) -> usize {
    const BLANKS: [&str; 10] = ["-", "--", "---", "–", "—", "n/a", "n/d", "nd", "nr", "..."];
    let cells = part.split(['\t', '|']).flat_map(|cell| cell.split("  "));
    let cells = cells.skip(1).map(str::trim).filter(|cell| !cell.is_empty());
    let blank = |cell: &&str| BLANKS.contains(&&*cell.to_lowercase());
    cells
        .take_while(|cell| blank(cell) || flags::is_flag(cell))
        .filter(blank)
        .count()
}

/// The first and the last column of characters that a cell behind a gap of spaces fills.
fn place(text: &str, cell: &Span) -> Option<Span> {
    let start = text[..cell.start]
        .rfind(['\n', '\u{c}'])
        .map_or(0, |end| end + 1);
    let before = &text[start..cell.start];
    let kept = !before.contains(['\t', '|']) && (before.is_empty() || before.ends_with("  "));
    let from = before.chars().count();
    kept.then(|| from..from + text[cell.clone()].chars().count())
}

#[cfg(test)]
mod tests {
    use super::{below, in_order};

    #[test]
    fn cells_below_a_heading() {
        let cells = |line: &str, from: usize| {
            let mut out = Vec::new();
            for word in line.split_whitespace() {
                let at = line.find(word).unwrap() + from;
                out.push(at..at + word.len());
            }
            out
        };
        for (heading, row, want) in [
            (
                "     01/02   03/04   05/06",
                "     12      13      14",
                Some(vec![0, 1, 2]),
            ),
            (
                "     01/02   03/04   05/06",
                "     12              14",
                Some(vec![0, 2]),
            ),
            ("     01/02   03/04   05/06", "        9999999", None),
            ("     01/02   03/04   05/06", "  12", None),
            ("     01/02\t03/04", "     12\t13", None),
            ("     01/02 03/04", "     12    13", None),
        ] {
            let text = format!("{heading}\n{row}");
            let got = below(&text, &cells(heading, 0), &cells(row, heading.len() + 1));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn dashes_fill_columns() {
        for (row, columns, want) in [
            ("Urea\t19\t--\t9.8\tmmol/L", 3, Some(vec![0, 2])),
            ("Urea\t19\t9.8\t-\tmmol/L\t2.5 - 7.8", 3, Some(vec![0, 1])),
            ("Urea\t19\t9.8\tmmol/L\t2.5 - 7.8", 3, None),
            ("Urea\t19\t9.8\tmmol/L", 2, Some(vec![0, 1])),
            ("Urea 19 -\t9.8\tmmol/L", 3, None),
            (
                "Urea   19   9.8 H   --   mmol/L   2.5 - 7.8",
                3,
                Some(vec![0, 1]),
            ),
            (
                "Urea   19 H   --   9.8   H   --   mmol/L",
                4,
                Some(vec![0, 2]),
            ),
        ] {
            let values: Vec<_> = ["19", "9.8"]
                .iter()
                .map(|value| row.find(value).map(|at| at..at + value.len()).unwrap())
                .collect();
            assert_eq!(in_order(row, 4, &values, columns), want, "{row}");
        }
    }
}
