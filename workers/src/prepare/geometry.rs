//! Plane projective maps and image warping under them.
//! A homography maps source to destination; warping inverts it and samples, so the same value that
//! makes an image also maps its boxes. Coordinates are continuous: pixel `i` covers `i..i+1`.
//! Limit: shrinking averages with one factor for the whole image, taken at its middle, so a strong
//! perspective is smoothed evenly and not by distance.

#[cfg(test)]
use image::GrayImage;
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use schemas::{Point, Quad};
use serde::{Deserialize, Serialize};

/// A plane projective map, row-major, acting on column vectors `[x, y, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Homography(pub [[f64; 3]; 3]);

impl Homography {
    /// Leaves every point where it is.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// Moves by `(dx, dy)`.
    #[must_use]
    pub fn translation(dx: f64, dy: f64) -> Self {
        Self([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])
    }

    /// Stretches from the origin.
    #[must_use]
    pub fn scaling(sx: f64, sy: f64) -> Self {
        Self([[sx, 0.0, 0.0], [0.0, sy, 0.0], [0.0, 0.0, 1.0]])
    }

    /// Turns clockwise (as seen, y downwards) about the origin.
    #[must_use]
    pub fn clockwise(degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    }

    /// Turns a `width` x `height` image clockwise and grows the canvas so that no corner is cut.
    /// Gives the map and the new width and height in pixels.
    #[must_use]
    pub fn turn(degrees: f64, width: u32, height: u32) -> (Self, u32, u32) {
        let turn = Self::clockwise(degrees);
        let (w, h) = (f64::from(width), f64::from(height));
        let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|[x, y]| turn.map(x, y));
        let range = |axis: usize| {
            let values = corners.iter().map(|c| c[axis]);
            let least = values.clone().fold(f64::INFINITY, f64::min);
            (least, values.fold(f64::NEG_INFINITY, f64::max))
        };
        let ((x0, x1), (y0, y1)) = (range(0), range(1));
        // A quarter turn must give whole pixels in spite of rounding in sine and cosine.
        let size = |span: f64| (span - 1e-6).ceil().max(1.0) as u32;
        let moved = turn.then(&Self::translation(-x0, -y0));
        (moved, size(x1 - x0), size(y1 - y0))
    }

    /// The map that takes `quad` to the whole of a `width` x `height` image; `None` when three of
    /// its corners lie on one line.
    #[must_use]
    pub fn from_quad(quad: &Quad, width: u32, height: u32) -> Option<Self> {
        let [a, b, c, d] = quad.0.map(|p| [f64::from(p[0]), f64::from(p[1])]);
        // Unit square to quad (Heckbert 1989, "Fundamentals of texture mapping", 2.2.3).
        let (dx1, dy1) = (b[0] - c[0], b[1] - c[1]);
        let (dx2, dy2) = (d[0] - c[0], d[1] - c[1]);
        let (sx, sy) = (a[0] - b[0] + c[0] - d[0], a[1] - b[1] + c[1] - d[1]);
        let det = dx1 * dy2 - dx2 * dy1;
        if det.abs() < 1e-9 {
            return None;
        }
        let g = (sx * dy2 - dx2 * sy) / det;
        let h = (dx1 * sy - sx * dy1) / det;
        let square_to_quad = Self([
            [b[0] - a[0] + g * b[0], d[0] - a[0] + h * d[0], a[0]],
            [b[1] - a[1] + g * b[1], d[1] - a[1] + h * d[1], a[1]],
            [g, h, 1.0],
        ]);
        let to_image = Self::scaling(f64::from(width), f64::from(height));
        Some(square_to_quad.inverse()?.then(&to_image))
    }

    /// This map and then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let mut product = [[0.0; 3]; 3];
        for (i, row) in product.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = (0..3).map(|k| next.0[i][k] * self.0[k][j]).sum();
            }
        }
        Self(product)
    }

    /// The map back; `None` when the plane is folded onto a line.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let m = &self.0;
        let cofactor = |i: usize, j: usize| {
            let (r, s) = ((i + 1) % 3, (i + 2) % 3);
            let (u, v) = ((j + 1) % 3, (j + 2) % 3);
            m[r][u] * m[s][v] - m[r][v] * m[s][u]
        };
        let det: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
        if !det.is_finite() || det.abs() < 1e-12 {
            return None;
        }
        let mut inverse = [[0.0; 3]; 3];
        for (i, row) in inverse.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = cofactor(j, i) / det;
            }
        }
        Some(Self(inverse))
    }

    /// Where `point` goes.
    #[must_use]
    pub fn apply(&self, point: Point) -> Point {
        let [x, y] = self.map(f64::from(point[0]), f64::from(point[1]));
        [x as f32, y as f32]
    }

    /// Where the corners of `quad` go, in the same order.
    #[must_use]
    pub fn apply_quad(&self, quad: &Quad) -> Quad {
        quad.map(|point| self.apply(point))
    }

    fn map(&self, x: f64, y: f64) -> [f64; 2] {
        let [u, v, w] = self.0.map(|row| row[0] * x + row[1] * y + row[2]);
        [u / w, v / w]
    }

    /// How much longer a step becomes around `(x, y)`.
    fn magnification(&self, x: f64, y: f64) -> f64 {
        let [[ax, ay], [bx, by], [cx, cy]] =
            [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map(|(dx, dy)| self.map(x + dx, y + dy));
        ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)).abs().sqrt()
    }
}

