//! The sheet in a photo: four straight sides, each with brighter paper inside than ground outside.
//! Sides are searched as lines over a map of brightness steps on a reduced copy; a step is a ratio,
//! so a shadow over sheet and ground alike does not hide it. Decision: no answer unless at least
//! three sides are seen along most of their length and the ground is darker all around, because a
//! wrong crop loses text and a missing one only costs some accuracy.
//! Limit: a sheet on ground as light as itself, or with two sides outside the picture, is not found.

use image::{RgbImage, imageops};
use schemas::{Point, Quad};

use super::{binarise::BinaryImage, components::label, median::median, scale};

/// Longer side of the reduced copy.
const SIDE: u32 = 300;
/// Paper is brighter than ground by at least this factor.
const STEP: f32 = 1.3;
/// Pixels of the reduced copy that are averaged on each side of a step.
const REACH: usize = 4;
/// A side must show a step along this share of its length.
const SEEN: f32 = 0.8;

/// The corners of the sheet in pixels, clockwise from the one nearest to the image's top left, a
/// little outside the sheet; `None` when the image is the sheet or the evidence is weak.
#[must_use]
pub fn page_quad(image: &RgbImage) -> Option<Quad> {
    let longer = image.width().max(image.height());
    if image.width().min(image.height()) < 100 {
        return None;
    }
    let factor = longer.div_ceil(SIDE).max(1);
    let small = Small::of(&scale::reduce(&imageops::grayscale(image), factor));
    let flipped = small.mirrored();
    let turned = small.transposed();
    let turned_flipped = turned.mirrored();
    let (w, h) = (small.width as f32, small.height as f32);
    let left = small.left_side();
    let right = flipped.left_side().map(|l| l.mirrored(w));
    let top = turned.left_side();
    let bottom = turned_flipped.left_side().map(|l| l.mirrored(h));
    if [&left, &right, &top, &bottom]
        .iter()
        .filter(|side| side.is_some())
        .count()
        < 3
    {
        return None;
    }
    let edge = |at: f32, length: f32| Line {
        start: at,
        end: at,
        length,
    };
    let (left, right) = (left.unwrap_or(edge(0.0, h)), right.unwrap_or(edge(w, h)));
    let (top, bottom) = (top.unwrap_or(edge(0.0, w)), bottom.unwrap_or(edge(h, w)));
    let quad = Quad([
        left.cross(&top),
        right.cross(&top),
        right.cross(&bottom),
        left.cross(&bottom),
    ]);
    if !is_sheet(&quad, w, h) || !small.stands_out(&quad) {
        return None;
    }
    let grown = grow(&quad, 1.006);
    let sheet = grown.map(|[x, y]| {
        let limit = |v: f32, side: u32| (v * factor as f32).clamp(0.0, side as f32);
        [limit(x, image.width()), limit(y, image.height())]
    });
    (!has_print_outside(image, &sheet)).then_some(sheet)
}

/// Is there light print beyond these sides? Then a dark band of the sheet itself, with a letterhead or the hours of a
/// practice, was taken for the ground. Light is what is nearly as bright as the paper and much brighter than the ground,
/// whose grain makes no whole line of letters.
fn has_print_outside(image: &RgbImage, sheet: &Quad) -> bool {
    const LETTERS: usize = 30;
    const OF_PAPER: f64 = 0.75;
    const OF_GROUND: f64 = 2.0;
    const EVERY: usize = 8;
    let grey = imageops::grayscale(image);
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let at = |x: usize, y: usize| grey.get_pixel(x as u32, y as u32)[0];
    let within = |x: usize, y: usize| contains(sheet, [x as f32, y as f32]);
    let (mut paper, mut ground) = (Vec::new(), Vec::new());
    for y in (0..height).step_by(EVERY) {
        for x in (0..width).step_by(EVERY) {
            let list = if within(x, y) {
                &mut paper
            } else {
                &mut ground
            };
            list.push(at(x, y));
        }
    }
    let light = (OF_PAPER * median(paper)).max(OF_GROUND * median(ground));
    let print = BinaryImage::from_fn(width, height, |x, y| {
        f64::from(at(x, y)) > light && !within(x, y)
    });
    scale::letters_in_words(&label(&print)) >= LETTERS
}

/// A line near a vertical side: its x at the top and at the bottom of an image `length` high.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: f32,
    end: f32,
    length: f32,
}

impl Line {
    fn mirrored(self, width: f32) -> Self {
        Self {
            start: width - self.start,
            end: width - self.end,
            ..self
        }
    }

    /// Where a near-vertical line meets a near-horizontal one.
    fn cross(&self, level: &Self) -> Point {
        let a = (self.end - self.start) / self.length;
        let b = (level.end - level.start) / level.length;
        let y = (level.start + b * self.start) / (1.0 - a * b);
        [self.start + a * y, y]
    }
}

struct Small {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Small {
    fn of(grey: &image::GrayImage) -> Self {
        Self {
            width: grey.width() as usize,
            height: grey.height() as usize,
            grey: grey.as_raw().clone(),
        }
    }

