//! Emergencies told by a logistic regression (Hastie, Tibshirani and Friedman, The Elements of Statistical
//! Learning, 4.4) on what a message means, its words and pairs of words, and which expressions of
//! [`super::red_flags`] it meets. The same message always gets the same answer. `benches --bin red_flags --
//! --fit` makes the weights of the rows of the tables that are not put aside. Without the encoder the expressions
//! stand alone.

use std::sync::{LazyLock, OnceLock};

use workers::encoder::DIMENSIONS;

use super::red_flags;

/// The kind of emergency that no expression tells.
pub const KIND: &str = "emergency";
/// An embedding has length 1; its numbers are this many times too small to be features beside a penalty of 1.
const MEANING: f32 = 5.0;
/// The length of the words' features, which is 1 for any number of words.
const WORDS: f32 = 4.0;
/// Places of words and pairs; two that share a place share a weight.
const PLACES: usize = 4096;

static JUST_FITTED: OnceLock<String> = OnceLock::new();

/// Tells by weights that were just fitted in the place of those that were built in; they are said before the first
/// message.
pub fn use_weights(weights: String) {
    let _ = JUST_FITTED.set(weights);
}

/// The least probability that is an alarm, then a weight for each feature.
static FITTED: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let built_in = include_str!("alarm.txt");
    JUST_FITTED
        .get()
        .map_or(built_in, String::as_str)
        .split_whitespace()
        .map(|number| number.parse().expect("numbers"))
        .collect()
});

/// Number of features.
#[must_use]
pub fn count() -> usize {
    1 + DIMENSIONS + PLACES + red_flags::signs("").len()
}

/// What the regression sees of a message and its embedding: places and values of what is not 0, the places in
/// order.
#[must_use]
pub fn features(message: &str, embedding: &[f32]) -> Vec<(usize, f32)> {
    let meaning = embedding.iter().map(|number| MEANING * number);
    let mut out: Vec<(usize, f32)> = std::iter::once(1.0).chain(meaning).enumerate().collect();
    let plain = red_flags::plain(message);
    let words: Vec<&str> = plain
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let mut places: Vec<usize> = words
        .iter()
        .map(|word| place(word))
        .chain(pairs.map(|pair| place(&pair)))
        .collect();
    places.sort_unstable();
    places.dedup();
    let value = WORDS / (places.len().max(1) as f32).sqrt();
    out.extend(places.iter().map(|place| (1 + DIMENSIONS + place, value)));
    let signs = red_flags::signs(message).into_iter().enumerate();
    out.extend(
        signs
            .filter(|(_, sign)| *sign)
            .map(|(n, _)| (1 + DIMENSIONS + PLACES + n, 1.0)),
    );
    out
}

/// FNV-1a, 32 bits.
fn place(text: &str) -> usize {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash as usize % PLACES
}

/// Probability 0..1 that a message tells of an emergency.
#[must_use]
pub fn probability(message: &str, embedding: &[f32]) -> f32 {
    let weights = &FITTED[1..];
    let sum: f32 = features(message, embedding)
        .iter()
        .map(|(place, value)| value * weights.get(*place).copied().unwrap_or_default())
        .sum();
    1.0 / (1.0 + (-sum).exp())
}

/// Does a message tell of an emergency?
#[must_use]
pub fn is_alarming(message: &str, embedding: &[f32]) -> bool {
    probability(message, embedding) >= FITTED[0]
}
