//! Tables with a row for each date and a column for each test (`Date | INR | Next test`).

use super::{
    cells::{self, Cell, CellKind},
    parts::Parts,
};
use crate::{
    context::Context,
    draft::Draft,
    layout::{Layout, Span},
};

/// The results of the table whose heading is this line, and the line after it.
pub(super) fn table(context: &Context, index: usize) -> Option<(Vec<Draft>, usize)> {
    let layout = &context.layout;
    let heading = &layout.lines[index].cells;
    let first = crate::labels::letters(layout.get(heading.first()?));
    if heading.len() < 2 || !first.starts_with("date") {
        return None;
    }
    let tests: Vec<(usize, Test)> = heading
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(column, cell)| Some((column, test(context, cell)?)))
        .collect();
    let mut out = Vec::new();
    let mut last = index;
    while let Some(row) = layout.below(last) {
        let Some(date) = date_of(context, row, heading.len()) else {
            break;
        };
        for (column, test) in &tests {
            out.extend(result(context, layout, row, *column, test, date));
        }
        last = row;
    }
    (!out.is_empty()).then_some((out, last + 1))
}

/// A test and the unit that its heading prints.
struct Test {
    name: Span,
    unit: Option<Cell>,
}

/// `CRP`, `CRP (mg/L)`.
fn test(context: &Context, cell: &Span) -> Option<Test> {
    let printed = context.layout.get(cell);
    if context.lexicon.is_analyte(printed) {
        return Some(Test {
            name: cell.clone(),
            unit: None,
        });
    }
    let (name, rest) = printed.split_once(['(', '['])?;
    let unit = rest.trim_end_matches([')', ']']);
    if !context.lexicon.is_analyte(name) || !cells::is_unit(unit) {
        return None;
    }
    let start = cell.start + name.len() + 1;
    Some(Test {
        name: cell.start..cell.start + name.trim_end().len(),
        unit: Some(Cell {
            kind: CellKind::Unit,
            span: start..start + unit.len(),
        }),
    })
}

/// The date that a row with all cells begins with.
fn date_of<'a>(context: &'a Context, row: usize, cells: usize) -> Option<&'a Span> {
    let line = &context.layout.lines[row];
    let first = line.cells.first().filter(|_| line.cells.len() == cells)?;
    let mut dates = context.dates.iter().map(|date| &date.span);
    dates.find(|date| date.start == first.start && date.end <= first.end)
}

fn result(
    context: &Context,
    layout: &Layout,
    row: usize,
    column: usize,
    test: &Test,
    date: &Span,
) -> Option<Draft> {
    let cell = &layout.lines[row].cells[column];
    let found = cells::scan_run(layout.text, cell.clone());
    let whole = found.last().is_some_and(|last| last.span.end == cell.end);
    let number = found.first().is_some_and(|c| c.kind == CellKind::Number);
    if !(whole && number) {
        return None;
    }
    let mut pieces = found;
    pieces.extend(test.unit.clone());
    let parts = Parts::of(layout.text, &pieces, None)?;
    let mut draft = parts.draft(context, &test.name, true, Some(date));
    draft.value = Some(cell.clone());
    Some(draft)
}
