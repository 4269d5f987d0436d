//! Who stands for which reading in a slot, and the reading that wins.
//!
//! The engines that have the same in a slot form a party. It weighs the log-odds of being right that
//! parties of just these engines, against just those, had on the pages for fitting; where such sides
//! were never seen, engines are summed as if they were independent. The heaviest reading wins.

use std::collections::BTreeMap;

use schemas::Engine;

use crate::{
    align::{Glyph, Network, Slot},
    calibrate::{Calibration, CharClass},
    logistic::log_odds,
};

pub(crate) fn mean_confidence<'a>(glyphs: impl Iterator<Item = &'a Glyph>) -> f32 {
    let (sum, n) = glyphs
        .filter(|g| g.ch != ' ')
        .fold((0.0, 0), |(s, n), g| (s + g.confidence.get(), n + 1));
    if n == 0 { 0.0 } else { sum / n as f32 }
}

/// What is left for a reading whose sides were never seen, at least.
const LEAST_SHARE: f32 = 0.01;

/// The outcome of one slot.
pub(crate) struct Decision {
    pub winner: Option<char>,
    pub posterior: f32,
    /// Log-odds of each reading; empty where only spaces were seen.
    pub weights: BTreeMap<Option<char>, f32>,
}

impl Decision {
    /// Lets another reading stand than the one that won the vote; as likely as not, since no vote says how likely.
    pub(crate) fn overrule(&mut self, winner: Option<char>) {
        if self.winner != winner {
            self.winner = winner;
            self.posterior = 0.5;
        }
    }
}

/// What won, slot by slot.
pub(crate) fn text(decisions: &[Decision]) -> String {
    decisions.iter().filter_map(|d| d.winner).collect()
}

/// What an engine says in a slot: its choice, the choice's class and its score.
#[must_use]
pub fn statement(network: &Network, slot: &Slot, e: usize, reliability: f32) -> (CharClass, f32) {
    if let Some(glyph) = &slot.glyphs[e] {
        return (
            CharClass::of(glyph.ch),
            glyph.confidence.get() * reliability,
        );
    }
    let has_ink = slot.glyphs.iter().flatten().any(|glyph| glyph.ch != ' ');
    let class = if has_ink {
        CharClass::NoInk
    } else {
        CharClass::NoSpace
    };
    let line = network
        .slots
        .iter()
        .filter_map(|slot| slot.glyphs[e].as_ref());
    (class, mean_confidence(line) * reliability)
}

/// The engines that have a voice in a slot, each with what it has there.
fn speakers(slot: &Slot) -> impl Iterator<Item = (usize, &Option<Glyph>)> {
    slot.glyphs
        .iter()
        .enumerate()
        .filter(|(e, _)| slot.counts(*e))
}

/// A reading of a slot with the engines that stand for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// What they read; None for nothing.
    pub choice: Option<char>,
    /// Its class.
    pub class: CharClass,
    /// Who stands for it and against it, `paddle>easyocr+tesseract`: a key of the calibration.
    pub key: String,
    /// Mean score of those who stand for it less that of the others; alone, the mean itself.
    pub margin: f32,
}

/// The parties of a slot, one for each different reading.
#[must_use]
pub fn parties(network: &Network, slot: &Slot, reliability: &[f32]) -> Vec<Party> {
    let mut sides: BTreeMap<Option<char>, Vec<(Engine, CharClass, f32)>> = BTreeMap::new();
    for (e, glyph) in speakers(slot) {
        let (class, score) = statement(network, slot, e, reliability[e]);
        let side = sides.entry(glyph.as_ref().map(|g| g.ch)).or_default();
        side.push((network.engines[e], class, score));
    }
    let mean = |scores: &[f32]| scores.iter().sum::<f32>() / scores.len().max(1) as f32;
    let names = |mut engines: Vec<Engine>| {
        engines.sort_unstable();
        engines
            .iter()
            .map(|engine| engine.name())
            .collect::<Vec<_>>()
            .join("+")
    };
    sides
        .iter()
        .map(|(choice, side)| {
            let others = || {
                sides
                    .iter()
                    .filter(|(c, _)| *c != choice)
                    .flat_map(|(_, side)| side)
            };
            let own: Vec<f32> = side.iter().map(|said| said.2).collect();
            let against: Vec<f32> = others().map(|said| said.2).collect();
            let key = format!(
                "{}>{}",
                names(side.iter().map(|said| said.0).collect()),
                names(others().map(|said| said.0).collect())
            );
            let class = side[0].1;
            Party {
                choice: *choice,
                class,
                key,
                margin: mean(&own) - mean(&against),
            }
        })
        .collect()
}

/// Decides a slot. `space` is the probability of a space where only spaces were seen.
pub(crate) fn decide(
    network: &Network,
    slot: &Slot,
    reliability: &[f32],
    space: Option<f32>,
    calibration: &Calibration,
) -> Decision {
    if let Some(p) = space {
        return Decision {
            winner: (p > 0.5).then_some(' '),
            posterior: p.max(1.0 - p),
            weights: BTreeMap::new(),
        };
    }
    // The sides of pages for fitting had every engine in them.
    let weights = slot
        .is_whole()
        .then(|| party_weights(network, slot, reliability, calibration))
        .flatten()
        .unwrap_or_else(|| engine_weights(network, slot, reliability, calibration));
    let (winner, most) =
        weights.iter().fold(
            (None, f32::MIN),
            |best, (c, w)| if *w > best.1 { (*c, *w) } else { best },
        );
    Decision {
        winner,
        posterior: share(&weights, most),
        weights,
    }
}

/// What is left for a reading of this weight among all; an alternative that nobody proposed has weight 0.
fn share(weights: &BTreeMap<Option<char>, f32>, weight: f32) -> f32 {
    let all: f32 = weights.values().map(|w| (w - weight).exp()).sum::<f32>() + (-weight).exp();
    1.0 / all
}

/// Log-odds of each reading by who stands for it and who against; None where pages for fitting never
/// showed any of these sides. Sides that they did not show share what the others leave. Engines err
/// together, so that what two of them share is not twice as sure.
fn party_weights(
    network: &Network,
    slot: &Slot,
    reliability: &[f32],
    calibration: &Calibration,
) -> Option<BTreeMap<Option<char>, f32>> {
    let sides: Vec<(Option<char>, Option<f32>)> = parties(network, slot, reliability)
        .into_iter()
        .map(|party| {
            let p = calibration.party_probability(&party.key, party.class, party.margin);
            (party.choice, p)
        })
        .collect();
    let known: Vec<f32> = sides.iter().filter_map(|(_, p)| *p).collect();
    if known.is_empty() {
        return None;
    }
    let unknown = (sides.len() - known.len()).max(1) as f32;
    let left = ((1.0 - known.iter().sum::<f32>()) / unknown).max(LEAST_SHARE);
    Some(
        sides
            .into_iter()
            .map(|(choice, p)| (choice, log_odds(p.unwrap_or(left))))
            .collect(),
    )
}

/// Log-odds summed over engines as if they were independent: for sides without a curve.
fn engine_weights(
    network: &Network,
    slot: &Slot,
    reliability: &[f32],
    calibration: &Calibration,
) -> BTreeMap<Option<char>, f32> {
    let mut weights: BTreeMap<Option<char>, f32> = BTreeMap::new();
    for (e, glyph) in speakers(slot) {
        let (class, score) = statement(network, slot, e, reliability[e]);
        let p = calibration.probability(network.engines[e], class, score);
        *weights.entry(glyph.as_ref().map(|g| g.ch)).or_default() += log_odds(p).max(0.05);
    }
    weights
}
