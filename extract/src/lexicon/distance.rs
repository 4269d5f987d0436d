//! How many letters two names are apart: optimal string alignment, between two names and against a whole vocabulary.

use fst::Automaton;

/// Edit distance with transpositions (optimal string alignment), none above `allowed`.
pub(crate) fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().min().is_some_and(|least| *least > allowed) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|d| *d <= allowed)
}

/// Accepts what lies within a distance, so that a transducer is searched without being read whole:
/// optimal string alignment as in [`distance`], on bytes.
pub(super) struct Near<'a> {
    key: &'a [u8],
    allowed: usize,
}

impl<'a> Near<'a> {
    /// All that lies at most `allowed` from the key.
    pub(super) fn new(key: &'a str, allowed: usize) -> Self {
        Self {
            key: key.as_bytes(),
            allowed,
        }
    }
}

/// The last two rows of the table of distances, and the byte that made the last one.
pub(super) struct Rows {
    before: Vec<usize>,
    last: Vec<usize>,
    byte: u8,
}

impl Automaton for Near<'_> {
    type State = Rows;

    fn start(&self) -> Rows {
        Rows {
            before: Vec::new(),
            last: (0..=self.key.len()).collect(),
            byte: 0,
        }
    }

    fn is_match(&self, rows: &Rows) -> bool {
        rows.last.last().is_some_and(|d| *d <= self.allowed)
    }

    fn can_match(&self, rows: &Rows) -> bool {
        rows.last.iter().any(|d| *d <= self.allowed)
    }

    fn accept(&self, rows: &Rows, byte: u8) -> Rows {
        let (key, last) = (self.key, &rows.last);
        let mut row = vec![last[0] + 1; key.len() + 1];
        for j in 1..=key.len() {
            let cost = usize::from(key[j - 1] != byte);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            let swapped = j > 1 && key[j - 1] == rows.byte && key[j - 2] == byte;
            if swapped && !rows.before.is_empty() {
                row[j] = row[j].min(rows.before[j - 2] + 1);
            }
        }
        Rows {
            before: last.clone(),
            last: row,
            byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Near, distance};
    use crate::{
        Lexicon,
        coding::{MESH, Packer, Vocabulary},
    };

    fn with_drugs(names: &[String]) -> Lexicon {
        let mut packer = Packer::default();
        for name in names {
            packer.add(name, MESH, "D0", name, 0);
        }
        let drugs = Vocabulary::read(packer.pack().unwrap()).unwrap();
        Lexicon::builtin().with_drugs(drugs)
    }

    proptest! {
        #[test]
        fn the_automaton_measures_the_distance(
            names in prop::collection::vec("[a-d]{1,8}", 1..20), key in "[a-d]{0,8}", allowed in 0usize..3,
        ) {
            let lexicon = with_drugs(&names);
            let drugs = lexicon.drug_vocabularies().next().unwrap();
            let found = drugs.search(Near::new(&key, allowed));
            for name in &names {
                prop_assert_eq!(found.contains(name), distance(name, &key, allowed).is_some(), "{}", name);
            }
        }
    }

    proptest! {
        #[test]
        fn distance_is_a_bounded_symmetric_measure(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            prop_assert_eq!(distance(&a, &a, 3), Some(0));
            prop_assert_eq!(distance(&a, &b, 3), distance(&b, &a, 3));
            if let Some(d) = distance(&a, &b, 3) { prop_assert!(d <= 3); }
        }
    }
}
