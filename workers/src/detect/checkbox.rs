//! Drawn check boxes: small squares of four straight strokes, empty, marked or filled.
//!
//! Two upright strokes of one height, as far apart as they are long, are a candidate. It is a box when
//! ink runs along all four sides and into the corners, where letters are round, when no side goes on
//! beyond a corner, as in a grid of cells, and when the paper around it is clear, as it is not within
//! a word. A box is no text: [`erase`] takes it from the page before anyone reads.
//! Limit: the page is level to about 3 degrees; round boxes and filled squares that stand beside no
//! open one (bullets are such) are not found; a box that touches a ruled line may be lost.

use fusion::DrawnBox;
use image::{GrayImage, Rgb, RgbImage};
use schemas::BBox;

use crate::prepare::{binarise::BinaryImage, components, scale};

/// Sides of boxes in x-heights.
const SIDE: std::ops::RangeInclusive<f32> = 1.15..=4.2;
/// The x-height of a page that does not show one, in pixels.
const X_HEIGHT: f32 = 16.0;
/// The shorter side over the longer.
const ASPECT: f32 = 0.76;
/// Share of each side that ink must cover.
const COVERED: f32 = 0.8;
/// Share of the clear ring around a box that ink may cover: a tick goes beyond its box.
const AROUND: f32 = 0.2;
/// The outline is no thicker than this share of the side.
const THICK: f32 = 0.24;
/// More ink than this share of the inside is a mark.
const MARKED: f32 = 0.07;
/// Evidence of a box without doubt, of one that stands alone, and of one beside others of its size.
const SURE: f32 = 0.7;
const ALONE: f32 = 0.85;
const BESIDE_KIN: f32 = 0.35;
/// A marked square of a shorter side, in pixels, may be a letter.
const PLAIN_SIDE: usize = 18;
/// The shorter side of two boxes of one form over the longer.
const KIN: f32 = 0.85;
/// More than this is a filled square.
const FILLED: f32 = 0.85;
/// The boxes of an upright page, from top to bottom, given its ink without ruled lines, its flattened
/// grey and its x-height in pixels (NaN when unknown). Boxes are in pixels of these images.
#[must_use]
pub fn find(ink: &BinaryImage, flat: &GrayImage, x_height: f32) -> Vec<DrawnBox> {
    // Grain makes the page's x-height too small at times; ink without specks has less of it.
    let x =
        scale::x_height_of(&components::label(ink)).map_or(x_height, |of_ink| of_ink.max(x_height));
    let x = if x.is_finite() {
        x.clamp(5.0, 80.0)
    } else {
        X_HEIGHT
    };
    let page = Sheet {
        ink,
        flat,
        slack: (x / 11.0).round().max(1.0) as usize,
        least: (SIDE.start() * x).max(7.0) as usize,
        most: (SIDE.end() * x) as usize,
    };
    let mut squares: Vec<Square> = page.candidates();
    squares.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
    let mut kept: Vec<Square> = Vec::new();
    for square in squares {
        if kept.iter().all(|k| k.frame.apart(&square.frame)) {
            kept.push(square);
        }
    }
    let empty: Vec<Square> = kept
        .iter()
        .filter(|square| square.inside <= MARKED && square.evidence() >= SURE)
        .copied()
        .collect();
    kept.retain(|square| square.is_box(&empty));
    kept.sort_by_key(|square| (square.frame.y0, square.frame.x0));
    kept.iter().map(Square::drawn).collect()
}

/// Paints boxes over with the paper around them, marks that stick out of them included.
pub fn erase(
    boxes: &[DrawnBox],
    color: &mut RgbImage,
    flat: &mut GrayImage,
    ink: &mut BinaryImage,
) {
    for drawn in boxes {
        let b = drawn.bbox;
        let reach = if drawn.checked { 0.3 } else { 0.12 } * b.height() + 1.0;
        // A mark sticks out upwards and to the right; text begins further right than it goes.
        let side = 0.12 * b.height() + 1.0;
        let part = BBox::new(b.x0 - side, b.y0 - reach, b.x1 + side, b.y1 + reach);
        let [x0, y0, x1, y1] = pixels(&part, flat.width(), flat.height());
        let paper = paper(color, [x0, y0, x1, y1]);
        for y in y0..y1 {
            for x in x0..x1 {
                color.put_pixel(x, y, paper);
                flat.put_pixel(x, y, image::Luma([255]));
                ink.set(x as usize, y as usize, false);
            }
        }
    }
}

