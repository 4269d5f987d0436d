//! Questions in lay words as cards would put them: several words at once, where [`super::words`] knows single ones.

use std::sync::LazyLock;

use regex::Regex;

use super::{question::Asked, words};

static ROWS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rows = include_str!("lay.tsv")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| {
        let (said, called) = row.split_once('\t').expect("two columns");
        (Regex::new(said).expect("a valid expression"), called)
    })
    .collect()
});

/// The question with the words that cards have.
pub(super) fn as_cards_call(asked: &Asked) -> Asked {
    let phrases = ROWS.iter().fold(asked.clone(), |asked, (said, called)| {
        let lower = asked.text.to_lowercase();
        match said.find(&lower) {
            Some(found) => asked.with(found.as_str(), called),
            None => asked,
        }
    });
    let lay = words::tokens(&phrases.text).into_iter();
    lay.fold(phrases.clone(), |asked, word| {
        words::otherwise(&word).map_or(asked.clone(), |other| asked.with(&word, other))
    })
}

#[cfg(test)]
mod tests {
    use super::as_cards_call;
    use crate::chat::question::Asked;

    #[test]
    fn lay_words_become_those_of_cards() {
        for (text, want) in [
            (
                "is one glass of wine ok while expecting",
                "is one glass of alcohol ok while pregnant",
            ),
            (
                "why does my thyroid tablet not like calcium",
                "why does my levothyroxine not like calcium",
            ),
            ("what is ferritin", "what is ferritin"),
            (
                "calcium and my thyroxine pills",
                "calcium and my levothyroxine",
            ),
        ] {
            let asked = as_cards_call(&Asked::new(text));
            assert_eq!(asked.text, want);
            assert_eq!(asked.put, text);
        }
    }
}
