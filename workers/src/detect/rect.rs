//! Minimum-area rectangles by rotating calipers over the convex hull (Toussaint 1983).

use imageproc::{geometry::convex_hull, point::Point as Pixel};
use schemas::{Point, Quad};

/// The smallest rectangle around the pixel corners, as text would stand in it: the side nearest to the
/// horizontal is the top, corners clockwise from the top left. None for fewer than three hull points.
#[must_use]
pub fn min_area_rect(corners: &[Pixel<i32>]) -> Option<Quad> {
    let hull: Vec<Point> = convex_hull(corners)
        .iter()
        .map(|p| [p.x as f32, p.y as f32])
        .collect();
    if hull.len() < 3 {
        return None;
    }
    let mut best: Option<(f32, Quad)> = None;
    for (i, a) in hull.iter().enumerate() {
        let b = hull[(i + 1) % hull.len()];
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        if length < 1e-6 {
            continue;
        }
        let u = upright([(b[0] - a[0]) / length, (b[1] - a[1]) / length]);
        let v = [-u[1], u[0]];
        let extent = |axis: Point| {
            hull.iter()
                .map(|p| p[0] * axis[0] + p[1] * axis[1])
                .fold((f32::MAX, f32::MIN), |(low, high), d| {
                    (low.min(d), high.max(d))
                })
        };
        let ((u0, u1), (v0, v1)) = (extent(u), extent(v));
        let area = (u1 - u0) * (v1 - v0);
        if best.as_ref().is_none_or(|(least, _)| area < *least) {
            let at = |s: f32, t: f32| [u[0] * s + v[0] * t, u[1] * s + v[1] * t];
            best = Some((area, Quad([at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)])));
        }
    }
    best.map(|(_, quad)| quad)
}

/// The direction among `u`, its opposite and its perpendiculars that points most to the right.
fn upright(u: Point) -> Point {
    [[u[0], u[1]], [-u[0], -u[1]], [-u[1], u[0]], [u[1], -u[0]]]
        .into_iter()
        .fold(u, |best, d| if d[0] > best[0] { d } else { best })
}

#[cfg(test)]
mod tests {
    use imageproc::point::Point as Pixel;

    use super::min_area_rect;

    #[test]
    fn a_turned_rectangle_is_found_with_its_top_left_first() {
        for degrees in [-30.0_f32, -2.0, 0.0, 3.0, 40.0] {
            let (s, c) = degrees.to_radians().sin_cos();
            let turn = |x: f32, y: f32| {
                // Tenths of a pixel, so that rounding is small against the rectangle.
                Pixel::new(
                    ((x * c - y * s) * 10.0).round() as i32,
                    ((x * s + y * c) * 10.0).round() as i32,
                )
            };
            let points: Vec<_> = (0..=50)
                .flat_map(|x| (0..=10).map(move |y| turn(x as f32 * 2.0, y as f32)))
                .collect();
            let quad = min_area_rect(&points).unwrap();
            assert!((quad.width() - 1000.0).abs() < 3.0, "{degrees}: {quad:?}");
            assert!((quad.height() - 100.0).abs() < 3.0, "{degrees}: {quad:?}");
            assert!(
                quad.0[0][0].hypot(quad.0[0][1]) < 3.0,
                "{degrees}: {quad:?}"
            );
        }
    }

    #[test]
    fn a_line_has_no_rectangle() {
        assert!(min_area_rect(&[Pixel::new(0, 0), Pixel::new(5, 0)]).is_none());
    }
}
