//! Reading order: segments of text on an upright page become lines in the order in which a person
//! reads them.
//!
//! Rows are read across, a wide gap becoming a tab: so forms keep a label beside its value and
//! tables keep their rows. Read downwards instead are columns of prose, found by a gutter that several
//! rows share; blocks side by side below headings; the cells of a ruled form, where a label stands above
//! its value; frames that stand apart, such as cards; and the sides of a ruled line between columns.

use schemas::{BBox, Quad};
use serde::{Deserialize, Serialize};

use crate::{priors::Words, vote::FusedWord};

mod boxes;
mod cards;
mod columns;
mod comb;
mod divider;
mod headed;
mod pieces;
mod rows;
mod side_by_side;
mod specks;

/// A detected line with what fusion read there, in coordinates of the upright page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Where it stands.
    pub quad: Quad,
    /// Its words from left to right; never empty.
    pub words: Vec<FusedWord>,
}

/// A line of output: segments on one row, from left to right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderedLine {
    /// Segments, each with whether a wide gap stands before it.
    pub segments: Vec<(bool, Segment)>,
}

/// Ruled lines of the upright page, as thin boxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rulings {
    /// Left to right.
    pub horizontal: Vec<BBox>,
    /// Top to bottom.
    pub vertical: Vec<BBox>,
}

impl Segment {
    /// Around its words.
    #[must_use]
    pub fn bbox(&self) -> BBox {
        self.words
            .iter()
            .map(|word| word.quad.bbox())
            .reduce(|a, b| a.union(&b))
            .unwrap_or_else(|| self.quad.bbox())
    }

    /// Its words with single spaces.
    #[must_use]
    pub fn text(&self) -> String {
        self.words
            .iter()
            .map(|w| w.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A gap wider than this many line heights separates cells.
const CELL_GAP: f32 = 1.1;

/// Puts segments into lines and lines into reading order; specks of dirt are left out, and words that were cut, or
/// stand in a box for each character, are joined.
#[must_use]
pub fn reading_order(
    segments: Vec<Segment>,
    rulings: &Rulings,
    expected: &Words,
) -> Vec<OrderedLine> {
    cards::units(specks::without(segments, rulings), rulings)
        .into_iter()
        .flat_map(|card| divider::parts(card, rulings))
        .flat_map(|part| boxes::units(part, rulings))
        .flat_map(|unit| columns::split(rows::rows(unit), rulings))
        .filter(|row| !specks::is_scribble(row))
        .map(|row| line(comb::join(row, rulings), expected))
        .collect()
}

/// One output line from the segments of a row.
fn line(row: Vec<Segment>, expected: &Words) -> OrderedLine {
    let mut previous: Option<BBox> = None;
    let segments = row
        .into_iter()
        .map(|segment| {
            let bbox = segment.bbox();
            let wide = previous.is_some_and(|p| {
                bbox.x0 - p.x1 > CELL_GAP * f32::midpoint(p.height(), bbox.height())
            });
            previous = Some(bbox);
            (wide, segment)
        })
        .collect();
    let mut line = OrderedLine { segments };
    pieces::join(&mut line, expected);
    line
}

#[cfg(test)]
mod tests;