/// The brightest tenth of the rim of a region, by channel.
fn paper(color: &RgbImage, [x0, y0, x1, y1]: [u32; 4]) -> Rgb<u8> {
    let rows = (y0..y1).flat_map(|y| [[x0, y], [x1.saturating_sub(1), y]]);
    let columns = (x0..x1).flat_map(|x| [[x, y0], [x, y1.saturating_sub(1)]]);
    let rim: Vec<[u8; 3]> = rows
        .chain(columns)
        .filter_map(|[x, y]| Some(color.get_pixel_checked(x, y)?.0))
        .collect();
    Rgb([0, 1, 2].map(|channel| {
        let mut levels: Vec<u8> = rim.iter().map(|pixel| pixel[channel]).collect();
        levels.sort_unstable();
        levels.get(levels.len() * 7 / 10).copied().unwrap_or(255)
    }))
}

fn pixels(part: &BBox, width: u32, height: u32) -> [u32; 4] {
    let cut = |v: f32, most: u32| (v.round().max(0.0) as u32).min(most);
    [
        cut(part.x0, width),
        cut(part.y0, height),
        cut(part.x1, width),
        cut(part.y1, height),
    ]
}

/// A page with the lengths that suit it, in pixels.
struct Sheet<'a> {
    ink: &'a BinaryImage,
    flat: &'a GrayImage,
    /// How far a side may lie off a straight level line.
    slack: usize,
    /// Shortest side.
    least: usize,
    /// Longest side.
    most: usize,
}

/// An upright stroke: a column and its first and last row.
#[derive(Clone, Copy)]
struct Stroke {
    x: usize,
    y0: usize,
    y1: usize,
}

/// Outer pixels of a square, all four included.
#[derive(Clone, Copy, Debug)]
struct Frame {
    x0: usize,
    y0: usize,
    x1: usize,
    y1: usize,
}

/// A square and what speaks for it.
#[derive(Clone, Copy, Debug)]
struct Square {
    frame: Frame,
    /// Share of the worst side that is inked.
    covered: f32,
    /// Share of the worst side that is as dark as the outline.
    dark: f32,
    /// Share of the ring around it that is inked.
    around: f32,
    /// Share of the inside that is inked.
    inside: f32,
}

impl Frame {
    fn width(&self) -> usize {
        self.x1 - self.x0 + 1
    }

    fn height(&self) -> usize {
        self.y1 - self.y0 + 1
    }

    fn side(&self) -> usize {
        self.width().midpoint(self.height())
    }

    fn apart(&self, other: &Self) -> bool {
        self.x1 < other.x0 || other.x1 < self.x0 || self.y1 < other.y0 || other.y1 < self.y0
    }
}

impl Square {
    /// The best of several that overlap: well covered, then large.
    fn rank(&self) -> f32 {
        self.covered - self.around + 0.004 * self.frame.side() as f32
    }

    fn drawn(&self) -> DrawnBox {
        let Frame { x0, y0, x1, y1 } = self.frame;
        DrawnBox {
            bbox: BBox::new(x0 as f32, y0 as f32, (x1 + 1) as f32, (y1 + 1) as f32),
            checked: self.inside > MARKED,
            evidence: self.evidence(),
        }
    }

