//! Local contrast: contrast-limited adaptive histogram equalisation (Zuiderveld 1994, "Contrast
//! limited adaptive histogram equalization", Graphics Gems IV).
//! Each tile gets its own grey curve, clipped so that noise is not blown up, and pixels blend the
//! curves of the four tiles around them.
//! Limit: paper without ink gains some grain; it is for faint pages, not for every page.

use image::GrayImage;
use rayon::prelude::*;

/// Equalises over `tiles` x `tiles` tiles (1..=32). `clip` is the highest count of a level as a
/// multiple of the mean count; 1 changes little, 2 to 4 is usual.
#[must_use]
pub fn clahe(grey: &GrayImage, tiles: u32, clip: f32) -> GrayImage {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    if w == 0 || h == 0 {
        return grey.clone();
    }
    let count = tiles.clamp(1, 32) as usize;
    let (tw, th) = (w.div_ceil(count), h.div_ceil(count));
    let (nx, ny) = (w.div_ceil(tw), h.div_ceil(th));
    let curves: Vec<[u8; 256]> = (0..nx * ny)
        .into_par_iter()
        .map(|i| curve(grey, (i % nx * tw, i / nx * th), (tw, th), clip.max(1.0)))
        .collect();
    let mut out = grey.as_raw().clone();
    out.par_chunks_mut(w).enumerate().for_each(|(y, row)| {
        let (top, low, v) = between(y, th, ny);
        for (x, pixel) in row.iter_mut().enumerate() {
            let (left, right, u) = between(x, tw, nx);
            let at = |tx: usize, ty: usize| f32::from(curves[ty * nx + tx][usize::from(*pixel)]);
            let upper = at(left, top) * (1.0 - u) + at(right, top) * u;
            let lower = at(left, low) * (1.0 - u) + at(right, low) * u;
            *pixel = (upper * (1.0 - v) + lower * v + 0.5) as u8;
        }
    });
    GrayImage::from_raw(grey.width(), grey.height(), out).unwrap_or_default()
}

/// The two tiles whose centres enclose a pixel, and how far it is to the second.
fn between(at: usize, size: usize, count: usize) -> (usize, usize, f32) {
    let place = ((at as f32 + 0.5) / size as f32 - 0.5).clamp(0.0, (count - 1) as f32);
    (
        place as usize,
        (place as usize + 1).min(count - 1),
        place.fract(),
    )
}

/// A tile's cumulative histogram after clipping; what was cut off is spread over all levels.
fn curve(
    grey: &GrayImage,
    (x0, y0): (usize, usize),
    (tw, th): (usize, usize),
    clip: f32,
) -> [u8; 256] {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    let (x1, y1) = ((x0 + tw).min(w), (y0 + th).min(h));
    let mut counts = [0f32; 256];
    for y in y0..y1 {
        for value in &grey.as_raw()[y * w + x0..y * w + x1] {
            counts[usize::from(*value)] += 1.0;
        }
    }
    let total = ((x1 - x0) * (y1 - y0)) as f32;
    let limit = clip * total / 256.0;
    let cut: f32 = counts.iter().map(|n| (n - limit).max(0.0)).sum();
    let mut sum = 0.0;
    counts.map(|n| {
        sum += n.min(limit) + cut / 256.0;
        (sum / total * 255.0).clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use proptest::prelude::*;

    use super::clahe;

    #[test]
    fn faint_ink_gains_contrast_and_no_edge_of_tiles_shows() {
        let page = GrayImage::from_fn(256, 256, |x, y| {
            Luma([if x % 8 < 3 && y % 16 < 8 { 150 } else { 170 }])
        });
        let got = clahe(&page, 4, 40.0);
        let (ink, paper) = (got.get_pixel(128, 128).0[0], got.get_pixel(133, 133).0[0]);
        assert!(paper > ink + 25, "{ink} {paper}");
        let jump = (0..255)
            .map(|x| got.get_pixel(x, 12).0[0].abs_diff(got.get_pixel(x + 1, 12).0[0]))
            .max();
        assert!(jump < Some(4), "{jump:?}");
    }

    #[test]
    fn odd_sizes_are_safe() {
        for (w, h, tiles) in [(0, 0, 8), (1, 1, 8), (7, 300, 32), (33, 2, 0)] {
            let page = GrayImage::from_pixel(w, h, Luma([90]));
            assert_eq!(clahe(&page, tiles, 2.0).dimensions(), (w, h));
        }
    }

    proptest! {
        #[test]
        fn one_tile_keeps_the_order_of_greys(values in proptest::collection::vec(any::<u8>(), 64)) {
            let page = GrayImage::from_raw(8, 8, values).unwrap();
            let got = clahe(&page, 1, 3.0);
            for (a, x) in page.as_raw().iter().zip(got.as_raw()) {
                for (b, y) in page.as_raw().iter().zip(got.as_raw()) {
                    prop_assert!(a >= b || x <= y);
                }
            }
        }
    }
}
