//! Making a page upright: quarter turns by evidence from the text itself, then the skew.
//!
//! The detector's boxes say along which axis text runs; which way round it runs is decided by
//! reading the longest lines both ways, since small orientation classifiers are known to flip
//! correct lines. The smallest detector and recogniser see that well enough. Perspective, quarter turn and skew are one resampling.

use std::time::Instant;

use image::{DynamicImage, GrayImage, Luma, RgbImage, imageops};
use schemas::{Orientation, Quad};

use crate::{
    detect::db::Detector,
    engine::{Paddle, ReadError, crop, ctc::CtcChar},
    prepare::{
        bend::Bend,
        flatten::paper_colour,
        geometry::{Homography, warp},
    },
};

/// Boxes are looked for with the page's long side at most so many pixels.
const PROBE_SIDE: u32 = 800;
/// Skews below this are left: turning costs sharpness.
const LEAST_SKEW: f32 = 0.15;
/// Lines that are read to tell 0 from 180 degrees.
const PROBES: usize = 8;
/// Mean confidence of characters beyond which the other way round need not be tried: upside-down
/// text never reads so well.
const CERTAIN: f32 = 0.93;
/// Characters that such a certainty needs.
const CERTAIN_CHARACTERS: usize = 30;
/// A probe is the first part of a line, this many line heights long: more costs time, not certainty.
const PROBE_HEIGHTS: f32 = 12.0;
/// Print of the other side reads in a mirror with so many characters, and this mean confidence.
const MIRRORED_CHARACTERS: usize = 20;
const MIRRORED: f32 = 0.7;
/// A line found by its ink alone is cut with so much more around it, as a share of its height.
const GROWN: f32 = 0.15;

/// A page turned upright, and the way back.
pub struct Upright {
    /// The page.
    pub color: RgbImage,
    /// From pixels of the raster to pixels of `color`, or of what was straightened to it.
    pub from_raster: Homography,
    /// The way back.
    pub to_raster: Homography,
    /// The clockwise turn that was made.
    pub orientation: Orientation,
    /// The clockwise turn in degrees that was made after it.
    pub skew_degrees: f32,
    /// What was straightened after that.
    pub bend: Option<Bend>,
}

impl Upright {
    /// A quad of the upright page on the raster.
    #[must_use]
    pub fn raster_quad(&self, quad: &Quad) -> Quad {
        let bent = quad.map(|point| self.bend.map_or(point, |bend| bend.to_bent(point)));
        self.to_raster.apply_quad(&bent)
    }

    /// A quad of the raster on the upright page.
    #[must_use]
    pub fn upright_quad(&self, quad: &Quad) -> Quad {
        let bent = self.from_raster.apply_quad(quad);
        bent.map(|point| self.bend.map_or(point, |bend| bend.to_straight(point)))
    }
}

/// What is to be done to a raster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Takes the page's own quadrilateral to a rectangle of this size, when the raster shows more
    /// than the page.
    pub flat: Option<(Homography, u32, u32)>,
    /// Clockwise, after that.
    pub orientation: Orientation,
    /// Clockwise, after that.
    pub skew_degrees: f32,
    /// Curved lines that are to be straight, after that.
    pub bend: Option<Bend>,
}

/// Turns the raster in one resampling, and straightens its lines in another. The canvas grows so that nothing of
/// the page is cut; what is new has the colour of the paper.
#[must_use]
pub fn turn(raster: &RgbImage, turn: Turn) -> Upright {
    let Turn {
        flat,
        orientation,
        skew_degrees,
        bend,
    } = turn;
    let skew_degrees = if skew_degrees.abs() < LEAST_SKEW {
        0.0
    } else {
        skew_degrees
    };
    let (flat, w, h) = flat.unwrap_or((Homography::IDENTITY, raster.width(), raster.height()));
    let degrees = f64::from(orientation.degrees()) + f64::from(skew_degrees);
    let (turned, w, h) = Homography::turn(degrees, w, h);
    let from_raster = flat.then(&turned);
    let color = if from_raster == Homography::IDENTITY {
        raster.clone()
    } else {
        warp(raster, &from_raster, w, h, paper_colour(raster))
    };
    let to_raster = from_raster.inverse().unwrap_or(Homography::IDENTITY);
    Upright {
        color: match &bend {
            Some(bend) => bend.straighten(&color),
            None => color,
        },
        from_raster,
        to_raster,
        orientation,
        skew_degrees,
        bend,
    }
}

/// Tells which way up a page is.
pub struct Prober {
    /// Finds boxes of text, whichever way they run.
    pub detector: Detector,
    /// Reads them.
    pub reader: Paddle,
}

