//! Finding a page's text lines once for all recognisers: the union of independent detectors.
//!
//! PP-OCR's boxes come first, since its network sees text in any surrounding. What another detector
//! found and PP-OCR did not cover is added; no detector can take a line away from another.

use image::GrayImage;
use schemas::{BBox, Quad};

pub mod checkbox;
pub mod db;
pub mod gaps;
pub mod rect;
pub mod split;
pub mod stamps;

/// A part of a line that is narrower than this many of its heights is no new line.
const LEAST_WIDTH: f32 = 0.5;
/// Grey below this is ink on a flattened page.
const INK: u8 = 128;
/// Share of ink that a region of text has.
const INK_SHARE: std::ops::Range<f32> = 0.03..0.6;

/// Adds to `lines` what `found` has beyond them, if ink stands there.
pub fn add_missing(lines: &mut Vec<Quad>, found: &[BBox], flat: &GrayImage) {
    let known: Vec<BBox> = lines.iter().map(Quad::bbox).collect();
    for candidate in found {
        for part in uncovered(candidate, &known) {
            if part.width() >= LEAST_WIDTH * part.height()
                && INK_SHARE.contains(&ink_share(&part, flat))
            {
                lines.push(part.quad());
            }
        }
    }
}

/// The parts of `candidate`, from left to right, that no known line on its row covers.
fn uncovered(candidate: &BBox, known: &[BBox]) -> Vec<BBox> {
    let mut parts = vec![*candidate];
    for line in known
        .iter()
        .filter(|line| line.vertical_overlap(candidate) > 0.4)
    {
        parts = parts
            .into_iter()
            .flat_map(|part| {
                [
                    (part.x0, part.x1.min(line.x0)),
                    (part.x0.max(line.x1), part.x1),
                ]
                .into_iter()
                .filter(|(x0, x1)| x1 > x0)
                .map(move |(x0, x1)| BBox { x0, x1, ..part })
                .collect::<Vec<_>>()
            })
            .collect();
    }
    parts
}

/// Share of dark pixels inside the box.
fn ink_share(part: &BBox, flat: &GrayImage) -> f32 {
    let x = |v: f32| (v.max(0.0) as u32).min(flat.width());
    let y = |v: f32| (v.max(0.0) as u32).min(flat.height());
    let (x0, x1, y0, y1) = (x(part.x0), x(part.x1), y(part.y0), y(part.y1));
    let mut dark = 0_u32;
    for row in y0..y1 {
        dark += (x0..x1)
            .filter(|&column| flat.get_pixel(column, row)[0] < INK)
            .count() as u32;
    }
    dark as f32 / ((x1 - x0) * (y1 - y0)).max(1) as f32
}

/// Boxes that cover each other become one: the detector's own doubles.
#[must_use]
pub fn without_doubles(mut lines: Vec<Quad>) -> Vec<Quad> {
    lines.sort_by(|a, b| b.bbox().area().total_cmp(&a.bbox().area()));
    let mut kept: Vec<Quad> = Vec::new();
    for line in lines {
        let b = line.bbox();
        if kept
            .iter()
            .all(|k| k.bbox().intersection(&b) < 0.7 * b.area())
        {
            kept.push(line);
        }
    }
    kept.sort_by(|a, b| {
        let (a, b) = (a.bbox(), b.bbox());
        a.y0.total_cmp(&b.y0).then(a.x0.total_cmp(&b.x0))
    });
    kept
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use schemas::BBox;

    use super::{add_missing, without_doubles};

    #[test]
    fn only_uncovered_ink_is_added() {
        // Text-like ink: every fourth column dark.
        let flat = GrayImage::from_fn(300, 100, |x, y| {
            Luma([if (40..60).contains(&y) && x % 4 == 0 {
                0
            } else {
                255
            }])
        });
        let mut lines = vec![BBox::new(0.0, 38.0, 100.0, 62.0).quad()];
        let found = [
            BBox::new(10.0, 40.0, 90.0, 60.0),  // covered
            BBox::new(20.0, 40.0, 200.0, 60.0), // goes on beyond the known line
            BBox::new(0.0, 5.0, 100.0, 25.0),   // no ink
        ];
        add_missing(&mut lines, &found, &flat);
        let boxes: Vec<BBox> = lines.iter().map(schemas::Quad::bbox).collect();
        assert_eq!(boxes[1..], [BBox::new(100.0, 40.0, 200.0, 60.0)]);
    }

    #[test]
    fn doubles_go_and_neighbours_stay() {
        let lines = [
            BBox::new(0.0, 0.0, 100.0, 20.0),
            BBox::new(2.0, 1.0, 60.0, 19.0),
            BBox::new(0.0, 15.0, 100.0, 35.0),
        ];
        assert_eq!(
            without_doubles(lines.iter().map(BBox::quad).collect()).len(),
            2
        );
    }
}
