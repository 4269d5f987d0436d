//! Which glyphs can be seen? Those whose absence changes the page.
//!
//! The page is rendered again with text objects left out; a glyph is visible when the pixels of its
//! own box change there, clearly and over most of its extent. That one rule covers text that is
//! invisible, transparent, white on white, clipped, outside the page, or under a box, an image or an
//! annotation. Objects that overlap are left out in different renders, so that a visible `1.0 mg`
//! does not vouch for a hidden `10 mg` beneath it. Limit: at most [`MOST_RENDERS`] extra renders.

use std::collections::HashMap;

use image::RgbImage;
use schemas::BBox;

use super::library::{Glyph, Object, Page};

/// Text that needs more layers than this is stacked on purpose; the rest counts as hidden.
const MOST_RENDERS: usize = 6;
/// Least change of a channel that a person would see on paper.
const CONTRAST: u8 = 32;
/// Least part of a glyph's box that its ink covers; a hyphen or a thin slash has more.
const INK: f32 = 0.04;
/// Least part of a glyph's width and height that its ink spans.
const SPAN: f32 = 0.6;
/// Most of a glyph's box that another object may share without a render of its own.
const SHARED: f32 = 0.15;
/// Pixels a cell of the map of what is taken.
const CELL: u32 = 2;

/// For each glyph, whether it can be seen in `render`.
pub(super) fn which(page: &Page, render: &RgbImage, glyphs: &[Glyph]) -> Vec<bool> {
    let mut seen = vec![false; glyphs.len()];
    let whole = BBox::new(0.0, 0.0, render.width() as f32, render.height() as f32);
    let mut objects: Vec<(Object, Vec<usize>)> = Vec::new();
    let mut places: HashMap<Object, usize> = HashMap::new();
    for (n, glyph) in glyphs.iter().enumerate() {
        let inside = glyph.bbox.is_some_and(|b| b.intersection(&whole) > 0.0);
        let (Some(object), true, true) = (glyph.object, glyph.painted, inside) else {
            continue;
        };
        let place = *places.entry(object).or_insert(objects.len());
        if place == objects.len() {
            objects.push((object, Vec::new()));
        }
        objects[place].1.push(n);
    }
    for layer in layers(&objects, glyphs, render) {
        let left_out: Vec<_> = layer.iter().map(|&n| objects[n].0).collect();
        let Some(without) = page.render_without(&left_out, render.width(), render.height()) else {
            continue;
        };
        for &glyph in layer.iter().flat_map(|&n| &objects[n].1) {
            seen[glyph] = glyphs[glyph]
                .bbox
                .is_some_and(|b| shows(&b, render, &without));
        }
    }
    seen
}

/// Puts objects into layers such that those of one layer do not overlap.
fn layers(
    objects: &[(Object, Vec<usize>)],
    glyphs: &[Glyph],
    render: &RgbImage,
) -> Vec<Vec<usize>> {
    let mut layers: Vec<(Taken, Vec<usize>)> = Vec::new();
    for (n, (_, of_object)) in objects.iter().enumerate() {
        let boxes = || of_object.iter().filter_map(|&g| glyphs[g].bbox);
        let free = layers
            .iter()
            .position(|(taken, _)| boxes().all(|b| taken.share(&b, n as u32) <= SHARED));
        let layer = match free {
            Some(layer) => layer,
            None if layers.len() < MOST_RENDERS => {
                layers.push((Taken::new(render), Vec::new()));
                layers.len() - 1
            }
            None => continue,
        };
        let (taken, members) = &mut layers[layer];
        boxes().for_each(|b| taken.take(&b, n as u32));
        members.push(n);
    }
    layers.into_iter().map(|(_, members)| members).collect()
}

/// Which object holds which cell of the page.
struct Taken {
    columns: u32,
    rows: u32,
    holders: Vec<u32>,
}

const NOBODY: u32 = u32::MAX;

impl Taken {
    fn new(render: &RgbImage) -> Self {
        let columns = render.width().div_ceil(CELL);
        let rows = render.height().div_ceil(CELL);
        Self {
            columns,
            rows,
            holders: vec![NOBODY; columns as usize * rows as usize],
        }
    }

    /// Cells whose middle lies in the box; at least one.
    fn cells(&self, b: &BBox) -> impl Iterator<Item = usize> {
        let cell = CELL as f32;
        let span = |from: f32, to: f32, most: u32| {
            let first = ((from / cell - 0.5).ceil().max(0.0) as u32).min(most.saturating_sub(1));
            let end = ((to / cell - 0.5).floor().max(0.0) as u32 + 1).min(most);
            first..end.max(first + 1)
        };
        let columns = self.columns as usize;
        let across = span(b.x0, b.x1, self.columns);
        span(b.y0, b.y1, self.rows).flat_map(move |y| {
            across
                .clone()
                .map(move |x| y as usize * columns + x as usize)
        })
    }

    fn share(&self, b: &BBox, object: u32) -> f32 {
        let (mut all, mut others) = (0, 0);
        for cell in self.cells(b) {
            let holder = self.holders[cell];
            all += 1;
            others += u32::from(holder != NOBODY && holder != object);
        }
        others as f32 / all.max(1) as f32
    }

    fn take(&mut self, b: &BBox, object: u32) {
        for cell in self.cells(b).collect::<Vec<_>>() {
            self.holders[cell] = object;
        }
    }
}

/// Do the pixels in the box differ enough, and over enough of it?
fn shows(b: &BBox, with: &RgbImage, without: &RgbImage) -> bool {
    let (w, h) = with.dimensions();
    let x0 = (b.x0.floor().max(0.0) as u32).min(w);
    let y0 = (b.y0.floor().max(0.0) as u32).min(h);
    let x1 = (b.x1.ceil().max(0.0) as u32).min(w);
    let y1 = (b.y1.ceil().max(0.0) as u32).min(h);
    let (mut changed, mut span) = (0_u32, None::<[u32; 4]>);
    for y in y0..y1 {
        for x in x0..x1 {
            let (a, b) = (with.get_pixel(x, y).0, without.get_pixel(x, y).0);
            if a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < CONTRAST) {
                continue;
            }
            changed += 1;
            let s = span.get_or_insert([x, y, x, y]);
            *s = [s[0].min(x), s[1].min(y), s[2].max(x), s[3].max(y)];
        }
    }
    let Some([left, top, right, bottom]) = span else {
        return false;
    };
    // Rounding may take a pixel and a half of a small glyph.
    let spans = |found: u32, size: f32| (found + 1) as f32 >= SPAN * size - 1.5;
    changed as f32 >= (INK * b.area()).max(1.0)
        && spans(right - left, b.width())
        && spans(bottom - top, b.height())
}
