//! One line, several readings: the calibrated vote.
//!
//! In each slot the parties of engines decide ([`crate::parties`]), and between words who saw a space and
//! the gap in the ink ([`crate::space`]); where a slot is doubtful, forms of numbers, dates, codes and units
//! break the tie ([`crate::priors`]), and so do whole words ([`crate::whole`]). What a word's confidence is worth says [`crate::sureness`].

use std::ops::Range;

use schemas::{Confidence, Engine, Quad, ReadLine, Repertoire, Vote, is_east_asian};
use serde::{Deserialize, Serialize};

use crate::{
    agreement::Agreement,
    align::{self, Glyph, Network},
    calibrate::{Calibration, CharClass},
    median::median,
    parties::{Decision, decide, mean_confidence, text},
    priors::{self, Words},
    raised,
    space::Spacing,
    sureness::WordEvidence,
    whole::is_english,
    word_ends,
};

/// The least gap between the halves of an empty check box, in line heights.
const EMPTY_BOX: f32 = 0.15;

/// A word of a fused line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FusedWord {
    /// What won.
    pub text: String,
    /// Where, in the coordinates of the line's quad.
    pub quad: Quad,
    /// Calibrated probability that `text` is right.
    pub confidence: Confidence,
    /// What each engine that read the line has here.
    pub votes: Vec<Vote>,
}

/// One line of a page with everything that is known of it.
pub struct LineReadings<'a> {
    /// Where it stands.
    pub quad: Quad,
    /// Parts of its width without ink, as fractions: evidence for spaces.
    pub gaps: &'a [[f32; 2]],
    /// What each engine read.
    pub readings: Vec<(Engine, &'a ReadLine)>,
    /// What each engine can write; one that is not named can write whatever is printed.
    pub repertoires: Vec<(Engine, &'a Repertoire)>,
}

/// Only its place tells it from an `x`, so that an engine which has no other letter for it is asked.
const TIMES: char = '×';

impl LineReadings<'_> {
    /// Can this engine write that character?
    fn writes(&self, engine: Engine, ch: char) -> bool {
        self.repertoires
            .iter()
            .all(|(e, repertoire)| *e != engine || repertoire.has(ch) || ch == TIMES)
    }

    /// Is the line in a script that this engine cannot write? What it made of the line is no reading.
    fn is_foreign(&self, engine: Engine) -> bool {
        self.readings
            .iter()
            .filter(|(other, _)| *other != engine)
            .flat_map(|(_, reading)| &reading.words)
            .flat_map(|word| word.text.chars())
            .any(|ch| is_east_asian(ch) && !self.writes(engine, ch))
    }
}

