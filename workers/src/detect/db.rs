//! PP-OCRv6 text detection: a differentiable-binarisation network (Liao et al. 2020) and its
//! post-processing: regions of the probability map, minimum-area rectangles, score, unclip.

use std::{error::Error, path::Path, sync::Mutex};

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::RgbImage;
use imageproc::point::Point as Pixel;
use ndarray::Array4;
use ort::{
    session::{RunOptions, Session},
    value::TensorRef,
};
use schemas::{ModelInfo, Point, Quad};

use super::rect::min_area_rect;
use crate::engine::{AT_ONCE, ReadError, Runtime};

/// Settings of the post-processing.
const THRESHOLD: f32 = 0.3;
const BOX_SCORE: f32 = 0.5;
const UNCLIP: f32 = 1.6;
const MIN_SIDE: f32 = 3.0;
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// The PP-OCRv6 detector.
pub struct Detector {
    session: Mutex<Session>,
    /// A whole page takes much memory, which each run gives back: the recognisers come next.
    frugal: RunOptions,
    /// The model file.
    pub model: ModelInfo,
}

impl Detector {
    /// Opens the detection model.
    ///
    /// # Errors
    /// When the model is missing or damaged.
    pub fn open(
        runtime: &Runtime,
        model: &Path,
        sha256: String,
    ) -> Result<Self, crate::engine::LoadError> {
        let file = model
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let threads = rayon::current_num_threads().min(AT_ONCE);
        let session = Mutex::new(runtime.session_on(model, threads)?);
        let frugal = Runtime::frugal(model)?;
        Ok(Self {
            session,
            frugal,
            model: ModelInfo { file, sha256 },
        })
    }

    /// Boxes of text, in pixels of `page`, in no particular order. The page is looked at with its
    /// long side at most `long_side` pixels.
    ///
    /// # Errors
    /// When the network fails.
    pub fn detect(&self, page: &RgbImage, long_side: u32) -> Result<Vec<Quad>, ReadError> {
        let (map, width, height) = self.probabilities(page, long_side)?;
        let scale = [
            page.width() as f32 / width as f32,
            page.height() as f32 / height as f32,
        ];
        Ok(regions(&map, width, height)
            .iter()
            .filter_map(|region| text_box(&map, width, region))
            .map(|quad| quad.map(|[x, y]| [x * scale[0], y * scale[1]]))
            .collect())
    }

    fn probabilities(
        &self,
        page: &RgbImage,
        long_side: u32,
    ) -> Result<(Vec<f32>, usize, usize), ReadError> {
        let ratio = (long_side as f32 / page.width().max(page.height()) as f32).min(1.0);
        let side = |pixels: u32| ((pixels as f32 * ratio / 32.0).round() as u32).max(1) * 32;
        let (width, height) = (side(page.width()), side(page.height()));
        let resized = resized(page, width, height).map_err(ReadError::failed)?;
        let (width, height) = (width as usize, height as usize);
        let pixels = resized.buffer();
        let input = Array4::<f32>::from_shape_fn((1, 3, height, width), |(_, channel, y, x)| {
            let value = f32::from(pixels[(y * width + x) * 3 + 2 - channel]) / 255.0;
            (value - MEAN[channel]) / DEVIATION[channel]
        });
        let tensor = TensorRef::from_array_view(&input).map_err(ReadError::failed)?;
        let mut session = self.session.lock().map_err(ReadError::failed)?;
        let outputs = session
            .run_with_options(ort::inputs![tensor], &self.frugal)
            .map_err(ReadError::failed)?;
        let (_, map) = outputs[0]
            .try_extract_tensor::<f32>()
            .map_err(ReadError::failed)?;
        Ok((map.to_vec(), width, height))
    }
}

fn resized(page: &RgbImage, width: u32, height: u32) -> Result<Image<'static>, Box<dyn Error>> {
    let source = ImageRef::new(page.width(), page.height(), page.as_raw(), PixelType::U8x3)?;
    let mut smaller = Image::new(width, height, PixelType::U8x3);
    let bilinear = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut smaller, &bilinear)?;
    Ok(smaller)
}

/// A connected region of the map: its pixels `(x, y)`.
type Region = Vec<(usize, usize)>;

