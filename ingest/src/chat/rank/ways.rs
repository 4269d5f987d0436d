//! How people ask for each type of fact: a question is for the type whose wordings mean most nearly what it
//! means.

use std::{collections::HashMap, sync::LazyLock};

use super::Meanings;

/// Types, `type:role`, with their wordings. `line:` and what begins with it is no fact.
static WAYS: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(|| {
    include_str!("ways.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(key, ways)| (key, ways.split('|').collect()))
        .collect()
});

/// All wordings.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(|(_, ways)| ways.iter().copied())
}

/// How near a question is to each type.
pub(super) struct Nearness(HashMap<&'static str, f32>);

impl Nearness {
    pub(super) fn of(question: &str, meanings: &Meanings) -> Self {
        let near = |ways: &Vec<&str>| {
            ways.iter()
                .map(|way| meanings.cosine(question, way))
                .fold(-1.0, f32::max)
        };
        Self(WAYS.iter().map(|(key, ways)| (*key, near(ways))).collect())
    }

    /// To a type in its role; to the type in any role, where this role has no wordings.
    pub(super) fn to(&self, key: &str) -> f32 {
        let any = || {
            let kind = key.split(':').next().unwrap_or_default();
            self.0.get(format!("{kind}:").as_str()).copied()
        };
        self.0.get(key).copied().or_else(any).unwrap_or_default()
    }

    pub(super) fn best(&self) -> f32 {
        self.0.values().copied().fold(-1.0, f32::max)
    }
}
