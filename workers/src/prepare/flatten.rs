//! Even paper: every pixel is divided by the paper around it, so shade, shadow, gradients and
//! highlighter go and faint ink stays. The paper is estimated on a reduced copy: bright percentile
//! of each cell, grey closing over strokes, smoothing; then interpolated per pixel.
//! Decision: a patch that is much darker than the paper around it, thicker than any stroke and no
//! larger than a banner, is turned over, so white text on a dark bar becomes dark text on white.
//! Limit: thin dark shapes (a coffee ring, a fold) grow lighter but stay; a banner higher than about
//! a sixteenth of the page's longer side keeps its polarity.

use image::{GrayImage, Rgb, RgbImage};
use rayon::prelude::*;

use super::{
    banners::{REACH, banners},
    morphology::{close, open},
};

/// Cells along the longer side: about 10 pixels each on a letter page at 200 dpi.
const CELLS: u32 = 220;
/// Half the side of the closing that hides strokes, in cells.
const STROKE: usize = 2;

/// The page with paper at 255 and ink darker in the proportion that it was.
#[must_use]
pub fn flatten(grey: &GrayImage) -> GrayImage {
    let Some(grid) = Grid::of(grey) else {
        return grey.clone();
    };
    let width = grey.width() as usize;
    let mut out = grey.as_raw().clone();
    out.par_chunks_mut(width)
        .enumerate()
        .for_each(|(y, row)| grid.divide(y, row));
    GrayImage::from_raw(grey.width(), grey.height(), out).unwrap_or_default()
}

/// The page's paper colour, by channel the level that is as dark or darker than only a third of the
/// page: what to fill the corners of a turned page with. White for an empty image.
#[must_use]
pub fn paper_colour(image: &RgbImage) -> Rgb<u8> {
    let mut counts = [[0usize; 256]; 3];
    for pixel in image.pixels().step_by(7) {
        for (count, value) in counts.iter_mut().zip(pixel.0) {
            count[usize::from(value)] += 1;
        }
    }
    let total: usize = counts[0].iter().sum();
    Rgb(counts.map(|count| {
        let mut seen = 0;
        let level = count.iter().position(|n| {
            seen += n;
            seen * 3 > total * 2
        });
        level.map_or(255, |v| v as u8)
    }))
}

/// The local paper and, in banners, the local ground and letter level.
struct Grid {
    cell: usize,
    width: usize,
    height: usize,
    paper: Vec<f32>,
    ground: Vec<f32>,
    banner: Vec<bool>,
}

impl Grid {
    fn of(grey: &GrayImage) -> Option<Self> {
        let longer = grey.width().max(grey.height());
        if grey.is_empty() || longer < 32 {
            return None;
        }
        let cell = longer.div_ceil(CELLS).max(4) as usize;
        let (w, h) = (
            (grey.width() as usize).div_ceil(cell),
            (grey.height() as usize).div_ceil(cell),
        );
        let levels: Vec<[u8; 3]> = (0..w * h)
            .into_par_iter()
            .map(|i| percentiles(grey, cell, i % w, i / w))
            .collect();
        let [low, middle, bright] =
            [0, 1, 2].map(|k| levels.iter().map(|l| l[k]).collect::<Vec<u8>>());
        let around = close(&bright, w, REACH);
        let banner = banners([&low, &middle, &bright], &around, w);
        let near: Vec<u8> = close(&bright, w, STROKE)
            .iter()
            .zip(&around)
            .zip(&banner)
            .map(|((near, around), banner)| if *banner { *around } else { *near })
            .collect();
        let ground = smooth(&open(&low, w, 1), w);
        Some(Self {
            cell,
            width: w,
            height: h,
            paper: smooth(&near, w),
            ground,
            banner,
        })
    }

    fn divide(&self, y: usize, row: &mut [u8]) {
        let (top, low, v) = self.span(y, self.height);
        let mix = |grid: &[f32]| -> Vec<f32> {
            let lines = grid[top * self.width..]
                .iter()
                .zip(&grid[low * self.width..]);
            lines
                .take(self.width)
                .map(|(a, b)| a * (1.0 - v) + b * v)
                .collect()
        };
        let (paper, ground) = (mix(&self.paper), mix(&self.ground));
        let banners = &self.banner[(y / self.cell).min(self.height - 1) * self.width..];
        for (cx, cell) in row.chunks_mut(self.cell).enumerate() {
            for (i, pixel) in cell.iter_mut().enumerate() {
                let (left, right, u) = self.span(cx * self.cell + i, self.width);
                let at = |line: &[f32]| line[left] * (1.0 - u) + line[right] * u;
                let (value, paper) = (f32::from(*pixel), at(&paper).max(1.0));
                let share = if banners[cx] {
                    let ground = at(&ground).min(paper - 1.0);
                    1.0 - (value - ground).max(0.0) / (paper - ground)
                } else {
                    value / paper
                };
                *pixel = (share * 255.0) as u8;
            }
        }
    }