    fn mirrored(&self) -> Self {
        let mut grey = self.grey.clone();
        grey.chunks_exact_mut(self.width).for_each(<[u8]>::reverse);
        Self { grey, ..*self }
    }

    fn transposed(&self) -> Self {
        let (w, h) = (self.width, self.height);
        let grey = (0..w * h).map(|i| self.grey[i % h * w + i / h]).collect();
        Self {
            width: h,
            height: w,
            grey,
        }
    }

    /// The outermost of the best lines with darker ground on its left.
    fn left_side(&self) -> Option<Line> {
        let (w, h) = (self.width, self.height);
        let steps = self.steps();
        let rows: Vec<usize> = (0..h).step_by((h / 90).max(1)).collect();
        let score = |start: usize, end: usize| {
            let hits = rows.iter().filter(|y| {
                let x = start as f32 + (end as f32 - start as f32) * **y as f32 / h as f32;
                steps[**y * w + (x as usize).min(w - 1)]
            });
            hits.count() as f32 / rows.len() as f32
        };
        let lean = h / 5;
        let lines: Vec<(usize, usize, f32)> = (1..w * 45 / 100)
            .flat_map(|start| {
                (start.saturating_sub(lean).max(1)..(start + lean).min(w * 45 / 100))
                    .map(move |end| (start, end))
            })
            .map(|(start, end)| (start, end, score(start, end)))
            .collect();
        let best = lines.iter().map(|l| l.2).fold(0.0, f32::max);
        if best < 0.55 {
            return None;
        }
        let good = lines.iter().filter(|l| l.2 >= 0.93 * best);
        let (start, end, _) =
            good.min_by(|a, b| (a.0 + a.1).cmp(&(b.0 + b.1)).then(b.2.total_cmp(&a.2)))?;
        // The step is a plateau of a few pixels; its best line is within it.
        let near = lines.iter().filter(|l| {
            l.0.abs_diff(*start) <= 4 && l.1.abs_diff(*end) <= 4 && l.2 >= 0.98 * best.min(1.0)
        });
        let (n, a, b) = near.fold((0.0, 0.0, 0.0), |(n, a, b), l| {
            (n + 1.0, a + l.0 as f32, b + l.1 as f32)
        });
        let (a, b) = if n > 0.0 {
            (a / n, b / n)
        } else {
            (*start as f32, *end as f32)
        };
        Some(Line {
            start: a,
            end: b,
            length: h as f32,
        })
    }

    /// Where the mean on the right is brighter than the mean on the left by [`STEP`].
    fn steps(&self) -> Vec<bool> {
        let mut out = vec![false; self.grey.len()];
        for (row, out) in self
            .grey
            .chunks_exact(self.width)
            .zip(out.chunks_exact_mut(self.width))
        {
            for x in 1..self.width {
                let mean = |part: &[u8]| {
                    part.iter().map(|v| f32::from(*v)).sum::<f32>() / part.len() as f32
                };
                let ground = mean(&row[x.saturating_sub(REACH)..x]);
                let paper = mean(&row[x..(x + REACH).min(self.width)]);
                out[x] = paper > STEP * ground + 4.0;
            }
        }
        out
    }

    fn at(&self, [x, y]: Point) -> Option<f32> {
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f32 && y < self.height as f32;
        inside.then(|| f32::from(self.grey[y as usize * self.width + x as usize]))
    }

