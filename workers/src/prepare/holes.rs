//! Holes of a file's punch: solid discs near a page's edge, which readers take for letters, bullets and marks.
//! A disc fills the ellipse of its box and leaves the corners; a bold capital, blurred until it is solid, does not.
//! Limit: half a hole, at the very edge of a sheet, is left.

use schemas::BBox;

use super::{
    binarise::BinaryImage,
    components::{Component, Run, label},
};

/// Diameter in x-heights.
const ACROSS: std::ops::RangeInclusive<f32> = 1.8..=8.0;
/// It differs from the ellipse in so much of its box.
const DIFFERS: f32 = 0.1;
/// Width over height, either way.
const ROUND: f32 = 1.25;
/// Within this share of the width or height from an edge.
const EDGE: f32 = 0.1;
/// A soft rim, in diameters.
const RIM: f32 = 0.08;

/// Boxes of the punched holes of an upright page.
#[must_use]
pub fn find(ink: &BinaryImage, x_height: f32) -> Vec<BBox> {
    let (width, height) = (ink.width() as f32, ink.height() as f32);
    let near = |middle: f32, side: f32| middle.min(side - middle) <= EDGE * side;
    let all = label(ink);
    let is_round = |i: usize, c: &Component| {
        let runs = all.runs.iter().filter(|run| run.of as usize == i);
        let outside: f32 = runs.map(|run| beside_ellipse(run, c)).sum();
        let (w, h) = (c.width() as f32, c.height() as f32);
        let ellipse = std::f32::consts::FRAC_PI_4 * w * h;
        let inside = c.area as f32 - outside;
        outside + (ellipse - inside) <= DIFFERS * w * h
    };
    let is_hole = |(i, c): &(usize, &Component)| {
        let (w, h) = (c.width() as f32, c.height() as f32);
        ACROSS.contains(&(w.max(h) / x_height))
            && w.max(h) <= ROUND * w.min(h)
            && (near(f32::midpoint(c.x0 as f32, c.x1 as f32), width)
                || near(f32::midpoint(c.y0 as f32, c.y1 as f32), height))
            && is_round(*i, c)
    };
    let boxes = all.list.iter().enumerate().filter(is_hole).map(|(_, c)| {
        let rim = RIM * c.width().max(c.height()) as f32 + 1.0;
        let [x0, y0, x1, y1] = [c.x0, c.y0, c.x1, c.y1].map(|v| v as f32);
        BBox::new(x0 - rim, y0 - rim, x1 + rim, y1 + rim)
    });
    boxes.collect()
}

/// Pixels of a run outside of the ellipse in its component's box.
fn beside_ellipse(run: &Run, c: &Component) -> f32 {
    let (w, h) = (c.width() as f32, c.height() as f32);
    let up = (run.y as f32 + 0.5 - f32::midpoint(c.y0 as f32, c.y1 as f32)) / (h / 2.0);
    let half = w / 2.0 * (1.0 - up * up).max(0.0).sqrt();
    let middle = f32::midpoint(c.x0 as f32, c.x1 as f32);
    let (from, to) = (run.x0 as f32, run.x1 as f32);
    (to - from) - (to.min(middle + half) - from.max(middle - half)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::prepare::binarise::BinaryImage;

    #[test]
    fn holes_at_the_edge_are_found_and_print_is_none() {
        let disc = |x: usize, y: usize, cx: f32, cy: f32, r: f32| {
            (x as f32 - cx).hypot(y as f32 - cy) <= r
        };
        let ink = BinaryImage::from_fn(800, 1000, |x, y| {
            let letter = (300..312).contains(&x) && (300..316).contains(&y);
            let bullet = disc(x, y, 60.0, 600.0, 6.0);
            let ring = disc(x, y, 40.0, 800.0, 20.0) && !disc(x, y, 40.0, 800.0, 15.0);
            let logo = disc(x, y, 400.0, 500.0, 20.0);
            let hole = disc(x, y, 40.0, 200.0, 20.0) || disc(x, y, 770.0, 500.0, 20.0);
            // Solid as a blurred bold `M` is, with corners.
            let capital = (40..80).contains(&x)
                && (400..440).contains(&y)
                && (y - 400) / 2 + 4 >= x.abs_diff(60).min(12);
            letter || bullet || ring || logo || hole || capital
        });
        let found = find(&ink, 16.0);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().all(|b| (b.width() - 49.5).abs() < 1.0),
            "{found:?}"
        );
        assert!(find(&ink, f32::NAN).is_empty(), "of no known size");
    }
}
