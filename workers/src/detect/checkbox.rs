//! Drawn check boxes: small squares of four straight strokes, empty, marked or filled.
//!
//! Two upright strokes of one height, as far apart as they are long, are a candidate. It is a box when
//! ink runs along all four sides and into the corners, where letters are round, when no side goes on
//! beyond a corner, as in a grid of cells, and when the paper around it is clear, as it is not within
//! a word. A box is no text: [`erase`] takes it from the page before anyone reads.
//! Limit: the page is level to about 3 degrees; round boxes and filled squares that stand beside no
//! open one (bullets are such) are not found; a box that touches a ruled line may be lost.

use fusion::DrawnBox;
use image::GrayImage;

use crate::prepare::{binarise::BinaryImage, components, scale};

mod erase;
mod outline;
mod square;

pub use erase::erase;
use square::{AROUND, COVERED, FILLED, Frame, MARKED, SURE, Square, alike};

/// Sides of boxes in x-heights.
const SIDE: std::ops::RangeInclusive<f32> = 1.15..=4.2;
/// The x-height of a page that does not show one, in pixels.
const X_HEIGHT: f32 = 16.0;
/// The shorter side over the longer.
const ASPECT: f32 = 0.76;
/// The outline is no thicker than this share of the side.
const THICK: f32 = 0.24;

/// The boxes of an upright page, from top to bottom, given its ink without ruled lines, its flattened
/// grey and its x-height in pixels (NaN when unknown). Boxes are in pixels of these images.
#[must_use]
pub fn find(ink: &BinaryImage, flat: &GrayImage, x_height: f32) -> Vec<DrawnBox> {
    // Grain makes the page's x-height too small at times; ink without specks has less of it.
    let x =
        scale::x_height_of(&components::label(ink)).map_or(x_height, |of_ink| of_ink.max(x_height));
    let x = if x.is_finite() {
        x.clamp(5.0, 80.0)
    } else {
        X_HEIGHT
    };
    let page = Sheet {
        ink,
        flat,
        slack: (x / 11.0).round().max(1.0) as usize,
        least: (SIDE.start() * x).max(7.0) as usize,
        most: (SIDE.end() * x) as usize,
    };
    let mut squares: Vec<Square> = page.candidates();
    squares.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
    let mut kept: Vec<Square> = Vec::new();
    for square in squares {
        if kept.iter().all(|k| k.frame.apart(&square.frame)) {
            kept.push(square);
        }
    }
    let empty: Vec<Square> = kept
        .iter()
        .filter(|square| square.inside <= MARKED && square.evidence() >= SURE)
        .copied()
        .collect();
    kept.retain(|square| square.is_box(&empty));
    kept.sort_by_key(|square| (square.frame.y0, square.frame.x0));
    kept.iter().map(Square::drawn).collect()
}

/// A page with the lengths that suit it, in pixels.
struct Sheet<'a> {
    ink: &'a BinaryImage,
    flat: &'a GrayImage,
    /// How far a side may lie off a straight level line.
    slack: usize,
    /// Shortest side.
    least: usize,
    /// Longest side.
    most: usize,
}

/// An upright stroke: a column and its first and last row.
#[derive(Clone, Copy)]
struct Stroke {
    x: usize,
    y0: usize,
    y1: usize,
}

