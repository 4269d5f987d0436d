//! Ruled lines: found, reported and taken away, so that forms read as text and tables keep their grid.
//! A rule is a chain of long runs of ink that is thin all along; it is erased column by column, and
//! only where nothing sticks out of it, so letters that cross or touch it keep their strokes.
//! Limit: the page is level to ±2 degrees; a line shorter than four and a half x-heights is no rule unless it
//! ends at two rules, as the sides of a low cell do; a letter's own stroke that lies exactly in a rule goes
//! with it.

use schemas::Point;

use super::{
    binarise::BinaryImage,
    components::{join, root},
};

/// Places at which the course of a ruled line is known.
pub const STEPS: usize = 9;

/// A ruled line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Left or upper end, middle of the stroke, in pixels.
    pub from: Point,
    /// Right or lower end.
    pub to: Point,
    /// At equal steps from end to end, the middle of the stroke across its run: rows of a horizontal line, columns of a
    /// vertical one.
    pub course: [f32; STEPS],
    /// Mean thickness in pixels.
    pub thickness: f32,
}

impl Segment {
    /// Points on the middle of a horizontal line, from left to right.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let step = (self.to[0] - self.from[0]) / (STEPS - 1) as f32;
        let places = self.course.iter().enumerate();
        places
            .map(|(at, row)| [self.from[0] + step * at as f32, *row])
            .collect()
    }
}

/// The ruled lines of a page, each list from top to bottom and then left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Lines that run across; scan streaks along the other axis are rules too.
    pub horizontal: Vec<Segment>,
    /// Lines that run up and down.
    pub vertical: Vec<Segment>,
}

/// Erases ruled lines from `ink` and says where they were, given the page's x-height in pixels
/// ([`super::scale::x_height`]; NaN when unknown).
pub fn take(ink: &mut BinaryImage, x_height: f32) -> Rules {
    let limits = Limits::at(x_height);
    let mut turned = ink.transposed();
    let split = |found: Vec<Chain>| -> (Vec<Chain>, Vec<Chain>) {
        found.into_iter().partition(|c| is_long(c, &limits))
    };
    let (mut across, low) = split(chains(ink, &limits));
    let (mut down, short) = split(chains(&turned, &limits));
    let sides: Vec<Chain> = joining(short, &across, &limits);
    across.extend(joining(low, &down, &limits));
    down.extend(sides);
    for chain in &across {
        erase(ink, chain, &limits);
    }
    for chain in &down {
        erase(&mut turned, chain, &limits);
    }
    let kept = turned.transposed();
    for y in 0..ink.height() {
        for x in 0..ink.width() {
            if ink.get(x, y) && !kept.get(x, y) {
                ink.set(x, y, false);
            }
        }
    }
    let swap = |s: Segment| Segment {
        from: [s.from[1], s.from[0]],
        to: [s.to[1], s.to[0]],
        ..s
    };
    let mut rules = Rules {
        horizontal: across.iter().map(|c| segment(c)).collect(),
        vertical: down.iter().map(|c| swap(segment(c))).collect(),
    };
    for list in [&mut rules.horizontal, &mut rules.vertical] {
        list.sort_by(|a, b| {
            a.from[1]
                .total_cmp(&b.from[1])
                .then(a.from[0].total_cmp(&b.from[0]))
        });
    }
    rules
}

/// Lengths in pixels, in proportion to the letters: what the file says of its resolution may be wrong.
struct Limits {
    /// Shorter runs are strokes of letters.
    run: usize,
    /// Shorter chains are dashes or underlined letters, unless they join two rules.
    chain: usize,
    /// Chains that are shorter still join nothing.
    side: usize,
    /// Thicker bars are no rules.
    thickness: usize,
    /// Breaks that a chain bridges.
    gap: usize,
}

impl Limits {
    fn at(x_height: f32) -> Self {
        let x = if x_height.is_finite() {
            x_height.clamp(5.0, 100.0)
        } else {
            16.0
        };
        let size = |heights: f32, least: f32| (x * heights).max(least) as usize;
        Self {
            run: size(1.6, 10.0),
            chain: size(4.5, 30.0),
            side: size(2.5, 20.0),
            thickness: size(0.4, 3.0),
            gap: size(0.3, 3.0),
        }
    }
}

/// A run of ink in a row.
#[derive(Clone, Copy)]
struct Stroke {
    y: usize,
    x0: usize,
    x1: usize,
}

/// Strokes that touch or nearly continue each other.
type Chain = Vec<Stroke>;

