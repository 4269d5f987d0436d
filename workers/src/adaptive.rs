//! Which lines need more than one reader. In mode `adaptive` one engine drafts the whole page; the
//! others read the lines where its draft is not sure, and always those of what extraction takes for a
//! drug, a value, an allergy: an engine can be sure and wrong. A page without a draft is read by all.

use std::collections::BTreeSet;

use extract::{Lexicon, Source, SourceWord};
use fusion::{Calibration, FusedWord, Rulings, Words, assemble, fuse_page, reading_order};
use schemas::{Engine, Entity, Fact, Reading};

use crate::page::{self, Detected};

/// How a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every engine reads every line.
    #[default]
    Full,
    /// One engine drafts, the others read what is doubtful or dangerous.
    Adaptive,
}

impl Mode {
    /// The detector looks at a page with its long side at most this many pixels.
    #[must_use]
    pub fn detect_side(self) -> u32 {
        match self {
            Self::Full => 1600,
            Self::Adaptive => 1280,
        }
    }
}

/// The engine that drafts: the best one alone.
pub const DRAFT: Engine = Engine::Paddle;
/// A line with a word less sure than this is read by all.
const SURE: f32 = 0.8;
/// And one with a number less sure than this.
const SURE_NUMBER: f32 = 0.9;

/// The lines of a page, ascending, that the other engines should read, given what was drafted.
#[must_use]
pub fn doubtful(
    detected: &Detected,
    draft: &[Reading],
    rulings: &Rulings,
    words: &Words,
    lexicon: &Lexicon,
) -> Vec<usize> {
    let lines = page::by_line(detected, draft);
    let fused = fuse_page(&lines, Calibration::packaged(), words);
    let mut wanted: BTreeSet<usize> = fused
        .iter()
        .enumerate()
        .filter(|(_, words)| words.is_empty() || words.iter().any(unsure))
        .map(|(n, _)| n)
        .collect();
    wanted.extend(dangerous(detected, fused, rulings, words, lexicon));
    wanted.into_iter().collect()
}

fn unsure(word: &FusedWord) -> bool {
    let number = word.text.contains(|c: char| c.is_ascii_digit());
    word.confidence.get() < if number { SURE_NUMBER } else { SURE }
}

/// Lines of what extraction finds in the draft and a wrong reading of which would do harm.
fn dangerous(
    detected: &Detected,
    fused: Vec<Vec<FusedWord>>,
    rulings: &Rulings,
    words: &Words,
    lexicon: &Lexicon,
) -> Vec<usize> {
    let ordered = reading_order(page::segments(&detected.lines, fused), rulings, words);
    // Of each word, in reading order, the line that it stands in.
    let places: Vec<usize> = ordered
        .iter()
        .flat_map(|line| &line.segments)
        .flat_map(|(_, segment)| {
            let line = detected.lines.iter().position(|quad| *quad == segment.quad);
            segment.words.iter().filter_map(move |_| line)
        })
        .collect();
    let text = assemble(vec![ordered]);
    let words: Vec<SourceWord<'_>> = text
        .pages
        .iter()
        .flatten()
        .flat_map(|line| &line.words)
        .map(|word| SourceWord {
            id: &word.id,
            page: 0,
            span: word.span,
            confidence: word.confidence,
            votes: &[],
        })
        .collect();
    let source = Source {
        text: &text.text,
        words: &words,
    };
    let entities = extract::extract(&source, lexicon).entities;
    words
        .iter()
        .zip(places)
        .filter(|(word, _)| {
            entities
                .iter()
                .any(|entity| harmful(entity) && entity.words.iter().any(|id| id == word.id))
        })
        .map(|(_, line)| line)
        .collect()
}

fn harmful(entity: &Entity) -> bool {
    matches!(
        entity.fact,
        Fact::Medication(_) | Fact::Lab(_) | Fact::Allergy(_) | Fact::Vital(_)
    )
}