impl Sheet<'_> {
    /// Squares among the pairs of upright strokes.
    fn candidates(&self) -> Vec<Square> {
        let strokes = self.strokes();
        let mut squares = Vec::new();
        for (i, left) in strokes.iter().enumerate() {
            for right in strokes[i + 1..]
                .iter()
                .take_while(|right| right.x <= left.x + self.most)
            {
                let (y0, y1) = (left.y0.midpoint(right.y0), left.y1.midpoint(right.y1));
                let (width, height) = (right.x - left.x + 1, y1 - y0 + 1);
                let level = left.y0.abs_diff(right.y0).max(left.y1.abs_diff(right.y1));
                if width >= self.least
                    && level <= self.slack + height / 8
                    && alike(width, height, ASPECT - 0.1)
                {
                    let frame = Frame {
                        x0: left.x,
                        y0,
                        x1: right.x,
                        y1,
                    };
                    squares.extend(self.square(frame));
                }
            }
        }
        squares
    }

    /// Runs of ink down the columns, as if strokes were wider by the slack; from left to right.
    fn strokes(&self) -> Vec<Stroke> {
        let turned = self.ink.transposed();
        let bridge = self.slack + 1;
        let mut strokes = Vec::new();
        let mut column = vec![false; self.ink.height()];
        for x in 0..self.ink.width() {
            column.fill(false);
            for near in x.saturating_sub(self.slack)..=(x + self.slack).min(self.ink.width() - 1) {
                for (wide, ink) in column.iter_mut().zip(turned.row(near)) {
                    *wide |= ink;
                }
            }
            let mut run: Option<(usize, usize)> = None;
            for y in (0..column.len()).filter(|y| column[*y]) {
                run = match run {
                    Some((y0, y1)) if y - y1 <= bridge => Some((y0, y)),
                    other => {
                        strokes.extend(self.stroke(x, other));
                        Some((y, y))
                    }
                };
            }
            strokes.extend(self.stroke(x, run));
        }
        strokes
    }

    fn stroke(&self, x: usize, run: Option<(usize, usize)>) -> Option<Stroke> {
        let (y0, y1) = run?;
        let sized = (self.least..=self.most).contains(&(y1 - y0 + 1));
        sized.then_some(Stroke { x, y0, y1 })
    }

    /// A frame that is drawn on paper of its own.
    fn square(&self, frame: Frame) -> Option<Square> {
        let frame = self.tightened(frame)?;
        let side = frame.side();
        let covered = self.covered(&frame, |x, y| self.ink.get(x, y));
        if covered < COVERED || !self.has_corners(&frame) {
            return None;
        }
        let level = self.dark(&frame);
        let is_dark = |x: usize, y: usize| self.grey(x, y) < level;
        let inside = self.inside(&frame, is_dark);
        let around = self.around(&frame);
        if around > AROUND
            || (inside < FILLED && self.thickness(&frame) > THICK * side as f32 + 1.0)
        {
            return None;
        }
        let loose = self.continued(&frame);
        (loose == 0 || (loose == 1 && inside > MARKED)).then_some(Square {
            frame,
            covered,
            dark: self.covered(&frame, is_dark),
            around,
            inside,
        })
    }

    /// The frame with its sides moved to where the ink begins.
    fn tightened(&self, frame: Frame) -> Option<Frame> {
        let reach = 2 * self.slack + 1;
        let Frame { x0, y0, x1, y1 } = frame;
        let (width, height) = (frame.width(), frame.height());
        let column = |x: usize| (y0..=y1).filter(|y| self.ink.get(x, *y)).count() * 2 > height;
        let row = |y: usize| (x0..=x1).filter(|x| self.ink.get(*x, y)).count() * 2 > width;
        let low = |at: usize| at.saturating_sub(reach)..=at + reach;
        let tight = Frame {
            x0: low(x0).find(|x| column(*x))?,
            y0: low(y0).find(|y| row(*y))?,
            x1: low(x1).rev().find(|x| column(*x))?,
            y1: low(y1).rev().find(|y| row(*y))?,
        };
        let sized = |length: usize| (self.least..=self.most).contains(&length);
        (tight.x0 < tight.x1
            && tight.y0 < tight.y1
            && sized(tight.width())
            && sized(tight.height())
            && alike(tight.width(), tight.height(), ASPECT))
        .then_some(tight)
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};

    use super::{erase, find};
    use crate::prepare::binarise::BinaryImage;

    /// A page on which `ink` says where ink is, as all three images of it.
    fn page(ink: impl Fn(i32, i32) -> bool) -> (BinaryImage, GrayImage, RgbImage) {
        let ink = BinaryImage::from_fn(200, 100, |x, y| ink(x as i32, y as i32));
        let flat = ink.to_grey();
        let color = RgbImage::from_fn(200, 100, |x, y| image::Rgb([flat.get_pixel(x, y)[0]; 3]));
        (ink, flat, color)
    }

    fn outline(x: i32, y: i32, at: i32) -> bool {
        let (u, v) = (x - at, y - 40);
        (0..22).contains(&u) && (0..22).contains(&v) && (u < 2 || v < 2 || u >= 20 || v >= 20)
    }

    fn states(ink: impl Fn(i32, i32) -> bool) -> Vec<bool> {
        let (ink, flat, _) = page(ink);
        find(&ink, &flat, 12.0).iter().map(|b| b.checked).collect()
    }

    #[test]
    fn boxes_and_their_states() {
        let cross = |x: i32, y: i32| {
            let (u, v) = (x - 40, y - 40);
            (3..19).contains(&u) && ((u - v).abs() < 2 || (u + v - 21).abs() < 2)
        };
        let tick = |x: i32, y: i32| {
            let (u, v) = (x - 40, y - 40);
            ((4..9).contains(&u) && (v - 7 - u).abs() < 2)
                || ((9..26).contains(&u) && (v - 24 + u).abs() < 2)
        };
        let solid = |x: i32, y: i32, at: i32| (at..at + 22).contains(&x) && (40..62).contains(&y);
        assert_eq!(states(|x, y| outline(x, y, 40)), [false], "empty");
        assert_eq!(
            states(|x, y| outline(x, y, 40) || cross(x, y)),
            [true],
            "crossed"
        );
        assert_eq!(
            states(|x, y| outline(x, y, 40) || tick(x, y)),
            [true],
            "ticked"
        );
        assert_eq!(
            states(|x, y| outline(x, y, 40) || solid(x, y, 120)),
            [false, true],
            "filled beside an empty one"
        );
        assert_eq!(states(|x, y| solid(x, y, 120)), [false; 0], "a bullet");
    }

    #[test]
    fn a_leaning_box_is_one_and_what_only_looks_like_it_is_none() {
        let leaning = |x: i32, y: i32| outline(x + (y - 51) / 16, y - (x - 51) / 16, 40);
        assert_eq!(states(leaning), [false], "leaning by 3.6 degrees");
        let ring = |x: i32, y: i32| {
            let distance = f64::from((x - 51).pow(2) + (y - 51).pow(2)).sqrt();
            (9.0..11.5).contains(&distance)
        };
        let cells = |x: i32, y: i32| (0..4).any(|n| outline(x, y, 40 + 20 * n));
        let three = |x: i32, y: i32| outline(x, y, 40) && x < 60;
        let letters =
            |x: i32, y: i32| outline(x, y, 40) || (y > 42 && y < 60 && x > 64 && x % 6 < 3);
        for (name, found) in [
            ("a ring", states(ring)),
            ("cells of a number", states(cells)),
            ("a side is missing", states(three)),
        ] {
            assert_eq!(found, [false; 0], "{name}");
        }
        assert_eq!(states(letters).len(), 1, "text may follow closely");
    }

    #[test]
    fn a_box_is_painted_over_and_its_neighbours_stay() {
        let label = |x: i32, y: i32| (72..90).contains(&x) && (44..60).contains(&y) && x % 5 < 2;
        let (mut ink, mut flat, mut color) = page(|x, y| outline(x, y, 40) || label(x, y));
        let boxes = find(&ink, &flat, 12.0);
        erase(&boxes, &mut color, &mut flat, &mut ink);
        let dark = |x: u32, y: u32| {
            [
                color.get_pixel(x, y)[0] < 128,
                flat.get_pixel(x, y)[0] < 128,
                ink.get(x as usize, y as usize),
            ]
        };
        for (x, y) in (0..100).flat_map(|y| (0..200).map(move |x| (x, y))) {
            assert_eq!(dark(x, y), [label(x as i32, y as i32); 3], "{x} {y}");
        }
    }
}
