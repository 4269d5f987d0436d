//! Straightening a page whose lines are curved, as those of a sheet that curls or bulges before a camera are.
//!
//! The lower ends of the letters of each long line, and ruled lines, are points of a curve. How far they leave the straight is one
//! smooth function of the place on the page, a polynomial found by least squares that are reweighted until the letters
//! that reach below their line no longer count (Holland & Welsch 1977, with Cauchy's weights). What is moved is moved
//! up or down alone, like the text-line models of document dewarping (Fu et al. 2007).
//! Limit: letters that stand closer together where the sheet turns away stay so; a page of few long lines, or of
//! handwriting that waves, is left as it is.

use image::RgbImage;
use nalgebra::{SMatrix, SVector};
use rayon::prelude::*;
use schemas::Point;
use serde::{Deserialize, Serialize};

use super::{median::median, rules::STEPS};

/// Powers of x, from the first on, and of y, from nought on.
const ACROSS: usize = 4;
const DOWN: usize = 3;
const TERMS: usize = ACROSS * DOWN;
/// A line counts with so many points; so many lines and points are needed.
const LEAST_LETTERS: usize = STEPS;
const LEAST_LINES: usize = 5;
const LEAST_POINTS: usize = 120;
/// Rounds of reweighting. Residuals of so many x-heights weigh half at first, so that the ends of the few longest lines
/// are not given up, then of less from round to round, at last of so many typical ones.
const ROUNDS: usize = 10;
const FIRST_HALF: f64 = 1.0;
const STRICTER: f64 = 0.7;
const HALF: f64 = 1.5;
/// Keeps terms small that the lines say nothing of, as a share of the points.
const RIDGE: f64 = 1e-3;
/// In x-heights: a page is straight whose lines sag or rise by less between their ends; what the curves leave is no more
/// than print has.
const LEAST_SAG: f64 = 0.2;
const MOST_LEFT: f64 = 0.15;
/// And the curves explain so much of what the lines leave the straight by.
const EXPLAINED: f64 = 2.0;

/// How far each place of a page lies below where it would on a flat sheet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bend {
    /// Of the powers of x and y, both from -1 to 1 on the page.
    terms: [f64; TERMS],
    /// Of the page, in pixels.
    size: [f64; 2],
    /// Where letters were seen: left, top, right, bottom. Beyond them it goes on as at their edge.
    seen: [f64; 4],
    /// Rows that the straight page has more, above and below.
    margin: u32,
}

impl Bend {
    /// Of a page of this size in pixels from its lines, each the lower ends of its letters or points of a ruled one; None
    /// when it is straight, or its lines do not say.
    #[must_use]
    pub fn of(lines: &[Vec<Point>], size: (u32, u32), x_height: f32) -> Option<Self> {
        let lines: Vec<Curve> = lines
            .iter()
            .filter(|line| line.len() >= LEAST_LETTERS)
            .map(|line| Curve::new(line))
            .collect();
        let points: usize = lines.iter().map(|line| line.points.len()).sum();
        if lines.len() < LEAST_LINES || points < LEAST_POINTS {
            return None;
        }
        let all = || lines.iter().flat_map(|line| &line.points);
        let edge = |of: fn(&[f64; 2]) -> f64, far: fn(f64, f64) -> f64| {
            all().map(of).reduce(far).unwrap_or_default()
        };
        let mut bend = Self {
            terms: [0.0; TERMS],
            size: [f64::from(size.0.max(1)), f64::from(size.1.max(1))],
            seen: [
                edge(|p| p[0], f64::min),
                edge(|p| p[1], f64::min),
                edge(|p| p[0], f64::max),
                edge(|p| p[1], f64::max),
            ],
            margin: 0,
        };
        let x_height = f64::from(x_height);
        let straight = bend.residual(&lines, &vec![1.0; points]);
        let mut weights = vec![1.0; points];
        let mut half = FIRST_HALF * x_height;
        for _ in 0..ROUNDS {
            bend.terms = bend.fit(&lines, &weights)?.into();
            let left = bend.residuals(&lines, &weights);
            let typical = median(left.iter().map(|r| r.abs()));
            half = (half * STRICTER).max(HALF * typical);
            weights = left
                .iter()
                .map(|r| 1.0 / (1.0 + (r / half).powi(2)))
                .collect();
        }
        let left = bend.residual(&lines, &weights);
        let sag = lines.iter().map(|line| bend.sag(line)).fold(0.0, f64::max);
        let bent = sag > LEAST_SAG * x_height
            && left < MOST_LEFT * x_height
            && straight > EXPLAINED * left;
        let furthest = all().map(|[x, y]| bend.depth(*x, *y).abs());
        bend.margin = furthest.fold(0.0, f64::max).ceil() as u32;
        bent.then_some(bend)
    }

