//! Print of the other side that shows through: ink much paler than the page's own. What is pale is found
//! here; whether it is the other side's, and not pale print, a reader says who sees it in a mirror
//! ([`crate::upright::Prober::mirrored`]). Then pale ink away from dark letters becomes paper.
//! Limit: what shows through between and under the strokes of a letter stays; ruled lines as pale as
//! what shows through go with it.

use image::{GrayImage, RgbImage};
use imageproc::{distance_transform::Norm, morphology::dilate_mut};
use rayon::prelude::*;
use schemas::{BBox, Quad};

use super::{
    binarise::{BinaryImage, sauvola},
    components::{Component, Components, label},
    lines, scale,
};

/// Ink with less than this share of the usual contrast is pale.
const PALE: f32 = 0.5;
/// The usual contrast: so much of the ink of letters has less.
const USUAL: f32 = 0.7;
/// How dark a letter is, its pixels tell: so many of them are lighter. The edges are soft.
const DARKNESS: f32 = 0.9;
/// A line is worth reading when it is so many times longer than high; so many are needed.
const LENGTH: f32 = 3.0;
const LEAST_LINES: usize = 4;
/// What goes is up to so much darker than nine in ten of the letters that show through are.
const BEYOND: f32 = 1.3;
/// Nothing goes that is nearer to a dark letter than this many x-heights: it may be the letter's own.
const NEAR: f32 = 0.3;
/// Nothing that is as small as a point goes that is nearer than this: a lost decimal point is worse than one
/// of the other side.
const BESIDE: f32 = 1.2;
/// Ink no larger than this many x-heights is a point or a speck, and no letter.
const POINT: f32 = 0.5;
/// A stroke's soft edges reach so many pixels beyond its ink.
const EDGE: f32 = 2.0;
/// Sauvola's window in pixels and its weight, for what is left of a page without its dark letters.
const WINDOW: u32 = 41;
const K: f32 = 0.1;

/// Pale ink of a flattened page.
#[derive(Clone, Debug, PartialEq)]
pub struct Pale {
    /// Its lines, from the longest on.
    pub lines: Vec<Quad>,
    /// Contrast to paper of the palest ink that is none of it, 0 to 1.
    pub contrast: f32,
    pale: Ink,
    /// All of the page's, pale and dark.
    all: Ink,
}

/// Ink of a page: its components and the darkness of each.
#[derive(Clone, Debug, PartialEq)]
struct Ink {
    components: Components,
    darkness: Vec<f32>,
    /// Of the page.
    x_height: f32,
}

impl Pale {
    /// The pale lines of a page, if it has some; `ink` is the page's. Beside dark letters no threshold sees
    /// faint ink, so that they are taken out before it is looked for.
    #[must_use]
    pub fn of(flat: &GrayImage, ink: &BinaryImage) -> Option<Self> {
        let all = Ink::of(ink, flat, None)?;
        let contrast = PALE * usual(&all.components.list, &all.darkness)?;
        let near_letters = all.near_letters(contrast, NEAR, flat.dimensions());
        let mut rest = flat.clone();
        rest.iter_mut()
            .zip(near_letters.as_raw())
            .filter(|(_, near)| **near != 0)
            .for_each(|(grey, _)| *grey = 255);
        let mut faint = sauvola(&rest, WINDOW, K);
        let pale = Ink::of(&faint, &rest, Some(all.x_height))?;
        pale.components.erase(&mut faint, |i, c| {
            !c.is_letter_like() || pale.darkness[i] >= contrast
        });
        let mut lines = lines::text_lines(&faint);
        lines.retain(|line| line.width() > LENGTH * line.height());
        if lines.len() < LEAST_LINES {
            return None;
        }
        lines.sort_by(|a, b| b.width().total_cmp(&a.width()));
        Some(Self {
            lines,
            contrast,
            pale,
            all,
        })
    }

