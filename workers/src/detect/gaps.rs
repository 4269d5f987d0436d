//! Where a line has no ink: the evidence for spaces that does not depend on any recogniser.

use image::GrayImage;
use schemas::Quad;

use crate::engine::crop;

/// Strips are looked at in this height.
const HEIGHT: u32 = 32;
/// Grey below this is ink on a flattened page.
const INK: u8 = 150;
/// A row that is dark over more than this share of the line is a ruled line.
const RULED: f32 = 0.7;

/// The outermost rows, so many above and below, show parts of the neighbouring lines; and of what stands beside a line
/// that was found too high, so many.
const EDGE: u32 = HEIGHT / 8;
const WIDE_EDGE: u32 = HEIGHT / 5;

/// Runs of columns without ink between the first and the last ink, as fractions of the line's width.
#[must_use]
pub fn gaps(flat: &GrayImage, line: &Quad) -> Vec<[f32; 2]> {
    between(flat, line, EDGE)
}

/// The same of the middle of the line alone: where letters have none of their ink there stands nothing but points.
#[must_use]
pub fn gaps_in_middle(flat: &GrayImage, line: &Quad) -> Vec<[f32; 2]> {
    between(flat, line, WIDE_EDGE)
}

fn between(flat: &GrayImage, line: &Quad, edge: u32) -> Vec<[f32; 2]> {
    let strip = crop::strip(flat, line, HEIGHT);
    let width = strip.width();
    let rows: Vec<u32> = (edge..HEIGHT - edge)
        .filter(|&y| {
            let dark = (0..width)
                .filter(|&x| strip.get_pixel(x, y)[0] < INK)
                .count();
            (dark as f32) < RULED * width as f32
        })
        .collect();
    let is_ink = |x: u32| rows.iter().any(|&y| strip.get_pixel(x, y)[0] < INK);
    let at = |x: u32| x as f32 / width as f32;
    let mut gaps = Vec::new();
    let mut last_ink = None;
    for x in (0..width).filter(|&x| is_ink(x)) {
        if let Some(last) = last_ink
            && x > last + 1
        {
            gaps.push([at(last + 1), at(x)]);
        }
        last_ink = Some(x);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use schemas::BBox;

    use super::gaps;

    #[test]
    fn gaps_are_found_above_a_ruled_line() {
        let page = GrayImage::from_fn(100, 32, |x, y| {
            let letters = (8..24).contains(&y) && (x < 30 || (50..80).contains(&x));
            Luma([if letters || y == 25 { 0 } else { 255 }])
        });
        let found = gaps(&page, &BBox::new(0.0, 0.0, 100.0, 32.0).quad());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            (found[0][0] - 0.3).abs() < 0.03 && (found[0][1] - 0.5).abs() < 0.03,
            "{found:?}"
        );
    }
}
