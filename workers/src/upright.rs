//! Making a page upright: quarter turns by evidence from the text itself, then the skew.
//!
//! The detector's boxes say along which axis text runs and how far it is off; which way round it
//! runs is decided by reading the longest lines both ways, since small orientation classifiers are
//! known to flip correct lines.

use std::time::Instant;

use image::{Rgb, RgbImage, imageops};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};
use schemas::{Orientation, Point, Quad};

use crate::engine::{Paddle, ReadError, crop};

/// Skews below this are left: turning costs sharpness.
const LEAST_SKEW: f32 = 0.15;
/// Lines that are read to tell 0 from 180 degrees.
const PROBES: usize = 10;

/// A page turned upright, and the way back.
pub struct Upright {
    /// The page.
    pub color: RgbImage,
    /// From pixels of `color` to pixels of the raster.
    pub to_raster: Projection,
    /// The clockwise turn that was made.
    pub orientation: Orientation,
    /// The clockwise turn in degrees that was made after it.
    pub skew_degrees: f32,
}

impl Upright {
    /// A point of the upright page on the raster.
    #[must_use]
    pub fn raster_point(&self, [x, y]: Point) -> Point {
        let (x, y) = self.to_raster * (x, y);
        [x, y]
    }

    /// A point of the raster on the upright page.
    #[must_use]
    pub fn upright_point(&self, [x, y]: Point) -> Point {
        let (x, y) = self.to_raster.invert() * (x, y);
        [x, y]
    }
}

/// Turns the raster by `orientation` and then by `skew_degrees`, both clockwise. The canvas grows so
/// that nothing is cut; what is new is white.
#[must_use]
pub fn turn(raster: &RgbImage, orientation: Orientation, skew_degrees: f32) -> Upright {
    let (w, h) = (raster.width() as f32, raster.height() as f32);
    // Pixel centres stand at halves, so that quarter turns are exact.
    let (turned, forward) = match orientation {
        Orientation::Upright => (raster.clone(), Projection::translate(0.0, 0.0)),
        Orientation::Quarter => (
            imageops::rotate90(raster),
            quarter(Orientation::Quarter, w, h),
        ),
        Orientation::Half => (
            imageops::rotate180(raster),
            quarter(Orientation::Half, w, h),
        ),
        Orientation::ThreeQuarters => (
            imageops::rotate270(raster),
            quarter(Orientation::ThreeQuarters, w, h),
        ),
    };
    if skew_degrees.abs() < LEAST_SKEW {
        return Upright {
            color: turned,
            to_raster: forward.invert(),
            orientation,
            skew_degrees: 0.0,
        };
    }
    let (tw, th) = (turned.width() as f32, turned.height() as f32);
    let (s, c) = skew_degrees.to_radians().sin_cos();
    let (nw, nh) = (
        (tw * c.abs() + th * s.abs()).ceil(),
        (tw * s.abs() + th * c.abs()).ceil(),
    );
    let rotate = Projection::translate(nw / 2.0, nh / 2.0)
        * Projection::rotate(skew_degrees.to_radians())
        * Projection::translate(-tw / 2.0, -th / 2.0);
    let mut color = RgbImage::new(nw as u32, nh as u32);
    let white = Border::Constant(Rgb([255, 255, 255]));
    warp_into(&turned, rotate, Interpolation::Bilinear, white, &mut color);
    Upright {
        color,
        to_raster: (rotate * forward).invert(),
        orientation,
        skew_degrees,
    }
}

