use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A probability in 0..=1 that is never NaN, rounded to four decimals so that results compare equal.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(from = "f32")]
pub struct Confidence(#[schemars(range(min = 0.0, max = 1.0))] f32);

impl Confidence {
    /// Certain.
    pub const ONE: Self = Self(1.0);
    /// Impossible.
    pub const ZERO: Self = Self(0.0);

    /// Clamps into 0..=1; NaN becomes 0, the safe side.
    #[must_use]
    pub fn new(value: f32) -> Self {
        if value.is_nan() {
            return Self::ZERO;
        }
        Self((value.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0)
    }

    /// The probability.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }

    /// The smaller of two: what holds of a whole is what holds of its weakest part.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }
}

impl From<f32> for Confidence {
    fn from(value: f32) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Confidence;

    #[test]
    fn clamps_rounds_and_refuses_nan() {
        for (given, want) in [
            (f32::NAN, 0.0),
            (-1.0, 0.0),
            (7.0, 1.0),
            (0.123_456, 0.1235),
        ] {
            assert!(
                (Confidence::new(given).get() - want).abs() < f32::EPSILON,
                "{given}"
            );
        }
    }
}
