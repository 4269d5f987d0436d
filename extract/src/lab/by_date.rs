//! Tables with a row for each date and a column for each test (`Date | INR | Next test`).

use super::{
    cells::{self, CellKind},
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
    let tests: Vec<(usize, &Span)> = heading
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, cell)| context.lexicon.is_analyte(layout.get(cell)))
        .collect();
    let mut out = Vec::new();
    let mut last = index;
    while let Some(row) = layout.below(last) {
        let Some(date) = date_of(context, row, heading.len()) else {
            break;
        };
        for (column, name) in &tests {
            out.extend(result(context, layout, row, *column, name, date));
        }
        last = row;
    }
    (!out.is_empty()).then_some((out, last + 1))
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
    name: &Span,
    date: &Span,
) -> Option<Draft> {
    let cell = &layout.lines[row].cells[column];
    let found = cells::scan_run(layout.text, cell.clone());
    let whole = found.last().is_some_and(|last| last.span.end == cell.end);
    let number = found.first().is_some_and(|c| c.kind == CellKind::Number);
    if !(whole && number) {
        return None;
    }
    let parts = Parts::of(layout.text, &found, None)?;
    let mut draft = parts.draft(context, name, true, Some(date));
    draft.value = Some(cell.clone());
    Some(draft)
}
