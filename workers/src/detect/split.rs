//! Repairs of boxes: a line that the detectors cut in the middle of a word becomes one again, cells that they took
//! for one line come apart, and a piece of a ruled line that was taken for a letter goes.
//!
//! Limit: pieces are joined only on one row, of like height and closer than a word space, and never
//! across a ruled line, so that cells of a table stay apart.

use fusion::Rulings;
use image::{GrayImage, Luma};
use rayon::prelude::*;
use schemas::{BBox, Quad};

use super::{INK, gaps::gaps_in_middle};
use crate::{engine::crop, prepare::binarise::BinaryImage};

/// Pieces that are further apart than this many line heights, or overlap by more, are two lines.
const APART: f32 = 0.2;
const OVERLAP: f32 = 0.7;
/// Pieces share at least this much of the lesser height, and their heights differ by less than this.
const ON_ONE_ROW: f32 = 0.7;
const LIKE_HEIGHT: f32 = 1.5;
/// A box that is no wider than this many heights and keeps less than this share of its ink without ruled lines is a
/// piece of one, and so is a wider one that an upright line goes through, the paper between two cells, if it keeps next
/// to nothing.
const NARROW: f32 = 2.0;
const KEPT: f32 = 0.2;
const KEPT_OF_WIDE: f32 = 0.03;
/// Without ink for so many line heights there is no space between words, but the paper between two cells, and around a
/// ruled line that goes on above and below already for so many; of it a cell keeps so much.
const PAPER: f32 = 1.5;
const AROUND_RULE: f32 = 0.4;
const MARGIN: f32 = 0.25;
/// Such a line is so many line heights long: the sides of boxes for one character each are shorter.
const SIDE: f32 = 2.2;
/// What is darker than this on a flattened page may be print, if it covers such a share.
const PALE: u8 = 225;
const PRINT: f32 = 0.03;
/// Letters have pale edges, so many line heights wide.
const EDGE: f32 = 0.08;
/// Strips are looked at in this height.
const HEIGHT: u32 = 24;
/// An upright line is so wide at most, in pixels, and may leave so much of itself on either side.
const THIN: f32 = 9.0;
const REST: f32 = 3.0;

/// Cuts lines between cells. Below a band or a ruled line a detector takes all cells of a row for one line, and
/// recognisers drop the space between them, `90 150` as `90150`, or read a side of a cell as a letter, `258 L`. `ink` is
/// the page's without ruled lines.
#[must_use]
pub fn cut(lines: &[Quad], rulings: &Rulings, flat: &GrayImage, ink: &BinaryImage) -> Vec<Quad> {
    let mut ink = ink.to_grey();
    let sides: Vec<BBox> = rulings
        .vertical
        .iter()
        .filter(|side| side.width() <= THIN)
        .map(|side| BBox::new(side.x0 - REST, side.y0, side.x1 + REST, side.y1))
        .collect();
    for side in &sides {
        blank(&mut ink, side);
    }
    lines
        .par_iter()
        .flat_map_iter(|line| cells(line, &sides, flat, &ink))
        .collect()
}

/// The cells of a line.
fn cells(line: &Quad, sides: &[BBox], flat: &GrayImage, ink: &GrayImage) -> Vec<Quad> {
    let height = line.height().max(1.0);
    let (bbox, unit) = (line.bbox(), height / line.width().max(1.0));
    let along = |x: f32| (x - bbox.x0) / bbox.width().max(1.0);
    let sides: Vec<[f32; 2]> = sides
        .iter()
        .filter(|side| side.height() >= SIDE * height)
        .filter(|side| side.y0 < bbox.center()[1] && side.y1 > bbox.center()[1])
        .map(|side| [along(side.x0), along(side.x1)])
        .collect();
    let mut cells = Vec::new();
    let mut start = 0.0;
    for [from, to] in gaps_in_middle(ink, line) {
        let side = sides.iter().find(|[x0, x1]| from <= *x0 && *x1 <= to);
        let least = if side.is_some() { AROUND_RULE } else { PAPER };
        let [left, right] = side.copied().unwrap_or([to, from]);
        let mut paper = [[from, left], [right, to]]
            .into_iter()
            .map(|[a, b]| [a + EDGE * unit, b - EDGE * unit])
            .filter(|[a, b]| a < b);
        let apart = to - from >= least * unit
            && paper.all(|[a, b]| is_empty(&line.slice(a, b), flat))
            && side.is_none_or(|side| !goes_through_print(line, *side, flat));
        if apart {
            cells.push(line.slice(start, (from + MARGIN * unit).min(left)));
            start = (to - MARGIN * unit).max(right);
        }
    }
    cells.push(line.slice(start, 1.0));
    cells
}

/// Does an upright line, whose widened ends these are along the line of text, cross print, as a streak of a scanner
/// does? Then some rows are dark beside it; the line's own edge may be dark in all of them.
fn goes_through_print(line: &Quad, [left, right]: [f32; 2], flat: &GrayImage) -> bool {
    const BESIDE: [f32; 2] = [1.0, 1.5];
    const CROSSED: std::ops::Range<f32> = 0.08..0.85;
    let pixel = 1.0 / line.width().max(1.0);
    let [out, inwards] = BESIDE.map(|pixels| pixels * pixel);
    [[left - out, left + inwards], [right - inwards, right + out]]
        .into_iter()
        .any(|[a, b]| {
            let strip = crop::strip(flat, &line.slice(a.max(0.0), b.min(1.0)), HEIGHT);
            let rows = HEIGHT / 4..HEIGHT - HEIGHT / 4;
            let is_dark = |y: &u32| (0..strip.width()).any(|x| strip.get_pixel(x, *y)[0] < INK);
            let dark = rows.clone().filter(is_dark).count() as f32;
            CROSSED.contains(&(dark / rows.len() as f32))
        })
}

