//! Text lines from connected components: an independent detector, without any model.
//! Letter-like components of similar height are chained along near-horizontal gaps (in the manner of
//! O'Gorman's docstrum, 1993), small marks join the line that they stand in, and wide gaps split.
//! Limit: the page is level to about ±1.5 degrees; a mark below half an x-height that stands alone
//! (`-`, `.`) is not found, a lone letter or digit is; joined letters of two lines that touch make
//! one tall box; lone dirt of a letter's size is reported as text.

use schemas::{Point, Quad};

use super::{
    binarise::BinaryImage,
    components::{Component, Components, join, label, root},
    scale,
};

/// Lines part where a gap is wider than this many letter heights.
const WIDEST_GAP: f32 = 1.6;

/// Boxes of lines, or of the parts of a line that stand apart, as quads that follow the slope, in
/// reading order of their tops. Rules should have been taken out before ([`super::rules::take`]).
#[must_use]
pub fn text_lines(ink: &BinaryImage) -> Vec<Quad> {
    lines_of(&label(ink))
}

/// [`text_lines`] of components that are there already.
#[must_use]
pub fn lines_of(all: &Components) -> Vec<Quad> {
    let Some(typical) = typical_height(all) else {
        return Vec::new();
    };
    let mut lines = chain(&letters(all, typical));
    lines.retain(|line| !line.is_barcode());
    attach_marks(&mut lines, all, typical);
    lines.retain(|line| line.is_text(typical));
    let inside: Vec<bool> = lines
        .iter()
        .map(|line| lines.iter().any(|other| line.is_part_of(other)))
        .collect();
    let mut quads: Vec<Quad> = lines
        .iter()
        .zip(inside)
        .filter(|(_, part)| !part)
        .map(|(line, _)| line.quad())
        .collect();
    quads.sort_by(|a, b| {
        a.0[0][1]
            .total_cmp(&b.0[0][1])
            .then(a.0[0][0].total_cmp(&b.0[0][0]))
    });
    quads
}

/// Of each line the middles of its letters' lower ends, from left to right.
#[must_use]
pub fn baselines(ink: &BinaryImage) -> Vec<Vec<Point>> {
    let all = label(ink);
    let Some(typical) = typical_height(&all) else {
        return Vec::new();
    };
    chain(&letters(&all, typical))
        .into_iter()
        .filter(|line| !line.is_barcode())
        .map(|line| {
            let low_end = |c: &Component| [(c.x0 + c.x1) as f32 / 2.0, c.y1 as f32];
            line.letters.iter().map(low_end).collect()
        })
        .collect()
}

/// From left to right.
fn letters(all: &Components, typical: f32) -> Vec<Component> {
    let letters = all.list.iter().filter(|c| is_letter(c, typical));
    let mut letters: Vec<Component> = letters.copied().collect();
    letters.sort_by_key(|c| (c.x0, c.y0));
    letters
}

/// The x-height, or the median height on a page of few letters.
fn typical_height(all: &Components) -> Option<f32> {
    scale::x_height_of(all).or_else(|| {
        let mut heights: Vec<u32> = all
            .list
            .iter()
            .filter(|c| c.is_letter_like() && c.height() >= 7)
            .map(Component::height)
            .collect();
        heights.sort_unstable();
        heights.get(heights.len() / 2).map(|h| *h as f32)
    })
}

/// Small print on a page of larger print still chains; a lone one must be of the page's size.
fn is_letter(c: &Component, typical: f32) -> bool {
    let (w, h) = (c.width() as f32, c.height() as f32);
    let least = (0.4 * typical).max(5.0);
    let tall_enough = h >= least && h <= (6.0 * typical).max(40.0);
    let narrow_enough = w <= 14.0 * h && w <= 30.0 * typical;
    // A streak or an arc of a ring leaves its box nearly empty.
    tall_enough
        && narrow_enough
        && c.fill() > 0.07
        && c.area as f32 > 0.3 * least * least
        && h < 9.0 * w
}

/// Letters of one line.
#[derive(Clone, Debug)]
struct Line {
    letters: Vec<Component>,
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
}

/// Joins letters with their right-hand neighbours; `letters` are sorted from left to right.
fn chain(letters: &[Component]) -> Vec<Line> {
    let mut parent: Vec<u32> = (0..letters.len() as u32).collect();
    for (i, a) in letters.iter().enumerate() {
        for (j, b) in letters.iter().enumerate().skip(i + 1) {
            if b.x0 as f32 > a.x1 as f32 + 160.0 {
                break;
            }
            if are_neighbours(a, b) {
                join(&mut parent, i as u32, j as u32);
            }
        }
    }
    let mut groups: Vec<Vec<Component>> = vec![Vec::new(); letters.len()];
    for (i, letter) in letters.iter().enumerate() {
        groups[root(&mut parent, i as u32) as usize].push(*letter);
    }
    groups
        .into_iter()
        .filter(|g| !g.is_empty())
        .map(Line::new)
        .collect()
}