    /// Is it drawn well enough, given the well drawn empty boxes of the page? One without its like must
    /// be drawn better, and if it is marked, be no letter: a filled one is a bullet, a small one an `8`.
    fn is_box(&self, empty: &[Self]) -> bool {
        let kin = |other: &&Self| alike(self.frame.side(), other.frame.side(), KIN);
        let is_empty = self.inside <= MARKED;
        let itself = is_empty && self.evidence() >= SURE;
        if empty.iter().filter(kin).count() > usize::from(itself) {
            return self.evidence() >= BESIDE_KIN;
        }
        let plain = is_empty || (self.inside < FILLED && self.frame.side() >= PLAIN_SIDE);
        plain && self.evidence() >= ALONE
    }

    /// 0..=1: how well the outline is drawn and how clearly it is marked or empty.
    fn evidence(&self) -> f32 {
        let outline = (self.dark - COVERED) / (1.0 - COVERED);
        let clear = 1.0 - self.around / AROUND;
        let state = (self.inside - MARKED).abs() / MARKED;
        outline.clamp(0.0, 1.0).min(state.clamp(0.0, 1.0)) * 0.7 + clear.clamp(0.0, 1.0) * 0.3
    }
}

fn alike(a: usize, b: usize, least: f32) -> bool {
    a.min(b) as f32 >= least * a.max(b) as f32
}

