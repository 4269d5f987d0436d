//! Identifiers below a heading that says what they are: `Dispensed | Rx | DIN | Drug`.

use schemas::IdRole as Role;

use crate::{
    context::Context,
    labels::{self, Target},
    layout::Span,
};

/// Those of all tables, with their roles. A row has as many cells as its heading, and the identifier is a cell whole.
pub(super) fn extract(context: &Context) -> Vec<(Role, Span)> {
    let mut out = Vec::new();
    for heading in 0..context.layout.lines.len() {
        for (column, role) in titles(context, heading) {
            out.extend(below(context, heading, column).map(|cell| (role, cell)));
        }
    }
    out
}

/// The columns of a heading that hold identifiers.
fn titles(context: &Context, line: usize) -> Vec<(usize, Role)> {
    const FEWEST: usize = 3;
    let layout = &context.layout;
    let cells = &layout.lines[line].cells;
    let titled = |cell: &Span| !layout.get(cell).contains(|c: char| c.is_ascii_digit());
    if cells.len() < FEWEST || !cells.iter().all(titled) {
        return Vec::new();
    }
    let role = |cell: &Span| match labels::exact(&labels::letters(layout.get(cell))) {
        Some(Target::Id(role)) => Some(role),
        _ => None,
    };
    let found: Vec<_> = cells.iter().map(role).collect();
    // A line of labels alone is the head of a form, whose values have places of their own.
    if found.iter().flatten().count() * 2 > cells.len() {
        return Vec::new();
    }
    (0..)
        .zip(found)
        .filter_map(|(column, role)| Some((column, role?)))
        .collect()
}

/// The cells of one column down to the first line with other cells.
fn below<'a>(
    context: &'a Context,
    heading: usize,
    column: usize,
) -> impl Iterator<Item = Span> + 'a {
    let lines = &context.layout.lines;
    let count = lines[heading].cells.len();
    lines[heading + 1..]
        .iter()
        .take_while(move |line| line.cells.len() == count)
        .map(move |line| line.cells[column].clone())
        .filter(|cell| is_identifier(context.layout.get(cell)))
}

/// `8810447`, `RX-20418`: one word, most of it digits.
fn is_identifier(text: &str) -> bool {
    const LEAST: usize = 4;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    digits >= LEAST && digits * 2 > text.len() && text.chars().all(own)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn numbers_of_prescriptions_stand_in_a_column() {
        let text = "Drug receipts\nDispensed   Rx        DIN        Drug                      Qty   Paid\n2026-01-08  8810447   02229515   Olanzapine 7.5 mg tablet  30    24.18\n2026-01-22  8811920   02242163   Clonazepam 0.25 mg tablet   20    9.14\n";
        let told = told(text, "id", ["role", "value"]);
        assert_eq!(told, [["rx_number", "8810447"], ["rx_number", "8811920"]]);
    }
}
