//! Gold and predictions as files.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields of an entity.
pub type Fields = Map<String, Value>;

/// Gold of one document; other fields are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct Gold {
    /// Path relative to the folder.
    pub file: String,
    /// 1 clean, 2 ordinary, 3 bad; 0 when unknown.
    #[serde(default)]
    pub tier: u8,
    /// The whole text.
    pub text: String,
    /// Facts; none when the set has no entities.
    #[serde(default)]
    pub entities: Option<Vec<Fields>>,
}

/// What was read from one document.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Prediction {
    /// Path relative to the folder.
    pub file: String,
    /// The whole text.
    #[serde(default)]
    pub text: String,
    /// Facts.
    #[serde(default)]
    pub entities: Vec<Fields>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GoldFile {
    Set { pages: Vec<Gold> },
    List(Vec<Gold>),
}

/// Which half of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// For choosing settings.
    Tune,
    /// For quoting.
    Report,
}

impl Split {
    /// Halves a set by a hash of the file's name (FNV-1a), so that a page stays in its half.
    #[must_use]
    pub fn has(self, file: &str) -> bool {
        let hash = file.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        ((hash >> 32) & 1 == 0) == (self == Self::Tune)
    }
}

/// Reads gold, one entry a document.
///
/// # Errors
/// When the file is missing, is no gold, or names a file twice.
pub fn read(path: &Path, split: Option<Split>) -> anyhow::Result<Vec<Gold>> {
    let text = fs::read_to_string(path).with_context(|| format!("gold {}", path.display()))?;
    let file: GoldFile =
        serde_json::from_str(&text).with_context(|| format!("gold {}", path.display()))?;
    let (GoldFile::Set { pages: mut gold } | GoldFile::List(mut gold)) = file;
    gold.retain(|page| split.is_none_or(|split| split.has(&page.file)));
    let mut seen = HashSet::new();
    for page in &gold {
        if !seen.insert(page.file.as_str()) {
            bail!("gold names a file twice");
        }
    }
    if gold.is_empty() {
        bail!("gold has no document");
    }
    Ok(gold)
}

/// Reads predictions, one JSON object a line, by file.
///
/// # Errors
/// When the file is missing or a line is no prediction.
pub fn predictions(path: &Path) -> anyhow::Result<HashMap<String, Prediction>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("predictions {}", path.display()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
        .map(|(n, line)| {
            let prediction: Prediction = serde_json::from_str(line)
                .with_context(|| format!("line {} of {}", n + 1, path.display()))?;
            Ok((prediction.file.clone(), prediction))
        })
        .collect()
}