/// A quarter turn of a `w` by `h` image as a map of its pixels' coordinates.
fn quarter(orientation: Orientation, w: f32, h: f32) -> Projection {
    let matrix = match orientation {
        Orientation::Upright => [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        Orientation::Quarter => [0.0, -1.0, h, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        Orientation::Half => [-1.0, 0.0, w, 0.0, -1.0, h, 0.0, 0.0, 1.0],
        Orientation::ThreeQuarters => [0.0, 1.0, 0.0, -1.0, 0.0, w, 0.0, 0.0, 1.0],
    };
    Projection::from_matrix(matrix).unwrap_or_else(|| Projection::translate(0.0, 0.0))
}

/// How a page must be turned, from the boxes of its text on the raster.
///
/// # Errors
/// When reading the probes fails.
pub fn direction(
    raster: &RgbImage,
    boxes: &[Quad],
    reader: &Paddle,
    deadline: Instant,
) -> Result<(Orientation, f32), ReadError> {
    let long = |quad: &Quad| quad.width().max(quad.height());
    let extent = |vertical: bool| -> f32 {
        boxes
            .iter()
            .filter(|q| is_vertical(q) == Some(vertical))
            .map(long)
            .sum()
    };
    let vertical = extent(true) > extent(false);
    let mut lines: Vec<&Quad> = boxes
        .iter()
        .filter(|q| is_vertical(q) == Some(vertical))
        .collect();
    if lines.is_empty() {
        return Ok((Orientation::Upright, 0.0));
    }
    let skew = -weighted_median(
        lines
            .iter()
            .map(|q| (off_axis(q, vertical), long(q)))
            .collect(),
    );
    lines.sort_by(|a, b| long(b).total_cmp(&long(a)));
    lines.truncate(PROBES);
    let ways = if vertical {
        [Orientation::Quarter, Orientation::ThreeQuarters]
    } else {
        [Orientation::Upright, Orientation::Half]
    };
    let mut best = (ways[0], f32::MIN);
    for way in ways {
        let strips: Vec<RgbImage> = lines
            .iter()
            .map(|quad| {
                // Long lines are probed by their first part: a line's width costs time, not certainty.
                let quad = seen_from(quad, way);
                let part = (12.0 * quad.height() / quad.width().max(1.0)).min(1.0);
                crop::strip(raster, &quad.slice(0.0, part), 48)
            })
            .collect();
        let read = reader.read_strips(&strips, deadline)?;
        let sure: f32 = read
            .iter()
            .flat_map(|(chars, _)| chars)
            .map(|c| c.confidence - 0.5)
            .sum();
        if sure > best.1 {
            best = (way, sure);
        }
    }
    Ok((best.0, skew))
}

/// Does the text of this box run along the y axis? None when the box is too square to tell.
fn is_vertical(quad: &Quad) -> Option<bool> {
    let ratio = quad.width() / quad.height().max(1.0);
    if ratio > 1.8 {
        Some(false)
    } else if ratio < 1.0 / 1.8 {
        Some(true)
    } else {
        None
    }
}

/// Clockwise degrees between the box's long side and its axis.
fn off_axis(quad: &Quad, vertical: bool) -> f32 {
    let [a, b, _, d] = quad.0;
    let angle = if vertical {
        (-(d[0] - a[0])).atan2(d[1] - a[1])
    } else {
        (b[1] - a[1]).atan2(b[0] - a[0])
    };
    angle.to_degrees()
}

/// The box with its corners in the order that its text would have if the page needed this turn.
fn seen_from(quad: &Quad, turn: Orientation) -> Quad {
    let [tl, tr, br, bl] = quad.0;
    Quad(match turn {
        Orientation::Upright => [tl, tr, br, bl],
        Orientation::Quarter => [bl, tl, tr, br],
        Orientation::Half => [br, bl, tl, tr],
        Orientation::ThreeQuarters => [tr, br, bl, tl],
    })
}

/// The value at half of the weight.
fn weighted_median(mut values: Vec<(f32, f32)>) -> f32 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|v| v.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    for (value, weight) in values {
        sum += weight;
        if sum >= half {
            return value;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use schemas::{BBox, Orientation};

    use super::{off_axis, seen_from, turn};

    #[test]
    fn boxes_of_the_upright_page_fall_back_on_their_pixels() {
        // One dark block in the raster; wherever the page is turned, its middle is found again.
        let raster = RgbImage::from_fn(200, 100, |x, y| {
            let dark = (20..40).contains(&x) && (70..80).contains(&y);
            Rgb(if dark { [0; 3] } else { [255; 3] })
        });
        for orientation in Orientation::ALL {
            for skew in [0.0, 4.0, -7.5] {
                let upright = turn(&raster, orientation, skew);
                let [x, y] = upright.upright_point([30.0, 75.0]);
                let pixel = upright.color.get_pixel(x as u32, y as u32);
                assert!(
                    pixel[0] < 40,
                    "{orientation:?} {skew}: {pixel:?} at {x} {y}"
                );
                let [bx, by] = upright.raster_point([x, y]);
                assert!((bx - 30.0).abs() < 0.1 && (by - 75.0).abs() < 0.1);
            }
        }
    }

    #[test]
    fn a_turned_line_starts_where_its_text_starts() {
        let quad = BBox::new(0.0, 0.0, 10.0, 100.0).quad();
        // Text that runs upwards needs a clockwise quarter turn and starts at the bottom left.
        assert_eq!(seen_from(&quad, Orientation::Quarter).0[0], [0.0, 100.0]);
        assert_eq!(
            seen_from(&quad, Orientation::ThreeQuarters).0[0],
            [10.0, 0.0]
        );
        assert!(seen_from(&quad, Orientation::Quarter).width() > 99.0);
    }

    #[test]
    fn off_axis_is_clockwise() {
        let mut quad = BBox::new(0.0, 0.0, 100.0, 10.0).quad();
        quad.0[1][1] = 10.0;
        assert!(off_axis(&quad, false) > 5.0);
    }
}