    /// How far a place of the straight page lies lower on the bent one, both without margin.
    fn depth(&self, x: f64, y: f64) -> f64 {
        let [left, top, right, bottom] = self.seen;
        let terms = self.powers(x.clamp(left, right), y.clamp(top, bottom));
        terms.dot(&SVector::from(self.terms))
    }

    fn powers(&self, x: f64, y: f64) -> SVector<f64, TERMS> {
        let (u, v) = (2.0 * x / self.size[0] - 1.0, 2.0 * y / self.size[1] - 1.0);
        SVector::from_fn(|term, _| u.powi((term / DOWN + 1) as i32) * v.powi((term % DOWN) as i32))
    }

    /// Least squares over how far points lie from the weighted middle of their own line.
    fn fit(&self, lines: &[Curve], weights: &[f64]) -> Option<SVector<f64, TERMS>> {
        let mut normal = SMatrix::<f64, TERMS, TERMS>::identity() * RIDGE * weights.len() as f64;
        let mut right = SVector::<f64, TERMS>::zeros();
        let mut rest = weights;
        for line in lines {
            let (weights, after) = rest.split_at(line.points.len());
            rest = after;
            let powers: Vec<_> = line
                .points
                .iter()
                .map(|[x, _]| self.powers(*x, line.level))
                .collect();
            let sum: f64 = weights.iter().sum();
            let weighted = || weights.iter().zip(&powers).zip(&line.points);
            let mut middle = SVector::<f64, TERMS>::zeros();
            let mut level = 0.0;
            for ((weight, powers), [_, y]) in weighted() {
                middle += powers * (weight / sum);
                level += y * weight / sum;
            }
            for ((weight, powers), [_, y]) in weighted() {
                let powers = powers - middle;
                normal += powers * powers.transpose() * *weight;
                right += powers * (weight * (y - level));
            }
        }
        Some(normal.cholesky()?.solve(&right))
    }

    /// How far each point lies from its line as it should run.
    fn residuals(&self, lines: &[Curve], weights: &[f64]) -> Vec<f64> {
        let mut left = Vec::with_capacity(weights.len());
        for line in lines {
            let weights = &weights[left.len()..][..line.points.len()];
            let flat: Vec<f64> = line
                .points
                .iter()
                .map(|[x, y]| y - self.depth(*x, line.level))
                .collect();
            let sum: f64 = weights.iter().sum();
            let level = flat.iter().zip(weights).map(|(y, w)| y * w).sum::<f64>() / sum;
            left.extend(flat.iter().map(|y| y - level));
        }
        left
    }

    /// The typical one.
    fn residual(&self, lines: &[Curve], weights: &[f64]) -> f64 {
        median(self.residuals(lines, weights).iter().map(|r| r.abs()))
    }

    /// How far a line leaves the straight between its ends.
    fn sag(&self, line: &Curve) -> f64 {
        let depth = |[x, _]: &[f64; 2]| self.depth(*x, line.level);
        let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else {
            return 0.0;
        };
        let slope = (depth(last) - depth(first)) / (last[0] - first[0]).max(1.0);
        let aside = line
            .points
            .iter()
            .map(|point| (depth(point) - depth(first) - slope * (point[0] - first[0])).abs());
        aside.fold(0.0, f64::max)
    }

    /// The page with straight lines. It has some rows more.
    #[must_use]
    pub fn straighten(&self, page: &RgbImage) -> RgbImage {
        let (width, height) = page.dimensions();
        let mut straight = RgbImage::new(width, height + 2 * self.margin);
        let stride = width as usize * 3;
        if stride == 0 || height == 0 {
            return straight;
        }
        let rows = straight.as_mut().par_chunks_exact_mut(stride).enumerate();
        rows.for_each(|(row, pixels)| {
            for (x, pixel) in pixels.chunks_exact_mut(3).enumerate() {
                let [_, y] = self.to_bent([x as f32 + 0.5, row as f32 + 0.5]);
                let y = f64::from(y) - 0.5;
                let at = y.floor();
                let weights = cubic(y - at);
                let column = [-1.0, 0.0, 1.0, 2.0].map(|step| {
                    let row = (at + step).clamp(0.0, f64::from(height - 1)) as u32;
                    page.get_pixel(x as u32, row).0
                });
                for (channel, value) in pixel.iter_mut().enumerate() {
                    let sum: f64 = column
                        .iter()
                        .zip(weights)
                        .map(|(pixel, weight)| f64::from(pixel[channel]) * weight)
                        .sum();
                    *value = sum.round().clamp(0.0, 255.0) as u8;
                }
            }
        });
        straight
    }

    /// Where a place of the straight page is on the bent one.
    #[must_use]
    pub fn to_bent(&self, [x, y]: Point) -> Point {
        let level = f64::from(y) - f64::from(self.margin);
        [x, (level + self.depth(f64::from(x), level)) as f32]
    }

