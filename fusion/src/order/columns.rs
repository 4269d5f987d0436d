//! Columns that are read downwards.
//!
//! Tables side by side that repeat their headings, and blocks that each begin with a heading and go on with
//! labelled values, are read one after the other. So are columns on both sides of a gutter, a strip without text that several successive rows
//! share, when there is prose on both sides, or when the lines of one side do not stand level with those
//! of the other. Otherwise, and where ruled lines cross the gutter between the rows, they are a table or a form and are
//! read across.

use super::{Rulings, Segment, headed::headed, side_by_side};
use crate::median::median;

/// Rows that must share a gutter.
const LEAST_ROWS: usize = 3;
/// Mean characters a side that make it prose.
const PROSE: usize = 20;
/// Lines a side that show whether the sides are level, and their mean characters, at least.
const LEAST_LINES: usize = 4;
const LINE: usize = 8;
/// Lines whose middles are less than this many heights apart stand on one row; a row is level with the one
/// above when that distance differs by less than the second figure.
const ON_ONE_ROW: f32 = 0.5;
const LEVEL: f32 = 0.15;
/// A distance that changes by more than this from one row to the next has jumped; so many jumps are no chance.
const JUMP: f32 = 0.25;
const LEAST_JUMPS: usize = 3;
/// Distances that show whether one of them is the usual one, at least.
const LEAST_OFFSETS: usize = 8;
/// A table has a ruled line across the gutter for so many of its rows, one in so many, and at least two.
const RULED: usize = 3;
/// Words of a label, at most.
const LABEL: usize = 5;

/// Splits runs of rows that stand in columns; other rows stay as they are.
#[must_use]
pub(super) fn split(rows: Vec<Vec<Segment>>, rulings: &Rulings) -> Vec<Vec<Segment>> {
    let mut ordered = Vec::new();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (length, columns) = side_by_side::tables(rest)
            .or_else(|| headed(rest))
            .unwrap_or_else(|| run(rest, rulings));
        let (run, after) = rest.split_at(length);
        ordered.extend(downward(run, &columns));
        rest = after;
    }
    ordered
}

/// The last column that begins left of `x`.
pub(super) fn column(x: f32, starts: &[f32]) -> Option<usize> {
    starts.iter().rposition(|start| *start <= x)
}

/// The first rows as far as they share a gutter and are no headed blocks: how many, and where their columns
/// begin, one when they are read across. A line of one side may stand above all of the other.
fn run(rows: &[Vec<Segment>], rulings: &Rulings) -> (usize, Vec<f32>) {
    const ACROSS: [f32; 1] = [f32::MIN];
    let of_first = rows.iter().take(2).find_map(|row| gutter(row));
    let Some(mut free) = of_first else {
        return (1, ACROSS.into());
    };
    let mut length = 0;
    while let Some(next) = rows.get(length) {
        let Some(narrowed) = narrow(free, next) else {
            break;
        };
        let rest = &rows[length..];
        if length > 0 && (side_by_side::tables(rest).is_some() || headed(rest).is_some()) {
            break;
        }
        free = narrowed;
        length += 1;
    }
    let (run, gutter_at) = (&rows[..length], f32::midpoint(free.0, free.1));
    let is_columns = || is_prose(run, gutter_at) || is_unlevel(run, gutter_at);
    if !is_ruled(run, gutter_at, rulings) && is_columns() {
        return (length, vec![f32::MIN, gutter_at]);
    }
    let across = if gutter(&rows[0]).is_some() {
        length
    } else {
        1
    };
    (across, ACROSS.into())
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

/// Do ruled lines cross the gutter between the rows?
fn is_ruled(run: &[Vec<Segment>], gutter: f32, rulings: &Rulings) -> bool {
    let middles = run.iter().filter_map(|row| Line::of(row.iter()));
    let (top, bottom) = middles.fold((f32::MAX, f32::MIN), |(top, bottom), line| {
        (top.min(line.middle), bottom.max(line.middle))
    });
    let across = rulings.horizontal.iter().filter(|rule| {
        (rule.x0..rule.x1).contains(&gutter) && (top..bottom).contains(&rule.center()[1])
    });
    let count = across.count();
    count >= 2 && count * RULED >= run.len()
}

fn is_prose(run: &[Vec<Segment>], gutter: f32) -> bool {
    let [left, right] = sides(run, gutter);
    if left.len().min(right.len()) < LEAST_ROWS {
        return false;
    }
    let narrow_rows = run.iter().filter(|row| row.len() <= 2).count();
    let prose = |lines: &[Line]| mean_letters(lines) >= PROSE && labels(lines) * 3 <= lines.len();
    narrow_rows * 4 >= run.len() * 3 && prose(&left) && prose(&right)
}

/// Do the lines of the sides stand where they like? Labels and their values, and cells of a table, are level
/// or keep one distance from row to row.
fn is_unlevel(run: &[Vec<Segment>], gutter: f32) -> bool {
    let [left, right] = sides(run, gutter);
    let (fewer, more) = if left.len() <= right.len() {
        (&left, &right)
    } else {
        (&right, &left)
    };
    let written = |lines: &[Line]| mean_letters(lines) >= LINE && labels(lines) * 3 <= lines.len();
    fewer.len() >= LEAST_LINES && written(&left) && written(&right) && wander(fewer, more)
}

/// The same of the rows of two sides, of which it is known that a ruled line stands between them.
#[must_use]
pub(super) fn stand_apart(sides: &[Vec<Vec<Segment>>; 2]) -> bool {
    let [left, right] = sides.each_ref().map(|rows| {
        let lines = rows.iter().map(|row| Line::of(row.iter()));
        lines.collect::<Option<Vec<Line>>>().unwrap_or_default()
    });
    if left.len() <= right.len() {
        wander(&left, &right)
    } else {
        wander(&right, &left)
    }
}

/// Do the distances between lines and those on their rows change from one to the next: more often than not, by so much,
/// again and again, that rows and blocks are spaced otherwise, or little by little, until they stand anywhere?
fn wander(lines: &[Line], others: &[Line]) -> bool {
    let offsets: Vec<Option<f32>> = lines.iter().map(|line| offset(line, others)).collect();
    let changes = || {
        offsets.windows(2).filter_map(|pair| match pair {
            [Some(a), Some(b)] => Some((a - b).abs()),
            _ => None,
        })
    };
    let level = changes().filter(|change| *change < LEVEL).count();
    let jumps = changes().filter(|change| *change > JUMP).count();
    2 * level < lines.len() - 1
        || jumps >= LEAST_JUMPS && 4 * jumps >= lines.len()
        || is_scattered(offsets.iter().copied().flatten())
}

/// Are so many of these distances far from the usual one that none is usual?
fn is_scattered(offsets: impl Iterator<Item = f32> + Clone) -> bool {
    let Some(usual) = median(offsets.clone()) else {
        return false;
    };
    let all = offsets.clone().count();
    let far = offsets
        .filter(|offset| (offset - usual).abs() > JUMP)
        .count();
    all >= LEAST_OFFSETS && 3 * far >= all
}

/// What a row holds of one side.
struct Line {
    middle: f32,
    height: f32,
    text: String,
}

impl Line {
    /// Of these segments; none of none. A pen's stroke makes one of them taller, and not the line.
    fn of<'a>(segments: impl Iterator<Item = &'a Segment> + Clone) -> Option<Self> {
        let boxes = segments.clone().map(Segment::bbox);
        Some(Self {
            middle: median(boxes.clone().map(|bbox| bbox.center()[1]))?,
            height: median(boxes.map(|bbox| bbox.height()))?,
            text: segments.map(Segment::text).collect::<Vec<_>>().join(" "),
        })
    }
}

