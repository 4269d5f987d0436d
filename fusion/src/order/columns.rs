//! Columns that are read downwards.
//!
//! Blocks side by side that each begin with a heading and go on with labelled values are read one after
//! the other. So are columns of prose: a gutter is a strip without text that several successive rows
//! share, with prose on both sides. Otherwise rows are a table or a form and are read across.

use super::Segment;

/// Rows that must share a gutter.
const LEAST_ROWS: usize = 3;
/// Mean characters a side that make it prose.
const PROSE: usize = 20;
/// Words of a heading, at most.
const HEADING: usize = 5;
/// Labelled rows of a headed block, at least.
const LABELLED: usize = 2;

/// Splits runs of rows that stand in columns; other rows stay as they are.
#[must_use]
pub(super) fn split(rows: Vec<Vec<Segment>>) -> Vec<Vec<Segment>> {
    let mut ordered = Vec::new();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (length, columns) = headed(rest).unwrap_or_else(|| run(rest));
        let (run, after) = rest.split_at(length);
        ordered.extend(downward(run, &columns));
        rest = after;
    }
    ordered
}

/// The first rows, when they are headed blocks side by side: how many, and where each block begins.
fn headed(rows: &[Vec<Segment>]) -> Option<(usize, Vec<f32>)> {
    let headings = rows.first().filter(|row| row.len() >= 2)?;
    if !headings.iter().all(is_heading) {
        return None;
    }
    let slack = headings[0].bbox().height();
    let starts: Vec<f32> = headings.iter().map(|s| s.bbox().x0 - slack).collect();
    // Of each block, rows and those of them with a label.
    let mut counts = vec![(0, 0); starts.len()];
    let (mut whole, mut length) = (counts.clone(), 1);
    for (index, row) in rows.iter().enumerate().skip(1) {
        let Some(texts) = of_blocks(row, &starts, slack) else {
            break;
        };
        for ((rows, labelled), text) in counts.iter_mut().zip(&texts) {
            *rows += usize::from(!text.is_empty());
            *labelled += usize::from(text.contains(':'));
        }
        // What stands below one block alone may belong to none.
        if texts.iter().filter(|text| !text.is_empty()).count() >= 2 {
            (whole, length) = (counts.clone(), index + 1);
        }
    }
    let blocks = whole
        .iter()
        .all(|(rows, labelled)| *labelled >= LABELLED && labelled * 3 >= rows * 2);
    blocks.then_some((length, starts))
}

fn is_heading(segment: &Segment) -> bool {
    let text = segment.text();
    segment.words.len() <= HEADING && !text.contains(|c: char| c == ':' || c.is_ascii_digit())
}

/// What a row holds of each block; None when it does not keep to them.
fn of_blocks(row: &[Segment], starts: &[f32], slack: f32) -> Option<Vec<String>> {
    let mut texts = vec![String::new(); starts.len()];
    for segment in row {
        let bbox = segment.bbox();
        let block = column(bbox.x0, starts)?;
        let crosses = starts.get(block + 1).is_some_and(|next| bbox.x1 > *next);
        // A block's rows begin below its heading.
        let astray = texts[block].is_empty() && bbox.x0 - starts[block] > 3.0 * slack;
        if crosses || astray {
            return None;
        }
        texts[block].push_str(&segment.text());
    }
    Some(texts)
}

/// The last column that begins left of `x`.
fn column(x: f32, starts: &[f32]) -> Option<usize> {
    starts.iter().rposition(|start| *start <= x)
}

/// The first rows as far as they share a gutter and are no headed blocks: how many, and where their columns
/// begin, two when they are prose and one otherwise.
fn run(rows: &[Vec<Segment>]) -> (usize, Vec<f32>) {
    let mut length = 1;
    let Some(mut free) = gutter(&rows[0]) else {
        return (length, vec![f32::MIN]);
    };
    while let Some(next) = rows.get(length) {
        let Some(narrowed) = narrow(free, next) else {
            break;
        };
        if headed(&rows[length..]).is_some() {
            break;
        }
        free = narrowed;
        length += 1;
    }
    let gutter = f32::midpoint(free.0, free.1);
    if is_prose(&rows[..length], gutter) {
        (length, vec![f32::MIN, gutter])
    } else {
        (length, vec![f32::MIN])
    }
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

fn is_prose(run: &[Vec<Segment>], gutter: f32) -> bool {
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
    narrow_rows * 4 >= run.len() * 3 && prose(&left) && prose(&right)
}

/// The rows of each column, one column after the other.
fn downward(run: &[Vec<Segment>], columns: &[f32]) -> Vec<Vec<Segment>> {
    let mut of_columns = vec![Vec::new(); columns.len()];
    for row in run {
        let mut parts = vec![Vec::new(); columns.len()];
        for segment in row {
            parts[column(segment.bbox().x0, columns).unwrap_or_default()].push(segment.clone());
        }
        for (rows, part) in of_columns.iter_mut().zip(parts) {
            rows.push(part);
        }
    }
    let all = of_columns.into_iter().flatten();
    all.filter(|row| !row.is_empty()).collect()
}
