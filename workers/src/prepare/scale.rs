//! Sizes: reduced copies for cheap estimates, and how large the letters are. Reducing averages whole
//! cells. The x-height comes from components, because the resolution that a file claims is often
//! wrong or absent.
//! Limit: `x_height` is that of most letters on the page; a page of capitals gives their height.

use image::GrayImage;
use rayon::prelude::*;

use super::components::{Component, Components};

/// Fewer letters than these tell no height.
const LEAST_LETTERS: usize = 12;

/// Means of `factor` x `factor` cells; cells at the right and low edges may cover less.
#[must_use]
pub fn reduce(grey: &GrayImage, factor: u32) -> GrayImage {
    if factor <= 1 || grey.is_empty() {
        return grey.clone();
    }
    let (w, f) = (grey.width() as usize, factor as usize);
    let (nw, nh) = (
        grey.width().div_ceil(factor),
        grey.height().div_ceil(factor),
    );
    let mut out = vec![0u8; nw as usize * nh as usize];
    let rows = grey.as_raw().par_chunks(w * f);
    out.par_chunks_mut(nw as usize)
        .zip(rows)
        .for_each(|(row, band)| {
            let mut sums = vec![0u32; row.len()];
            for line in band.chunks_exact(w) {
                for (sum, cell) in sums.iter_mut().zip(line.chunks(f)) {
                    *sum += cell.iter().map(|v| u32::from(*v)).sum::<u32>();
                }
            }
            let lines = band.len() / w;
            for (x, (pixel, sum)) in row.iter_mut().zip(sums).enumerate() {
                let count = (lines * (w - x * f).min(f)) as u32;
                *pixel = ((sum + count / 2) / count) as u8;
            }
        });
    GrayImage::from_raw(nw, nh, out).unwrap_or_default()
}

/// The height of most letters in pixels (of x, a, n; of capitals when there is nothing else), or
/// `None` when fewer than 12 components look like letters.
#[must_use]
pub fn x_height(grey: &GrayImage) -> Option<f32> {
    x_height_of(&super::components::label(&super::binarise::sauvola(
        grey, 41, 0.2,
    )))
}

/// [`x_height`] of components that are there already.
#[must_use]
pub fn x_height_of(components: &Components) -> Option<f32> {
    let mut letters: Vec<&Component> = components
        .list
        .iter()
        .filter(|c| c.is_letter_like() && !is_bar(c))
        .collect();
    if letters.len() < LEAST_LETTERS {
        return None;
    }
    letters.sort_unstable_by_key(|c| c.x0);
    let in_words = in_words(&letters);
    let counted = if in_words.len() < LEAST_LETTERS {
        letters
    } else {
        in_words
    };
    let mut counts = [0f32; 128];
    for c in counted {
        if let Some(count) = counts.get_mut(c.height() as usize) {
            *count += 1.0;
        }
    }
    // Neighbouring heights are one letter height, seen with noise; dirt is small and many, so a
    // height counts with its size.
    let smooth = |h: usize| (counts[h - 1] + 2.0 * counts[h] + counts[h + 1]) * (h as f32).sqrt();
    (4..127usize)
        .max_by(|a, b| smooth(*a).total_cmp(&smooth(*b)))
        .map(|h| h as f32)
}

/// An `l`, an `I` or a bar of a bar code: no letter tells its height by a stroke alone, and the bars of
/// some labels outnumber the letters of their page.
fn is_bar(c: &Component) -> bool {
    c.width() * 4 < c.height()
}

/// How many components look like letters of words.
#[must_use]
pub fn letters_in_words(components: &Components) -> usize {
    let mut letters: Vec<&Component> = components
        .list
        .iter()
        .filter(|c| c.is_letter_like() && !is_bar(c))
        .collect();
    letters.sort_unstable_by_key(|c| c.x0);
    in_words(&letters).len()
}

/// Those that have another of like height close by on their row: letters do, the specks of a bad fax,
/// which may outnumber them, hardly ever. `letters` are sorted by their left edges.
fn in_words<'a>(letters: &[&'a Component]) -> Vec<&'a Component> {
    let mut accompanied = vec![false; letters.len()];
    for (i, a) in letters.iter().enumerate() {
        let reach = a.x1 + a.height();
        for (j, b) in letters.iter().enumerate().skip(i + 1) {
            if b.x0 > reach {
                break;
            }
            let low = a.height().min(b.height());
            let alike = 3 * low >= 2 * a.height().max(b.height());
            let shared = a.y1.min(b.y1).saturating_sub(a.y0.max(b.y0));
            if alike && 2 * shared >= low {
                accompanied[i] = true;
                accompanied[j] = true;
            }
        }
    }
    letters
        .iter()
        .zip(accompanied)
        .filter_map(|(letter, accompanied)| accompanied.then_some(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{reduce, x_height};

    #[test]
    fn reducing_keeps_the_mean_of_every_cell() {
        let grey = GrayImage::from_fn(10, 7, |x, y| Luma([(x * 20 + y) as u8]));
        let small = reduce(&grey, 4);
        assert_eq!(small.dimensions(), (3, 2));
        assert_eq!(small.get_pixel(0, 0).0, [32]);
        assert_eq!(
            small.get_pixel(2, 1).0,
            [175],
            "a cell of 2 x 3 pixels at the edge"
        );
    }

    #[test]
    fn x_height_of_boxes_is_their_height() {
        for height in [6, 11, 25] {
            let pitch = height * 2;
            let grey = GrayImage::from_fn(40 * pitch, 8 * pitch, |x, y| {
                let (u, v) = (x % pitch, y % pitch);
                let edge = u < 2 || v < 2 || u >= height - 3 || v >= height - 2;
                Luma([if u < height - 1 && v < height && edge {
                    20
                } else {
                    235
                }])
            });
            let got = x_height(&grey).unwrap();
            assert!((got - height as f32).abs() <= 1.0, "{height}: {got}");
        }
        assert_eq!(x_height(&GrayImage::from_pixel(50, 50, Luma([200]))), None);
    }

    #[test]
    fn bars_of_a_code_are_no_letters() {
        let grey = GrayImage::from_fn(900, 400, |x, y| {
            let letter = y < 100 && x % 17 < 12 && y % 30 < 14;
            let bar = y > 200 && y < 255 && x % 9 < 2 + x / 9 % 3 * 2;
            Luma([if letter || bar { 20 } else { 235 }])
        });
        assert!((x_height(&grey).unwrap() - 14.0).abs() <= 1.0);
    }

    #[test]
    fn specks_that_outnumber_the_letters_are_not_taken_for_them() {
        let mut grey = GrayImage::from_pixel(900, 900, Luma([235]));
        let mut mark = |x: u32, y: u32, side: u32| {
            for (u, v) in (0..side).flat_map(|u| (0..side).map(move |v| (u, v))) {
                grey.put_pixel(x + u, y + v, Luma([20]));
            }
        };
        for letter in 0..100 {
            mark(20 + letter % 50 * 17, 20 + letter / 50 * 30, 12);
        }
        // One in every square of 30 pixels, each at another height than its neighbours.
        for (row, column) in (3..30).flat_map(|r| (0..30).map(move |c| (r, c))) {
            mark(30 * column, 30 * row + 7 * (column % 3), 4);
        }
        assert!((x_height(&grey).unwrap() - 12.0).abs() <= 1.0);
    }
}