/// Fuses the readings of a page, line by line; the order of readings does not matter.
#[must_use]
pub fn fuse_page(
    lines: &[LineReadings<'_>],
    calibration: &Calibration,
    words: &Words,
) -> Vec<Vec<FusedWord>> {
    weigh_page(lines, calibration, words)
        .into_iter()
        .map(|words| words.into_iter().map(|(word, _)| word).collect())
        .collect()
}

/// The same, each word with what its confidence comes from.
#[must_use]
pub fn weigh_page(
    lines: &[LineReadings<'_>],
    calibration: &Calibration,
    words: &Words,
) -> Vec<Vec<(FusedWord, WordEvidence)>> {
    let networks: Vec<Network> = lines.iter().map(network).collect();
    let agreement = Agreement::of(&networks);
    let spacing = Spacing::of(&networks, lines);
    let english = is_english(lines, words);
    networks
        .iter()
        .zip(lines)
        .enumerate()
        .map(|(n, (network, line))| {
            let reliability = agreement.reliabilities(network);
            let mut decisions: Vec<Decision> = network
                .slots
                .iter()
                .enumerate()
                .map(|(i, slot)| {
                    let space = spacing
                        .features(n, network, i, line)
                        .and_then(|features| calibration.space.probability(&features));
                    decide(network, slot, &reliability, space, calibration)
                })
                .collect();
            Ballot {
                line: &line.quad,
                gaps: line.gaps,
                network,
                reliability: &reliability,
                calibration,
                expected: words,
                english,
            }
            .words(&mut decisions)
        })
        .collect()
}

/// The readings of a line, aligned; grown from the surest, names breaking ties, so that the order in
/// which readings come is free.
#[must_use]
pub fn network(line: &LineReadings<'_>) -> Network {
    let mut readings: Vec<(Engine, Vec<Glyph>)> = line
        .readings
        .iter()
        .filter(|(engine, _)| !line.is_foreign(*engine))
        .map(|(engine, reading)| (*engine, align::glyphs(&line.quad, reading)))
        .collect();
    readings.sort_by(|a, b| {
        mean_confidence(b.1.iter())
            .total_cmp(&mean_confidence(a.1.iter()))
            .then(a.0.cmp(&b.0))
    });
    let aspect = line.quad.width() / line.quad.height().max(1.0);
    let mut network = Network::default();
    for (engine, glyphs) in readings {
        network.add(engine, glyphs, aspect);
    }
    network.excuse(|engine, ch| line.writes(engine, ch));
    network
}

/// A line whose slots are decided.
pub(crate) struct Ballot<'a> {
    pub(crate) line: &'a Quad,
    pub(crate) gaps: &'a [[f32; 2]],
    pub(crate) network: &'a Network,
    reliability: &'a [f32],
    calibration: &'a Calibration,
    pub(crate) expected: &'a Words,
    /// Is the page in English?
    pub(crate) english: bool,
}

impl Ballot<'_> {
    /// The words between the spaces.
    fn words(&self, decisions: &mut [Decision]) -> Vec<(FusedWord, WordEvidence)> {
        self.restore_islands(decisions);
        word_ends::open(decisions, self.expected);
        word_ends::close(decisions);
        let mut words = Vec::new();
        let mut start = 0;
        for end in 0..=decisions.len() {
            if self.opens_box(start, end, decisions) || word_ends::is_crowded(start, end, decisions)
            {
                words.extend(self.word(start..end, decisions, false));
                start = end;
            }
            if end < decisions.len() && decisions[end].winner != Some(' ') {
                continue;
            }
            let known = priors::settle(&mut decisions[start..end], self.expected)
                || self.adopt_whole(start..end, decisions);
            self.adopt_number(start..end, decisions);
            self.adopt_plain(start..end, decisions);
            self.adopt_kind(start..end, decisions);
            self.adopt_raised(start..end, decisions);
            for part in parts(start..end, decisions) {
                words.extend(self.word(part, decisions, known));
            }
            start = end + 1;
        }
        words
    }

    /// Does the word from `start` end before slot `end` since it is the left half of an empty check box,
    /// `[ ]`? Engines take its halves for one word, and the ink shows the gap.
    fn opens_box(&self, start: usize, end: usize, decisions: &[Decision]) -> bool {
        let Some(']') = decisions.get(end).and_then(|decision| decision.winner) else {
            return false;
        };
        let before = (start..end).rev().find(|&i| decisions[i].winner.is_some());
        let Some(open) = before.filter(|&i| decisions[i].winner == Some('[')) else {
            return false;
        };
        let slots = &self.network.slots;
        let (Some(from), Some(to)) = (slots[open].middle(), slots[end].middle()) else {
            return false;
        };
        let aspect = self.line.width() / self.line.height().max(1.0);
        self.gaps
            .iter()
            .any(|[a, b]| from < *b && *a < to && (b - a) * aspect >= EMPTY_BOX)
    }

    fn word(
        &self,
        slots: Range<usize>,
        decisions: &[Decision],
        known: bool,
    ) -> Option<(FusedWord, WordEvidence)> {
        let own = &decisions[slots.clone()];
        let text = raised::written(&text(own));
        if text.is_empty() {
            return None;
        }
        let votes = self.votes(slots.clone());
        let edge = |i: Option<usize>| {
            i.and_then(|i| decisions.get(i))
                .map_or(1.0, |d| d.posterior)
        };
        let readers = votes
            .iter()
            .enumerate()
            .filter(|(_, v)| v.confidence > Confidence::ZERO);
        let evidence = WordEvidence {
            product: own.iter().map(|d| d.posterior).product(),
            least: own.iter().map(|d| d.posterior).fold(1.0, f32::min),
            edges: edge(slots.start.checked_sub(1)).min(edge(Some(slots.end))),
            readers: votes.len(),
            agree: readers
                .filter(|(e, vote)| vote.text == text || self.concurs(*e, slots.clone(), decisions))
                .count(),
            length: text.chars().count(),
            digits: text.contains(|c: char| c.is_ascii_digit()),
            mixed: text.contains(|c: char| c.is_ascii_digit())
                && text.contains(char::is_alphabetic),
            line_agreement: self.reliability.iter().sum::<f32>()
                / self.reliability.len().max(1) as f32,
            known,
        };
        let model = match evidence.readers {
            0 | 1 => &self.calibration.alone,
            _ => &self.calibration.word,
        };
        let (from, to) = extent(self.network, slots, decisions);
        let word = FusedWord {
            text,
            quad: self.line.slice(from, to.max(from)),
            confidence: Confidence::new(model.probability(&evidence)),
            votes,
        };
        Some((word, evidence))
    }

    /// Does engine `e` have what won wherever it has a voice?
    pub(crate) fn concurs(
        &self,
        e: usize,
        mut slots: Range<usize>,
        decisions: &[Decision],
    ) -> bool {
        slots.all(|i| {
            let slot = &self.network.slots[i];
            !slot.counts(e) || slot.glyphs[e].as_ref().map(|g| g.ch) == decisions[i].winner
        })
    }

    /// What each engine has in these slots.
    pub(crate) fn votes(&self, slots: Range<usize>) -> Vec<Vote> {
        (0..self.network.engines.len())
            .map(|e| self.vote(e, slots.clone()))
            .collect()
    }

    /// What engine `e` has in these slots.
    fn vote(&self, e: usize, slots: Range<usize>) -> Vote {
        let engine = self.network.engines[e];
        let glyphs: Vec<&Glyph> = self.network.slots[slots]
            .iter()
            .filter_map(|slot| slot.glyphs[e].as_ref())
            .collect();
        let probability: f32 = glyphs
            .iter()
            .map(|g| {
                let score = g.confidence.get() * self.reliability[e];
                self.calibration
                    .probability(engine, CharClass::of(g.ch), score)
            })
            .sum::<f32>()
            / glyphs.len().max(1) as f32;
        let text: String = glyphs.iter().map(|g| g.ch).collect();
        Vote {
            engine,
            text: text.trim().to_owned(),
            confidence: Confidence::new(probability),
        }
    }
}

