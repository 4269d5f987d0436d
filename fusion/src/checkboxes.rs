//! Check boxes and what they stand for: the words beside a box on its line.
//!
//! A drawn box comes from the ink; one that is printed as `[ ]` or `[x]` is found here among the words,
//! where it stays. The label is what follows to the right up to a wide gap or the next box; where
//! nothing does, or where the words on the left are much nearer, it is what stands on the left.
//! Boxes are matched on the upright page, before words get their ids; [`Tick::checkbox`] fills them in.

use std::ops::Range;

use schemas::{BBox, Checkbox, Confidence, Line};
use serde::{Deserialize, Serialize};

use crate::{calibrate::interpolate, order::OrderedLine, vote::FusedWord};

/// A label begins no further from its box than this many box heights.
const REACH: f32 = 3.0;
/// A gap between words of this many box heights ends a label.
const GAP: f32 = 1.2;
/// Words on the left must be this much nearer than those on the right.
const NEARER: f32 = 0.5;

/// From the evidence of a drawn box to the share of such boxes that were there and in the stated
/// state, on generated forms of seed 31 with one right and one wrong case imagined in each half.
/// Limit: the detector was tuned on these; `benches --bin checkboxes -- --fit` measures others.
const MEASURED: [(f32, f32); 2] = [(0.6, 0.987), (0.85, 0.998)];

/// A check box as the ink shows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawnBox {
    /// Where.
    pub bbox: BBox,
    /// Is it ticked, crossed or filled?
    pub checked: bool,
    /// 0..=1: how well the outline is drawn and how clearly it is marked or empty.
    pub evidence: f32,
}

/// A check box with the place of its label among the lines of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The box; on the raster once the page's words are.
    pub bbox: BBox,
    checked: bool,
    confidence: Confidence,
    line: usize,
    /// Words of the line that are the box itself, when it is printed as text.
    printed: Range<usize>,
    /// Words of its label.
    label: Range<usize>,
}

/// The check boxes of an upright page, drawn ones first, in the order of their lines.
#[must_use]
pub fn ticks(lines: &[OrderedLine], drawn: &[DrawnBox]) -> Vec<Tick> {
    let lines: Vec<Vec<&FusedWord>> = lines
        .iter()
        .map(|line| line.segments.iter().flat_map(|(_, s)| &s.words).collect())
        .collect();
    let mut ticks: Vec<Tick> = drawn
        .iter()
        .map(|found| Tick {
            bbox: found.bbox,
            checked: found.checked,
            confidence: Confidence::new(interpolate(&MEASURED, found.evidence)),
            line: line_of(&found.bbox, &lines).unwrap_or(lines.len()),
            printed: 0..0,
            label: 0..0,
        })
        .collect();
    ticks.extend(
        lines
            .iter()
            .enumerate()
            .flat_map(|(n, line)| printed(line, n)),
    );
    let boxes: Vec<BBox> = ticks.iter().map(|tick| tick.bbox).collect();
    for tick in &mut ticks {
        let line = lines.get(tick.line);
        tick.label = line
            .and_then(|line| label(&tick.bbox, line, &boxes))
            .unwrap_or(0..0);
    }
    ticks
}

/// The line whose words share most of their height with a box and begin or end nearest to it.
fn line_of(bbox: &BBox, lines: &[Vec<&FusedWord>]) -> Option<usize> {
    let distance = |line: &[&FusedWord]| {
        line.iter()
            .map(|word| word.quad.bbox())
            .filter(|word| word.vertical_overlap(bbox) > 0.4)
            .map(|word| (word.x0 - bbox.x1).max(bbox.x0 - word.x1).max(0.0))
            .min_by(f32::total_cmp)
    };
    (0..lines.len())
        .filter_map(|n| Some((n, distance(&lines[n])?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(n, _)| n)
}

/// The words beside a box, as a range of its line's words.
fn label(bbox: &BBox, line: &[&FusedWord], boxes: &[BBox]) -> Option<Range<usize>> {
    let height = bbox.height().max(1.0);
    let places: Vec<BBox> = line.iter().map(|word| word.quad.bbox()).collect();
    let parted = |from: f32, to: f32| {
        boxes.iter().any(|other| {
            let x = other.center()[0];
            from < x && x < to && other.vertical_overlap(bbox) > 0.3 && other != bbox
        })
    };
    let joined = |from: f32, to: f32, gap: f32| to - from <= gap * height && !parted(from, to);
    let slack = 0.25 * height;
    let first = places.iter().position(|word| word.x0 > bbox.x1 - slack);
    let right = first.filter(|i| joined(bbox.x1, places[*i].x0, REACH));
    let last = places.iter().rposition(|word| word.x1 < bbox.x0 + slack);
    let left = last.filter(|i| joined(places[*i].x1, bbox.x0, REACH));
    let near = |i: Option<usize>| {
        i.map_or(f32::MAX, |i| {
            (places[i].x0 - bbox.x1).max(bbox.x0 - places[i].x1)
        })
    };
    match (left, right) {
        (Some(end), _) if near(left) < NEARER * near(right) => {
            let start = (1..=end)
                .rev()
                .find(|i| !joined(places[i - 1].x1, places[*i].x0, GAP))
                .unwrap_or(0);
            Some(start..end + 1)
        }
        (_, Some(start)) => {
            let end = (start + 1..places.len())
                .find(|i| !joined(places[i - 1].x1, places[*i].x0, GAP))
                .unwrap_or(places.len());
            Some(start..end)
        }
        _ => None,
    }
}

/// Words or pairs of words of a line that are a printed box.
fn printed<'a>(line: &'a [&FusedWord], n: usize) -> impl Iterator<Item = Tick> + 'a {
    (0..line.len()).filter_map(move |i| {
        let longest = (line.len() - i).min(3);
        (1..=longest).find_map(|count| {
            let words = &line[i..i + count];
            let text: String = words.iter().map(|word| word.text.as_str()).collect();
            let checked = is_printed(&text)?;
            let bbox = words
                .iter()
                .map(|word| word.quad.bbox())
                .reduce(|a, b| a.union(&b))?;
            let confidence = words
                .iter()
                .map(|word| word.confidence)
                .fold(Confidence::ONE, Confidence::min);
            Some(Tick {
                bbox,
                checked,
                confidence,
                line: n,
                printed: i..i + count,
                label: 0..0,
            })
        })
    })
}

