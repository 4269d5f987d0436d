//! Repairs of boxes: a line that the detectors cut in the middle of a word becomes one again, and a
//! piece of a ruled line that was taken for a letter goes.
//!
//! Limit: pieces are joined only on one row, of like height and closer than a word space, and never
//! across a ruled line, so that cells of a table stay apart.

use fusion::Rulings;
use image::GrayImage;
use schemas::{BBox, Quad};

use super::INK;
use crate::prepare::binarise::BinaryImage;

/// Pieces that are further apart than this many line heights, or overlap by more, are two lines.
const APART: f32 = 0.2;
const OVERLAP: f32 = 0.7;
/// Pieces share at least this much of the lesser height, and their heights differ by less than this.
const ON_ONE_ROW: f32 = 0.7;
const LIKE_HEIGHT: f32 = 1.5;
/// A box that is no wider than this many heights and keeps less than this share of its ink without
/// ruled lines is a piece of one.
const NARROW: f32 = 2.0;
const KEPT: f32 = 0.2;

/// Joins what was cut.
#[must_use]
pub fn join(mut lines: Vec<Quad>, rulings: &Rulings) -> Vec<Quad> {
    lines.sort_by(|a, b| a.bbox().x0.total_cmp(&b.bbox().x0));
    let mut joined: Vec<Quad> = Vec::new();
    for line in lines {
        let piece = joined
            .iter_mut()
            .find(|piece| belong(&piece.bbox(), &line.bbox(), rulings));
        match piece {
            Some(piece) => *piece = Quad([piece.0[0], line.0[1], line.0[2], piece.0[3]]),
            None => joined.push(line),
        }
    }
    joined.sort_by(|a, b| {
        let (a, b) = (a.bbox(), b.bbox());
        a.y0.total_cmp(&b.y0).then(a.x0.total_cmp(&b.x0))
    });
    joined
}

fn belong(left: &BBox, right: &BBox, rulings: &Rulings) -> bool {
    let (low, high) = (
        left.height().min(right.height()),
        left.height().max(right.height()),
    );
    let between = right.x0 - left.x1;
    let near = (-OVERLAP * low..=APART * low).contains(&between) && right.x1 > left.x1;
    near && high < LIKE_HEIGHT * low
        && left.vertical_overlap(right) > ON_ONE_ROW
        && !rulings.vertical.iter().any(|rule| {
            let x = f32::midpoint(rule.x0, rule.x1);
            let span = left.x1.min(right.x0) - 0.3 * low..left.x1.max(right.x0) + 0.3 * low;
            span.contains(&x) && rule.y0 < left.y1 && rule.y1 > left.y0
        })
}

/// Drops boxes of ruled lines alone. `ink` is the page's ink without them.
pub fn drop_rules(lines: &mut Vec<Quad>, flat: &GrayImage, ink: &BinaryImage) {
    lines.retain(|line| {
        let b = line.bbox();
        if b.width() > NARROW * b.height() {
            return true;
        }
        let (mut dark, mut kept) = (0_u32, 0_u32);
        let edge = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
        for y in edge(b.y0, flat.height())..edge(b.y1, flat.height()) {
            for x in edge(b.x0, flat.width())..edge(b.x1, flat.width()) {
                dark += u32::from(flat.get_pixel(x, y)[0] < INK);
                kept += u32::from(ink.get(x as usize, y as usize));
            }
        }
        kept as f32 >= KEPT * dark as f32
    });
}

#[cfg(test)]
mod tests {
    use fusion::Rulings;
    use image::{GrayImage, Luma};
    use schemas::{BBox, Quad};

    use super::{drop_rules, join};
    use crate::prepare::binarise::BinaryImage;

    #[test]
    fn pieces_of_a_word_are_joined_and_cells_are_not() {
        let cut = [(0.0, 100.0), (101.0, 200.0)];
        let lines = || -> Vec<Quad> {
            cut.iter()
                .map(|(x0, x1)| BBox::new(*x0, 10.0, *x1, 30.0).quad())
                .collect()
        };
        let joined = join(lines(), &Rulings::default());
        assert_eq!(joined[0].bbox(), BBox::new(0.0, 10.0, 200.0, 30.0));
        let ruled = Rulings {
            vertical: vec![BBox::new(100.0, 0.0, 101.0, 90.0)],
            ..Rulings::default()
        };
        assert_eq!(
            join(lines(), &ruled).len(),
            2,
            "a ruled line stands between"
        );
        let mut other_row = lines();
        other_row[1] = BBox::new(101.0, 25.0, 200.0, 45.0).quad();
        assert_eq!(join(other_row, &Rulings::default()).len(), 2);
        let mut far = lines();
        far[1] = BBox::new(110.0, 10.0, 200.0, 30.0).quad();
        assert_eq!(join(far, &Rulings::default()).len(), 2);
    }

    #[test]
    fn a_piece_of_a_rule_goes_and_a_one_stays() {
        // A rule from top to bottom at 20, a stroke of a letter at 60.
        let flat = GrayImage::from_fn(100, 100, |x, y| {
            let letter = (60..63).contains(&x) && (40..60).contains(&y);
            Luma([if x == 20 || letter { 0 } else { 255 }])
        });
        let ink = BinaryImage::from_fn(100, 100, |x, y| {
            (60..63).contains(&x) && (40..60).contains(&y)
        });
        let rule = BBox::new(10.0, 38.0, 30.0, 62.0).quad();
        let one = BBox::new(52.0, 38.0, 72.0, 62.0).quad();
        let mut lines = vec![rule, one];
        drop_rules(&mut lines, &flat, &ink);
        assert_eq!(lines, [one]);
    }
}