/// 8-connected regions above the threshold.
fn regions(map: &[f32], width: usize, height: usize) -> Vec<Region> {
    let mut seen = vec![false; map.len()];
    let mut regions = Vec::new();
    let mut stack = Vec::new();
    for start in 0..map.len() {
        if seen[start] || map[start] <= THRESHOLD {
            continue;
        }
        let mut region = Vec::new();
        seen[start] = true;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            region.push((x, y));
            for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let next = ny * width + nx;
                    if !seen[next] && map[next] > THRESHOLD {
                        seen[next] = true;
                        stack.push(next);
                    }
                }
            }
        }
        regions.push(region);
    }
    regions
}

/// The unclipped rectangle of a region that is large and sure enough.
fn text_box(map: &[f32], width: usize, region: &Region) -> Option<Quad> {
    let score = region.iter().map(|&(x, y)| map[y * width + x]).sum::<f32>() / region.len() as f32;
    if score < BOX_SCORE {
        return None;
    }
    let rect = min_area_rect(&outline(region))?;
    if rect.width().min(rect.height()) < MIN_SIDE {
        return None;
    }
    let distance = rect.width() * rect.height() * UNCLIP / (2.0 * (rect.width() + rect.height()));
    Some(grow(&rect, distance))
}

/// Pixel corners of the leftmost and rightmost pixel of each row: all that a hull needs.
fn outline(region: &Region) -> Vec<Pixel<i32>> {
    let top = region.iter().map(|p| p.1).min().unwrap_or(0);
    let bottom = region.iter().map(|p| p.1).max().unwrap_or(0);
    let mut rows = vec![(usize::MAX, 0); bottom - top + 1];
    for &(x, y) in region {
        let row = &mut rows[y - top];
        *row = (row.0.min(x), row.1.max(x));
    }
    rows.iter()
        .enumerate()
        .filter(|(_, row)| row.0 <= row.1)
        .flat_map(|(i, &(left, right))| {
            let (y0, y1) = ((top + i) as i32, (top + i + 1) as i32);
            let (x0, x1) = (left as i32, (right + 1) as i32);
            [(x0, y0), (x0, y1), (x1, y0), (x1, y1)].map(|(x, y)| Pixel::new(x, y))
        })
        .collect()
}

/// Moves every side outwards by `distance`.
fn grow(rect: &Quad, distance: f32) -> Quad {
    let [tl, tr, _, bl] = rect.0;
    let unit = |a: Point, b: Point, length: f32| {
        let length = length.max(1e-6);
        [
            (b[0] - a[0]) / length * distance,
            (b[1] - a[1]) / length * distance,
        ]
    };
    let u = unit(tl, tr, rect.width());
    let v = unit(tl, bl, rect.height());
    let [a, b, c, d] = rect.0;
    Quad([
        [a[0] - u[0] - v[0], a[1] - u[1] - v[1]],
        [b[0] + u[0] - v[0], b[1] + u[1] - v[1]],
        [c[0] + u[0] + v[0], c[1] + u[1] + v[1]],
        [d[0] - u[0] + v[0], d[1] - u[1] + v[1]],
    ])
}

#[cfg(test)]
mod tests {
    use super::{regions, text_box};

    #[test]
    fn a_sure_region_becomes_a_grown_box_and_a_doubtful_one_does_not() {
        let (w, h) = (100, 40);
        for (p, found) in [(0.9, true), (0.4, false)] {
            let map: Vec<f32> = (0..w * h)
                .map(|i| {
                    if (20..80).contains(&(i % w)) && (15..25).contains(&(i / w)) {
                        p
                    } else {
                        0.0
                    }
                })
                .collect();
            let regions = regions(&map, w, h);
            assert_eq!(regions.len(), 1);
            let quad = text_box(&map, w, &regions[0]);
            assert_eq!(quad.is_some(), found, "p {p}");
            if let Some(quad) = quad {
                // 60 x 10, unclipped by 600 * 1.6 / 140.
                let b = quad.bbox();
                assert!((b.width() - (60.0 + 2.0 * 6.857)).abs() < 0.1, "{b:?}");
                assert!((b.height() - (10.0 + 2.0 * 6.857)).abs() < 0.1, "{b:?}");
            }
        }
    }
}