/// The slots between spaces, and between a label's colon and what it labels.
fn parts(slots: Range<usize>, decisions: &[Decision]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = slots.start;
    for i in slots.clone() {
        if word_ends::is_after_label(start, i, decisions) {
            parts.push(start..i);
            start = i;
        }
        if decisions[i].winner == Some(' ') {
            parts.push(start..i);
            start = i + 1;
        }
    }
    parts.push(start..slots.end);
    parts
}

/// Median left and right edge over the engines that have characters here.
fn extent(network: &Network, slots: Range<usize>, decisions: &[Decision]) -> (f32, f32) {
    let mut left = Vec::new();
    let mut right = Vec::new();
    for e in 0..network.engines.len() {
        let glyphs = || {
            slots
                .clone()
                .filter(|&s| decisions[s].winner.is_some())
                .filter_map(|s| network.slots[s].glyphs[e].as_ref())
                .filter(|glyph| glyph.ch != ' ')
        };
        left.extend(glyphs().map(|g| g.x0).reduce(f32::min));
        right.extend(glyphs().map(|g| g.x1).reduce(f32::max));
    }
    let edge = |edges: Vec<f32>| median(edges.into_iter()).unwrap_or_default();
    (edge(left), edge(right))
}

#[cfg(test)]
mod tests;
