//! Boxes and quadrilaterals in pixels of an image, origin at the top left, y downwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point `[x, y]` in pixels.
pub type Point = [f32; 2];

/// An upright box, written `[x0, y0, x1, y1]` with `x0 <= x1` and `y0 <= y1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
#[schemars(with = "[f32; 4]")]
pub struct BBox {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl BBox {
    /// A box from any two opposite corners.
    #[must_use]
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self {
            x0: x0.min(x1),
            y0: y0.min(y1),
            x1: x0.max(x1),
            y1: y0.max(y1),
        }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The middle.
    #[must_use]
    pub fn center(&self) -> Point {
        [
            f32::midpoint(self.x0, self.x1),
            f32::midpoint(self.y0, self.y1),
        ]
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// Area shared with `other`, 0 when they are apart.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0..=1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let all = self.area() + other.area() - shared;
        if all > 0.0 { shared / all } else { 0.0 }
    }

    /// Shared height over the smaller height, 0..=1: are two boxes on one text line?
    #[must_use]
    pub fn vertical_overlap(&self, other: &Self) -> f32 {
        let shared = self.y1.min(other.y1) - self.y0.max(other.y0);
        let least = self.height().min(other.height());
        if least > 0.0 {
            (shared / least).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// The box as a quadrilateral, clockwise from the top left.
    #[must_use]
    pub fn quad(&self) -> Quad {
        Quad([
            [self.x0, self.y0],
            [self.x1, self.y0],
            [self.x1, self.y1],
            [self.x0, self.y1],
        ])
    }
}

impl From<[f32; 4]> for BBox {
    fn from([x0, y0, x1, y1]: [f32; 4]) -> Self {
        Self::new(x0, y0, x1, y1)
    }
}

impl From<BBox> for [f32; 4] {
    fn from(b: BBox) -> Self {
        [b.x0, b.y0, b.x1, b.y1]
    }
}

/// Four corners clockwise from the text's own top left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// The upright box around the corners.
    #[must_use]
    pub fn bbox(&self) -> BBox {
        let [first, rest @ ..] = self.0;
        rest.iter()
            .fold(BBox::new(first[0], first[1], first[0], first[1]), |b, p| {
                b.union(&BBox::new(p[0], p[1], p[0], p[1]))
            })
    }

    /// Length of the top edge: the text's own width.
    #[must_use]
    pub fn width(&self) -> f32 {
        distance(self.0[0], self.0[1])
    }

    /// Length of the left edge: the text's own height.
    #[must_use]
    pub fn height(&self) -> f32 {
        distance(self.0[0], self.0[3])
    }

    /// Every corner through `f`.
    #[must_use]
    pub fn map(&self, f: impl Fn(Point) -> Point) -> Self {
        Self(self.0.map(f))
    }

    /// The part between two fractions of the width, `0 <= from <= to <= 1`: a word of a line.
    #[must_use]
    pub fn slice(&self, from: f32, to: f32) -> Self {
        let [tl, tr, br, bl] = self.0;
        let at = |a: Point, b: Point, t: f32| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        Self([
            at(tl, tr, from),
            at(tl, tr, to),
            at(bl, br, to),
            at(bl, br, from),
        ])
    }
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::BBox;

    #[test]
    fn a_slice_of_a_box_is_its_part() {
        let line = BBox::new(10.0, 0.0, 110.0, 20.0);
        assert_eq!(
            line.quad().slice(0.5, 0.75).bbox(),
            BBox::new(60.0, 0.0, 85.0, 20.0)
        );
        assert_eq!(line.quad().bbox(), line);
    }

    #[test]
    fn overlap_is_of_the_smaller() {
        let tall = BBox::new(0.0, 0.0, 10.0, 40.0);
        let low = BBox::new(20.0, 30.0, 30.0, 50.0);
        assert!((tall.vertical_overlap(&low) - 0.5).abs() < 1e-6);
        assert!(tall.iou(&low).abs() < 1e-6);
    }
}