    /// Turns ink no darker than nearly all of `lines` into paper, in both pictures of the page.
    pub fn erase(&self, lines: &[Quad], color: &mut RgbImage, flat: &mut GrayImage) {
        let contrast = self.contrast.min(BEYOND * self.darkest(lines));
        let limit = (255.0 * (1.0 - contrast)) as u8;
        let size = flat.dimensions();
        let near_letters = self.all.near_letters(contrast, NEAR, size);
        let beside_letters = self.all.near_letters(contrast, BESIDE, size);
        let strokes = self.pale.near(EDGE, size, |i| !self.pale.is_point(i));
        let stays = near_letters
            .par_iter()
            .zip(beside_letters.as_raw())
            .zip(strokes.as_raw())
            .map(|((near, beside), stroke)| *near != 0 || *beside != 0 && *stroke == 0);
        flat.par_iter_mut()
            .zip(color.par_chunks_mut(3))
            .zip(stays)
            .filter(|((grey, _), stays)| !stays && **grey >= limit)
            .for_each(|((grey, pixel), _)| {
                // The paper's colour: what it is without the ink's share.
                let paper = 255.0 / f32::from((*grey).max(1));
                for channel in pixel {
                    *channel = (f32::from(*channel) * paper).min(255.0) as u8;
                }
                *grey = 255;
            });
    }

    /// The darkness that nine in ten pale letters of the lines do not pass.
    fn darkest(&self, lines: &[Quad]) -> f32 {
        let boxes: Vec<BBox> = lines.iter().map(Quad::bbox).collect();
        let mut letters: Vec<f32> = self
            .pale
            .components
            .list
            .iter()
            .zip(&self.pale.darkness)
            .filter(|(c, darkness)| {
                let (x, y) = ((c.x0 + c.x1) as f32 / 2.0, (c.y0 + c.y1) as f32 / 2.0);
                let inside = |b: &BBox| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y);
                c.is_letter_like() && **darkness < self.contrast && boxes.iter().any(inside)
            })
            .map(|(_, darkness)| *darkness)
            .collect();
        letters.sort_unstable_by(f32::total_cmp);
        letters
            .get(letters.len() * 9 / 10)
            .copied()
            .unwrap_or_default()
    }
}

impl Ink {
    /// The ink as it stands on a flattened page, whose x-height is measured unless it is given.
    fn of(ink: &BinaryImage, flat: &GrayImage, x_height: Option<f32>) -> Option<Self> {
        let components = label(ink);
        let x_height = x_height.or_else(|| scale::x_height_of(&components))?;
        Some(Self {
            darkness: darkness(&components, flat),
            components,
            x_height,
        })
    }

    fn is_point(&self, i: usize) -> bool {
        let c = &self.components.list[i];
        c.width().max(c.height()) as f32 <= POINT * self.x_height
    }

    /// 255 in and near letters of more than this contrast, with their own pale parts, up to so many x-heights
    /// away; 0 elsewhere.
    fn near_letters(&self, contrast: f32, heights: f32, size: (u32, u32)) -> GrayImage {
        let is_letter = |i: usize| self.darkness[i] >= contrast && !self.is_point(i);
        self.near((heights * self.x_height).max(EDGE), size, is_letter)
    }

    /// 255 in the chosen components and up to so many pixels away from them; 0 elsewhere.
    fn near(
        &self,
        reach: f32,
        (width, height): (u32, u32),
        chosen: impl Fn(usize) -> bool,
    ) -> GrayImage {
        let mut near = vec![0; (width * height) as usize];
        let runs = self.components.runs.iter();
        for run in runs.filter(|run| chosen(run.of as usize)) {
            let row = (run.y * width) as usize;
            near[row + run.x0 as usize..row + run.x1 as usize].fill(255);
        }
        let mut near = GrayImage::from_raw(width, height, near).unwrap_or_default();
        dilate_mut(&mut near, Norm::LInf, reach.ceil().min(60.0) as u8);
        near
    }
}

/// Grey from which on ink of this page is pale, given all of it; none without letters.
#[must_use]
pub fn pale_from(flat: &GrayImage, ink: &BinaryImage) -> Option<u8> {
    let all = label(ink);
    let usual = usual(&all.list, &darkness(&all, flat))?;
    Some((255.0 * (1.0 - PALE * usual)) as u8)
}

