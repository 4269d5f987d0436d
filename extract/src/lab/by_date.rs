//! Tables with a row for each date and a column for each test (`Date | INR | Next test`). Their units and reference
//! ranges stand in the headings or in rows of their own: `Units`, `Target`, or units alone below the tests.

use super::{
    cells::{self, Cell, CellKind},
    columns,
    parts::Parts,
    shapes,
};
use crate::{context::Context, draft::Draft, layout::Span};

/// Words that a column of dates is headed with.
const DATES: [&str; 7] = [
    "date",
    "collected",
    "sample",
    "specimen",
    "taken",
    "drawn",
    "day",
];

/// The results of the table whose heading is this line, and the line after it.
pub(super) fn table(context: &Context, index: usize) -> Option<(Vec<Draft>, usize)> {
    let layout = &context.layout;
    let heading = &layout.lines[index].cells;
    let first = crate::labels::letters(layout.get(heading.first()?));
    if heading.len() < 2 || !DATES.iter().any(|word| first.starts_with(word)) {
        return None;
    }
    let mut tests: Vec<(usize, Test)> = heading
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(column, cell)| Some((column, test(context, cell)?)))
        .collect();
    let mut dated = Vec::new();
    let mut last = index;
    while let Some(row) = layout.below(last) {
        if let Some(date) = date_of(context, row)
            && let Some(under) = columns_of(context, row, heading)
        {
            dated.push((row, date, under));
        } else if let Some(kind) = common(context, row) {
            for (column, test) in &mut tests {
                let cells = &layout.lines[row].cells;
                let cell = cells.get(*column).filter(|_| cells.len() == heading.len());
                test.take(context, cell, kind);
            }
        } else if let Some(under) = units(context, row, heading).filter(|_| last == index) {
            for (column, test) in &mut tests {
                let at = under.iter().position(|head| head == column);
                let cell = at.map(|at| &layout.lines[row].cells[at]);
                test.take(context, cell, CellKind::Unit);
            }
        } else {
            break;
        }
        last = row;
    }
    let mut out = Vec::new();
    for (row, date, under) in dated {
        for (column, test) in &tests {
            let at = under.iter().position(|head| head == column);
            let cell = at.map(|at| &layout.lines[row].cells[at]);
            out.extend(cell.and_then(|cell| result(context, cell, test, date)));
        }
    }
    (!out.is_empty()).then_some((out, last + 1))
}

/// What a row holds for all dates: units or reference ranges.
fn common(context: &Context, row: usize) -> Option<CellKind> {
    let layout = &context.layout;
    let label = crate::labels::letters(layout.get(layout.lines[row].cells.first()?));
    match &*label {
        "unit" | "units" | "uom" => Some(CellKind::Unit),
        "reference" | "ref" | "range" | "ranges" | "referencerange" | "referenceinterval"
        | "refrange" | "refinterval" | "normal" | "normalrange" | "normals" | "target"
        | "targets" | "targetrange" | "goal" | "goals" => Some(CellKind::Range),
        _ => None,
    }
}

/// The columns that the units of a row without a label stand in: each of the tests has one, or the spaces tell whose it is.
fn units(context: &Context, row: usize, heading: &[Span]) -> Option<Vec<usize>> {
    let layout = &context.layout;
    let cells = &layout.lines[row].cells;
    let of_body = |unit: &str| matches!(unit, "kg" | "lb" | "lbs" | "cm" | "mmHg" | "bpm");
    let all = cells.iter().all(|cell| {
        let printed = layout.get(cell);
        shapes::is_unit(printed) || of_body(printed)
    });
    let placed = || columns::below(layout.text, heading, cells);
    let one_each = || (cells.len() + 1 == heading.len()).then(|| (1..heading.len()).collect());
    if all && !cells.is_empty() {
        placed().or_else(one_each)
    } else {
        None
    }
}

/// A test, and the unit and range that are printed once for its column.
struct Test {
    name: Span,
    unit: Option<Cell>,
    range: Option<Cell>,
}

