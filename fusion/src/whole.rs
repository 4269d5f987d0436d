//! Whole words. A vote on one character at a time can make of `wheezing`, `Vaneezing` and `veheezing` a
//! `wneezing` that nobody read, and one engine that lost half a word outvotes two that read all of it where
//! it proved best. Where what won is no known word, a known one that an engine read as a whole comes
//! instead. A good number is not a likelier one, so that of numbers, dates and codes only those give way that
//! nobody read: pieces of several readings were never right where this was measured.

use std::{collections::BTreeMap, ops::Range};

use schemas::Vote;
use unicode_normalization::UnicodeNormalization as _;

use crate::{parties::Decision, priors::Words, vote::Ballot};

/// Shorter words are too near to others.
const LEAST_LETTERS: usize = 5;
/// A word that differs in accents alone may be so short, and needs so many readers.
const LEAST_PLAIN: usize = 3;
const READERS: usize = 2;

impl Ballot<'_> {
    /// Puts a known word that an engine read as a whole in the place of one that is not known.
    pub(crate) fn adopt_whole(&self, slots: Range<usize>, decisions: &mut [Decision]) -> bool {
        let text: String = decisions[slots.clone()]
            .iter()
            .filter_map(|decision| decision.winner)
            .collect();
        let votes = self.votes(slots.clone());
        let Some(e) = instead(&text, &votes, self.expected) else {
            return false;
        };
        self.adopt(e, slots, decisions);
        true
    }

    /// Puts what an engine read in the place of a number, date or code that none did.
    pub(crate) fn adopt_number(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let text: String = decisions[slots.clone()]
            .iter()
            .filter_map(|decision| decision.winner)
            .collect();
        let mut engines = 0..self.network.engines.len();
        if engines.any(|e| self.concurs(e, slots.clone(), decisions)) {
            return;
        }
        let votes = self.votes(slots.clone());
        if let Some(e) = instead_of_pieces(&text, &votes, self.expected) {
            self.adopt(e, slots, decisions);
        }
    }

    /// Lets engine `e` have its way in these slots.
    fn adopt(&self, e: usize, slots: Range<usize>, decisions: &mut [Decision]) {
        for i in slots {
            let read = self.network.slots[i].glyphs[e].as_ref().map(|g| g.ch);
            if decisions[i].winner != read {
                decisions[i].winner = read;
                decisions[i].posterior = 0.5;
            }
        }
    }

    /// Puts a known word in the place of one that is known without its accents alone, where two engines
    /// read it so: specks make accents, and who cannot write one had no voice against it.
    pub(crate) fn adopt_plain(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let text: String = decisions[slots.clone()]
            .iter()
            .filter_map(|decision| decision.winner)
            .collect();
        let is_known = |text: &str| self.expected.has_word(text, LEAST_PLAIN);
        if text.is_ascii()
            || is_known(&text)
            || !is_known(&text.chars().map(plain).collect::<String>())
        {
            return;
        }
        let accents: Vec<(usize, char)> = slots
            .filter_map(|i| decisions[i].winner.map(|ch| (i, plain(ch), ch)))
            .filter(|(_, plain, ch)| plain != ch)
            .map(|(i, plain, _)| (i, plain))
            .collect();
        let is_seen = |(i, plain): &(usize, char)| {
            let glyphs = self.network.slots[*i].glyphs.iter().flatten();
            glyphs.filter(|glyph| glyph.ch == *plain).count() >= READERS
        };
        if accents.iter().all(is_seen) {
            for (i, plain) in accents {
                decisions[i].winner = Some(plain);
                decisions[i].posterior = 0.5;
            }
        }
    }
}

/// A letter without its accent.
fn plain(letter: char) -> char {
    letter.nfd().next().unwrap_or(letter)
}

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
