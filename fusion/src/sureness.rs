//! How sure a fused word is: what the vote left open, who agrees, what kind of text it is and how well
//! the page is read, mapped to a probability by a logistic model and a curve over it, since neither
//! engines nor characters of a word are independent.

use serde::{Deserialize, Serialize};

use crate::{
    calibrate::{Curve, interpolate},
    logistic::{Logistic, log_odds},
};

/// How many features a word has.
pub const WORD_FEATURES: usize = 10;

/// The fitted model of words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WordModel {
    /// Over [`WordEvidence::features`].
    pub weights: Logistic,
    /// From the model's own probability to the share that was right.
    pub curve: Curve,
}

impl WordModel {
    /// Probability that a word is right; without a fitted model the product of its characters'.
    #[must_use]
    pub fn probability(&self, evidence: &WordEvidence) -> f32 {
        match self.weights.probability(&evidence.features()) {
            Some(p) if !self.curve.is_empty() => interpolate(&self.curve, p),
            Some(p) => p,
            None => evidence.product,
        }
    }
}

/// What the vote knows of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordEvidence {
    /// Product of its characters' posteriors.
    pub product: f32,
    /// The least of them.
    pub least: f32,
    /// The less sure of the spaces at its two ends.
    pub edges: f32,
    /// Engines that read the line.
    pub readers: usize,
    /// Those of them that read exactly this word here.
    pub agree: usize,
    /// Characters.
    pub length: usize,
    /// It has a digit.
    pub digits: bool,
    /// It has letters and digits.
    pub mixed: bool,
    /// How well the engines agree on this line, 0..=1.
    pub line_agreement: f32,
    /// It is of a known form, or a known word.
    pub known: bool,
}

impl WordEvidence {
    /// As the model takes it.
    #[must_use]
    pub fn features(&self) -> [f32; WORD_FEATURES] {
        let odds = |p: f32| log_odds(p.clamp(0.001, 0.9995));
        let flag = |it: bool| f32::from(u8::from(it));
        let all = self.agree == self.readers && self.readers > 1;
        [
            1.0,
            odds(self.product),
            odds(self.least),
            odds(self.edges),
            self.agree as f32 / self.readers.max(1) as f32,
            flag(all),
            (self.length.max(1) as f32).ln(),
            flag(self.digits) + flag(self.mixed),
            self.line_agreement,
            flag(self.known),
        ]
    }
}
