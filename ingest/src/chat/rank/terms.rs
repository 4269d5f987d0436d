//! Analytes and illnesses of a text, by the names that extraction knows, and names as they should be spelt.

use std::{collections::HashSet, sync::LazyLock};

use extract::Lexicon;

use crate::chat::{cards, words};

/// Words of the longest name that is looked for.
const LONGEST: usize = 4;
/// Shorter names stand for other things in people's questions: `pt`, `mg`, `rec`.
const SHORTEST: usize = 4;
/// Shorter words have too many neighbours to be misspelt names.
const SHORTEST_MISSPELT: usize = 6;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::builtin);
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| LEXICON.words().collect());

/// Words that the cards, wordings and glosses use: English, and so not misspelt.
static USED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let cards = cards::shipped_texts();
    let tables = [include_str!("ways.tsv"), include_str!("glosses.tsv")];
    cards
        .chain(tables.map(str::to_owned))
        .flat_map(|text| words::tokens(&text))
        .collect()
});

/// An analyte or an illness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// As it was found, in lower case.
    pub name: String,
    /// Which analyte; none of an illness.
    analyte: Option<usize>,
}

impl Term {
    /// Does a text name it, under any of its names?
    pub(super) fn is_in(&self, text: &str) -> bool {
        let words = words::tokens(text);
        match self.analyte {
            Some(analyte) => found(&words, 1)
                .iter()
                .any(|term| term.analyte == Some(analyte)),
            None => {
                let stems = words::stems(text);
                words::stems(&self.name)
                    .iter()
                    .all(|word| words::holds(&stems, word))
            }
        }
    }
}

/// Is it a word that cards, wordings or glosses use, or part of a name that extraction knows?
pub(super) fn is_used(word: &str) -> bool {
    USED.contains(word) || WORDS.contains(word)
}

/// The terms that a question names.
pub(super) fn of_question(question: &str) -> Vec<Term> {
    let mut terms = found(&words::tokens(question), SHORTEST);
    // It stands for a sample far more often than for what a strip shows.
    terms.retain(|term| term.name != "blood");
    terms
}

/// The longest names from the left to the right.
fn found(words: &[String], shortest: usize) -> Vec<Term> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let most = LONGEST.min(words.len() - at);
        let term = (1..=most).rev().find_map(|count| {
            let name = words[at..at + count].join(" ");
            let analyte = LEXICON.analyte(&name);
            let is_term =
                name.len() >= shortest && (analyte.is_some() || LEXICON.is_condition(&name));
            is_term.then_some((count, Term { name, analyte }))
        });
        match term {
            Some((count, term)) => {
                at += count;
                out.push(term);
            }
            None => at += 1,
        }
    }
    out
}

/// A text in lower case with the names that it misspells by a letter put right.
pub(super) fn spelt(text: &str) -> String {
    let right = |word: &str| {
        let is_candidate = word.len() >= SHORTEST_MISSPELT
            && word.chars().all(char::is_alphabetic)
            && !WORDS.contains(word)
            && !USED.contains(word)
            && !words::is_common(&words::stem(word));
        if !is_candidate {
            return None;
        }
        let mut near: Vec<&str> = WORDS
            .iter()
            .copied()
            .filter(|known| known.len() >= SHORTEST_MISSPELT && words::is_near(known, word))
            .collect();
        // A plural is no misspelling.
        near.retain(|known| words::stem(known) != words::stem(word));
        near.sort_unstable();
        near.first().map(|known| (*known).to_owned())
    };
    text.split_inclusive(|c: char| !c.is_alphanumeric())
        .map(|part| {
            let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            right(word).map_or_else(|| part.to_owned(), |known| known + &part[word.len()..])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{of_question, spelt};

    #[test]
    fn names_are_put_right_and_found() {
        for (text, want) in [
            ("her potasium, please", "her potassium, please"),
            ("neutrophills?", "neutrophils?"),
            ("hydroxizine dose", "hydroxyzine dose"),
            ("which tablets and when", "which tablets and when"),
            ("statins", "statins"),
            ("iron stores", "iron stores"),
        ] {
            assert_eq!(spelt(text), want);
        }
        let names = |text: &str| -> Vec<String> {
            of_question(text)
                .into_iter()
                .map(|term| term.name)
                .collect()
        };
        assert_eq!(names("is the pt on the blood list"), [""; 0]);
        assert_eq!(
            names("glycated hemoglobin and lupus"),
            ["glycated hemoglobin", "lupus"]
        );
        let glucose = of_question("her fasting glucose");
        assert!(glucose[0].is_in("glu 5.4 mmol/l") && !glucose[0].is_in("na 141 mmol/l"));
    }
}
