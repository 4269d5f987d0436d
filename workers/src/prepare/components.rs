//! Connected components of ink, 8-connected, found over runs with a union-find.
//! Runs are kept, so that a component can be erased or drawn without a label image.
//! Limit: what touches is one component; letters of joined handwriting come as words.

use super::binarise::BinaryImage;

/// A connected patch of ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Left column.
    pub x0: u32,
    /// Top row.
    pub y0: u32,
    /// One past the right column.
    pub x1: u32,
    /// One past the low row.
    pub y1: u32,
    /// Ink pixels.
    pub area: u32,
}

impl Component {
    /// Columns.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.x1 - self.x0
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.y1 - self.y0
    }

    /// Share of its box that is ink.
    #[must_use]
    pub fn fill(&self) -> f32 {
        self.area as f32 / (self.width() * self.height()).max(1) as f32
    }

    /// Could it be a letter or a few joined ones, by shape alone?
    #[must_use]
    pub fn is_letter_like(&self) -> bool {
        let (w, h) = (self.width() as f32, self.height() as f32);
        let upright_stroke = w < 0.35 * h && self.fill() > 0.4 && h < 60.0;
        (4.0..=120.0).contains(&h)
            && w >= 1.0
            && w <= 8.0 * h
            && (w >= 0.2 * h || upright_stroke)
            && self.fill() > 0.08
    }
}

/// A horizontal run of ink in one row and the component it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Row.
    pub y: u32,
    /// First column.
    pub x0: u32,
    /// One past the last column.
    pub x1: u32,
    /// Index into [`Components::list`].
    pub of: u32,
}

/// All components of an image, in the order of their first pixel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components {
    /// The components.
    pub list: Vec<Component>,
    /// Their runs, top to bottom and left to right.
    pub runs: Vec<Run>,
}

impl Components {
    /// Turns the components that `chosen` picks into paper.
    pub fn erase(&self, ink: &mut BinaryImage, chosen: impl Fn(usize, &Component) -> bool) {
        let picked: Vec<bool> = self
            .list
            .iter()
            .enumerate()
            .map(|(i, c)| chosen(i, c))
            .collect();
        for run in self.runs.iter().filter(|run| picked[run.of as usize]) {
            ink.fill(run.y as usize, run.x0 as usize, run.x1 as usize, false);
        }
    }
}

/// Labels an image.
#[must_use]
pub fn label(ink: &BinaryImage) -> Components {
    let mut runs: Vec<Run> = Vec::new();
    let mut parent: Vec<u32> = Vec::new();
    let mut above = 0..0;
    for y in 0..ink.height() {
        let first = runs.len();
        let row = ink.row(y);
        let mut x = 0;
        let mut touching = above.clone();
        while let Some(start) = row[x..].iter().position(|ink| *ink).map(|at| x + at) {
            let end = row[start..]
                .iter()
                .position(|ink| !*ink)
                .map_or(row.len(), |at| start + at);
            let id = parent.len() as u32;
            parent.push(id);
            runs.push(Run {
                y: y as u32,
                x0: start as u32,
                x1: end as u32,
                of: id,
            });
            // Diagonal neighbours touch, so runs meet when they overlap after growing by one.
            while touching.start < touching.end && (runs[touching.start].x1 as usize) < start {
                touching.start += 1;
            }
            for other in touching.clone() {
                if runs[other].x0 as usize > end {
                    break;
                }
                join(&mut parent, id, runs[other].of);
            }
            x = end;
        }
        above = first..runs.len();
    }
    gather(runs, &mut parent)
}

fn gather(mut runs: Vec<Run>, parent: &mut [u32]) -> Components {
    let mut index = vec![u32::MAX; parent.len()];
    let mut list: Vec<Component> = Vec::new();
    for run in &mut runs {
        let root = root(parent, run.of) as usize;
        if index[root] == u32::MAX {
            index[root] = list.len() as u32;
            list.push(Component {
                x0: run.x0,
                y0: run.y,
                x1: run.x1,
                y1: run.y + 1,
                area: 0,
            });
        }
        run.of = index[root];
        let c = &mut list[run.of as usize];
        c.x0 = c.x0.min(run.x0);
        c.x1 = c.x1.max(run.x1);
        c.y1 = c.y1.max(run.y + 1);
        c.area += run.x1 - run.x0;
    }
    Components { list, runs }
}

/// The representative of `id`, with the path halved on the way.
pub(super) fn root(parent: &mut [u32], mut id: u32) -> u32 {
    while parent[id as usize] != id {
        let up = parent[parent[id as usize] as usize];
        parent[id as usize] = up;
        id = up;
    }
    id
}

/// Makes one set of two.
pub(super) fn join(parent: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b) as usize] = a.min(b);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::binarise::BinaryImage, Component, label};

    fn drawn(rows: &[&str]) -> BinaryImage {
        BinaryImage::from_fn(rows[0].len(), rows.len(), |x, y| {
            rows[y].as_bytes()[x] == b'#'
        })
    }

    #[test]
    fn shapes_are_counted_as_the_eye_does() {
        for (name, rows, want) in [
            ("nothing", &["....", "...."][..], 0),
            ("a diagonal touches", &["#...", ".#..", "..#."][..], 1),
            ("a gap parts", &["#.#.", "#.#."][..], 2),
            ("a U joins late", &["#..#", "#..#", "####"][..], 1),
            (
                "a ring holds a dot",
                &["#####", "#...#", "#.#.#", "#...#", "#####"][..],
                2,
            ),
            ("two arms and a diagonal bridge", &["#.#.#", ".#.#."][..], 1),
        ] {
            assert_eq!(label(&drawn(rows)).list.len(), want, "{name}");
        }
    }

    #[test]
    fn a_component_knows_its_box_and_can_be_erased() {
        let mut image = drawn(&["##...", "#...#", "....#"]);
        let all = label(&image);
        assert_eq!(
            all.list[0],
            Component {
                x0: 0,
                y0: 0,
                x1: 2,
                y1: 2,
                area: 3
            }
        );
        all.erase(&mut image, |i, _| i == 0);
        assert_eq!(image, drawn(&[".....", "....#", "....#"]));
    }

    proptest! {
        #[test]
        fn every_ink_pixel_is_in_one_component(bits in proptest::collection::vec(any::<bool>(), 23 * 17)) {
            let image = BinaryImage::from_fn(23, 17, |x, y| bits[y * 23 + x]);
            let all = label(&image);
            let area: u32 = all.list.iter().map(|c| c.area).sum();
            prop_assert_eq!(area as usize, image.ink_pixels());
            // A flood fill is the plain definition.
            let mut rest = image.clone();
            let mut patches = 0;
            for y in 0..17 {
                for x in 0..23 {
                    if !rest.get(x, y) { continue; }
                    patches += 1;
                    let mut todo = vec![(x, y)];
                    while let Some((x, y)) = todo.pop() {
                        if !rest.get(x, y) { continue; }
                        rest.set(x, y, false);
                        for (dx, dy) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)] {
                            if let (Some(nx), Some(ny)) = ((x + dx).checked_sub(1), (y + dy).checked_sub(1)) {
                                todo.push((nx, ny));
                            }
                        }
                    }
                }
            }
            prop_assert_eq!(all.list.len(), patches);
        }
    }
}