/// Is a text without its spaces a check box, and is it ticked?
fn is_printed(text: &str) -> Option<bool> {
    match text {
        "[]" | "☐" | "□" => Some(false),
        "[x]" | "[X]" | "[v]" | "[✓]" | "[√]" | "☑" | "☒" | "☓" => Some(true),
        _ => None,
    }
}

impl Tick {
    /// The check box with the words of the page's finished lines.
    #[must_use]
    pub fn checkbox(&self, lines: &[Line]) -> Checkbox {
        let words = lines.get(self.line).map_or(&[][..], |line| &line.words);
        let of = |range: &Range<usize>| words.get(range.clone()).unwrap_or_default();
        let label = of(&self.label);
        let mut ids: Vec<String> = of(&self.printed).iter().map(|w| w.id.clone()).collect();
        ids.extend(label.iter().map(|word| word.id.clone()));
        Checkbox {
            bbox: self.bbox,
            checked: self.checked,
            confidence: self.confidence,
            label: label
                .iter()
                .map(|word| word.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            words: ids,
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence};

    use super::{DrawnBox, ticks};
    use crate::{
        assemble,
        order::{OrderedLine, Segment},
        vote::FusedWord,
    };

    /// A line of words at places of ten pixels a character.
    fn line(y: f32, words: &[(f32, &str)]) -> OrderedLine {
        let words: Vec<FusedWord> = words
            .iter()
            .map(|(x, text)| FusedWord {
                text: (*text).into(),
                quad: BBox::new(*x, y, x + 10.0 * text.chars().count() as f32, y + 20.0).quad(),
                confidence: Confidence::new(0.8),
                votes: vec![],
            })
            .collect();
        let quad = BBox::new(0.0, y, 900.0, y + 20.0).quad();
        OrderedLine {
            segments: vec![(false, Segment { quad, words })],
        }
    }

    fn drawn(x: f32, y: f32) -> DrawnBox {
        DrawnBox {
            bbox: BBox::new(x, y, x + 20.0, y + 20.0),
            checked: x > 300.0,
            evidence: 1.0,
        }
    }

    fn labels(lines: Vec<OrderedLine>, boxes: &[DrawnBox]) -> Vec<(String, bool)> {
        let ticks = ticks(&lines, boxes);
        let text = assemble(vec![lines]);
        ticks
            .iter()
            .map(|tick| tick.checkbox(&text.pages[0]))
            .map(|found| (found.label, found.checked))
            .collect()
    }

    #[test]
    fn labels_stand_right_of_a_box_or_left_where_they_are_nearer() {
        let right = line(
            0.0,
            &[(30.0, "High"), (80.0, "pressure"), (430.0, "Asthma")],
        );
        assert_eq!(
            labels(vec![right], &[drawn(0.0, 0.0), drawn(400.0, 0.0)]),
            [("High pressure".into(), false), ("Asthma".into(), true)]
        );
        let left = line(0.0, &[(0.0, "Yes"), (100.0, "No")]);
        assert_eq!(
            labels(vec![left], &[drawn(35.0, 0.0), drawn(125.0, 0.0)]),
            [("Yes".into(), false), ("No".into(), false)]
        );
        let far = line(0.0, &[(500.0, "far")]);
        assert_eq!(
            labels(vec![far], &[drawn(0.0, 0.0)]),
            [(String::new(), false)]
        );
    }

    #[test]
    fn a_box_that_is_printed_is_found_among_the_words() {
        for (words, want) in [
            (&[(0.0, "["), (15.0, "]"), (40.0, "Dispense")][..], false),
            (&[(0.0, "[x]"), (40.0, "Dispense")], true),
            (&[(0.0, "[]"), (40.0, "Dispense")], false),
            (
                &[(0.0, "["), (12.0, "X"), (24.0, "]"), (44.0, "Dispense")],
                true,
            ),
        ] {
            assert_eq!(
                labels(vec![line(0.0, words)], &[]),
                [("Dispense".into(), want)],
                "{words:?}"
            );
        }
        let prose = line(0.0, &[(0.0, "[sic]"), (70.0, "x")]);
        assert_eq!(labels(vec![prose], &[]), []);
    }
}
