//! A passage: some lines of a page that are found and quoted together.

use serde::{Deserialize, Serialize};

/// Lines of one page with the words that they are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// From 0.
    pub page: usize,
    /// The heading that they stand under; empty where there is none.
    pub heading: String,
    /// The lines, joined by `\n`.
    pub text: String,
    /// Ids of the words, in the order of the text: one for each part between white space.
    pub words: Vec<String>,
}

impl Passage {
    /// What is searched: the heading with the text.
    #[must_use]
    pub fn indexed(&self) -> String {
        if self.heading.is_empty() {
            self.text.clone()
        } else {
            format!("{}: {}", self.heading.trim_end_matches(':'), self.text)
        }
    }

    /// Each line with its words.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &[String])> {
        let mut rest = self.words.as_slice();
        self.text.split('\n').map(move |line| {
            let count = line.split_whitespace().count().min(rest.len());
            let (words, behind) = rest.split_at(count);
            rest = behind;
            (line, words)
        })
    }
}
