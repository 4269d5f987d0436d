//! What one engine saw on one page, before anyone compared it with another.

use serde::{Deserialize, Serialize};

use crate::{Confidence, Engine, Quad, Repertoire};

/// One engine's reading of one page, in raster coordinates of the upright page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Who read.
    pub engine: Engine,
    /// What it could have written.
    #[serde(default)]
    pub repertoire: Repertoire,
    /// Lines; each names the detected line that it answers.
    pub lines: Vec<ReadLine>,
}

/// One engine's reading of one detected line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadLine {
    /// Index of the detected line.
    pub line: usize,
    /// Words from left to right; none when the engine saw nothing there.
    pub words: Vec<ReadWord>,
}

/// A word as one engine read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadWord {
    /// Its characters; never empty, never with white space.
    pub text: String,
    /// Where it stands.
    pub quad: Quad,
    /// The engine's own confidence in each character of `text`, uncalibrated.
    pub char_confidences: Vec<Confidence>,
}

impl ReadWord {
    /// The engine's own confidence in the word: the mean over its characters.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        let n = self.char_confidences.len().max(1) as f32;
        Confidence::new(self.char_confidences.iter().map(|c| c.get()).sum::<f32>() / n)
    }
}

impl ReadLine {
    /// The words joined by single spaces.
    #[must_use]
    pub fn text(&self) -> String {
        self.words
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
