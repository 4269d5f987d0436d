//! How often a drug is taken, from a table with a column for each time of the day: `Morning | Noon | Evening | Night`
//! above `1 | 0 | 1 | 0`. The frequency is what the cells print, joined as such plans are spoken of.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, layout::Span};

/// What the cells say, and where they stand. None where no such heading stands above or a cell is missing.
pub(super) fn frequency(context: &Context, name: &Span) -> Option<(String, Vec<Span>)> {
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

/// The columns of at least three times of the day, side by side.
fn times(context: &Context, index: usize) -> Option<Vec<usize>> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:in the )?(?:morning|am|mane|breakfast|noon|midday|lunch(?:time)?|afternoon|pm|tea(?:time)?|evening|dinner|supper|night|bed(?:time)?|nocte|at night)$")
            .expect("a valid expression")
    });
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