/// Is there nothing on it, however pale? Pale print is no ink.
fn is_empty(part: &Quad, flat: &GrayImage) -> bool {
    let strip = crop::strip(flat, part, HEIGHT);
    let rows = HEIGHT / 4..HEIGHT - HEIGHT / 4;
    let pale = rows
        .flat_map(|y| (0..strip.width()).map(move |x| (x, y)))
        .filter(|&(x, y)| strip.get_pixel(x, y)[0] < PALE);
    (pale.count() as f32) < PRINT * (strip.width() * HEIGHT / 2) as f32
}

/// Makes paper of it.
fn blank(ink: &mut GrayImage, bbox: &BBox) {
    let (width, height) = ink.dimensions();
    let clip = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
    for y in clip(bbox.y0, height)..clip(bbox.y1, height) {
        for x in clip(bbox.x0, width)..clip(bbox.x1, width) {
            ink.put_pixel(x, y, Luma([255]));
        }
    }
}

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
pub fn drop_rules(lines: &mut Vec<Quad>, rulings: &Rulings, flat: &GrayImage, ink: &BinaryImage) {
    lines.retain(|line| {
        let b = line.bbox();
        let goes_through = |side: &BBox| {
            let [x, y] = [side.center()[0], b.center()[1]];
            (b.x0..b.x1).contains(&x) && (side.y0..side.y1).contains(&y)
        };
        let least = if b.width() <= NARROW * b.height() {
            KEPT
        } else if rulings.vertical.iter().any(goes_through) {
            KEPT_OF_WIDE
        } else {
            return true;
        };
        let (mut dark, mut kept) = (0_u32, 0_u32);
        let edge = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
        for y in edge(b.y0, flat.height())..edge(b.y1, flat.height()) {
            for x in edge(b.x0, flat.width())..edge(b.x1, flat.width()) {
                dark += u32::from(flat.get_pixel(x, y)[0] < INK);
                kept += u32::from(ink.get(x as usize, y as usize));
            }
        }
        kept as f32 >= least * dark as f32
    });
}

#[cfg(test)]
mod tests {
    use fusion::Rulings;
    use image::{GrayImage, Luma};
    use schemas::{BBox, Quad};

    use super::{cut, drop_rules, join};
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
    fn cells_come_apart_and_words_stay_together() {
        // Letters of two words 12 pixels apart and of a cell 60 further on, and what is left of a ruled line behind it.
        let ink = BinaryImage::from_fn(400, 140, |x, y| {
            let words = (10..60).contains(&x) || (72..120).contains(&x);
            let letters = words || (180..260).contains(&x) || (290..330).contains(&x);
            (60..80).contains(&y) && (letters && x % 10 < 7 || x == 274)
        });
        let side = |y: [f32; 2]| Rulings {
            vertical: vec![BBox::new(274.0, y[0], 275.0, y[1])],
            ..Rulings::default()
        };
        let line = [BBox::new(0.0, 55.0, 400.0, 85.0).quad()];
        let ends = |rulings: &Rulings| -> Vec<[f32; 2]> {
            let cells = cut(&line, rulings, &ink.to_grey(), &ink);
            cells.iter().map(|c| [c.bbox().x0, c.bbox().x1]).collect()
        };
        let long = ends(&side([0.0, 140.0]));
        assert_eq!(long.len(), 3, "{long:?}");
        assert!((117.0..150.0).contains(&long[0][1]) && (150.0..180.0).contains(&long[1][0]));
        assert!(long[1][1] < 274.0 && long[2][0] > 275.0, "{long:?}");
        let through = side([0.0, 140.0]);
        let mut streaked = ink.to_grey();
        for (x, y) in (266..283).flat_map(|x| [62, 70, 78].map(|y| (x, y))) {
            streaked.put_pixel(x, y, Luma([0]));
            streaked.put_pixel(x, y + 1, Luma([0]));
        }
        let ink_of_streaked = BinaryImage::from_fn(400, 140, |x, y| {
            streaked.get_pixel(x as u32, y as u32)[0] < 128 && !(271..279).contains(&x)
        });
        let cells = cut(&line, &through, &streaked, &ink_of_streaked);
        assert_eq!(cells.len(), 2, "a streak through a figure: {cells:?}");
        let short = ends(&side([45.0, 95.0]));
        assert_eq!(short.len(), 2, "a box for one character: {short:?}");
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
        let between_cells = BBox::new(2.0, 38.0, 52.0, 62.0).quad();
        let beside_one = BBox::new(10.0, 38.0, 72.0, 62.0).quad();
        let rulings = Rulings {
            vertical: vec![BBox::new(20.0, 0.0, 20.0, 100.0)],
            ..Rulings::default()
        };
        let mut lines = vec![rule, one, between_cells, beside_one];
        drop_rules(&mut lines, &rulings, &flat, &ink);
        assert_eq!(lines, [one, beside_one]);
        let mut lines = vec![between_cells];
        drop_rules(&mut lines, &Rulings::default(), &flat, &ink);
        assert_eq!(lines, [between_cells], "no upright line goes through it");
    }
}
