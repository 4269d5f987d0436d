//! How far a page is from level, and along which axis its text runs.
//! Skew: the angle at which the low edges of letter-like ink fall into the sharpest rows (projection
//! profile, Postl 1986; on edge points as in Baird 1987), searched coarsely and then finely.
//! Direction: the same profile along both axes, and the direction of nearest neighbours (docstrum,
//! O'Gorman 1993). Limit: ±15 degrees about the axis; 0 against 180 needs reading.

use image::GrayImage;
use rayon::prelude::*;

use super::{
    binarise::{self, BinaryImage},
    components::{self, Component, Components},
    flatten, scale,
};

/// Longer side of the reduced copy that angles are measured on.
const SIDE: u32 = 1000;
/// Search range in degrees.
const RANGE: f32 = 15.0;
/// Fewer edge points than this say nothing.
const LEAST_POINTS: usize = 60;

/// Clockwise degrees still needed to make the text level, within ±15 and to about 0.1; 0 when the
/// page shows too little.
#[must_use]
pub fn skew(grey: &GrayImage) -> f32 {
    let (ink, _) = text_ink(grey);
    sharpest(&low_edges(&ink)).map_or(0.0, |(angle, _)| angle)
}

/// Does the text run up or down the image (turned by 90 or 270 degrees) rather than across, and how
/// certain is that, 0 (a guess) to 1?
#[must_use]
pub fn text_direction(grey: &GrayImage) -> (bool, f32) {
    let (ink, all) = text_ink(grey);
    let score = |ink: &BinaryImage| sharpest(&low_edges(ink)).map_or(0.0, |(_, score)| score);
    let (across, along) = rayon::join(|| score(&ink), || score(&ink.transposed()));
    let (horizontal, vertical) = neighbours(&all.list);
    // Both votes are a ratio about 1; logarithms make them add.
    let profile = ((along + 1e-3) / (across + 1e-3)).ln();
    let beside = ((vertical + 3.0) / (horizontal + 3.0)).ln();
    let vote = profile + beside;
    (vote > 0.0, (vote.abs() / 2.0).min(1.0))
}

/// A point of an edge, in pixels of the reduced copy.
type Mark = (f32, f32);

/// The reduced page with only what tells its direction, and all of its components.
fn text_ink(grey: &GrayImage) -> (BinaryImage, Components) {
    let longer = grey.width().max(grey.height());
    let factor = ((longer + SIDE / 2) / SIDE).max(1);
    let flat = flatten::flatten(&scale::reduce(grey, factor));
    let mut ink = binarise::sauvola(&flat, 25, 0.2);
    let all = components::label(&ink);
    all.erase(&mut ink, |_, c| !is_evidence(c));
    (ink, all)
}

/// Ink pixels with paper below.
fn low_edges(ink: &BinaryImage) -> Vec<Mark> {
    let mut points = Vec::new();
    for y in 0..ink.height() {
        let below = ink.row(y + 1);
        for (x, here) in ink.row(y).iter().enumerate() {
            if *here && !below.get(x).is_some_and(|b| *b) {
                points.push((x as f32, y as f32));
            }
        }
    }
    points
}

/// Letters and words, and thin rules in either direction, but no dirt, pictures or shadows.
fn is_evidence(c: &Component) -> bool {
    let (w, h) = (c.width(), c.height());
    let letters = c.is_letter_like() && h.max(w) <= 120;
    let rule = w.max(h) > 60 && w.min(h) * 12 < w.max(h);
    c.area >= 6 && (letters || rule)
}

/// How many letters have their nearest neighbour beside them, and how many above or below.
fn neighbours(list: &[Component]) -> (f32, f32) {
    let letters: Vec<_> = list
        .iter()
        .filter(|c| c.is_letter_like() && c.area >= 8 && c.width().max(c.height()) < 60)
        .collect();
    let centre = |c: &Component| ((c.x0 + c.x1) as f32 / 2.0, (c.y0 + c.y1) as f32 / 2.0);
    let (mut horizontal, mut vertical) = (0.0, 0.0);
    let mut by_row: Vec<(f32, f32)> = letters.iter().map(|c| centre(c)).collect();
    by_row.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (i, (x, y)) in by_row.iter().enumerate() {
        let mut nearest = (f32::MAX, 0.0, 0.0);
        let up = by_row[..i].iter().rev().take_while(|o| y - o.1 < 50.0);
        let down = by_row[i + 1..].iter().take_while(|o| o.1 - y < 50.0);
        for (ox, oy) in up.chain(down) {
            let (dx, dy) = ((ox - x).abs(), (oy - y).abs());
            let away = dx * dx + dy * dy;
            if away < nearest.0 && away > 1.0 {
                nearest = (away, dx, dy);
            }
        }
        match nearest {
            (away, ..) if away > 2500.0 => {}
            (_, dx, dy) if dx > 2.0 * dy => horizontal += 1.0,
            (_, dx, dy) if dy > 2.0 * dx => vertical += 1.0,
            _ => {}
        }
    }
    (horizontal, vertical)
}

