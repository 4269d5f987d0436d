//! A logistic model: a weight for each feature, the first feature being 1.

use serde::{Deserialize, Serialize};

/// Fitted weights; empty before anything was fitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Logistic(pub Vec<f32>);

impl Logistic {
    /// The probability for these features; None when nothing was fitted for as many.
    #[must_use]
    pub fn probability(&self, features: &[f32]) -> Option<f32> {
        if self.0.len() != features.len() {
            return None;
        }
        let sum: f32 = self.0.iter().zip(features).map(|(w, x)| w * x).sum();
        Some(1.0 / (1.0 + (-sum).exp()))
    }
}

/// Log-odds of a probability strictly between 0 and 1.
pub(crate) fn log_odds(p: f32) -> f32 {
    (p / (1.0 - p)).ln()
}