    /// The two cells whose centres enclose a pixel along an axis of `count` cells, and how far it is
    /// to the second.
    fn span(&self, at: usize, count: usize) -> (usize, usize, f32) {
        let place = ((at as f32 + 0.5) / self.cell as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let first = place as usize;
        (first, (first + 1).min(count - 1), place - first as f32)
    }
}

/// 20th, 50th and 80th percentile of a cell, over every second pixel.
fn percentiles(grey: &GrayImage, cell: usize, cx: usize, cy: usize) -> [u8; 3] {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    let (x1, y1) = (((cx + 1) * cell).min(w), ((cy + 1) * cell).min(h));
    let mut counts = [0u16; 64];
    let mut total = 0u16;
    for y in (cy * cell..y1).step_by(2) {
        for value in grey.as_raw()[y * w + cx * cell..y * w + x1]
            .iter()
            .step_by(2)
        {
            counts[usize::from(value >> 2)] += 1;
            total += 1;
        }
    }
    let level = |rank: u16| {
        let mut seen = 0;
        let bin = counts.iter().position(|n| {
            seen += n;
            seen > rank
        });
        (bin.unwrap_or(63) * 4 + 2) as u8
    };
    [
        level(total / 5),
        level(total / 2),
        level(total - 1 - total / 5),
    ]
}

/// Mean of 3 x 3 cells.
fn smooth(grid: &[u8], width: usize) -> Vec<f32> {
    let height = grid.len() / width;
    (0..grid.len())
        .map(|i| {
            let (x, y) = (i % width, i / width);
            let (mut sum, mut count) = (0f32, 0f32);
            for v in y.saturating_sub(1)..(y + 2).min(height) {
                for u in x.saturating_sub(1)..(x + 2).min(width) {
                    sum += f32::from(grid[v * width + u]);
                    count += 1.0;
                }
            }
            sum / count
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::{flatten, paper_colour};

    fn stroke(x: u32, y: u32) -> bool {
        y % 40 < 20 && y % 5 < 2 && x % 13 < 9 && (50..750).contains(&x)
    }

    #[test]
    fn shade_goes_and_ink_stays() {
        let paper = |x: u32, y: u32| 250.0 - 0.12 * x as f32 - 0.08 * y as f32;
        let page = GrayImage::from_fn(800, 1000, |x, y| {
            Luma([(paper(x, y) * if stroke(x, y) { 0.7 } else { 1.0 }) as u8])
        });
        let flat = flatten(&page);
        for (x, y, pixel) in flat
            .enumerate_pixels()
            .filter(|(x, y, _)| x % 7 == 0 && y % 3 == 0)
        {
            let want = if stroke(x, y) { 178 } else { 250 };
            assert!(
                pixel.0[0].abs_diff(want) < 16,
                "({x}, {y}): {} for {want}",
                pixel.0[0]
            );
        }
    }

    #[test]
    fn white_on_a_dark_bar_becomes_dark_on_white() {
        let bar = |y: u32| (300..360).contains(&y);
        let letter =
            |x: u32, y: u32| (318..340).contains(&y) && x % 14 < 4 && (100..300).contains(&x);
        let page = GrayImage::from_fn(800, 1000, |x, y| {
            Luma([if bar(y) && !letter(x, y) { 45 } else { 235 }])
        });
        let flat = flatten(&page);
        assert!(
            flat.get_pixel(600, 330).0[0] > 225,
            "ground {}",
            flat.get_pixel(600, 330).0[0]
        );
        assert!(
            flat.get_pixel(142, 330).0[0] < 60,
            "letter {}",
            flat.get_pixel(142, 330).0[0]
        );
        assert!(flat.get_pixel(400, 600).0[0] > 245, "paper");
    }

    #[test]
    fn dark_print_in_a_narrow_shadow_stays_dark() {
        let shadow = |y: u32| (300..350).contains(&y);
        let letter =
            |x: u32, y: u32| (305..345).contains(&y) && x % 14 < 4 && (100..700).contains(&x);
        let page = GrayImage::from_fn(800, 1000, |x, y| {
            Luma([match (shadow(y), letter(x, y)) {
                (_, true) => 40,
                (true, _) => 140,
                _ => 235,
            }])
        });
        let flat = flatten(&page);
        assert!(
            flat.get_pixel(142, 325).0[0] < 110,
            "{}",
            flat.get_pixel(142, 325).0[0]
        );
    }

    #[test]
    fn a_bold_stroke_is_no_bar() {
        let page = GrayImage::from_fn(800, 1000, |x, y| {
            Luma([if (200..800).contains(&y) && x % 60 < 9 {
                30
            } else {
                230
            }])
        });
        let got = flatten(&page).get_pixel(304, 500).0[0];
        assert!(got < 60, "{got}");
    }

    #[test]
    fn stacked_bold_words_are_no_bar() {
        let word = |x: u32, y: u32| {
            (500..630).contains(&x) && y % 45 < 22 && x % 16 < 11 && (x % 16 < 6 || y % 45 < 7)
        };
        let page = GrayImage::from_fn(1700, 2200, |x, y| Luma([if word(x, y) { 30 } else { 245 }]));
        let flat = flatten(&page);
        let turned = page
            .pixels()
            .zip(flat.pixels())
            .filter(|(a, b)| a.0[0].abs_diff(b.0[0]) > 100);
        assert_eq!(turned.count(), 0);
    }

    #[test]
    fn small_and_flat_images_are_safe() {
        assert!(flatten(&GrayImage::new(0, 0)).is_empty());
        for size in [1, 3, 31, 33, 220] {
            let black = GrayImage::from_pixel(size, size, Luma([0]));
            assert_eq!(flatten(&black).dimensions(), (size, size));
        }
    }

    #[test]
    fn paper_is_not_ink() {
        let page = RgbImage::from_fn(70, 70, |x, _| {
            Rgb(if x % 10 < 4 { [0; 3] } else { [240, 235, 200] })
        });
        assert_eq!(paper_colour(&page).0, [240, 235, 200]);
        assert_eq!(paper_colour(&RgbImage::new(0, 0)).0, [255; 3]);
    }
}