/// The clockwise correction under which the points fall into the sharpest rows, and how sharp.
fn sharpest(points: &[Mark]) -> Option<(f32, f32)> {
    if points.len() < LEAST_POINTS {
        return None;
    }
    let thinned: Vec<Mark> = points
        .iter()
        .copied()
        .step_by(points.len() / 12_000 + 1)
        .collect();
    let best = |centre: f32, reach: i32, step: f32| {
        (-reach..=reach)
            .into_par_iter()
            .map(|i| centre + i as f32 * step)
            .filter(|a| a.abs() <= RANGE + 0.5)
            .map(|a| (a, sharpness(&thinned, a)))
            // Of equals the smallest turn wins, so the answer does not depend on the threads.
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.abs().total_cmp(&a.0.abs())))
    };
    let coarse = best(0.0, (RANGE / 0.25) as i32, 0.25)?;
    let fine = best(coarse.0, 8, 0.04)?;
    let step = 0.06;
    let [before, here, after] = [-step, 0.0, step].map(|d| sharpness(&thinned, fine.0 + d));
    let bend = before - 2.0 * here + after;
    let shift = if bend < 0.0 {
        (0.5 * (before - after) / bend).clamp(-1.0, 1.0) * step
    } else {
        0.0
    };
    Some(((fine.0 + shift).clamp(-RANGE, RANGE), fine.1))
}

/// Sum of squared differences between neighbouring rows after a turn, per point squared and row.
fn sharpness(points: &[Mark], degrees: f32) -> f32 {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let height = |(x, y): &Mark| x * sin + y * cos;
    let (low, high) = points
        .iter()
        .map(height)
        .fold((f32::MAX, f32::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    let mut rows = vec![0f32; (high - low) as usize + 5];
    for point in points {
        // A point is shared between two rows, or sub-pixel turns would not show.
        let place = height(point) - low;
        let row = place as usize + 1;
        let part = place.fract();
        rows[row] += 1.0 - part;
        rows[row + 1] += part;
    }
    // Unturned points lie on whole rows; without a blur that alone would look sharp.
    let soft: Vec<f32> = rows.windows(3).map(|w| w[0] + 2.0 * w[1] + w[2]).collect();
    let change: f32 = soft.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum();
    change / points.len() as f32 / points.len() as f32 * rows.len() as f32
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{skew, text_direction};
    use crate::prepare::geometry::{Homography, warp_grey};

    /// Ragged lines of letter-like boxes on paper with some dirt.
    fn page(lines: u32) -> GrayImage {
        GrayImage::from_fn(1000, 1300, |x, y| {
            let line = y / 45;
            let (u, v) = (x % 17, y % 45);
            let tall = (x / 17 * 7 + line * 3) % 5 == 0;
            let written = line > 2
                && line < 3 + lines
                && x > 80
                && x < 500 + (line * 97) % 400
                && (x / 17 + line) % 6 != 0;
            let inside = u < 11 && v < 18 && v >= if tall { 0 } else { 6 };
            let outline = !(2..=8).contains(&u) || v > 15 || v < if tall { 2 } else { 8 };
            let dirt = (x * 7919 + y * 104_729) % 9973 == 0;
            Luma([if written && inside && outline || dirt {
                40
            } else {
                225
            }])
        })
    }

    #[test]
    fn finds_the_turn_that_levels_text() {
        for lines in [3, 22] {
            for degrees in [-14.0, -4.7, -1.3, -0.2, 0.0, 0.5, 2.9, 9.0] {
                let straight = page(lines);
                let (map, w, h) = Homography::turn(-f64::from(degrees), 1000, 1300);
                let got = skew(&warp_grey(&straight, &map, w, h, 225));
                assert!(
                    (got - degrees).abs() < 0.15,
                    "{lines} lines, {degrees}: {got}"
                );
            }
        }
    }

    #[test]
    fn tells_across_from_along() {
        let upright = page(20);
        for (quarter, want) in [(0.0, false), (90.0, true), (180.0, false), (270.0, true)] {
            let (map, w, h) = Homography::turn(quarter + 3.0, 1000, 1300);
            let (vertical, certainty) = text_direction(&warp_grey(&upright, &map, w, h, 225));
            assert_eq!(vertical, want, "{quarter}");
            assert!(certainty > 0.5, "{quarter}: {certainty}");
        }
    }

    #[test]
    fn an_empty_page_is_level() {
        for (name, image) in [
            ("none", GrayImage::new(0, 0)),
            ("blank", GrayImage::from_pixel(900, 700, Luma([240]))),
        ] {
            assert!(skew(&image).abs() < f32::EPSILON, "{name}");
            assert!(text_direction(&image).1 < 0.1, "{name}");
        }
    }
}
