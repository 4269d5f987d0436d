//! The cells of a ruled form.
//!
//! A segment's cell is what the nearest ruled lines around it enclose. Cells that hold several rows
//! of text, side by side with others, are units that are read one after the other; everything else
//! on the page is one unit between them.

use schemas::BBox;

use super::{Rulings, Segment, rows::rows};

/// A cell is told apart by its borders, to this precision in pixels.
const SNAP: f32 = 6.0;
/// Ruled lines meet that come so near to each other, in pixels: corners are often worn.
const MEETS: f32 = 2.0 * SNAP;
/// Letters that a label has at least.
const LABEL: usize = 2;

/// Groups segments into units in reading order. Without rulings the page is one unit.
#[must_use]
pub(super) fn units(segments: Vec<Segment>, rulings: &Rulings) -> Vec<Vec<Segment>> {
    let rulings = &closed(rulings);
    if rulings.vertical.is_empty() {
        return vec![segments];
    }
    let mut cells: Vec<(BBox, Vec<Segment>)> = Vec::new();
    let mut free = Vec::new();
    for segment in segments {
        let Some(cell) = cell(&segment.bbox(), rulings) else {
            free.push(segment);
            continue;
        };
        match cells.iter_mut().find(|(other, _)| same(other, &cell)) {
            Some((_, members)) => members.push(segment),
            None => cells.push((cell, vec![segment])),
        }
    }
    // Only a cell with a label above a value is read on its own; a grid of one-line cells is a table.
    let of_tables: Vec<(BBox, Vec<f32>)> = cells
        .iter()
        .filter(|(_, members)| is_of_table(members))
        .map(|(cell, members)| (*cell, middles(members)))
        .collect();
    let is_beside_values = |cell: &BBox, members: &[Segment]| {
        let middles = middles(members);
        let slack = 0.5 * members[0].bbox().height();
        of_tables.iter().any(|(other, levels)| {
            let rows = || levels.iter().zip(&middles);
            is_level(other, cell)
                && levels.len() == middles.len()
                && rows().all(|(a, b)| (a - b).abs() < slack)
        })
    };
    let mut forms: Vec<(BBox, Vec<Segment>)> = Vec::new();
    for (cell, members) in cells {
        if is_form_cell(&members) && !is_beside_values(&cell, &members) {
            forms.push((cell, members));
        } else {
            free.extend(members);
        }
    }
    if forms.len() < 2 {
        let mut all = free;
        all.extend(forms.into_iter().flat_map(|(_, members)| members));
        return vec![all];
    }
    interleave(forms, free)
}

/// Without the vertical lines that begin and end at no horizontal one: the edges of a photographed sheet and the streaks
/// of a feeder enclose no cell.
fn closed(rulings: &Rulings) -> Rulings {
    let ends_at = |vertical: &BBox, y: f32| {
        rulings.horizontal.iter().any(|horizontal| {
            horizontal.x0 - MEETS <= vertical.x1
                && vertical.x0 <= horizontal.x1 + MEETS
                && (horizontal.y0 - MEETS..=horizontal.y1 + MEETS).contains(&y)
        })
    };
    let mut closed = rulings.clone();
    closed
        .vertical
        .retain(|vertical| ends_at(vertical, vertical.y0) || ends_at(vertical, vertical.y1));
    closed
}

/// Two or three rows of one short segment each, the first of which can be a label: values one above the other
/// stand in a table, even where the streaks of a feeder seem to fence them in.
fn is_form_cell(members: &[Segment]) -> bool {
    let rows = rows(members.to_vec());
    (2..=3).contains(&rows.len()) && rows.iter().all(|row| row.len() <= 2) && can_be_label(&rows[0])
}

/// Values one above the other: what stands level with them, row by row, are cells of a table too, whose ruled
/// lines go downwards only.
fn is_of_table(members: &[Segment]) -> bool {
    let rows = rows(members.to_vec());
    rows.len() >= 2 && !can_be_label(&rows[0])
}

/// Where the rows stand, from top to bottom.
fn middles(members: &[Segment]) -> Vec<f32> {
    let rows = rows(members.to_vec());
    rows.iter().map(|row| row[0].bbox().center()[1]).collect()
}

