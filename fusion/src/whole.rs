//! Whole words. A vote on one character at a time can make of `wheezing`, `Vaneezing` and `veheezing` a
//! `wneezing` that nobody read, and one engine that lost half a word outvotes two that read all of it where
//! it proved best. Where what won is no known word, a known one that an engine read as a whole comes
//! instead. A good number is not a likelier one, so that of numbers, dates and codes only those give way that
//! nobody read: pieces of several readings were never right where this was measured.

use std::collections::BTreeMap;

use schemas::Vote;

use crate::priors::Words;

/// Shorter words are too near to others.
const LEAST_LETTERS: usize = 5;

/// The engine, by its place among the votes, whose reading should stand for `text`, which is no known
/// word: two that agree, or the surest one where nobody read `text`.
pub(crate) fn instead(text: &str, votes: &[Vote], expected: &Words) -> Option<usize> {
    let nobody_read_it = votes.iter().all(|vote| vote.text != text);
    let mut readings: BTreeMap<&str, (usize, f32, usize)> = BTreeMap::new();
    for (e, vote) in votes.iter().enumerate() {
        if expected.has_word(&vote.text, LEAST_LETTERS) {
            let reading = readings.entry(&vote.text).or_insert((0, 0.0, e));
            reading.0 += 1;
            reading.1 += vote.confidence.get();
        }
    }
    readings
        .into_values()
        .filter(|(engines, ..)| *engines > 1 || nobody_read_it)
        .max_by(|a, b| {
            (a.0, a.1)
                .partial_cmp(&(b.0, b.1))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
        .map(|(.., e)| e)
}

/// The engine whose reading should stand for a number, date or code that nobody read: the surest, among
/// those of a known form where `text` has one.
pub(crate) fn instead_of_pieces(text: &str, votes: &[Vote], expected: &Words) -> Option<usize> {
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    if !has_digit(text) {
        return None;
    }
    let formed = expected.worth(text) > 0.0;
    votes
        .iter()
        .enumerate()
        .filter(|(_, vote)| has_digit(&vote.text) && (!formed || expected.worth(&vote.text) > 0.0))
        .max_by(|a, b| a.1.confidence.get().total_cmp(&b.1.confidence.get()))
        .map(|(e, _)| e)
}
