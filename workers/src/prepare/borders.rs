//! Black edges that copiers and scanners leave around a sheet.
//! Ink that is connected to the image's edge and solid is a border; it becomes paper. Decision: only
//! what is dark from the edge inwards without a break goes, row by row and column by column, so text
//! near a border keeps its strokes even where it touches.
//! Limit: a border with white speckle is cleared up to its first break of three pixels.

use image::GrayImage;

use super::binarise::otsu_level;

/// A border reaches inwards by at most this share of the side.
const DEEPEST: f32 = 0.12;
/// Along a side, this many neighbouring pixels must be dark before it is a border and not a letter.
const LONGEST_LETTER: f32 = 0.06;

/// Where `(along, depth)` is, in an image of a width and height.
type Place = fn(u32, u32, u32, u32) -> (u32, u32);

/// Fills dark borders with the page's own paper level (the commonest light grey).
#[must_use]
pub fn clear(grey: &GrayImage) -> GrayImage {
    let mut out = grey.clone();
    if grey.width() < 32 || grey.height() < 32 {
        return out;
    }
    let (dark, paper) = (otsu_level(grey).min(110), paper_level(grey));
    let (w, h) = grey.dimensions();
    // Each side: how to address a pixel by place along the side and depth from it.
    let sides: [(u32, u32, Place); 4] = [
        (h, w, |along, depth, _, _| (depth, along)),
        (h, w, |along, depth, w, _| (w - 1 - depth, along)),
        (w, h, |along, depth, _, _| (along, depth)),
        (w, h, |along, depth, _, h| (along, h - 1 - depth)),
    ];
    for (length, across, at) in sides {
        let deepest = (across as f32 * DEEPEST) as u32;
        let is_dark = |along: u32, depth: u32| {
            let (x, y) = at(along, depth, w, h);
            grey.get_pixel(x, y).0[0] <= dark
        };
        let all: Vec<u32> = (0..length)
            .map(|along| depth_of(|d| is_dark(along, d), deepest))
            .collect();
        let longest = (length as f32 * LONGEST_LETTER) as usize;
        let mut next = 0;
        for depths in all.chunk_by(|a, b| (*a > 0) == (*b > 0)) {
            let first = next;
            next += depths.len();
            if depths[0] == 0 || depths.len() < longest {
                continue;
            }
            let limit = typical_depth(depths);
            if limit > deepest {
                continue;
            }
            for (i, depth) in depths.iter().enumerate() {
                // The soft edge of a border is a pixel or two wide.
                for d in 0..((*depth).min(limit) + 2).min(across) {
                    let (x, y) = at((first + i) as u32, d, w, h);
                    out.get_pixel_mut(x, y).0 = [paper];
                }
            }
        }
    }
    out
}

/// Dark pixels from the edge inwards, over breaks of up to two; more than `deepest` is not a border's
/// own depth but that of a bar or of the border along another side.
fn depth_of(is_dark: impl Fn(u32) -> bool, deepest: u32) -> u32 {
    let (mut depth, mut at) = (0, 0);
    while at < depth + 3 && at <= deepest {
        if is_dark(at) {
            depth = at + 1;
        }
        at += 1;
    }
    depth
}

/// Letters that touch the border make it look deeper here and there; the 90th percentile is its own.
fn typical_depth(depths: &[u32]) -> u32 {
    let mut sorted = depths.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() * 9 / 10] + 2
}

fn paper_level(grey: &GrayImage) -> u8 {
    let mut counts = [0usize; 256];
    for value in grey.as_raw() {
        counts[usize::from(*value)] += 1;
    }
    (128u8..=255)
        .max_by_key(|v| counts[usize::from(*v)])
        .unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::clear;

    #[test]
    fn black_edges_go_and_text_stays() {
        let text = |x: u32, y: u32| {
            (60..340).contains(&x) && (60..440).contains(&y) && x % 9 < 3 && y % 20 < 12
        };
        let touching = |x: u32, y: u32| (20..40).contains(&x) && (200..204).contains(&y);
        let border = |x: u32, y: u32| x < 20 + y / 100 || y >= 485;
        let page = GrayImage::from_fn(400, 500, |x, y| {
            Luma([if text(x, y) || touching(x, y) || border(x, y) {
                15
            } else {
                230
            }])
        });
        let got = clear(&page);
        for (name, at, want) in [
            ("left edge", (5, 250), 230),
            ("low edge", (200, 495), 230),
            ("corner", (3, 497), 230),
            ("text", (63, 61), 15),
            ("a stroke at the border", (36, 202), 15),
            ("paper", (200, 20), 230),
        ] {
            assert_eq!(got.get_pixel(at.0, at.1).0[0], want, "{name}");
        }
    }

    #[test]
    fn a_letter_or_a_bar_at_the_edge_is_no_border() {
        let letter = GrayImage::from_fn(400, 500, |x, y| {
            Luma([if x < 12 && (100..120).contains(&y) {
                10
            } else {
                240
            }])
        });
        let bar = GrayImage::from_fn(400, 500, |_, y| {
            Luma([if (50..80).contains(&y) { 10 } else { 240 }])
        });
        for (name, page) in [
            ("letter", letter),
            ("bar", bar),
            ("tiny", GrayImage::new(8, 8)),
        ] {
            assert!(clear(&page) == page, "{name}");
        }
    }
}
