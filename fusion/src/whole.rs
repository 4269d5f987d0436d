//! Whole words. A vote on one character at a time can make of `wheezing`, `Vaneezing` and `veheezing` a
//! `wneezing` that nobody read, and one engine that lost half a word outvotes two that read all of it where
//! it proved best. Where what won is no known word, a known one that an engine read as a whole comes
//! instead. Numbers and codes are left as they are: a good number is not a likelier one.

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