/// The image under `map`, cut to `width` x `height`; `fill` where the source has no pixel.
///
/// Samples bilinearly, and averages over the covered area when the map shrinks. A map that cannot
/// be inverted gives an image of `fill`.
#[must_use]
pub fn warp(
    image: &RgbImage,
    map: &Homography,
    width: u32,
    height: u32,
    fill: Rgb<u8>,
) -> RgbImage {
    let raw = warp_raw::<3>(
        image.as_raw(),
        image.dimensions(),
        map,
        (width, height),
        fill.0,
    );
    RgbImage::from_raw(width, height, raw).unwrap_or_default()
}

/// [`warp`] of a grey image.
#[cfg(test)]
#[must_use]
pub(super) fn warp_grey(
    image: &GrayImage,
    map: &Homography,
    width: u32,
    height: u32,
    fill: u8,
) -> GrayImage {
    let raw = warp_raw::<1>(
        image.as_raw(),
        image.dimensions(),
        map,
        (width, height),
        [fill],
    );
    GrayImage::from_raw(width, height, raw).unwrap_or_default()
}

fn warp_raw<const C: usize>(
    source: &[u8],
    (sw, sh): (u32, u32),
    map: &Homography,
    (width, height): (u32, u32),
    fill: [u8; C],
) -> Vec<u8> {
    let (w, h) = (width as usize, height as usize);
    let mut out: Vec<u8> = fill.repeat(w * h);
    let Some(back) = map.inverse().filter(|_| sw > 0 && sh > 0 && w > 0 && h > 0) else {
        return out;
    };
    let shrink = back.magnification(f64::from(width) / 2.0, f64::from(height) / 2.0);
    let taps = if shrink < 1.3 {
        1
    } else {
        (shrink.round() as usize).clamp(2, 12)
    };
    let sampler = Sampler::<C> {
        source,
        width: sw as usize,
        height: sh as usize,
    };
    let affine = taps == 1 && back.0[2][0].abs() + back.0[2][1].abs() < 1e-15;
    out.par_chunks_mut(w * C).enumerate().for_each(|(y, row)| {
        if affine {
            return sampler.affine_row(&back, y, row);
        }
        for (x, pixel) in row.chunks_exact_mut(C).enumerate() {
            if let Some(value) = sampler.area(&back, x, y, taps, fill) {
                pixel.copy_from_slice(&value);
            }
        }
    });
    out
}

struct Sampler<'a, const C: usize> {
    source: &'a [u8],
    width: usize,
    height: usize,
}

