//! Check boxes found against those that a page has: matched by place, then compared by state and label.

use std::ops::AddAssign;

use fixtures::gold::GoldBox;
use schemas::{BBox, Checkbox};

/// Boxes are the same when they share this much of their union.
const SAME: f32 = 0.5;

/// Counts over some pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Boxes of the gold.
    pub gold: usize,
    /// Boxes found.
    pub found: usize,
    /// Found where gold has one.
    pub matched: usize,
    /// Of those, in the right state.
    pub state: usize,
    /// Of the matched ones, with exactly the label of the gold.
    pub label: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.gold += other.gold;
        self.found += other.found;
        self.matched += other.matched;
        self.state += other.state;
        self.label += other.label;
    }
}

impl Counts {
    /// Precision, recall, accuracy of states and of labels.
    #[must_use]
    pub fn rates(&self) -> [f64; 4] {
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        [
            share(self.matched, self.found),
            share(self.matched, self.gold),
            share(self.state, self.matched),
            share(self.label, self.matched),
        ]
    }
}

/// The gold box of each box that was found, if there is one; each gold box is given once.
#[must_use]
pub fn matches<'a>(gold: &[&'a GoldBox], found: &[BBox], scale: f32) -> Vec<Option<&'a GoldBox>> {
    let mut free: Vec<&GoldBox> = gold.to_vec();
    found
        .iter()
        .map(|bbox| {
            let near = |gold: &GoldBox| place(gold, scale).iou(bbox);
            let best = (0..free.len()).max_by(|a, b| near(free[*a]).total_cmp(&near(free[*b])))?;
            (near(free[best]) >= SAME).then(|| free.swap_remove(best))
        })
        .collect()
}

fn place(gold: &GoldBox, scale: f32) -> BBox {
    let q = gold.q.map(|v| v as f32 * scale);
    let corner = |i: usize| BBox::new(q[i], q[i + 1], q[i], q[i + 1]);
    [2, 4, 6]
        .into_iter()
        .fold(corner(0), |bbox, i| bbox.union(&corner(i)))
}

/// Compares one page.
#[must_use]
pub fn count(gold: &[&GoldBox], found: &[Checkbox], scale: f32) -> Counts {
    let places: Vec<BBox> = found.iter().map(|found| found.bbox).collect();
    let pairs = matches(gold, &places, scale);
    let both = || {
        found
            .iter()
            .zip(&pairs)
            .filter_map(|(found, gold)| Some((found, (*gold)?)))
    };
    Counts {
        gold: gold.len(),
        found: found.len(),
        matched: both().count(),
        state: both()
            .filter(|(found, gold)| found.checked == gold.checked)
            .count(),
        label: both()
            .filter(|(found, gold)| found.label == gold.label)
            .count(),
    }
}

#[cfg(test)]
mod tests {
    use fixtures::gold::GoldBox;
    use schemas::{BBox, Checkbox, Confidence};

    use super::{Counts, count};

    #[test]
    fn a_box_counts_once_and_at_its_place() {
        let gold = |x: f64, checked| GoldBox {
            q: [x, 0.0, x + 20.0, 0.0, x + 20.0, 20.0, x, 20.0],
            checked,
            label: "Gout".into(),
            page: 0,
        };
        let found = |x: f32| Checkbox {
            bbox: BBox::new(x, 1.0, x + 20.0, 21.0),
            checked: true,
            confidence: Confidence::ONE,
            label: "Gout".into(),
            words: vec![],
        };
        let (a, b) = (gold(0.0, true), gold(100.0, false));
        let boxes = [found(1.0), found(0.0), found(102.0), found(300.0)];
        assert_eq!(
            count(&[&a, &b], &boxes, 1.0),
            Counts {
                gold: 2,
                found: 4,
                matched: 2,
                state: 1,
                label: 2
            }
        );
    }
}