/// Long thin runs, joined where they touch or nearly continue each other.
fn chains(ink: &BinaryImage, limits: &Limits) -> Vec<Chain> {
    let mut strokes: Vec<Stroke> = Vec::new();
    let mut parent: Vec<u32> = Vec::new();
    let mut recent = 0;
    for y in 0..ink.height() {
        let row = ink.row(y);
        let mut x = 0;
        while let Some(x0) = row[x..].iter().position(|i| *i).map(|at| x + at) {
            let x1 = row[x0..]
                .iter()
                .position(|i| !*i)
                .map_or(row.len(), |at| x0 + at);
            x = x1;
            if x1 - x0 < limits.run || !is_thin(ink, y, x0, x1, limits) {
                continue;
            }
            let id = strokes.len();
            parent.push(id as u32);
            while strokes.get(recent).is_some_and(|s| s.y + 2 < y) {
                recent += 1;
            }
            for (other, s) in strokes.iter().enumerate().skip(recent) {
                if s.x0 <= x1 + limits.gap && x0 <= s.x1 + limits.gap {
                    join(&mut parent, id as u32, other as u32);
                }
            }
            strokes.push(Stroke { y, x0, x1 });
        }
    }
    let mut chains: Vec<Chain> = vec![Vec::new(); strokes.len()];
    for (id, stroke) in strokes.into_iter().enumerate() {
        chains[root(&mut parent, id as u32) as usize].push(stroke);
    }
    chains.retain(|c| is_rule(c, limits));
    chains
}

/// Is most of a run no thicker than a rule? Text and bars are not.
fn is_thin(ink: &BinaryImage, y: usize, x0: usize, x1: usize, limits: &Limits) -> bool {
    let columns = (x0..x1).step_by(3);
    let count = columns.clone().count();
    let thin = columns
        .filter(|x| thickness(ink, *x, y) <= limits.thickness)
        .count();
    thin * 2 > count
}

/// Rows of ink through a pixel, counted up and down.
fn thickness(ink: &BinaryImage, x: usize, y: usize) -> usize {
    let up = (0..y).rev().take_while(|v| ink.get(x, *v)).take(64).count();
    let down = (y..ink.height())
        .take_while(|v| ink.get(x, *v))
        .take(64)
        .count();
    up + down
}

/// Long enough to be a rule by itself.
fn is_long(chain: &[Stroke], limits: &Limits) -> bool {
    reach(chain).is_some_and(|(x0, x1)| x1 - x0 >= limits.chain)
}

/// Those of the chains both of whose ends meet rules that run the other way, which are chains of the turned page.
fn joining(mut chains: Vec<Chain>, others: &[Chain], limits: &Limits) -> Vec<Chain> {
    let slack = limits.gap as f32 + 2.0;
    let others: Vec<Segment> = others.iter().map(|other| segment(other)).collect();
    let meets = |[x, y]: Point| {
        others.iter().any(|Segment { from, to, .. }| {
            let share = (y - from[0]) / (to[0] - from[0]).max(1.0);
            let at = from[1] + share * (to[1] - from[1]);
            (from[0] - slack..=to[0] + slack).contains(&y) && (x - at).abs() <= slack
        })
    };
    chains.retain(|chain| {
        let line = segment(chain);
        meets(line.from) && meets(line.to)
    });
    chains
}

/// Long enough for a side, and flat for its length: a slope of at most 1 in 25.
fn is_rule(chain: &[Stroke], limits: &Limits) -> bool {
    let Some((x0, x1)) = reach(chain) else {
        return false;
    };
    let tall = chain.iter().map(|s| s.y).max().unwrap_or(0)
        - chain.iter().map(|s| s.y).min().unwrap_or(0)
        + 1;
    let mut covered = vec![false; x1 - x0];
    for stroke in chain {
        covered[stroke.x0 - x0..stroke.x1 - x0].fill(true);
    }
    let solid = covered.iter().filter(|c| **c).count() * 10 >= covered.len() * 7;
    solid && x1 - x0 >= limits.side && tall <= limits.thickness + (x1 - x0) / 25
}

fn reach(chain: &[Stroke]) -> Option<(usize, usize)> {
    let x0 = chain.iter().map(|s| s.x0).min()?;
    let x1 = chain.iter().map(|s| s.x1).max()?;
    Some((x0, x1))
}

fn segment(chain: &[Stroke]) -> Segment {
    let (x0, x1) = reach(chain).unwrap_or_default();
    let near = |x: usize| {
        // The height of the chain around a place.
        let reach = ((x1 - x0) / (2 * (STEPS - 1))).max(8);
        let rows: Vec<f32> = chain
            .iter()
            .filter(|s| s.x0 <= x + reach && x <= s.x1 + reach)
            .map(|s| s.y as f32 + 0.5)
            .collect();
        rows.iter().sum::<f32>() / rows.len().max(1) as f32
    };
    let area: usize = chain.iter().map(|s| s.x1 - s.x0).sum();
    let course = std::array::from_fn(|step| near(x0 + (x1 - x0) * step / (STEPS - 1)));
    Segment {
        from: [x0 as f32, course[0]],
        to: [x1 as f32, course[STEPS - 1]],
        course,
        thickness: area as f32 / (x1 - x0).max(1) as f32,
    }
}