/// The lines left and right of the gutter.
fn sides(run: &[Vec<Segment>], gutter: f32) -> [Vec<Line>; 2] {
    [false, true].map(|right| {
        run.iter()
            .filter_map(|row| {
                Line::of(
                    row.iter()
                        .filter(|s| (s.bbox().center()[0] > gutter) == right),
                )
            })
            .collect()
    })
}

fn mean_letters(lines: &[Line]) -> usize {
    let letters: usize = lines.iter().map(|line| line.text.chars().count()).sum();
    letters / lines.len().max(1)
}

fn labels(lines: &[Line]) -> usize {
    lines.iter().filter(|line| is_labelled(&line.text)).count()
}

/// Does a line begin with a label, a few words and a colon? A time has a colon too, and so has what is said of a
/// drug, `Furosemide 40 mg: 2 tablets`.
fn is_labelled(text: &str) -> bool {
    let label = text.split(':').next().unwrap_or_default();
    label.len() < text.len()
        && label.split_whitespace().count() <= LABEL
        && !label.contains(|c: char| c.is_ascii_digit())
}

/// How many heights the nearest of `others` stands lower; None when none is on its row.
fn offset(line: &Line, others: &[Line]) -> Option<f32> {
    others
        .iter()
        .map(|other| (other.middle - line.middle) / line.height.max(1.0))
        .min_by(|a, b| a.abs().total_cmp(&b.abs()))
        .filter(|offset| offset.abs() < ON_ONE_ROW)
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

#[cfg(test)]
mod tests {
    use super::{is_labelled, is_scattered};

    #[test]
    fn lines_of_two_pitches_are_scattered_and_those_of_a_table_are_not() {
        // 34 and 37 pixels from line to line, 30 high.
        let strips = (0..20).map(|n| (n as f32 * 37.0 + 17.0).rem_euclid(34.0) / 30.0 - 0.5);
        assert!(is_scattered(strips));
        let table = (0..20).map(|n| 0.2 + 0.01 * (n % 5) as f32);
        assert!(!is_scattered(table));
        assert!(!is_scattered([0.4, -0.4, 0.0].into_iter()));
    }

    #[test]
    fn labels_are_told_from_times_and_doses() {
        for (text, labelled) in [
            ("Date of birth: 12/03/1961", true),
            ("Sex:", true),
            ("Furosemide 40 mg: 2 tablets", false),
            ("(08:00-15:30). Outpatient review", false),
            ("as she told me on the ward today: no pain", false),
            ("no label", false),
        ] {
            assert_eq!(is_labelled(text), labelled, "{text}");
        }
    }
}