fn are_neighbours(a: &Component, b: &Component) -> bool {
    let (ha, hb) = (a.height() as f32, b.height() as f32);
    let (low, high) = (ha.min(hb), ha.max(hb));
    let gap = b.x0 as f32 - a.x1 as f32;
    // Letters in sequence hardly overlap; what does is an accent, or stands above.
    if gap > WIDEST_GAP * high.min(2.2 * low) || high > 3.5 * low {
        return false;
    }
    let shared = a.y1.min(b.y1) as f32 - a.y0.max(b.y0) as f32;
    let apart = ((a.y0 + a.y1) as f32 - (b.y0 + b.y1) as f32).abs() / 2.0;
    shared >= 0.4 * low && apart <= 0.45 * high
}

/// Dots, commas, dashes, accents and thin digits join the line they stand in.
fn attach_marks(lines: &mut [Line], all: &Components, typical: f32) {
    let is_mark = |c: &&Component| {
        !is_letter(c, typical)
            && c.area >= 3
            && c.height() as f32 <= 1.6 * typical
            && c.width() as f32 <= 3.0 * typical
    };
    for mark in all.list.iter().filter(is_mark) {
        let middle = (mark.y0 + mark.y1) as f32 / 2.0;
        for line in lines.iter_mut() {
            let height = line.letter_height();
            let level = middle > line.y0 - 0.15 * height && middle < line.y1 + 0.2 * height;
            let near = mark.x0 as f32 - line.x1 < 0.9 * height
                && line.x0 - (mark.x1 as f32) < 0.9 * height;
            if level && near {
                line.x0 = line.x0.min(mark.x0 as f32);
                line.x1 = line.x1.max(mark.x1 as f32);
                break;
            }
        }
    }
}

impl Line {
    fn new(letters: Vec<Component>) -> Self {
        let least = |f: fn(&Component) -> u32| letters.iter().map(f).min().unwrap_or(0) as f32;
        let most = |f: fn(&Component) -> u32| letters.iter().map(f).max().unwrap_or(0) as f32;
        Self {
            x0: least(|c| c.x0),
            y0: least(|c| c.y0),
            x1: most(|c| c.x1),
            y1: most(|c| c.y1),
            letters,
        }
    }

    fn letter_height(&self) -> f32 {
        let mut heights: Vec<u32> = self.letters.iter().map(Component::height).collect();
        heights.sort_unstable();
        heights.get(heights.len() * 3 / 4).copied().unwrap_or(0) as f32
    }

    fn is_barcode(&self) -> bool {
        let bars = self
            .letters
            .iter()
            .filter(|c| c.height() > 5 * c.width())
            .count();
        self.letters.len() >= 8 && bars * 10 > self.letters.len() * 7
    }

    /// A few letters must look like letters of this page; many vouch for each other.
    fn is_text(&self, typical: f32) -> bool {
        let sized = |c: &&Component| {
            let (w, h) = (c.width() as f32, c.height() as f32);
            let solid = c.fill() > 0.9 && w > 0.5 * h;
            let strokes = c.fill() > 0.12 && !solid && c.area as f32 > 0.1 * h * typical;
            strokes && h >= 0.8 * typical && h <= 4.0 * typical && w <= 12.0 * h
        };
        match self.letters.len() {
            0 => false,
            1 | 2 => self.letters.iter().any(|c| sized(&c)),
            3..=5 => self.letters.iter().any(|c| sized(&c)) || self.is_even(),
            _ => true,
        }
    }

    /// Small print is of one size; dirt that happens to stand in a row is not.
    fn is_even(&self) -> bool {
        let heights = self.letters.iter().map(Component::height);
        let (low, high) = (
            heights.clone().min().unwrap_or(0),
            heights.max().unwrap_or(0),
        );
        high >= 6 && 2 * low >= high && self.letters.iter().all(|c| c.fill() < 0.85)
    }

    fn is_part_of(&self, other: &Self) -> bool {
        let area = |l: &Self| (l.x1 - l.x0) * (l.y1 - l.y0);
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        w > 0.0 && h > 0.0 && area(other) > area(self) && w * h > 0.85 * area(self)
    }