impl Prober {
    /// Which quarter turn the page needs, from its text; none when no text is found.
    ///
    /// # Errors
    /// When reading the probes fails or `deadline` passes.
    pub fn orientation(
        &self,
        page: &RgbImage,
        deadline: Instant,
    ) -> Result<Orientation, ReadError> {
        let boxes = self.detector.detect(page, PROBE_SIDE);
        let boxes = boxes.unwrap_or_else(|error| {
            tracing::warn!(%error, "the smallest text detector failed");
            Vec::new()
        });
        let extent = |vertical: bool| -> f32 {
            let along = boxes.iter().filter(|q| is_vertical(q) == Some(vertical));
            along.map(long).sum()
        };
        let vertical = extent(true) > extent(false);
        let mut lines: Vec<&Quad> = boxes
            .iter()
            .filter(|q| is_vertical(q) == Some(vertical))
            .collect();
        lines.sort_by(|a, b| long(b).total_cmp(&long(a)));
        lines.truncate(PROBES);
        if lines.is_empty() {
            return Ok(Orientation::Upright);
        }
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
                    let quad = seen_from(quad, way);
                    let part = (PROBE_HEIGHTS * quad.height() / quad.width().max(1.0)).min(1.0);
                    crop::strip(page, &quad.slice(0.0, part), 48)
                })
                .collect();
            let (sum, n) = total(&self.characters(&strips, deadline)?);
            let sure = worth(sum, n);
            if sure > best.1 {
                best = (way, sure);
            }
            if n >= CERTAIN_CHARACTERS && sum > CERTAIN * n as f32 {
                return Ok(way);
            }
        }
        Ok(best.0)
    }

    /// Those of the longest pale lines of a flattened page that are print of its other side: in a mirror they
    /// make text, and less as they stand. None when the pale lines, together, are the page's own. Their
    /// `contrast` to paper is stretched before they are read.
    ///
    /// # Errors
    /// When reading the probes fails or `deadline` passes.
    pub fn mirrored(
        &self,
        flat: &GrayImage,
        lines: &[Quad],
        contrast: f32,
        deadline: Instant,
    ) -> Result<Vec<Quad>, ReadError> {
        let lines = &lines[..lines.len().min(PROBES)];
        let strips: Vec<RgbImage> = lines
            .iter()
            .map(|quad| {
                let part = (PROBE_HEIGHTS * quad.height() / quad.width().max(1.0)).min(1.0);
                let mut strip = crop::strip(flat, &crop::grown(quad, GROWN).slice(0.0, part), 48);
                for Luma([grey]) in strip.pixels_mut() {
                    let dark = f32::from(255 - *grey) / contrast.max(0.01);
                    *grey = 255 - (0.8 * dark).min(255.0) as u8;
                }
                DynamicImage::from(strip).into_rgb8()
            })
            .collect();
        let flipped: Vec<RgbImage> = strips.iter().map(imageops::flip_horizontal).collect();
        let flipped = self.characters(&flipped, deadline)?;
        let straight = self.characters(&strips, deadline)?;
        let (sum, n) = total(&flipped);
        let (other, m) = total(&straight);
        if n < MIRRORED_CHARACTERS || sum < MIRRORED * n as f32 || worth(sum, n) <= worth(other, m)
        {
            return Ok(Vec::new());
        }
        let better = flipped.iter().zip(&straight);
        let better = better.map(|((a, n), (b, m))| worth(*a, *n) > worth(*b, *m));
        let lines = lines.iter().zip(better);
        Ok(lines
            .filter(|(_, better)| *better)
            .map(|(line, _)| *line)
            .collect())
    }

    /// Of each strip the sum of its characters' confidences, and how many they are.
    fn characters(
        &self,
        strips: &[RgbImage],
        deadline: Instant,
    ) -> Result<Vec<(f32, usize)>, ReadError> {
        let read = self.reader.read_strips(strips, deadline)?;
        let of_strip = |chars: &[CtcChar]| (chars.iter().map(|c| c.confidence).sum(), chars.len());
        Ok(read.iter().map(|(chars, _)| of_strip(chars)).collect())
    }
}

fn total(strips: &[(f32, usize)]) -> (f32, usize) {
    strips
        .iter()
        .fold((0.0, 0), |(sum, n), (s, m)| (sum + s, n + m))
}

/// Many characters half sure are worth less than some that are sure.
fn worth(sum: f32, n: usize) -> f32 {
    sum - 0.5 * n as f32
}

fn long(quad: &Quad) -> f32 {
    quad.width().max(quad.height())
}

/// The grey image turned by quarter turns alone: what skew is measured on.
#[must_use]
pub fn quarter_turned(grey: &GrayImage, orientation: Orientation) -> GrayImage {
    match orientation {
        Orientation::Upright => grey.clone(),
        Orientation::Quarter => image::imageops::rotate90(grey),
        Orientation::Half => image::imageops::rotate180(grey),
        Orientation::ThreeQuarters => image::imageops::rotate270(grey),
    }
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

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use schemas::{BBox, Orientation};

    use super::{Turn, seen_from, turn};

    #[test]
    fn boxes_of_the_upright_page_fall_back_on_their_pixels() {
        // One dark block in the raster; wherever the page is turned, its middle is found again.
        let raster = RgbImage::from_fn(200, 100, |x, y| {
            let dark = (20..40).contains(&x) && (70..80).contains(&y);
            Rgb(if dark { [0; 3] } else { [255; 3] })
        });
        for orientation in Orientation::ALL {
            for skew_degrees in [0.0, 4.0, -7.5] {
                let upright = turn(
                    &raster,
                    Turn {
                        flat: None,
                        orientation,
                        skew_degrees,
                        bend: None,
                    },
                );
                let block = BBox::new(20.0, 70.0, 40.0, 80.0);
                let [x, y] = upright.upright_quad(&block.quad()).bbox().center();
                let pixel = upright.color.get_pixel(x as u32, y as u32);
                assert!(
                    pixel[0] < 40,
                    "{orientation:?} {skew_degrees}: {pixel:?} at {x} {y}"
                );
                let back = upright
                    .raster_quad(&upright.upright_quad(&block.quad()))
                    .bbox();
                assert!(
                    (back.x0 - 20.0).abs() < 0.1 && (back.y1 - 80.0).abs() < 0.1,
                    "{back:?}"
                );
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
}