    /// Does the sheet differ from the ground along its sides, and as a whole?
    fn stands_out(&self, quad: &Quad) -> bool {
        let (outer, inner) = (grow(quad, 1.035), grow(quad, 0.965));
        let mut visible = 0;
        for side in 0..4 {
            let along = |q: &Quad, t: f32| {
                let (a, b) = (q.0[side], q.0[(side + 1) % 4]);
                [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
            };
            let samples: Vec<bool> = (5..=95)
                .filter_map(|i| {
                    let t = i as f32 / 100.0;
                    let ground = self.at(along(&outer, t))?;
                    let paper = self.at(along(&inner, t))?;
                    Some(paper > STEP * ground)
                })
                .collect();
            // A side outside the picture has no ground to compare with.
            if samples.len() < 45 {
                continue;
            }
            let seen = samples.iter().filter(|s| **s).count() as f32 / samples.len() as f32;
            if seen < SEEN {
                return false;
            }
            visible += 1;
        }
        visible >= 3 && self.ground_is_dark(&outer)
    }

    /// The median outside is well below the median inside, and hardly anything outside is as bright
    /// as paper: outside a sheet there is nothing to read.
    fn ground_is_dark(&self, outer: &Quad) -> bool {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for y in 0..self.height {
            for x in 0..self.width {
                let list = if contains(outer, [x as f32 + 0.5, y as f32 + 0.5]) {
                    &mut inside
                } else {
                    &mut outside
                };
                list.push(self.grey[y * self.width + x]);
            }
        }
        let paper = median(inside);
        let bright = outside
            .iter()
            .filter(|v| f64::from(**v) > 0.9 * paper)
            .count();
        bright * 12 < outside.len().max(1) && median(outside) < 0.65 * paper
    }
}

/// Moves the corners away from (or towards) the middle.
fn grow(quad: &Quad, factor: f32) -> Quad {
    let mean = |axis: usize| quad.0.iter().map(|p| p[axis]).sum::<f32>() / 4.0;
    let (cx, cy) = (mean(0), mean(1));
    quad.map(|[x, y]| [cx + (x - cx) * factor, cy + (y - cy) * factor])
}

fn contains(quad: &Quad, [x, y]: Point) -> bool {
    (0..4).all(|i| {
        let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0.0
    })
}

/// Convex, of a sheet's proportions, a good part of the picture and not all of it.
fn is_sheet(quad: &Quad, width: f32, height: f32) -> bool {
    let corner = |i: usize| quad.0[i % 4];
    let area: f32 = (0..4)
        .map(|i| corner(i)[0] * corner(i + 1)[1] - corner(i + 1)[0] * corner(i)[1])
        .sum::<f32>()
        / 2.0;
    let upright = (0..4).all(|i| {
        let (a, b, c) = (corner(i), corner(i + 1), corner(i + 2));
        let (u, v) = ([b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]);
        let cosine = (u[0] * v[0] + u[1] * v[1]) / (u[0].hypot(u[1]) * v[0].hypot(v[1])).max(1e-6);
        u[0] * v[1] - u[1] * v[0] > 0.0 && cosine.abs() < 0.35
    });
    upright && area > 0.3 * width * height && area < 0.985 * width * height
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use schemas::Quad;

    use super::{contains, page_quad};

    fn mixed(x: u32, y: u32) -> u32 {
        (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 24
    }

    /// Paper with text, shaded from the right, on dark textured ground.
    fn photo(sheet: &Quad, ground: u32) -> RgbImage {
        RgbImage::from_fn(900, 1200, |x, y| {
            let light = 1.0 - 0.5 * x as f32 / 900.0;
            let on_sheet = contains(sheet, [x as f32, y as f32]);
            let text =
                y % 40 < 14 && x % 12 < 5 && (150..750).contains(&x) && (200..1000).contains(&y);
            let base = if !on_sheet {
                ground + mixed(x / 9, y / 9) / 10
            } else if text {
                60
            } else {
                225
            };
            Rgb([(base as f32 * light) as u8; 3])
        })
    }

    #[test]
    fn finds_a_sheet_on_dark_ground() {
        let sheet = Quad([[80.0, 60.0], [820.0, 95.0], [850.0, 1140.0], [50.0, 1110.0]]);
        let found = page_quad(&photo(&sheet, 50)).unwrap();
        for (got, want) in found.0.iter().zip(sheet.0) {
            assert!(
                (got[0] - want[0]).hypot(got[1] - want[1]) < 20.0,
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_band_with_light_print_is_no_ground() {
        let sheet = Quad([
            [80.0, 200.0],
            [820.0, 205.0],
            [850.0, 1140.0],
            [50.0, 1110.0],
        ]);
        let with_band = |print: bool| {
            let plain = photo(&sheet, 50);
            RgbImage::from_fn(900, 1200, |x, y| {
                let letter = (150..700).contains(&x) && (90..106).contains(&y) && x % 14 < 9;
                if print && letter {
                    Rgb([230; 3])
                } else {
                    *plain.get_pixel(x, y)
                }
            })
        };
        assert!(page_quad(&with_band(false)).is_some());
        assert_eq!(page_quad(&with_band(true)), None);
    }

    #[test]
    fn leaves_scans_alone() {
        let whole = Quad([[-5.0, -5.0], [905.0, -5.0], [905.0, 1205.0], [-5.0, 1205.0]]);
        let framed = RgbImage::from_fn(900, 1200, |x, y| {
            let frame = (x.abs_diff(450) / 3 + 200).max(y.abs_diff(600));
            Rgb([if (480..486).contains(&frame) { 20 } else { 240 }; 3])
        });
        let shaded = RgbImage::from_fn(900, 1200, |x, _| Rgb([(250 - x / 5) as u8; 3]));
        let panel = RgbImage::from_fn(900, 1200, |x, y| {
            Rgb([if (60..840).contains(&x) && (90..300).contains(&y) {
                60
            } else {
                240
            }; 3])
        });
        let grey_form = RgbImage::from_fn(900, 1200, |x, y| {
            Rgb([if (100..800).contains(&x) && (100..1100).contains(&y) {
                250
            } else {
                215
            }; 3])
        });
        let sheet = Quad([[80.0, 60.0], [820.0, 95.0], [850.0, 1140.0], [50.0, 1110.0]]);
        let light_ground = photo(&sheet, 200);
        for (name, image) in [
            ("fills the picture", photo(&whole, 50)),
            ("a frame", framed),
            ("a shadow", shaded),
            ("a dark panel", panel),
            ("a white field on a grey form", grey_form),
            ("light ground", light_ground),
            ("tiny", RgbImage::new(9, 9)),
        ] {
            assert_eq!(page_quad(&image), None, "{name}");
        }
    }
}
