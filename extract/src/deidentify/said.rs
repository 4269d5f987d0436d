//! Values that are known from entities or from other texts, found again wherever they stand.

use regex::{Regex, RegexBuilder};

use super::{Found, clinical::is_whole, table::key};

/// Identifiers, organisations and towns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    known: Vec<(String, &'static str)>,
    pattern: Option<Regex>,
}

/// A shorter value may be any number.
const LEAST: usize = 4;

impl Said {
    pub(crate) fn know(&mut self, value: &str, label: &'static str) {
        let value = value.trim();
        let twin = |known: &(String, &str)| key(&known.0) == key(value);
        if key(value).chars().count() < LEAST || self.known.iter().any(twin) {
            return;
        }
        self.known.push((value.to_owned(), label));
        self.known
            .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        self.pattern = None;
    }

    /// Where they stand, in capitals or not; never a part of a longer word or number.
    pub(crate) fn find(&mut self, text: &str) -> Vec<Found> {
        if self.known.is_empty() {
            return Vec::new();
        }
        let pattern = self.pattern.get_or_insert_with(|| {
            let all: Vec<String> = self
                .known
                .iter()
                .map(|(value, _)| flexible(value))
                .collect();
            RegexBuilder::new(&all.join("|"))
                .case_insensitive(true)
                .size_limit(1 << 26)
                .build()
                .expect("escaped values are a valid expression")
        });
        let mut out = Vec::new();
        for found in pattern.find_iter(text) {
            let same = key(found.as_str());
            let label = self.known.iter().find(|(value, _)| key(value) == same);
            // A town is written with a capital; in small letters its name may be any word.
            let small = found
                .as_str()
                .chars()
                .all(|c| !c.is_uppercase() && !c.is_ascii_digit());
            if let Some((_, label)) = label
                && !small
                && is_whole(text, &found.range())
            {
                out.push(Found::new(found.range(), label, found.as_str()));
            }
        }
        out
    }
}

/// A value as an expression: spaces may be more, but no line's end.
pub(super) fn flexible(value: &str) -> String {
    let words: Vec<String> = value.split_whitespace().map(regex::escape).collect();
    words.join(r"[ \t\u{a0}]+")
}
