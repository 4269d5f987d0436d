//! A ruled line between two columns: what stands left of it is read before what stands right of it. The lines
//! of a table or a form have text level on both sides, or meet ruled lines from side to side.

use schemas::BBox;

use super::{Rulings, Segment, columns, rows::rows};

/// A divider is so many lines of text long, and has so many rows on each side, at least.
const LONG: f32 = 8.0;
const LEAST_ROWS: usize = 4;

/// Segments above the longest divider, left and right of it, and below; all in one without a divider. The side
/// of a box that stands beside one divides less than all of it.
#[must_use]
pub(super) fn parts(segments: Vec<Segment>, rulings: &Rulings) -> Vec<Vec<Segment>> {
    let Some(divider) = rulings
        .vertical
        .iter()
        .filter(|rule| divides(rule, &segments, rulings))
        .max_by(|a, b| a.height().total_cmp(&b.height()))
    else {
        return vec![segments];
    };
    let x = divider.center()[0];
    let mut parts = vec![Vec::new(); 4];
    for segment in segments {
        let [middle, y] = segment.bbox().center();
        let part = match () {
            () if y < divider.y0 => 0,
            () if y > divider.y1 => 3,
            () => 1 + usize::from(middle > x),
        };
        parts[part].push(segment);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn divides(rule: &BBox, segments: &[Segment], rulings: &Rulings) -> bool {
    let beside: Vec<&Segment> = segments
        .iter()
        .filter(|s| (rule.y0..rule.y1).contains(&s.bbox().center()[1]))
        .collect();
    let mut heights: Vec<f32> = beside.iter().map(|s| s.bbox().height()).collect();
    heights.sort_unstable_by(f32::total_cmp);
    let Some(&height) = heights.get(heights.len() / 2) else {
        return false;
    };
    let x = rule.center()[0];
    let slack = 0.5 * height;
    let crosses = |b: &BBox| b.x0 < x - slack && b.x1 > x + slack;
    let within = |b: &BBox| (rule.y0 + slack..rule.y1 - slack).contains(&b.center()[1]);
    if rule.height() < LONG * height
        || beside.iter().any(|s| crosses(&s.bbox()))
        || rulings.horizontal.iter().any(|h| crosses(h) && within(h))
    {
        return false;
    }
    let (left, right): (Vec<_>, Vec<_>) = beside
        .into_iter()
        .cloned()
        .partition(|s| s.bbox().center()[0] < x);
    let sides = [rows(left), rows(right)];
    sides.iter().all(|rows| rows.len() >= LEAST_ROWS) && columns::stand_apart(&sides)
}