impl Sheet<'_> {
    /// Squares among the pairs of upright strokes.
    fn candidates(&self) -> Vec<Square> {
        let strokes = self.strokes();
        let mut squares = Vec::new();
        for (i, left) in strokes.iter().enumerate() {
            for right in strokes[i + 1..]
                .iter()
                .take_while(|right| right.x <= left.x + self.most)
            {
                let (y0, y1) = (left.y0.midpoint(right.y0), left.y1.midpoint(right.y1));
                let (width, height) = (right.x - left.x + 1, y1 - y0 + 1);
                let level = left.y0.abs_diff(right.y0).max(left.y1.abs_diff(right.y1));
                if width >= self.least
                    && level <= self.slack + height / 8
                    && alike(width, height, ASPECT - 0.1)
                {
                    let frame = Frame {
                        x0: left.x,
                        y0,
                        x1: right.x,
                        y1,
                    };
                    squares.extend(self.square(frame));
                }
            }
        }
        squares
    }

    /// Runs of ink down the columns, as if strokes were wider by the slack; from left to right.
    fn strokes(&self) -> Vec<Stroke> {
        let turned = self.ink.transposed();
        let bridge = self.slack + 1;
        let mut strokes = Vec::new();
        let mut column = vec![false; self.ink.height()];
        for x in 0..self.ink.width() {
            column.fill(false);
            for near in x.saturating_sub(self.slack)..=(x + self.slack).min(self.ink.width() - 1) {
                for (wide, ink) in column.iter_mut().zip(turned.row(near)) {
                    *wide |= ink;
                }
            }
            let mut run: Option<(usize, usize)> = None;
            for y in (0..column.len()).filter(|y| column[*y]) {
                run = match run {
                    Some((y0, y1)) if y - y1 <= bridge => Some((y0, y)),
                    other => {
                        strokes.extend(self.stroke(x, other));
                        Some((y, y))
                    }
                };
            }
            strokes.extend(self.stroke(x, run));
        }
        strokes
    }

    fn stroke(&self, x: usize, run: Option<(usize, usize)>) -> Option<Stroke> {
        let (y0, y1) = run?;
        let sized = (self.least..=self.most).contains(&(y1 - y0 + 1));
        sized.then_some(Stroke { x, y0, y1 })
    }

    /// A frame that is drawn on paper of its own.
    fn square(&self, frame: Frame) -> Option<Square> {
        let frame = self.tightened(frame)?;
        let side = frame.side();
        let covered = self.covered(&frame, |x, y| self.ink.get(x, y));
        if covered < COVERED || !self.has_corners(&frame) {
            return None;
        }
        let level = self.dark(&frame);
        let is_dark = |x: usize, y: usize| self.grey(x, y) < level;
        let inside = self.inside(&frame, is_dark);
        let around = self.around(&frame);
        if around > AROUND
            || (inside < FILLED && self.thickness(&frame) > THICK * side as f32 + 1.0)
        {
            return None;
        }
        let loose = self.continued(&frame);
        (loose == 0 || (loose == 1 && inside > MARKED)).then_some(Square {
            frame,
            covered,
            dark: self.covered(&frame, is_dark),
            around,
            inside,
        })
    }

    /// The frame with its sides moved to where the ink begins.
    fn tightened(&self, frame: Frame) -> Option<Frame> {
        let reach = 2 * self.slack + 1;
        let Frame { x0, y0, x1, y1 } = frame;
        let (width, height) = (frame.width(), frame.height());
        let column = |x: usize| (y0..=y1).filter(|y| self.ink.get(x, *y)).count() * 2 > height;
        let row = |y: usize| (x0..=x1).filter(|x| self.ink.get(*x, y)).count() * 2 > width;
        let low = |at: usize| at.saturating_sub(reach)..=at + reach;
        let tight = Frame {
            x0: low(x0).find(|x| column(*x))?,
            y0: low(y0).find(|y| row(*y))?,
            x1: low(x1).rev().find(|x| column(*x))?,
            y1: low(y1).rev().find(|y| row(*y))?,
        };
        let sized = |length: usize| (self.least..=self.most).contains(&length);
        (tight.x0 < tight.x1
            && tight.y0 < tight.y1
            && sized(tight.width())
            && sized(tight.height())
            && alike(tight.width(), tight.height(), ASPECT))
        .then_some(tight)
    }

    /// Is there ink in this region, both ends included?
    fn any(&self, xs: [usize; 2], ys: [usize; 2]) -> bool {
        (ys[0]..=ys[1]).any(|y| (xs[0]..=xs[1]).any(|x| self.ink.get(x, y)))
    }

    /// Share of a stretch, given as the places along it, that ink covers.
    fn share(range: std::ops::RangeInclusive<usize>, inked: impl Fn(usize) -> bool) -> f32 {
        let length = range.clone().count().max(1);
        range.filter(|at| inked(*at)).count() as f32 / length as f32
    }

    /// The least covered side.
    fn covered(&self, f: &Frame, inked: impl Fn(usize, usize) -> bool) -> f32 {
        let band = |at: usize| at.saturating_sub(self.slack)..=at + self.slack;
        let level = |y: usize| Self::share(f.x0..=f.x1, |x| band(y).any(|y| inked(x, y)));
        let upright = |x: usize| Self::share(f.y0..=f.y1, |y| band(x).any(|x| inked(x, y)));
        let sides = [level(f.y0), level(f.y1), upright(f.x0), upright(f.x1)];
        sides.into_iter().fold(1.0, f32::min)
    }

    /// Ink in all four corners: round letters leave them bare.
    fn has_corners(&self, f: &Frame) -> bool {
        let reach = self.slack.max(f.side() / 9);
        let first = |at: usize| [at, at + reach];
        let last = |at: usize| [at.saturating_sub(reach), at];
        [first(f.x0), last(f.x1)].into_iter().all(|xs| {
            [first(f.y0), last(f.y1)]
                .into_iter()
                .all(|ys| self.any(xs, ys))
        })
    }

    /// Sides that go on beyond a corner.
    fn continued(&self, f: &Frame) -> usize {
        let from = self.slack + 2;
        let length = (f.side() / 4).max(3);
        let band = |at: usize| [at.saturating_sub(self.slack), at + self.slack];
        let before = |at: usize| at.saturating_sub(from + length)..=at.saturating_sub(from);
        let after = |at: usize| at + from..=at + from + length;
        let level = [f.y0, f.y1].into_iter().flat_map(|y| {
            [before(f.x0), after(f.x1)].map(|xs| Self::share(xs, |x| self.any([x, x], band(y))))
        });
        let upright = [f.x0, f.x1].into_iter().flat_map(|x| {
            [before(f.y0), after(f.y1)].map(|ys| Self::share(ys, |y| self.any(band(x), [y, y])))
        });
        level.chain(upright).filter(|share| *share > 0.7).count()
    }

    /// Share of a ring outside the frame that is inked.
    fn around(&self, f: &Frame) -> f32 {
        let (near, far) = (self.slack, self.slack + (f.side() / 6).max(2));
        let (mut all, mut inked) = (0_u32, 0_u32);
        for y in f.y0.saturating_sub(far)..=f.y1 + far {
            for x in f.x0.saturating_sub(far)..=f.x1 + far {
                let within =
                    x + near >= f.x0 && x <= f.x1 + near && y + near >= f.y0 && y <= f.y1 + near;
                if !within {
                    all += 1;
                    inked += u32::from(self.ink.get(x, y));
                }
            }
        }
        inked as f32 / all.max(1) as f32
    }

    /// Median of the ink that follows inwards from points of the sides, in pixels.
    fn thickness(&self, f: &Frame) -> f32 {
        let part = f.side() / 6;
        let depth = f.side() / 2;
        let slack = self.slack as isize;
        let run = |x: usize, y: usize, dx: isize, dy: isize| {
            let at = |n: isize| {
                self.ink.get(
                    x.saturating_add_signed(dx * n),
                    y.saturating_add_signed(dy * n),
                )
            };
            // The side may begin some pixels further in.
            let start = (-slack..=slack).find(|n| at(*n)).unwrap_or(0);
            (start..start + depth as isize)
                .take_while(|n| at(*n))
                .count()
        };
        let mut runs: Vec<usize> = (f.y0 + part..=f.y1 - part)
            .flat_map(|y| [run(f.x0, y, 1, 0), run(f.x1, y, -1, 0)])
            .chain(
                (f.x0 + part..=f.x1 - part).flat_map(|x| [run(x, f.y0, 0, 1), run(x, f.y1, 0, -1)]),
            )
            .collect();
        runs.sort_unstable();
        runs.get(runs.len() / 2).copied().unwrap_or(0) as f32
    }

    /// Share of the inside, well off the outline, that is dark.
    fn inside(&self, f: &Frame, is_dark: impl Fn(usize, usize) -> bool) -> f32 {
        let off = (f.side() / 4).max(self.slack + 1);
        let (mut all, mut dark) = (0_u32, 0_u32);
        for y in f.y0 + off..=f.y1.saturating_sub(off) {
            for x in f.x0 + off..=f.x1.saturating_sub(off) {
                all += 1;
                dark += u32::from(is_dark(x, y));
            }
        }
        dark as f32 / all.max(1) as f32
    }

    /// Grey of the flattened page, white outside it.
    fn grey(&self, x: usize, y: usize) -> u8 {
        let pixel = self.flat.get_pixel_checked(x as u32, y as u32);
        pixel.map_or(255, |pixel| pixel[0])
    }

    /// Half-way from the outline's grey to paper: darker is ink, however thick it is.
    fn dark(&self, f: &Frame) -> u8 {
        let darkest = |xs: [usize; 2], ys: [usize; 2]| {
            (ys[0]..=ys[1])
                .flat_map(|y| (xs[0]..=xs[1]).map(move |x| (x, y)))
                .map(|(x, y)| self.grey(x, y))
                .min()
                .unwrap_or(255)
        };
        let band = |at: usize| [at.saturating_sub(self.slack), at + self.slack];
        let mut levels: Vec<u8> = (f.y0..=f.y1)
            .flat_map(|y| [darkest(band(f.x0), [y, y]), darkest(band(f.x1), [y, y])])
            .chain(
                (f.x0..=f.x1)
                    .flat_map(|x| [darkest([x, x], band(f.y0)), darkest([x, x], band(f.y1))]),
            )
            .collect();
        levels.sort_unstable();
        let outline = levels.get(levels.len() / 2).copied().unwrap_or(0);
        outline.midpoint(255)
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};

    use super::{erase, find};
    use crate::prepare::binarise::BinaryImage;

    /// A page on which `ink` says where ink is, as all three images of it.
    fn page(ink: impl Fn(i32, i32) -> bool) -> (BinaryImage, GrayImage, RgbImage) {
        let ink = BinaryImage::from_fn(200, 100, |x, y| ink(x as i32, y as i32));
        let flat = ink.to_grey();
        let color = RgbImage::from_fn(200, 100, |x, y| image::Rgb([flat.get_pixel(x, y)[0]; 3]));
        (ink, flat, color)
    }

    fn outline(x: i32, y: i32, at: i32) -> bool {
        let (u, v) = (x - at, y - 40);
        (0..22).contains(&u) && (0..22).contains(&v) && (u < 2 || v < 2 || u >= 20 || v >= 20)
    }

    fn states(ink: impl Fn(i32, i32) -> bool) -> Vec<bool> {
        let (ink, flat, _) = page(ink);
        find(&ink, &flat, 12.0).iter().map(|b| b.checked).collect()
    }

    #[test]
    fn boxes_and_their_states() {
        let cross = |x: i32, y: i32| {
            let (u, v) = (x - 40, y - 40);
            (3..19).contains(&u) && ((u - v).abs() < 2 || (u + v - 21).abs() < 2)
        };
        let tick = |x: i32, y: i32| {
            let (u, v) = (x - 40, y - 40);
            ((4..9).contains(&u) && (v - 7 - u).abs() < 2)
                || ((9..26).contains(&u) && (v - 24 + u).abs() < 2)
        };
        let solid = |x: i32, y: i32, at: i32| (at..at + 22).contains(&x) && (40..62).contains(&y);
        assert_eq!(states(|x, y| outline(x, y, 40)), [false], "empty");
        assert_eq!(
            states(|x, y| outline(x, y, 40) || cross(x, y)),
            [true],
            "crossed"
        );
        assert_eq!(
            states(|x, y| outline(x, y, 40) || tick(x, y)),
            [true],
            "ticked"
        );
        assert_eq!(
            states(|x, y| outline(x, y, 40) || solid(x, y, 120)),
            [false, true],
            "filled beside an empty one"
        );
        assert_eq!(states(|x, y| solid(x, y, 120)), [false; 0], "a bullet");
    }

    #[test]
    fn a_leaning_box_is_one_and_what_only_looks_like_it_is_none() {
        let leaning = |x: i32, y: i32| outline(x + (y - 51) / 16, y - (x - 51) / 16, 40);
        assert_eq!(states(leaning), [false], "leaning by 3.6 degrees");
        let ring = |x: i32, y: i32| {
            let distance = f64::from((x - 51).pow(2) + (y - 51).pow(2)).sqrt();
            (9.0..11.5).contains(&distance)
        };
        let cells = |x: i32, y: i32| (0..4).any(|n| outline(x, y, 40 + 20 * n));
        let three = |x: i32, y: i32| outline(x, y, 40) && x < 60;
        let letters =
            |x: i32, y: i32| outline(x, y, 40) || (y > 42 && y < 60 && x > 64 && x % 6 < 3);
        for (name, found) in [
            ("a ring", states(ring)),
            ("cells of a number", states(cells)),
            ("a side is missing", states(three)),
        ] {
            assert_eq!(found, [false; 0], "{name}");
        }
        assert_eq!(states(letters).len(), 1, "text may follow closely");
    }

    #[test]
    fn a_box_is_painted_over_and_its_neighbours_stay() {
        let label = |x: i32, y: i32| (72..90).contains(&x) && (44..60).contains(&y) && x % 5 < 2;
        let (mut ink, mut flat, mut color) = page(|x, y| outline(x, y, 40) || label(x, y));
        let boxes = find(&ink, &flat, 12.0);
        erase(&boxes, &mut color, &mut flat, &mut ink);
        let dark = |x: u32, y: u32| {
            [
                color.get_pixel(x, y)[0] < 128,
                flat.get_pixel(x, y)[0] < 128,
                ink.get(x as usize, y as usize),
            ]
        };
        for (x, y) in (0..100).flat_map(|y| (0..200).map(move |x| (x, y))) {
            assert_eq!(dark(x, y), [label(x as i32, y as i32); 3], "{x} {y}");
        }
    }
}
