//! How often a drug is taken, from a table with a column for each time of the day: `Morning | Noon | Evening | Night`
//! above `1 | 0 | 1 | 0`. The frequency is what the cells print, joined as such plans are spoken of. Or from a table with a
//! row for each: `Breakfast   Humulin M3   26 units`.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use crate::{
    context::Context,
    draft::{Draft, Piece},
    layout::Span,
};

/// Sets how often from the cells below the times of the day, or from the time that begins the row.
pub(super) fn fill(context: &Context, name: &Span, medication: &mut Medication, draft: &mut Draft) {
    if let Some((counts, cells)) = frequency(context, name).or_else(|| by_words(context, name)) {
        medication.frequency = Some(counts);
        // What is taken at one of the times is no dose of each.
        let of_cell = |piece: &Piece| {
            piece.field == "dose" && cells.iter().any(|cell| cell.contains(&piece.span.start))
        };
        if draft.pieces.iter().any(of_cell) {
            medication.dose = None;
            draft.pieces.retain(|piece| piece.field != "dose");
        }
        for cell in cells {
            draft.add("frequency", cell, true);
        }
    } else if (medication.strength.is_some() || medication.dose.is_some())
        && let Some(time) = time_of_row(context, name)
    {
        medication.frequency = Some(context.text(&time));
        draft.add("frequency", time, true);
    }
}

/// What the cells say, and where they stand. None where no such heading stands above or a cell is missing.
fn frequency(context: &Context, name: &Span) -> Option<(String, Vec<Span>)> {
    const FARTHEST: usize = 30;
    const NEAR: usize = 6;
    let layout = &context.layout;
    let index = layout.line_at(name.start);
    let line = &layout.lines[index];
    let first = index.saturating_sub(FARTHEST);
    let (heading, times) = (first..index)
        .rev()
        .filter(|above| layout.lines[*above].page == line.page)
        .find_map(|above| Some((&layout.lines[above], times(context, above)?)))?;
    let cells: Vec<Span> = times
        .iter()
        .map(|column| {
            if line.cells.len() == heading.cells.len() {
                return line.cells.get(*column).cloned();
            }
            let place = heading.cells[*column].start - heading.span.start;
            let below = |cell: &&Span| (cell.start - line.span.start).abs_diff(place) <= NEAR;
            line.cells.iter().find(below).cloned()
        })
        .collect::<Option<_>>()?;
    // A dash where nothing is taken.
    let said: Vec<&str> = cells
        .iter()
        .map(|cell| match layout.get(cell) {
            "-" | "–" | "—" => "0",
            count => count,
        })
        .collect();
    let taken = said
        .iter()
        .any(|count| count.contains(|c: char| c.is_ascii_digit() && c != '0' || c == '½'));
    (taken && said.iter().all(|count| is_count(count))).then(|| (said.join("-"), cells))
}

/// As [`frequency`], below a heading whose words stand too close for cells, `mo no ev ni`: as many counts stand side by
/// side in the row, each in its cell.
fn by_words(context: &Context, name: &Span) -> Option<(String, Vec<Span>)> {
    static SHORT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:mo|mor|morn)\.?\s+(?:no|mi|mid|noon|lu)\.?\s+(?:ev|eve|ab|di)\.?(?:\s+(?:ni|na|nt|night)\b)?")
            .expect("a valid expression")
    });
    const FARTHEST: usize = 20;
    let layout = &context.layout;
    let index = layout.line_at(name.start);
    let line = &layout.lines[index];
    let times = (index.saturating_sub(FARTHEST)..index)
        .rev()
        .filter(|above| layout.lines[*above].page == line.page)
        .find_map(|above| SHORT.find(layout.line(above)))?
        .as_str()
        .split_whitespace()
        .count();
    let counts = |cell: &&Span| is_count(layout.get(cell));
    let cells: Vec<Span> = line
        .cells
        .iter()
        .skip_while(|cell| !counts(cell))
        .take_while(counts)
        .cloned()
        .collect();
    let said: Vec<&str> = cells.iter().map(|cell| layout.get(cell)).collect();
    let taken = said.iter().any(|count| *count != "0");
    (taken && said.len() == times).then(|| (said.join("-"), cells))
}

/// The time of the day that begins a drug's row in a cell of its own.
fn time_of_row(context: &Context, name: &Span) -> Option<Span> {
    let layout = &context.layout;
    let line = &layout.lines[layout.line_at(name.start)];
    let first = line.cells.first()?;
    (first.end < name.start && TIME.is_match(layout.get(first).trim_end_matches(['.', ':'])))
        .then(|| first.clone())
}

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:in the |at |with )?(?:morning|am|mane|breakfast|noon|midday|lunch(?:time)?|afternoon|pm|tea(?:time)?|evening(?: meal)?|dinner|supper|night|bed(?:time)?|nocte)$")
        .expect("a valid expression")
});

/// The columns of at least three times of the day, side by side.
fn times(context: &Context, index: usize) -> Option<Vec<usize>> {
    const FEWEST: usize = 3;
    let layout = &context.layout;
    let cells = &layout.lines[index].cells;
    let times: Vec<usize> = (0..cells.len())
        .filter(|column| TIME.is_match(layout.get(&cells[*column]).trim_end_matches(['.', ':'])))
        .collect();
    let beside = times.windows(2).all(|pair| pair[1] == pair[0] + 1);
    (times.len() >= FEWEST && beside).then_some(times)
}

/// `1`, `0`, `½`, `0.5`.
fn is_count(cell: &str) -> bool {
    static COUNT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:[0-9](?:\.5|½)?|½|1/2)$").expect("a valid expression"));
    COUNT.is_match(cell)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn times_that_stand_too_close_for_cells() {
        let text = "Medication at discharge\nDrug\tStrength\tForm\tmo no\tev\tni Note\nBisoprolol\t5 mg\ttab.\t1\t0\t½\t0\nSpironolactone\t25 mg\ttab.\t0\t1\t0\t0\n";
        let told = told(text, "medication", ["frequency", "dose"]);
        assert_eq!(told, [["1-0-½-0", ""], ["0-1-0-0", ""]]);
    }

    #[test]
    fn a_time_before_the_drug_is_when_it_is_taken() {
        let text = "Insulin chart\nBreakfast      Humalog   26 units\nEvening meal   Humalog   18 units\nWard           Humalog   10 units\n";
        let want = [
            ["26 units", "Breakfast"],
            ["18 units", "Evening meal"],
            ["10 units", ""],
        ];
        let told = told(text, "medication", ["dose", "frequency"]);
        assert_eq!(told, want);
    }
}