impl Test {
    /// What a row has in this test's column, when it is of the kind that its label says.
    fn take(&mut self, context: &Context, cell: Option<&Span>, kind: CellKind) {
        let Some(cell) = cell else {
            return;
        };
        let printed = context.layout.get(cell);
        let piece = Cell {
            kind,
            span: cell.clone(),
        };
        match kind {
            CellKind::Unit if shapes::is_unit(printed) => self.unit = Some(piece),
            CellKind::Range if shapes::is_range(printed) => self.range = Some(piece),
            _ => {}
        }
    }
}

/// `CRP`, `CRP (mg/L)`.
fn test(context: &Context, cell: &Span) -> Option<Test> {
    let printed = context.layout.get(cell);
    if context.lexicon.is_analyte(printed) {
        return Some(Test {
            name: cell.clone(),
            unit: None,
            range: None,
        });
    }
    let (name, rest) = printed.split_once(['(', '['])?;
    let unit = rest.trim_end_matches([')', ']']);
    if !context.lexicon.is_analyte(name) || !shapes::is_unit(unit) {
        return None;
    }
    let start = cell.start + name.len() + 1;
    Some(Test {
        name: cell.start..cell.start + name.trim_end().len(),
        unit: Some(Cell {
            kind: CellKind::Unit,
            span: start..start + unit.len(),
        }),
        range: None,
    })
}

/// The date that a row begins with.
fn date_of<'a>(context: &'a Context, row: usize) -> Option<&'a Span> {
    let first = context.layout.lines[row].cells.first()?;
    let mut dates = context.dates.iter().map(|date| &date.span);
    dates.find(|date| date.start == first.start && date.end <= first.end)
}

/// The columns that a row's cells stand in: it has them all, or the spaces tell which are empty.
fn columns_of(context: &Context, row: usize, heading: &[Span]) -> Option<Vec<usize>> {
    let cells = &context.layout.lines[row].cells;
    if cells.len() == heading.len() {
        return Some((0..cells.len()).collect());
    }
    columns::below(context.layout.text, heading, cells)
}

fn result(context: &Context, cell: &Span, test: &Test, date: &Span) -> Option<Draft> {
    let text = context.layout.text;
    let found = cells::scan_run(text, cell.clone());
    let whole = found.last().is_some_and(|last| last.span.end == cell.end);
    let measured = found
        .first()
        .is_some_and(|c| matches!(c.kind, CellKind::Number | CellKind::Word));
    if !(whole && measured) {
        return None;
    }
    let mut pieces = found;
    pieces.extend(test.unit.iter().chain(&test.range).cloned());
    let parts = Parts::of(text, &pieces, None)?;
    let mut draft = parts.draft(context, &test.name, true, Some(date));
    draft.value = Some(cell.clone());
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn units_and_targets_stand_in_rows_of_their_own() {
        let text = "FOLLOW UP CARD\nDate          HbA1c    Trig      ACR\n              %        mmol/L    mg/mmol\n2021-03-04    8.1 H    1.4       -\n2022-03-09    6.6      2.3 H     5.2 H\nTarget        <7.0     <1.7      <3.0\n";
        let told = told(
            text,
            "lab",
            ["name", "value", "unit", "range", "flag", "date"],
        );
        let want = [
            ["HbA1c", "8.1", "%", "<7.0", "H", "2021-03-04"],
            ["Trig", "1.4", "mmol/L", "<1.7", "", "2021-03-04"],
            ["HbA1c", "6.6", "%", "<7.0", "", "2022-03-09"],
            ["Trig", "2.3", "mmol/L", "<1.7", "H", "2022-03-09"],
            ["ACR", "5.2", "mg/mmol", "<3.0", "H", "2022-03-09"],
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn spaces_tell_an_empty_column() {
        let text = "FOLLOW UP CARD\n\
                    Date          HbA1c   Wt    Creat    Urine alb\n\
                    \x20             %       kg    umol/L\n\
                    2025-02-01    8.8     91    88       neg\n\
                    2025-05-03            90             trace\n\
                    2025-05-17    7.0\n";
        let told = told(text, "lab", ["name", "value", "unit", "date"]);
        let want = [
            ["HbA1c", "8.8", "%", "2025-02-01"],
            ["Creat", "88", "umol/L", "2025-02-01"],
            ["Urine alb", "neg", "", "2025-02-01"],
            ["Urine alb", "trace", "", "2025-05-03"],
            ["HbA1c", "7.0", "%", "2025-05-17"],
        ];
        assert_eq!(told, want);
    }
}
