//! What an engine's confidence is worth: raw scores do not compare between engines.
//!
//! For each engine and class of character the probability of being right is a piecewise linear
//! function of a score, the engine's own confidence times its agreement with the others on the page
//! and line; it is fitted by isotonic regression (Zadrozny and Elkan 2002) on pages that
//! the fixtures' generator makes with a printed seed. The table is data, `calibration.json`.

use std::{collections::BTreeMap, sync::LazyLock};

use schemas::Engine;
use serde::{Deserialize, Serialize};

use crate::{logistic::Logistic, sureness::WordModel};

/// Classes of character whose reliability differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CharClass {
    /// Letters.
    Letter,
    /// Digits.
    Digit,
    /// Anything else that is printed.
    Mark,
    /// The space between two words.
    Space,
    /// Nothing, where another engine read a letter, digit or mark.
    NoInk,
    /// Nothing, where another engine read a space.
    NoSpace,
}

impl CharClass {
    /// The class of a character.
    #[must_use]
    pub fn of(ch: char) -> Self {
        match ch {
            ' ' => Self::Space,
            c if c.is_ascii_digit() => Self::Digit,
            c if c.is_alphabetic() => Self::Letter,
            _ => Self::Mark,
        }
    }
}

/// Points `(raw score, probability of being right)`, ascending in both.
pub type Curve = Vec<(f32, f32)>;

/// The fitted curves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// How the table was made: command, seed, pages.
    pub source: String,
    /// By engine, then class.
    pub curves: BTreeMap<Engine, BTreeMap<CharClass, Curve>>,
    /// By who stands for a reading and who against it (`paddle>easyocr+tesseract`), then class: from
    /// the margin of scores to the probability of being right.
    pub parties: BTreeMap<String, BTreeMap<CharClass, Curve>>,
    /// Whether a place where some engine saw a space is one ([`crate::Spacing::features`]).
    pub space: Logistic,
    /// How sure a word is that several engines were asked for.
    pub word: WordModel,
    /// How sure a word is that only one engine was asked for.
    #[serde(default)]
    pub alone: WordModel,
}

static PACKAGED: LazyLock<Calibration> =
    LazyLock::new(|| serde_json::from_str(include_str!("calibration.json")).unwrap_or_default());

/// What an engine is worth before anything was fitted for it.
const UNKNOWN: f32 = 0.7;

impl Calibration {
    /// The table that is shipped.
    #[must_use]
    pub fn packaged() -> &'static Self {
        &PACKAGED
    }

    /// Probability that what `engine` says is right, strictly between 0 and 1.
    #[must_use]
    pub fn probability(&self, engine: Engine, class: CharClass, raw: f32) -> f32 {
        let curve = self
            .curves
            .get(&engine)
            .and_then(|classes| classes.get(&class));
        let p = match curve {
            Some(curve) => interpolate(curve, raw),
            None => UNKNOWN * raw,
        };
        p.clamp(0.01, 0.999)
    }

    /// Probability that the reading of a party is right; None when no page for fitting had such sides.
    #[must_use]
    pub fn party_probability(&self, key: &str, class: CharClass, margin: f32) -> Option<f32> {
        let curve = self.parties.get(key)?.get(&class)?;
        Some(interpolate(curve, margin).clamp(0.005, 0.9995))
    }
}

/// Linear between points, constant outside.
pub(crate) fn interpolate(curve: &[(f32, f32)], x: f32) -> f32 {
    let Some(&(first_x, first_y)) = curve.first() else {
        return UNKNOWN;
    };
    if x <= first_x {
        return first_y;
    }
    for pair in curve.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x <= x1 {
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0).max(1e-6);
        }
    }
    curve.last().map_or(UNKNOWN, |p| p.1)
}

#[cfg(test)]
mod tests {
    use schemas::Engine;

    use super::{Calibration, CharClass, interpolate};

    #[test]
    fn curves_are_linear_between_points_and_flat_outside() {
        let curve = vec![(0.2, 0.1), (0.6, 0.5), (1.0, 0.9)];
        for (x, want) in [(0.0, 0.1), (0.4, 0.3), (0.8, 0.7), (1.5, 0.9)] {
            assert!((interpolate(&curve, x) - want).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn the_packaged_table_never_falls() {
        let table = Calibration::packaged();
        assert!(!table.curves.is_empty());
        for (engine, classes) in &table.curves {
            for (class, curve) in classes {
                for pair in curve.windows(2) {
                    assert!(
                        pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1,
                        "{engine} {class:?}"
                    );
                }
            }
        }
        let p = table.probability(Engine::Paddle, CharClass::Letter, 1.0);
        assert!(p > table.probability(Engine::Paddle, CharClass::Letter, 0.3));
    }
}
