//! Columns that are read downwards.
//!
//! A gutter is a strip without text that several successive rows share, with text on both sides. It
//! separates columns only when the two sides are prose, or blocks that each begin with a heading and
//! go on with labelled values; otherwise the rows are a table or a form and are read across.

use super::Segment;

/// Rows that must share a gutter.
const LEAST_ROWS: usize = 3;
/// Mean characters a side that make it prose.
const PROSE: usize = 20;

/// Splits runs of two-column rows; other rows stay as they are.
#[must_use]
pub(super) fn split(rows: Vec<Vec<Segment>>) -> Vec<Vec<Segment>> {
    let mut ordered = Vec::new();
    let mut rest = rows.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut run = vec![first];
        let mut gutter = gutter(&run[0]);
        while let (Some((left, right)), Some(next)) = (gutter, rest.peek()) {
            let Some(narrowed) = narrow((left, right), next) else {
                break;
            };
            gutter = Some(narrowed);
            run.extend(rest.next());
        }
        match gutter {
            Some((left, right)) if downwards(&run, f32::midpoint(left, right)) => {
                ordered.extend(downward(run, f32::midpoint(left, right)));
            }
            _ => ordered.extend(run),
        }
    }
    ordered
}

/// The widest gap of a row that has text on both sides, at least one line height wide.
fn gutter(row: &[Segment]) -> Option<(f32, f32)> {
    row.windows(2)
        .map(|pair| (pair[0].bbox().x1, pair[1].bbox().x0))
        .filter(|(left, right)| right - left > row[0].bbox().height())
        .max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))
}

/// The part of the gutter that `row` leaves free; None when the row crosses it.
fn narrow((left, right): (f32, f32), row: &[Segment]) -> Option<(f32, f32)> {
    let (mut l, mut r) = (left, right);
    for segment in row {
        let b = segment.bbox();
        if b.center()[0] < f32::midpoint(left, right) {
            l = l.max(b.x1);
        } else {
            r = r.min(b.x0);
        }
    }
    (r - l > 0.5 * row.first()?.bbox().height()).then_some((l, r))
}

fn downwards(run: &[Vec<Segment>], gutter: f32) -> bool {
    let side = |right: bool| -> Vec<String> {
        run.iter()
            .map(|row| {
                row.iter()
                    .filter(|s| (s.bbox().center()[0] > gutter) == right)
                    .map(Segment::text)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .filter(|text| !text.is_empty())
            .collect()
    };
    let (left, right) = (side(false), side(true));
    if left.len().min(right.len()) < LEAST_ROWS {
        return false;
    }
    let narrow_rows = run.iter().filter(|row| row.len() <= 2).count();
    let prose = |texts: &[String]| {
        let letters = texts.iter().map(|t| t.chars().count()).sum::<usize>();
        let labels = texts.iter().filter(|t| t.contains(':')).count();
        letters / texts.len() >= PROSE && labels * 3 <= texts.len()
    };
    let headed = |texts: &[String]| {
        let labels = texts[1..].iter().filter(|t| t.contains(':')).count();
        !texts[0].contains(':') && labels * 3 >= (texts.len() - 1) * 2
    };
    narrow_rows * 4 >= run.len() * 3
        && ((prose(&left) && prose(&right)) || (headed(&left) && headed(&right)))
}

fn downward(run: Vec<Vec<Segment>>, gutter: f32) -> Vec<Vec<Segment>> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in run {
        let (l, r): (Vec<_>, Vec<_>) = row
            .into_iter()
            .partition(|segment| segment.bbox().center()[0] <= gutter);
        left.push(l);
        right.push(r);
    }
    left.into_iter()
        .chain(right)
        .filter(|row| !row.is_empty())
        .collect()
}
