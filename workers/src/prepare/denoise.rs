//! Dirt goes, decimal points stay.
//! On ink: a speck is removed when it is smaller than a dot of this page's pen could be, or when it
//! is dot-sized and no letter stands near enough for it to be punctuation. On grey: single outlying
//! pixels take their neighbours' median.
//! Limit: a dot-sized speck within half a letter's height of a letter is kept, because a lost decimal
//! point is worse than a wrong one that the other engines outvote.

use image::GrayImage;
use rayon::prelude::*;

use super::{
    binarise::BinaryImage,
    components::{Component, Components, label},
    scale,
};

/// Removes specks; gives how many went. Pages without letters are left alone.
pub fn despeckle(ink: &mut BinaryImage) -> usize {
    let all = label(ink);
    let Some(x_height) = scale::x_height_of(&all) else {
        return 0;
    };
    let stroke = stroke_width(&all).max(1.0);
    let letters: Vec<&Component> = all
        .list
        .iter()
        .filter(|c| c.height() as f32 > 0.6 * x_height && c.is_letter_like())
        .collect();
    let near = Grid::of(&letters, x_height);
    let doomed: Vec<bool> = all
        .list
        .par_iter()
        .map(|c| {
            let side = c.width().max(c.height()) as f32;
            if side > 0.5 * x_height {
                return false;
            }
            // A round dot of the pen covers 0.78 of the stroke's square; half of that is no dot.
            (c.area as f32) < 0.4 * stroke * stroke || !near.is_beside(c, 0.5 * x_height)
        })
        .collect();
    all.erase(ink, |i, _| doomed[i]);
    doomed.iter().filter(|d| **d).count()
}

/// The commonest stroke: the median run of ink in letters, in pixels; 0 without letters.
#[must_use]
pub fn stroke_width(all: &Components) -> f32 {
    let letters: Vec<bool> = all
        .list
        .iter()
        .map(|c| c.is_letter_like() && c.height() >= 6)
        .collect();
    let mut runs: Vec<u32> = all
        .runs
        .iter()
        .filter(|r| letters[r.of as usize])
        .map(|r| r.x1 - r.x0)
        .collect();
    runs.sort_unstable();
    // Horizontal strokes give long runs, so the lower third is the pen's width.
    runs.get(runs.len() / 3).copied().unwrap_or(0) as f32
}

/// Letters by squares of the page, to find neighbours.
struct Grid<'a> {
    square: f32,
    columns: usize,
    cells: Vec<Vec<&'a Component>>,
}