    /// Where a place of the bent page is on the straight one.
    #[must_use]
    pub fn to_straight(&self, [x, y]: Point) -> Point {
        let (x_there, bent) = (f64::from(x), f64::from(y));
        // How deep a place lies changes slowly from row to row.
        let level = (0..8).fold(bent, |level, _| bent - self.depth(x_there, level));
        [x, (level + f64::from(self.margin)) as f32]
    }
}

/// A line: its letters' lower ends, and their middle row.
struct Curve {
    points: Vec<[f64; 2]>,
    level: f64,
}

impl Curve {
    fn new(points: &[Point]) -> Self {
        let points: Vec<_> = points.iter().map(|p| p.map(f64::from)).collect();
        let level = median(points.iter().map(|p| p[1]));
        Self { points, level }
    }
}

/// Weights of four pixels in a row, `t` being the way from the second to the third (Keys 1981).
fn cubic(t: f64) -> [f64; 4] {
    [
        t * (-0.5 + t * (1.0 - 0.5 * t)),
        1.0 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2.0 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    ]
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::Bend;
    use crate::prepare::{
        binarise::sauvola,
        lines::baselines,
        rules::{self, Segment},
    };

    const SIZE: (u32, u32) = (1000, 800);

    /// Twelve lines of letters, some of which reach below; each column sinks by `sink` of its x.
    fn page(sink: impl Fn(f32) -> f32) -> RgbImage {
        RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            let y = y as f32 - sink(x as f32);
            let (line, v) = ((y / 50.0).floor(), y.rem_euclid(50.0));
            let (letter, u) = (x / 18, x % 18);
            let low = if letter % 7 == 3 { 38.0 } else { 32.0 };
            let is_text = (2.0..14.0).contains(&line) && (60..940).contains(&x) && letter % 6 != 5;
            let ink = is_text && (12.0..low).contains(&v) && u < 13 && (u < 4 || u > 9 || v < 16.0);
            Rgb([if ink { 20 } else { 250 }; 3])
        })
    }

    fn bend(page: &RgbImage) -> Option<Bend> {
        let ink = sauvola(&image::imageops::grayscale(page), 41, 0.1);
        Bend::of(&baselines(&ink), SIZE, 20.0)
    }

    #[test]
    fn a_curled_page_becomes_straight_and_a_straight_one_is_left() {
        let curled = page(|x| 30.0 * (1.0 - (std::f32::consts::PI * x / 1000.0).sin()));
        let found = bend(&curled).expect("it is bent");
        let straight = found.straighten(&curled);
        let ink = sauvola(&image::imageops::grayscale(&straight), 41, 0.1);
        let lines = baselines(&ink);
        assert!(lines.len() >= 10, "{}", lines.len());
        for line in lines {
            let mut rows: Vec<f32> = line.iter().map(|p| p[1]).collect();
            rows.sort_unstable_by(f32::total_cmp);
            // Most letters stand on the line, the others reach six pixels below it.
            let spread = rows[rows.len() * 3 / 4] - rows[rows.len() / 20];
            assert!(spread <= 2.0, "{spread} px in a line at {}", rows[0]);
        }
        assert_eq!(bend(&page(|_| 0.0)), None);
        assert_eq!(bend(&page(|x| 0.012 * x)), None, "a slope is no curve");
    }

    #[test]
    fn ruled_lines_tell_of_a_curl_too() {
        let sink = |x: f32| 12.0 * (1.0 - (std::f32::consts::PI * x / 1000.0).sin());
        let form = GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            let v = (y as f32 - sink(x as f32)).rem_euclid(48.0);
            let ruled = (60..940).contains(&x) && (20.0..22.0).contains(&v);
            Luma([if ruled { 20 } else { 250 }])
        });
        let rules = rules::take(&mut sauvola(&form, 41, 0.1), 20.0);
        let curves: Vec<_> = rules.horizontal.iter().map(Segment::points).collect();
        let found = Bend::of(&curves, SIZE, 20.0).expect("it is bent");
        let depth = |x: f32| found.to_bent([x, 400.0])[1] - found.to_bent([500.0, 400.0])[1];
        for x in [80.0, 250.0, 750.0, 920.0] {
            let want = sink(x) - sink(500.0);
            assert!(
                (depth(x) - want).abs() < 2.5,
                "{x}: {} for {want}",
                depth(x)
            );
        }
    }

    #[test]
    fn places_of_the_straight_page_fall_back_on_the_bent_one() {
        let curled = page(|x| 26.0 * (1.0 - (std::f32::consts::PI * x / 1000.0).sin()));
        let found = bend(&curled).expect("it is bent");
        for place in [[3.0, 5.0], [500.0, 400.0], [80.0, 700.0], [990.0, 790.0]] {
            let there = found.to_bent(found.to_straight(place));
            assert!((there[1] - place[1]).abs() < 0.05, "{place:?}: {there:?}");
        }
    }
}
