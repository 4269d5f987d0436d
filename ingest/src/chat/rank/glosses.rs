//! What people call drugs, tests and illnesses in plain words. It only helps to find a line; nothing of it is
//! ever said.

use std::{collections::HashMap, sync::LazyLock};

use crate::chat::words;

/// Letters that the beginning of a longer word must at least have.
const BEGINNING: usize = 4;
/// Glosses of one line.
const MOST: usize = 3;

struct Gloss {
    names: Vec<Vec<String>>,
    said: &'static str,
}

static GLOSSES: LazyLock<Vec<Gloss>> = LazyLock::new(|| {
    include_str!("glosses.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(names, said)| Gloss {
            names: names.split('|').map(words::tokens).collect(),
            said,
        })
        .collect()
});

/// The glosses whose names may begin a word with these letters.
static BY_LETTERS: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut out: HashMap<String, Vec<usize>> = HashMap::new();
    for (n, gloss) in GLOSSES.iter().enumerate() {
        for first in gloss.names.iter().filter_map(|name| name.first()) {
            out.entry(letters(first)).or_default().push(n);
        }
    }
    out
});

fn letters(word: &str) -> String {
    word.chars().take(2).collect()
}

/// The plain words for what a text names; empty when it names nothing that has any.
pub(super) fn gloss(text: &str) -> String {
    let said = words::tokens(text);
    let mut found: Vec<usize> = Vec::new();
    for (at, word) in said.iter().enumerate() {
        let near = BY_LETTERS.get(&letters(word)).map(Vec::as_slice);
        for n in near.unwrap_or_default() {
            let names = &GLOSSES[*n].names;
            if !found.contains(n) && names.iter().any(|name| stands(name, &said[at..])) {
                found.push(*n);
            }
        }
    }
    found.sort_unstable();
    let glosses = found.iter().take(MOST).map(|n| GLOSSES[*n].said);
    glosses.collect::<Vec<_>>().join("; ")
}

fn stands(name: &[String], said: &[String]) -> bool {
    match name {
        [] => false,
        [word] => {
            said[0] == *word || word.chars().count() >= BEGINNING && said[0].starts_with(word)
        }
        _ => said.starts_with(name),
    }
}

#[cfg(test)]
mod tests {
    use super::gloss;

    #[test]
    fn names_are_found_whole_or_by_their_beginning() {
        assert!(gloss("Furosemide 40 mg tablet").contains("water tablet"));
        assert!(gloss("Haemoglobin 12.1").contains("anaemia"));
        assert!(gloss("HDL Cholesterol 67").contains("good cholesterol"));
        // Two letters are no beginning.
        assert_eq!(gloss("Nathan came alone"), "");
    }
}