/// Removes a chain's columns, and the frayed pixels beside it, where no stroke sticks out.
fn erase(ink: &mut BinaryImage, chain: &[Stroke], limits: &Limits) {
    let mean = segment(chain).thickness;
    let allowed = (mean + 2.0).min(limits.thickness as f32) as usize;
    let mut doomed: Vec<(usize, usize, usize)> = Vec::new();
    for stroke in chain {
        for x in stroke.x0..stroke.x1 {
            if thickness(ink, x, stroke.y) <= allowed.max(1) {
                let top = (0..stroke.y).rev().take_while(|v| ink.get(x, *v)).count();
                let low = (stroke.y..ink.height())
                    .take_while(|v| ink.get(x, *v))
                    .count();
                doomed.push((x, stroke.y - top, stroke.y + low));
            }
        }
    }
    for (x, top, low) in doomed {
        for y in top..low {
            ink.set(x, y, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::prepare::binarise::BinaryImage;

    /// Letters are 12 x 20 outlines with 3 pixel strokes.
    fn letter(x: usize, y: usize) -> bool {
        let (u, v) = (x % 20, y % 60);
        u < 12 && v < 20 && (!(3..9).contains(&u) || !(3..17).contains(&v))
    }

    #[test]
    fn finds_and_removes_a_grid_and_keeps_the_letters() {
        let text = BinaryImage::from_fn(600, 400, |x, y| letter(x, y) && (40..560).contains(&x));
        let level = |x: usize, y: usize, at: usize| {
            let row = at + x / 60;
            (row..row + 3).contains(&y) && (20..580).contains(&x)
        };
        let upright =
            |x: usize, y: usize, at: usize| (at..at + 2).contains(&x) && (10..390).contains(&y);
        let page = BinaryImage::from_fn(600, 400, |x, y| {
            text.get(x, y)
                || level(x, y, 30)
                || level(x, y, 110)
                || upright(x, y, 25)
                || upright(x, y, 572)
        });
        let mut ink = page.clone();
        let rules = take(&mut ink, 16.0);
        assert_eq!(
            (rules.horizontal.len(), rules.vertical.len()),
            (2, 2),
            "{rules:?}"
        );
        let first = rules.horizontal[0];
        assert!(
            (first.from[0] - 20.0).abs() < 6.0 && (first.to[0] - 580.0).abs() < 6.0,
            "{first:?}"
        );
        assert!(
            (first.thickness - 3.0).abs() < 0.6 && first.to[1] > first.from[1] + 5.0,
            "{first:?}"
        );
        let lost = (0..400)
            .flat_map(|y| (0..600).map(move |x| (x, y)))
            .filter(|(x, y)| text.get(*x, *y) && !ink.get(*x, *y))
            .count();
        let left = ink.ink_pixels() + lost - text.ink_pixels();
        assert!(
            lost * 50 < text.ink_pixels(),
            "lost {lost} of {}",
            text.ink_pixels()
        );
        assert!(
            left * 20 < page.ink_pixels() - text.ink_pixels(),
            "left {left}"
        );
    }

    #[test]
    fn the_sides_of_low_cells_are_rules_and_letters_between_two_lines_are_none() {
        let level = |x: usize, y: usize| (20..580).contains(&x) && matches!(y % 60, 40..43);
        let side = |x: usize, y: usize| (300..303).contains(&x) && (42..100).contains(&y);
        let stem = |x: usize, y: usize| x % 40 < 3 && (169..211).contains(&y);
        let page = |x: usize, y: usize| level(x, y) || side(x, y) || stem(x, y);
        let mut ink = BinaryImage::from_fn(600, 260, page);
        let rules = take(&mut ink, 16.0);
        assert_eq!(rules.horizontal.len(), 4, "{rules:?}");
        let [only] = rules.vertical[..] else {
            panic!("{rules:?}")
        };
        assert!(
            (only.from[0] - 301.5).abs() < 1.0 && only.to[1] - only.from[1] > 40.0,
            "{only:?}"
        );
        assert!(
            !ink.get(301, 65) && ink.get(321, 190),
            "a side stays or a stem went"
        );
    }

    #[test]
    fn letters_crossing_an_underline_survive() {
        let rule = |x: usize, y: usize| (20..380).contains(&x) && (60..62).contains(&y);
        let stem =
            |x: usize, y: usize| (30..360).contains(&x) && x % 30 < 3 && (45..75).contains(&y);
        let mut ink = BinaryImage::from_fn(400, 120, |x, y| rule(x, y) || stem(x, y));
        take(&mut ink, 16.0);
        let kept = (30..360)
            .filter(|x| x % 30 < 3)
            .all(|x| (45..75).all(|y| ink.get(x, y)));
        assert!(kept, "a stem was cut");
    }

    #[test]
    fn text_alone_has_no_rules() {
        let text = BinaryImage::from_fn(600, 400, letter);
        let mut ink = text.clone();
        let rules = take(&mut ink, f32::NAN);
        assert!(
            rules.horizontal.is_empty() && rules.vertical.is_empty(),
            "{rules:?}"
        );
        assert_eq!(ink, text);
        take(&mut BinaryImage::new(0, 0), 16.0);
    }
}
