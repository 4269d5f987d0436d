//! What a frame on the page is drawn with: how much of its sides, corners, inside and surroundings is ink.

use super::{Sheet, square::Frame};

impl Sheet<'_> {
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
    pub fn covered(&self, f: &Frame, inked: impl Fn(usize, usize) -> bool) -> f32 {
        let band = |at: usize| at.saturating_sub(self.slack)..=at + self.slack;
        let level = |y: usize| Self::share(f.x0..=f.x1, |x| band(y).any(|y| inked(x, y)));
        let upright = |x: usize| Self::share(f.y0..=f.y1, |y| band(x).any(|x| inked(x, y)));
        let sides = [level(f.y0), level(f.y1), upright(f.x0), upright(f.x1)];
        sides.into_iter().fold(1.0, f32::min)
    }

    /// Ink in all four corners: round letters leave them bare.
    pub fn has_corners(&self, f: &Frame) -> bool {
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
    pub fn continued(&self, f: &Frame) -> usize {
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
    pub fn around(&self, f: &Frame) -> f32 {
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
    pub fn thickness(&self, f: &Frame) -> f32 {
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
    pub fn inside(&self, f: &Frame, is_dark: impl Fn(usize, usize) -> bool) -> f32 {
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
    pub fn grey(&self, x: usize, y: usize) -> u8 {
        let pixel = self.flat.get_pixel_checked(x as u32, y as u32);
        pixel.map_or(255, |pixel| pixel[0])
    }

    /// Half-way from the outline's grey to paper: darker is ink, however thick it is.
    pub fn dark(&self, f: &Frame) -> u8 {
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