/// Of each component the contrast to paper of its dark pixels, 0 to 1.
fn darkness(all: &Components, flat: &GrayImage) -> Vec<f32> {
    const LEVELS: usize = 32;
    let width = flat.width() as usize;
    let mut counts = vec![[0_u32; LEVELS]; all.list.len()];
    for run in &all.runs {
        let row = run.y as usize * width;
        for value in &flat.as_raw()[row + run.x0 as usize..row + run.x1 as usize] {
            counts[run.of as usize][usize::from(255 - *value) * LEVELS / 256] += 1;
        }
    }
    all.list
        .iter()
        .zip(counts)
        .map(|(component, counts)| {
            let rank = component.area as f32 * DARKNESS;
            let mut seen = 0;
            let level = counts.iter().position(|n| {
                seen += n;
                seen as f32 >= rank
            });
            (level.unwrap_or(LEVELS - 1) as f32 + 0.5) / LEVELS as f32
        })
        .collect()
}

/// The darkness of most ink of letters; none without letters.
fn usual(list: &[Component], darkness: &[f32]) -> Option<f32> {
    let mut letters: Vec<(f32, u32)> = list
        .iter()
        .zip(darkness)
        .filter(|(c, _)| c.is_letter_like())
        .map(|(c, darkness)| (*darkness, c.area))
        .collect();
    letters.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all: u64 = letters.iter().map(|(_, area)| u64::from(*area)).sum();
    let mut seen = 0;
    letters.iter().find_map(|(darkness, area)| {
        seen += u64::from(*area);
        (seen as f64 >= all as f64 * f64::from(USUAL)).then_some(*darkness)
    })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::Pale;
    use crate::prepare::binarise;

    /// Rows of letters; of the pale ones in the right half, each fourth row has none. A point stands
    /// beside each dark row's last letter.
    fn page(pale: u8) -> GrayImage {
        let letter = |x: u32, y: u32| {
            let (u, v) = (x % 14, y % 40);
            u < 10 && v < 16 && (u < 3 || u > 6 || v < 3)
        };
        GrayImage::from_fn(800, 640, |x, y| {
            let near = (354..357).contains(&x) || (364..367).contains(&x);
            let point = near && (13..16).contains(&(y % 40));
            let dark = (20..350).contains(&x) && letter(x, y);
            let faint = (420..780).contains(&x) && y % 160 < 120 && letter(x, y);
            Luma([if dark {
                40
            } else if point {
                180
            } else if faint {
                pale
            } else {
                255
            }])
        })
    }

    #[test]
    fn pale_lines_go_and_the_faint_point_beside_a_letter_stays() {
        let mut flat = page(180);
        let mut color = RgbImage::from_fn(800, 640, |x, y| {
            let share = f32::from(flat.get_pixel(x, y)[0]) / 255.0;
            Rgb([250.0, 240.0, 200.0].map(|paper| (paper * share) as u8))
        });
        let ink = binarise::sauvola(&flat, 41, 0.1);
        let pale = Pale::of(&flat, &ink).expect("twelve pale lines");
        assert_eq!(pale.lines.len(), 12);
        assert!(pale.lines.iter().all(|line| line.bbox().x0 > 400.0));
        pale.erase(&pale.lines, &mut color, &mut flat);
        assert_eq!(flat.get_pixel(421, 1).0, [255]);
        let paper = color.get_pixel(421, 1).0;
        assert!(
            paper
                .iter()
                .zip([250, 240, 200])
                .all(|(a, b)| a.abs_diff(b) < 3),
            "{paper:?}"
        );
        assert_eq!(flat.get_pixel(21, 1).0, [40]);
        assert_eq!(flat.get_pixel(355, 14).0, [180]);
        assert_eq!(
            flat.get_pixel(365, 14).0,
            [180],
            "beside, and as small as a point"
        );
    }

    #[test]
    fn a_page_of_one_darkness_has_no_pale_lines() {
        for grey in [40, 130] {
            let flat = page(grey);
            assert!(
                Pale::of(&flat, &binarise::sauvola(&flat, 41, 0.1)).is_none(),
                "{grey}"
            );
        }
        let blank = GrayImage::from_pixel(300, 300, Luma([255]));
        assert!(Pale::of(&blank, &binarise::sauvola(&blank, 41, 0.1)).is_none());
    }
}
