//! Grey to ink and paper.
//! Sauvola's threshold follows the local mean and contrast, so it keeps faint ink beside bold; Otsu's
//! is one number, for estimates. Sauvola's says what is ink and throws nothing away after.
//! Limit: white on dark comes out as paper; [`super::flatten`] turns such banners first.

use image::GrayImage;
use rayon::prelude::*;

/// Ink (`true`) and paper (`false`), row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryImage {
    width: usize,
    height: usize,
    ink: Vec<bool>,
}

impl BinaryImage {
    /// All paper.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            ink: vec![false; width * height],
        }
    }

    /// Ink where `f(x, y)` says so.
    #[must_use]
    pub fn from_fn(width: usize, height: usize, f: impl Fn(usize, usize) -> bool) -> Self {
        let ink = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| f(x, y));
        Self {
            width,
            height,
            ink: ink.collect(),
        }
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Is there ink? Paper outside the image.
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.ink[y * self.width + x]
    }

    /// Sets one pixel; outside the image nothing happens.
    pub fn set(&mut self, x: usize, y: usize, ink: bool) {
        if x < self.width && y < self.height {
            self.ink[y * self.width + x] = ink;
        }
    }

    /// One row of pixels, empty outside the image.
    #[must_use]
    pub fn row(&self, y: usize) -> &[bool] {
        self.ink
            .get(y * self.width..(y + 1) * self.width)
            .unwrap_or_default()
    }

    /// Sets the pixels `x0..x1` of a row, cut to the image.
    pub fn fill(&mut self, y: usize, x0: usize, x1: usize, ink: bool) {
        let x1 = x1.min(self.width);
        if y < self.height && x0 < x1 {
            self.ink[y * self.width + x0..y * self.width + x1].fill(ink);
        }
    }

    /// Rows become columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut turned = Self::new(self.height, self.width);
        // Tiles keep both sides in the cache.
        for y0 in (0..self.height).step_by(32) {
            for x0 in (0..self.width).step_by(32) {
                for y in y0..(y0 + 32).min(self.height) {
                    for x in x0..(x0 + 32).min(self.width) {
                        turned.ink[x * self.height + y] = self.ink[y * self.width + x];
                    }
                }
            }
        }
        turned
    }

    /// Number of ink pixels.
    #[must_use]
    pub fn ink_pixels(&self) -> usize {
        self.ink.iter().filter(|ink| **ink).count()
    }

    /// Ink 0, paper 255.
    #[must_use]
    pub fn to_grey(&self) -> GrayImage {
        let raw = self
            .ink
            .iter()
            .map(|ink| if *ink { 0 } else { 255 })
            .collect();
        GrayImage::from_raw(self.width as u32, self.height as u32, raw).unwrap_or_default()
    }
}

/// Sauvola and Pietikainen 2000, "Adaptive document image binarization", with integral images:
/// ink where `grey < mean * (1 + k * (deviation / 128 - 1))` over a square of `window` pixels.
///
/// `window` is made odd and kept within 3..=255; about two text heights is right. `k` of 0.2 suits
/// flattened pages, 0.34 clean ones.
#[must_use]
pub fn sauvola(grey: &GrayImage, window: u32, k: f32) -> BinaryImage {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    if w == 0 || h == 0 {
        return BinaryImage::new(w, h);
    }
    let half = (window.clamp(3, 255) / 2) as usize;
    let (sums, squares) = integrals(grey);
    let stride = w + 1;
    let mut ink = vec![false; w * h];
    ink.par_chunks_mut(w)
        .zip(grey.as_raw().par_chunks(w))
        .enumerate()
        .for_each(|(y, (row, pixels))| {
            let (top, low) = (
                y.saturating_sub(half) * stride,
                (y + half + 1).min(h) * stride,
            );
            let rows = (low - top) / stride;
            for (x, (ink, pixel)) in row.iter_mut().zip(pixels).enumerate() {
                let (left, right) = (x.saturating_sub(half), (x + half + 1).min(w));
                let over = |t: &[u32]| {
                    t[low + right]
                        .wrapping_sub(t[low + left])
                        .wrapping_sub(t[top + right])
                        .wrapping_add(t[top + left])
                };
                let count = ((right - left) * rows) as f32;
                let mean = over(&sums) as f32 / count;
                let deviation = (over(&squares) as f32 / count - mean * mean)
                    .max(0.0)
                    .sqrt();
                *ink = f32::from(*pixel) < mean * (1.0 + k * (deviation / 128.0 - 1.0));
            }
        });
    BinaryImage {
        width: w,
        height: h,
        ink,
    }
}

