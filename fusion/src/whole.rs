//! Whole words. A vote on one character at a time can make of `wheezing`, `Vaneezing` and `veheezing` a
//! `wneezing` that nobody read, and one engine that lost half a word outvotes two that read all of it where
//! it proved best. Where what won is no known word, a known one that an engine read as a whole comes
//! instead. A good number is not a likelier one, so that of numbers, dates and codes only those give way that
//! nobody read: pieces of several readings were never right where this was measured.

use std::{collections::BTreeMap, ops::Range};

use schemas::{Engine, Vote};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    parties::{Decision, text},
    priors::Words,
    vote::{Ballot, LineReadings},
};

/// Shorter words are too near to others.
const LEAST_LETTERS: usize = 5;
/// A word that differs in accents alone may be so short, and needs so many readers; on a page in English one.
const LEAST_PLAIN: usize = 3;
const READERS: usize = 2;
/// English is at least this share of an engine's words of so many letters, if there are so many of them. Less than
/// half as many of other languages' words are spelt as English ones are.
const ENGLISH: f32 = 0.5;
const LONG: usize = 4;
const WORDS: usize = 20;

impl Ballot<'_> {
    /// Puts a known word that an engine read as a whole in the place of one that is not known.
    pub(crate) fn adopt_whole(&self, slots: Range<usize>, decisions: &mut [Decision]) -> bool {
        let text = text(&decisions[slots.clone()]);
        let votes = self.votes(slots.clone());
        let Some(e) = instead(&text, &votes, self.expected) else {
            return false;
        };
        self.adopt(e, slots, decisions);
        true
    }

    /// Puts what an engine read in the place of a number, date or code that none did.
    pub(crate) fn adopt_number(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let text = text(&decisions[slots.clone()]);
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
            decisions[i].overrule(read);
        }
    }

    /// Puts a known word in the place of one that is known without its accents alone, where two engines
    /// read it so, or one where nothing speaks for another language: specks make accents, and who cannot write one
    /// had no voice against it.
    pub(crate) fn adopt_plain(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let text = text(&decisions[slots.clone()]);
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
            glyphs.filter(|glyph| glyph.ch == *plain).count()
                >= if self.english { 1 } else { READERS }
        };
        if accents.iter().all(is_seen) {
            for (i, plain) in accents {
                decisions[i].overrule(Some(plain));
            }
        }
    }
}

/// A letter without its accent, or without the stroke that Unicode does not part from it.
fn plain(letter: char) -> char {
    match letter {
        'ł' => 'l',
        'Ł' => 'L',
        'ħ' => 'h',
        'đ' => 'd',
        'ø' => 'o',
        'ı' => 'i',
        _ => letter.nfd().next().unwrap_or(letter),
    }
}

/// Is a page in English, by what the engine that knows most of its words read?
pub(crate) fn is_english(lines: &[LineReadings<'_>], words: &Words) -> bool {
    let mut known: BTreeMap<Engine, (usize, usize)> = BTreeMap::new();
    for (engine, reading) in lines.iter().flat_map(|line| &line.readings) {
        let (known, all) = known.entry(*engine).or_default();
        for word in &reading.words {
            let letters = word.text.chars().filter(|c| c.is_alphabetic()).count();
            if letters >= LONG && !word.text.contains(|c: char| c.is_ascii_digit()) {
                *all += 1;
                *known += usize::from(words.has_word(&word.text, LONG));
            }
        }
    }
    known
        .values()
        .any(|(known, all)| *all >= WORDS && *known as f32 >= ENGLISH * *all as f32)
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
