//! White print on dark bars: which cells of the reduced page to turn over.
//! A bar is dark throughout, long, and holds print that is lighter than its ground. Decision: in doubt
//! a patch is no bar, because dark print in a shadow would be lost if it were turned over.
//! Limit: see [`super::flatten`].

use super::{
    binarise::BinaryImage,
    components::{Component, label},
    morphology::{close, extreme, open},
};

/// Half the side of the closing that hides banners, in cells.
pub(super) const REACH: usize = 7;
/// A banner's ground is darker than this share of the paper around it.
const DARK: f32 = 0.66;

/// Cells of dark bars: blocks that are dark throughout, grown over the cells between white letters,
/// where dark ground still shows. What is not long and solid as a bar is a picture or bold print,
/// and where the print is darker than the ground it is a shadow.
pub(super) fn banners([low, middle, bright]: [&[u8]; 3], around: &[u8], width: usize) -> Vec<bool> {
    let dark = |levels: &[u8]| -> Vec<u8> {
        let pairs = levels.iter().zip(around);
        pairs
            .map(|(v, a)| {
                if f32::from(*v) < DARK * f32::from(*a) {
                    255
                } else {
                    0
                }
            })
            .collect()
    };
    let ground = dark(low);
    let mut mask = open(&dark(middle), width, 1);
    for _ in 0..REACH {
        let grown = extreme(&mask, width, 1, u8::max);
        mask = grown.iter().zip(&ground).map(|(a, b)| *a.min(b)).collect();
    }
    let mut bars = BinaryImage::from_fn(width, mask.len() / width, |x, y| mask[y * width + x] > 0);
    let all = label(&bars);
    // The ground is what most cells around show; white letters are much lighter, dark ones darker.
    let ground_at = |x: usize, y: usize| {
        let mut near: Vec<u8> = (y.saturating_sub(1)..y + 2)
            .flat_map(|v| (x.saturating_sub(4)..(x + 5).min(width)).map(move |u| v * width + u))
            .filter(|i| mask.get(*i).is_some_and(|m| *m > 0))
            .map(|i| middle[i])
            .collect();
        near.sort_unstable();
        f32::from(near[near.len() / 2])
    };
    let core = extreme(&close(&mask, width, 2), width, 1, u8::min);
    let is_inverse = |bar: usize| {
        let (mut lighter, mut darker) = (0, 0);
        for run in all.runs.iter().filter(|r| r.of as usize == bar) {
            for x in run.x0..run.x1 {
                let i = run.y as usize * width + x as usize;
                // Cells at the edge show what lies beside the bar.
                if core[i] == 0 {
                    continue;
                }
                let ground = ground_at(x as usize, run.y as usize);
                let light = 0.75 * ground + 0.25 * f32::from(around[i]);
                lighter += u32::from(f32::from(bright[i]) > light);
                darker += u32::from(f32::from(low[i]) < 0.65 * ground);
            }
        }
        // In doubt the page stays as it is: turning dark print over would lose it.
        lighter >= 4 && lighter > 2 * darker
    };
    // A bar on a skewed page fills its box by less than half.
    let is_bar = |i: usize, c: &Component| {
        c.width().max(c.height()) >= 20 && c.fill() >= 0.35 && is_inverse(i)
    };
    all.erase(&mut bars, |i, c| !is_bar(i, c));
    (0..mask.len())
        .map(|i| bars.get(i % width, i / width))
        .collect()
}