/// Sums of grey and of its square above and left of each corner, modulo 2^32: differences over a
/// window of at most 255 pixels are exact all the same.
fn integrals(grey: &GrayImage) -> (Vec<u32>, Vec<u32>) {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    let stride = w + 1;
    let mut sums = vec![0u32; stride * (h + 1)];
    let mut squares = sums.clone();
    for (y, pixels) in grey.as_raw().chunks_exact(w).enumerate() {
        let (mut sum, mut square) = (0u32, 0u32);
        let (above, here) = (y * stride, (y + 1) * stride);
        for (x, pixel) in pixels.iter().enumerate() {
            let value = u32::from(*pixel);
            sum = sum.wrapping_add(value);
            square = square.wrapping_add(value * value);
            sums[here + x + 1] = sums[above + x + 1].wrapping_add(sum);
            squares[here + x + 1] = squares[above + x + 1].wrapping_add(square);
        }
    }
    (sums, squares)
}

/// The grey level that parts the histogram best, ink being at or below it (Otsu 1979, "A threshold
/// selection method from gray-level histograms"); 0 for an empty or even image.
#[must_use]
pub fn otsu_level(grey: &GrayImage) -> u8 {
    let mut histogram = [0f64; 256];
    for pixel in grey.as_raw() {
        histogram[usize::from(*pixel)] += 1.0;
    }
    let count: f64 = histogram.iter().sum();
    let total: f64 = histogram
        .iter()
        .zip(0u32..)
        .map(|(n, v)| n * f64::from(v))
        .sum();
    let (mut dark, mut dark_sum, mut best, mut level) = (0.0, 0.0, 0.0, 0);
    for (value, n) in (0u8..=255).zip(histogram) {
        dark += n;
        dark_sum += n * f64::from(value);
        let light = count - dark;
        if dark == 0.0 || light == 0.0 {
            continue;
        }
        let gap = dark_sum / dark - (total - dark_sum) / light;
        let between = dark * light * gap * gap;
        if between > best {
            (best, level) = (between, value);
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{BinaryImage, otsu_level, sauvola};

    #[test]
    fn sauvola_keeps_faint_ink_on_a_gradient_where_otsu_cannot() {
        // Paper falls from 240 to 100; strokes are 30 % darker than their paper.
        let paper = |x: u32| 240.0 - 140.0 * x as f32 / 400.0;
        let is_ink = |x: u32, y: u32| y % 20 < 3 && x % 11 < 7;
        let grey = GrayImage::from_fn(400, 200, |x, y| {
            Luma([(paper(x) * if is_ink(x, y) { 0.7 } else { 1.0 }) as u8])
        });
        let wrong = |b: &BinaryImage| {
            (0..200)
                .flat_map(|y| (0..400).map(move |x| (x, y)))
                .filter(|(x, y)| b.get(*x as usize, *y as usize) != is_ink(*x, *y))
                .count()
        };
        assert!(
            wrong(&sauvola(&grey, 31, 0.2)) < 800,
            "{}",
            wrong(&sauvola(&grey, 31, 0.2))
        );
        let level = otsu_level(&grey);
        let otsu = BinaryImage::from_fn(400, 200, |x, y| {
            grey.get_pixel(x as u32, y as u32)[0] <= level
        });
        assert!(wrong(&otsu) > 8000);
    }

    #[test]
    fn otsu_parts_two_levels_and_survives_flat_images() {
        let two = GrayImage::from_fn(10, 10, |x, _| Luma([if x < 3 { 40 } else { 200 }]));
        assert!((40..200).contains(&otsu_level(&two)));
        for (name, image) in [
            ("empty", GrayImage::new(0, 0)),
            ("flat", GrayImage::from_pixel(5, 5, Luma([9]))),
        ] {
            assert_eq!(otsu_level(&image), 0, "{name}");
            assert_eq!(sauvola(&image, 31, 0.2).ink_pixels(), 0, "{name}");
        }
    }

    #[test]
    fn transposing_twice_is_nothing() {
        let image = BinaryImage::from_fn(45, 70, |x, y| (x * 7 + y * 3) % 5 == 0);
        assert_eq!(image.transposed().transposed(), image);
        assert_eq!(image.transposed().get(50, 12), image.get(12, 50));
        assert!(!image.get(45, 0));
    }
}