impl<'a> Grid<'a> {
    fn of(letters: &[&'a Component], x_height: f32) -> Self {
        let square = (4.0 * x_height).max(16.0);
        let most =
            |f: fn(&Component) -> u32| letters.iter().map(|c| f(c)).max().unwrap_or(0) as f32;
        let columns = (most(|c| c.x1) / square) as usize + 2;
        let rows = (most(|c| c.y1) / square) as usize + 2;
        let mut cells = vec![Vec::new(); columns * rows];
        for letter in letters {
            for y in (letter.y0 as f32 / square) as usize..=(letter.y1 as f32 / square) as usize {
                for x in (letter.x0 as f32 / square) as usize..=(letter.x1 as f32 / square) as usize
                {
                    cells[y * columns + x].push(*letter);
                }
            }
        }
        Self {
            square,
            columns,
            cells,
        }
    }

    /// Does a letter stand within `reach`, level with the speck or just above or below it?
    fn is_beside(&self, speck: &Component, reach: f32) -> bool {
        let range = |low: u32, high: u32| {
            let at = |v: f32| (v.max(0.0) / self.square) as usize;
            at(low as f32 - reach)..=at(high as f32 + reach)
        };
        range(speck.y0, speck.y1).any(|row| {
            range(speck.x0, speck.x1)
                .filter(|column| *column < self.columns)
                .any(|column| {
                    let cell = self.cells.get(row * self.columns + column);
                    cell.is_some_and(|letters| letters.iter().any(|l| distance(l, speck) <= reach))
                })
        })
    }
}

/// The gap between two boxes, the larger of across and along.
fn distance(a: &Component, b: &Component) -> f32 {
    let gap = |a0: u32, a1: u32, b0: u32, b1: u32| b0.saturating_sub(a1).max(a0.saturating_sub(b1));
    gap(a.x0, a.x1, b.x0, b.x1).max(gap(a.y0, a.y1, b.y0, b.y1)) as f32
}

/// Pixels that are darker or lighter than all eight neighbours by more than 40 take the median of
/// their neighbourhood; everything else is untouched, so no stroke grows thinner.
#[must_use]
pub fn salt_and_pepper(grey: &GrayImage) -> GrayImage {
    per_neighbourhood(grey, |around| {
        let (here, mut others) = (around[4], [0; 8]);
        others[..4].copy_from_slice(&around[..4]);
        others[4..].copy_from_slice(&around[5..]);
        let (low, high) = others
            .iter()
            .fold((255, 0), |(l, h), v| (*v.min(&l), *v.max(&h)));
        if here >= low.saturating_sub(40) && here <= high.saturating_add(40) {
            return here;
        }
        others.sort_unstable();
        others[4]
    })
}

/// Applies `f` to every 3 x 3 neighbourhood, row by row with the pixel itself at 4; edges repeat.
fn per_neighbourhood(grey: &GrayImage, f: impl Fn([u8; 9]) -> u8 + Sync) -> GrayImage {
    let (w, h) = (grey.width() as usize, grey.height() as usize);
    let source = grey.as_raw();
    let mut out = source.clone();
    out.par_chunks_mut(w.max(1))
        .enumerate()
        .for_each(|(y, row)| {
            let line = |v: usize| &source[v * w..(v + 1) * w];
            let lines = [line(y.saturating_sub(1)), line(y), line((y + 1).min(h - 1))];
            for (x, pixel) in row.iter_mut().enumerate() {
                let (left, right) = (x.saturating_sub(1), (x + 1).min(w - 1));
                let [a, b, c] = lines.map(|l| [l[left], l[x], l[right]]);
                *pixel = f([a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2]]);
            }
        });
    GrayImage::from_raw(grey.width(), grey.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{despeckle, salt_and_pepper};
    use crate::prepare::binarise::BinaryImage;

    /// Digits are outlines of 10 x 16 with strokes of 3, on a pitch of 16 x 40.
    fn digits(x: usize, y: usize) -> bool {
        let (u, v) = (x % 16, y % 40);
        (10..30).contains(&v)
            && u < 10
            && (!(3..7).contains(&u) || !(13..27).contains(&v))
            && x < 300
            && y < 200
    }

    #[test]
    fn dirt_goes_and_points_stay() {
        // A point of 3 x 3 between two digits on their baseline; specks of 3 x 3 far from letters and
        // of one pixel anywhere.
        let point = |x: usize, y: usize| (43..46).contains(&x) && (27..30).contains(&y);
        let far = |x: usize, y: usize| x > 340 && x % 20 < 3 && y % 20 < 3;
        let fine = |x: usize, y: usize| y % 40 == 35 && x.is_multiple_of(9);
        let clean = BinaryImage::from_fn(500, 300, |x, y| {
            (digits(x, y) && !(42..48).contains(&x)) || point(x, y)
        });
        let mut ink =
            BinaryImage::from_fn(500, 300, |x, y| clean.get(x, y) || far(x, y) || fine(x, y));
        assert!(despeckle(&mut ink) > 100);
        let changed: Vec<_> = (0..300)
            .flat_map(|y| (0..500).map(move |x| (x, y)))
            .filter(|(x, y)| ink.get(*x, *y) != clean.get(*x, *y))
            .collect();
        assert!(changed.is_empty(), "{changed:?}");
    }

    #[test]
    fn a_page_without_letters_is_left_alone() {
        let mut ink = BinaryImage::from_fn(50, 50, |x, y| x == y && x % 4 == 0);
        let before = ink.clone();
        assert_eq!(despeckle(&mut ink), 0);
        assert_eq!(ink, before);
    }

    #[test]
    fn outliers_go_and_strokes_stay() {
        let clean = GrayImage::from_fn(60, 60, |x, y| {
            Luma([if x / 3 % 4 == 0 && y > 20 { 30 } else { 230 }])
        });
        let mut dirty = clean.clone();
        for at in [(17, 7), (40, 12), (52, 3)] {
            dirty.get_pixel_mut(at.0, at.1).0 = [0];
        }
        assert_eq!(salt_and_pepper(&dirty), clean);
        assert_eq!(salt_and_pepper(&GrayImage::new(0, 0)).len(), 0);
    }
}
