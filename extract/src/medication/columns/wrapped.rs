//! Cells that go on in the lines below their row: `Every 8` above `Hours`, `Each` above `nostril`.

use schemas::Medication;

use super::heading::{Column, Heading, place};
use crate::{
    context::Context,
    draft::Draft,
    layout::Span,
    sig::{self, Part},
};

/// So many lines may a row's cells go on.
const MOST: usize = 2;

/// Reads such cells anew, put together, and sets what they tell and the row alone does not.
pub(super) fn fill(
    context: &Context,
    heading: &Heading,
    row: &[(Column, Span)],
    next: Option<usize>,
    medication: &mut Medication,
    draft: &mut Draft,
) {
    for (column, cell) in row {
        let told = matches!(
            column,
            Column::Frequency
                | Column::Directions
                | Column::Dose
                | Column::Route
                | Column::Duration
        );
        let below = below(context, heading, cell, next);
        if !told || below.is_empty() {
            continue;
        }
        let mut whole = context.text(cell);
        for part in &below {
            whole.push(' ');
            whole.push_str(&context.text(part));
        }
        for found in sig::scan(&whole, 0..whole.len(), &[]) {
            let (slot, field, dangerous) = match found.part {
                Part::Frequency => (&mut medication.frequency, "frequency", true),
                Part::Route => (&mut medication.route, "route", true),
                Part::Duration => (&mut medication.duration, "duration", false),
                _ => continue,
            };
            let value = whole[found.value].trim().to_owned();
            let more = slot
                .as_ref()
                .is_none_or(|told| value.len() > told.len() && value.starts_with(told.as_str()));
            if !more {
                continue;
            }
            *slot = Some(value);
            match field {
                "frequency" => medication.frequency_norm = None,
                "route" => medication.route_norm = None,
                _ => {}
            }
            draft.pieces.retain(|piece| piece.field != field);
            for part in std::iter::once(cell).chain(&below) {
                draft.add(field, part.clone(), dangerous);
            }
        }
    }
}

/// What stands in a cell's column in the next lines, up to the next drug and to the first line that is no such rest.
fn below(context: &Context, heading: &Heading, cell: &Span, next: Option<usize>) -> Vec<Span> {
    let layout = &context.layout;
    let row = layout.line_at(cell.start);
    let column = |cell: &Span, line: usize| {
        let at = place(context, line, cell);
        heading.starts.iter().rposition(|start| *start <= at + 1)
    };
    let own = column(cell, row);
    let rests = |line: &usize| {
        let line = &layout.lines[*line];
        let before_next = next.is_none_or(|next| line.span.end <= next);
        let few = line.cells.len() < heading.columns.len();
        before_next && few && !line.cells.is_empty() && !layout.get(&line.span).contains('\t')
    };
    // Each begins where its column does.
    let aligned = |line: &usize| {
        layout.lines[*line].cells.iter().all(|cell| {
            let at = place(context, *line, cell);
            let near = |start: &usize| at + 1 >= *start && at <= start + 4;
            heading.starts.iter().any(near)
        })
    };
    (row + 1..layout.lines.len().min(row + 1 + MOST))
        .take_while(|line| rests(line) && aligned(line))
        .filter_map(|line| {
            let cells = &layout.lines[line].cells;
            cells.iter().find(|cell| column(cell, line) == own).cloned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_cell_goes_on_in_the_next_line() {
        let text = "Prescription\n\
            Drug                        Dose     Frequency    Route       Qty\n\
            Loratadine 10 mg tablets    1 tab    Once every   By          14\n\
            \u{20}                                    morning      mouth\n\
            Budesonide 64 mcg spray     1 spray  Twice a day  In each     1\n\
            \u{20}  (Rhinocort)                                   nostril\n";
        assert_eq!(
            told(text, "medication", ["name", "frequency", "route"]),
            [
                ["Loratadine", "Once every morning", "By mouth"],
                ["Budesonide", "Twice a day", "In each nostril"],
            ]
        );
    }
}