impl<const C: usize> Sampler<'_, C> {
    /// A row under a map without perspective: the source point moves by equal steps.
    fn affine_row(&self, back: &Homography, y: usize, row: &mut [u8]) {
        let [start_x, start_y] = back.map(0.5, y as f64 + 0.5);
        let scale = back.0[2][2];
        let (dx, dy) = (back.0[0][0] / scale, back.0[1][0] / scale);
        for (x, pixel) in row.chunks_exact_mut(C).enumerate() {
            if let Some(value) = self.bilinear(start_x + dx * x as f64, start_y + dy * x as f64) {
                pixel.copy_from_slice(&value);
            }
        }
    }

    /// The mean of `taps` x `taps` bilinear samples of one destination pixel.
    fn area(
        &self,
        back: &Homography,
        x: usize,
        y: usize,
        taps: usize,
        fill: [u8; C],
    ) -> Option<[u8; C]> {
        let step = 1.0 / taps as f64;
        let mut sum = [0u32; C];
        let mut seen = false;
        for j in 0..taps {
            for i in 0..taps {
                let [sx, sy] = back.map(
                    x as f64 + (i as f64 + 0.5) * step,
                    y as f64 + (j as f64 + 0.5) * step,
                );
                let value = self.bilinear(sx, sy);
                seen |= value.is_some();
                for (total, part) in sum.iter_mut().zip(value.unwrap_or(fill)) {
                    *total += u32::from(part);
                }
            }
        }
        let count = (taps * taps) as u32;
        seen.then(|| sum.map(|total| ((total + count / 2) / count) as u8))
    }

    /// Interpolated in steps of 1/256 pixel; `None` outside the image.
    #[inline]
    fn bilinear(&self, x: f64, y: f64) -> Option<[u8; C]> {
        let inside = x >= 0.0 && y >= 0.0 && x <= self.width as f64 && y <= self.height as f64;
        if !inside {
            return None;
        }
        let (fx, fy) = (
            ((x - 0.5) * 256.0).max(0.0) as usize,
            ((y - 0.5) * 256.0).max(0.0) as usize,
        );
        let (x0, y0) = (
            (fx >> 8).min(self.width - 1),
            (fy >> 8).min(self.height - 1),
        );
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let (u, v) = ((fx & 255) as u32, (fy & 255) as u32);
        let corner = |cx: usize, cy: usize| &self.source[(cy * self.width + cx) * C..][..C];
        let (a, b, c, d) = (
            corner(x0, y0),
            corner(x1, y0),
            corner(x0, y1),
            corner(x1, y1),
        );
        Some(std::array::from_fn(|k| {
            let top = u32::from(a[k]) * (256 - u) + u32::from(b[k]) * u;
            let low = u32::from(c[k]) * (256 - u) + u32::from(d[k]) * u;
            ((top * (256 - v) + low * v + 32_768) >> 16) as u8
        }))
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;
    use schemas::{BBox, Quad};

    use super::{Homography, warp};

    fn marked(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
    }

    #[test]
    fn quarter_turns_are_exact_and_four_make_none() {
        let image = marked(37, 23);
        let mut turned = image.clone();
        for step in 1..=4 {
            let (map, w, h) = Homography::turn(90.0, turned.width(), turned.height());
            turned = warp(&turned, &map, w, h, Rgb([255; 3]));
            let want = match step {
                1 => image::imageops::rotate90(&image),
                2 => image::imageops::rotate180(&image),
                3 => image::imageops::rotate270(&image),
                _ => image.clone(),
            };
            assert!(turned == want, "after {step} quarter turns");
        }
    }

    #[test]
    fn shrinking_averages() {
        let stripes = RgbImage::from_fn(64, 64, |x, _| Rgb([if x % 2 == 0 { 0 } else { 200 }; 3]));
        let small = warp(
            &stripes,
            &Homography::scaling(0.25, 0.25),
            16,
            16,
            Rgb([0; 3]),
        );
        assert!(
            small.pixels().all(|p| p.0[0].abs_diff(100) <= 26),
            "aliasing: {:?}",
            small.get_pixel(7, 7)
        );
    }

    #[test]
    fn a_quad_goes_to_the_corners_and_a_flat_one_is_refused() {
        let quad = Quad([[10.0, 5.0], [90.0, 12.0], [95.0, 70.0], [4.0, 60.0]]);
        let map = Homography::from_quad(&quad, 200, 100).unwrap();
        let want = BBox::new(0.0, 0.0, 200.0, 100.0).quad();
        for (got, want) in map.apply_quad(&quad).0.iter().zip(want.0) {
            assert!(
                (got[0] - want[0]).abs() < 1e-2 && (got[1] - want[1]).abs() < 1e-2,
                "{got:?}"
            );
        }
        let flat = Quad([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
        assert_eq!(Homography::from_quad(&flat, 10, 10), None);
    }

    #[test]
    fn outside_is_filled_and_an_empty_image_does_not_panic() {
        let image = marked(4, 4);
        let moved = warp(
            &image,
            &Homography::translation(100.0, 0.0),
            4,
            4,
            Rgb([7, 8, 9]),
        );
        assert!(moved.pixels().all(|p| p.0 == [7, 8, 9]));
        assert_eq!(
            warp(
                &RgbImage::new(0, 0),
                &Homography::IDENTITY,
                3,
                3,
                Rgb([1; 3])
            )
            .len(),
            27
        );
        assert_eq!(
            warp(&image, &Homography::IDENTITY, 0, 3, Rgb([1; 3])).len(),
            0
        );
    }

    proptest! {
        #[test]
        fn a_turn_maps_points_there_and_back(
            degrees in -180.0f64..180.0, x in 0.0f32..500.0, y in 0.0f32..700.0,
        ) {
            let (map, w, h) = Homography::turn(degrees, 500, 700);
            let there = map.apply([x, y]);
            prop_assert!(there[0] > -0.01 && there[0] < w as f32 + 0.01);
            prop_assert!(there[1] > -0.01 && there[1] < h as f32 + 0.01);
            let back = map.inverse().unwrap().apply(there);
            prop_assert!((back[0] - x).abs() < 0.01 && (back[1] - y).abs() < 0.01);
        }
    }
}
