//! A column of former values beside that of the results: `Result   Previous 08/06/2025`, its date in the heading or the
//! word on the line above it. Such a value is told only where its date is.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    cells::{Cell, CellKind},
    columns,
    header::{Column, Header},
};
use crate::{context::Context, layout::Span};

/// The one date of a heading that stands behind the column of results, if it says or the line above says that what is
/// below is of the past.
pub(super) fn date(
    context: &Context,
    index: usize,
    kinds: &[Column],
    dates: &[Span],
) -> Option<Span> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:previous|prev|prior|last|former)\b").expect("a valid expression")
    });
    static RESULT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:results?|values?|current)\b").expect("a valid expression")
    });
    let layout = &context.layout;
    let [date] = dates else { return None };
    let line = &layout.lines[index].span;
    let before = &layout.text[line.start..date.start];
    let behind_results = kinds.contains(&Column::Value) && RESULT.is_match(before);
    // `Result   Previous 08/06/2025`, not `Previous result   Result 08/06/2025`.
    let says = || {
        let last = |words: &Regex| words.find_iter(before).last().map_or(0, |word| word.end());
        last(&WORD) > last(&RESULT)
    };
    let above = || {
        let above = layout.above(index)?;
        let [word] = &layout.lines[above].cells[..] else {
            return None;
        };
        let over = columns::below(layout.text, std::slice::from_ref(word), &[date.clone()]);
        (over.is_some() && WORD.is_match(layout.get(word))).then_some(())
    };
    (behind_results && (says() || above().is_some())).then(|| date.clone())
}

/// Takes the former value and its flag out of a row's cells: the second of two numbers, or a single one that stands below
/// the date alone.
pub(super) fn take(text: &str, cells: &mut Vec<Cell>, header: &Header) -> Option<Vec<Cell>> {
    let date = header.former.as_ref()?;
    let number = |c: &Cell| c.kind == CellKind::Number;
    // `< 5.2   6.41   5.90` below `Range   Result   Previous`.
    if header.before(Column::Range, Column::Value)
        && let Some(limit) = cells.iter().position(number)
        && text[cells[limit].span.clone()].starts_with(['<', '>', '≤', '≥'])
        && cells[limit + 1..].iter().any(number)
    {
        cells[limit].kind = CellKind::Range;
    }
    let numbers: Vec<usize> = (0..cells.len()).filter(|at| number(&cells[*at])).collect();
    let at = match numbers[..] {
        [_, second] => second,
        [single] => {
            let own = [cells[single].span.clone()];
            columns::below(text, &[heading_of(text, date)], &own)?;
            single
        }
        _ => return None,
    };
    let flag = cells.get(at + 1).is_some_and(|c| c.kind == CellKind::Flag);
    Some(cells.drain(at..=at + usize::from(flag)).collect())
}

/// `Previous 08/06/2025`: the cell that ends with the date.
fn heading_of(text: &str, date: &Span) -> Span {
    let line = text[..date.start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..date.start];
    let gap = before.rfind("  ").map(|at| at + 2);
    let tab = before.rfind('\t').map(|at| at + 1);
    line + gap.max(tab).unwrap_or_default()..date.end
}

/// Has the row of a single value fewer tabs than its heading, so that it may be that of the other column?
pub(super) fn is_open(text: &str, cells: &[Cell], header: &Header) -> bool {
    let Some(date) = &header.former else {
        return false;
    };
    let mut numbers = cells.iter().filter(|c| c.kind == CellKind::Number);
    let (Some(single), None) = (numbers.next(), numbers.next()) else {
        return false;
    };
    let tabs = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        text[start..end].matches('\t').count()
    };
    tabs(single.span.start) > 0 && tabs(single.span.start) < tabs(date.start)
}

#[cfg(test)]
mod tests {
    use schemas::Fact;

    use crate::probe::{entities, told};

    #[test]
    fn a_former_value_has_the_date_of_its_column() {
        let wanted = [
            ["Ferritin", "212", "H", ""],
            ["Ferritin", "98", "", "2024-05-06"],
            ["Zinc", "11.0", "", ""],
            ["Copper", "20.1", "", "2024-05-06"],
        ];
        for heading in [
            "                                                     Previous\nTest        Unit        Range          Result        2024-05-06\n",
            "Test        Unit        Range          Result        Previous 2024-05-06\n",
        ] {
            let text = format!(
                "Laboratory report\n{heading}\
                 Ferritin    ug/L        < 150          212   H       98\n\
                 Zinc        umol/L      10.0 - 18.0    11.0\n\
                 Copper      umol/L      12.0 - 24.0                  20.1\n"
            );
            let told = told(&text, "lab", ["name", "value", "flag", "date"]);
            assert_eq!(told, wanted, "{heading}");
        }
    }

    #[test]
    fn a_single_value_between_tabs_is_doubtful() {
        let text = "Laboratory report\nTest\tResult\tPrevious (06/05/2024)\tUnits\nFerritin\t212\t98\tug/L\nZinc\t11.0\tumol/L\n";
        let doubted: Vec<bool> = entities(text)
            .into_iter()
            .filter(|entity| matches!(entity.fact, Fact::Lab(_)))
            .map(|entity| entity.needs_review)
            .collect();
        assert_eq!(doubted, [false, false, true]);
    }
}
