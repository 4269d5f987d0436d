//! Emergencies in words that no expression of [`super::red_flags`] foresees: a logistic regression on the
//! sentence's embedding (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4). The same
//! message always gets the same answer. `benches --bin red_flags -- --fit` makes the weights of the rows of
//! the tables that are not `held`. Without the encoder the expressions stand alone.

use std::sync::LazyLock;

/// The kind of emergency that is told by meaning.
pub const KIND: &str = "emergency";
/// An embedding has length 1; its numbers are this many times too small to be features beside a penalty of 1.
const SCALE: f32 = 5.0;

/// The least probability that is an alarm, then the bias, then a weight for each number of an embedding.
static FITTED: LazyLock<Vec<f32>> = LazyLock::new(|| {
    include_str!("alarm.txt")
        .lines()
        .map(|line| line.trim().parse().expect("a number a line"))
        .collect()
});

/// What the regression sees of an embedding.
#[must_use]
pub fn features(embedding: &[f32]) -> Vec<f32> {
    let scaled = embedding.iter().map(|number| SCALE * number);
    std::iter::once(1.0).chain(scaled).collect()
}

/// Probability 0..1 that a message with this embedding tells of an emergency; 0 where the length is wrong.
#[must_use]
pub fn probability(embedding: &[f32]) -> f32 {
    let (features, weights) = (features(embedding), &FITTED[1..]);
    if features.len() != weights.len() {
        return 0.0;
    }
    let sum: f32 = features.iter().zip(weights).map(|(x, w)| x * w).sum();
    1.0 / (1.0 + (-sum).exp())
}

/// Does a message with this embedding tell of an emergency?
#[must_use]
pub fn is_alarming(embedding: &[f32]) -> bool {
    probability(embedding) >= FITTED[0]
}