    /// The box, sheared along the slope of the letters' middles, a little larger than the ink.
    fn quad(&self) -> Quad {
        let slope = self.slope();
        let middle = f32::midpoint(self.x0, self.x1);
        let offset = |c: &Component| slope * ((c.x0 + c.x1) as f32 / 2.0 - middle);
        let top = self
            .letters
            .iter()
            .map(|c| c.y0 as f32 - offset(c))
            .fold(f32::MAX, f32::min);
        let low = self
            .letters
            .iter()
            .map(|c| c.y1 as f32 - offset(c))
            .fold(f32::MIN, f32::max);
        let pad = (0.08 * (low - top)).max(1.0);
        let (x0, x1) = ((self.x0 - pad).max(0.0), self.x1 + pad);
        let at = |x: f32, y: f32| [x, (y + slope * (x - middle)).max(0.0)];
        Quad([
            at(x0, top - pad),
            at(x1, top - pad),
            at(x1, low + pad),
            at(x0, low + pad),
        ])
    }

    /// Least squares over the low edges, within the tolerance that the limit states.
    fn slope(&self) -> f32 {
        if self.letters.len() < 6 || self.x1 - self.x0 < 6.0 * self.letter_height() {
            return 0.0;
        }
        let n = self.letters.len() as f32;
        let points = || {
            self.letters
                .iter()
                .map(|c| ((c.x0 + c.x1) as f32 / 2.0, c.y1 as f32))
        };
        let (sx, sy) = points().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let (mx, my) = (sx / n, sy / n);
        let (up, across) = points().fold((0.0, 0.0), |(a, b), (x, y)| {
            (a + (x - mx) * (y - my), b + (x - mx) * (x - mx))
        });
        if across > 0.0 {
            (up / across).clamp(-0.035, 0.035)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text_lines;
    use crate::prepare::binarise::BinaryImage;

    /// Draws `x`-like outlines: `(left, top, count, height)` a word.
    fn page(
        words: &[(usize, usize, usize, usize)],
        extra: impl Fn(usize, usize) -> bool,
    ) -> BinaryImage {
        BinaryImage::from_fn(900, 600, |x, y| {
            let written = words.iter().any(|(left, top, count, height)| {
                let pitch = height * 3 / 4;
                if x < *left || y < *top || y >= top + height || x >= left + count * pitch {
                    return false;
                }
                let (u, v) = ((x - left) % pitch, y - top);
                u < pitch - 3 && (u < 2 || u >= pitch - 5 || v < 2 || v >= height - 2)
            });
            written || extra(x, y)
        })
    }

    const BODY: [(usize, usize, usize, usize); 5] = [
        (50, 100, 8, 16),
        (158, 100, 6, 16),
        (50, 140, 9, 16),
        (172, 140, 12, 16),
        (50, 180, 10, 16),
    ];

    #[test]
    fn groups_as_a_reader_does() {
        let with = |more: &[(usize, usize, usize, usize)]| [&BODY[..], more].concat();
        for (name, words, want) in [
            ("three lines of words", with(&[]), 3),
            ("a wide gap parts columns", with(&[(500, 100, 5, 16)]), 4),
            ("a lone letter is a line", with(&[(600, 180, 1, 16)]), 4),
            ("a heading is twice as high", with(&[(50, 30, 9, 34)]), 4),
            ("tight lines stay apart", with(&[(50, 200, 10, 16)]), 4),
        ] {
            let lines = text_lines(&page(&words, |_, _| false));
            assert_eq!(lines.len(), want, "{name}: {lines:?}");
        }
    }

    #[test]
    fn decimal_points_belong_to_their_line() {
        let dot = |x: usize, y: usize| (120..123).contains(&x) && (193..196).contains(&y);
        let mut words = BODY.to_vec();
        words[4] = (50, 180, 5, 16);
        let lines = text_lines(&page(&words, |x, y| dot(x + 6, y)));
        let last = lines.last().unwrap().bbox();
        assert!(last.x1 >= 117.0, "{last:?}");
    }

    #[test]
    fn specks_rings_and_blanks_are_no_text() {
        let speck = |x: usize, y: usize| x % 37 < 2 && y % 41 < 2;
        let ring = |x: usize, y: usize| {
            let away = (x as f32 - 650.0).hypot(y as f32 - 400.0);
            (120.0..124.0).contains(&away)
        };
        let found = text_lines(&page(&BODY, |x, y| speck(x, y) && y > 250 || ring(x, y)));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(text_lines(&BinaryImage::new(0, 0)).is_empty());
        assert!(text_lines(&BinaryImage::new(50, 50)).is_empty());
    }

    #[test]
    fn a_slope_is_followed() {
        let level = page(&[(50, 100, 40, 16)], |_, _| false);
        let tilted = BinaryImage::from_fn(900, 600, |x, y| y >= x / 50 && level.get(x, y - x / 50));
        let lines = text_lines(&tilted);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].height() < 26.0, "{lines:?}");
    }
}