/// Some letters, and no amount, `5 mg` or `1 tablet at bedtime`; a number that a label begins with is its field's,
/// `2. BIRTH DATE`.
fn can_be_label(row: &[Segment]) -> bool {
    row.iter().any(|segment| {
        let text = segment.text();
        let is_amount = text.split_once(' ').is_some_and(|(number, rest)| {
            number.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(char::is_lowercase)
        });
        !is_amount && text.chars().filter(|c| c.is_alphabetic()).count() >= LABEL
    })
}

/// Do two cells stand between the same ruled lines?
fn is_level(a: &BBox, b: &BBox) -> bool {
    (a.y0 - b.y0).abs() < SNAP && (a.y1 - b.y1).abs() < SNAP
}

/// Form cells in rows of cells; free segments go before the first band of cells below them.
pub(super) fn interleave(
    mut forms: Vec<(BBox, Vec<Segment>)>,
    mut free: Vec<Segment>,
) -> Vec<Vec<Segment>> {
    forms.sort_by(|a, b| a.0.y0.total_cmp(&b.0.y0));
    let mut bands: Vec<Vec<(BBox, Vec<Segment>)>> = Vec::new();
    for form in forms {
        match bands.last_mut() {
            Some(band) if form.0.y0 < band[0].0.center()[1] => band.push(form),
            _ => bands.push(vec![form]),
        }
    }
    let mut units = Vec::new();
    for mut band in bands {
        let top = band
            .iter()
            .map(|(cell, _)| cell.y0)
            .fold(f32::MAX, f32::min);
        let (above, below): (Vec<_>, Vec<_>) = free
            .into_iter()
            .partition(|segment| segment.bbox().center()[1] < top);
        free = below;
        if !above.is_empty() {
            units.push(above);
        }
        let bottom = band
            .iter()
            .map(|(cell, _)| cell.y1)
            .fold(f32::MIN, f32::max);
        let (mut beside, below): (Vec<_>, Vec<_>) = free
            .into_iter()
            .partition(|segment| segment.bbox().center()[1] < bottom);
        free = below;
        band.sort_by(|a, b| a.0.x0.total_cmp(&b.0.x0));
        // What stands between two form cells is read between them, as rows of its own.
        for (cell, members) in band {
            let (left, right): (Vec<_>, Vec<_>) = beside
                .into_iter()
                .partition(|segment| segment.bbox().center()[0] < cell.center()[0]);
            beside = right;
            units.extend([left, members].into_iter().filter(|unit| !unit.is_empty()));
        }
        if !beside.is_empty() {
            units.push(beside);
        }
    }
    if !free.is_empty() {
        units.push(free);
    }
    units
}

/// The box that the nearest rulings left, right, above and below enclose; None when one is missing.
fn cell(text: &BBox, rulings: &Rulings) -> Option<BBox> {
    let [x, y] = text.center();
    let slack = 0.3 * text.height();
    let beside = || {
        rulings
            .vertical
            .iter()
            .filter(|r| r.y0 - slack <= y && y <= r.y1 + slack)
    };
    let around = || {
        rulings
            .horizontal
            .iter()
            .filter(|r| r.x0 - slack <= x && x <= r.x1 + slack)
    };
    let left = beside()
        .map(|r| r.center()[0])
        .filter(|&r| r <= text.x0 + slack)
        .reduce(f32::max)?;
    let right = beside()
        .map(|r| r.center()[0])
        .filter(|&r| r >= text.x1 - slack)
        .reduce(f32::min)?;
    let top = around()
        .map(|r| r.center()[1])
        .filter(|&r| r <= y)
        .reduce(f32::max)?;
    let bottom = around()
        .map(|r| r.center()[1])
        .filter(|&r| r >= y)
        .reduce(f32::min)?;
    Some(BBox::new(left, top, right, bottom))
}

fn same(a: &BBox, b: &BBox) -> bool {
    [(a.x0, b.x0), (a.y0, b.y0), (a.x1, b.x1), (a.y1, b.y1)]
        .iter()
        .all(|(p, q)| (p - q).abs() < SNAP)
}
