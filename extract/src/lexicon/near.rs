//! Drug names that a misread word may stand for: an index of what is left of each name when letters of its
//! beginning are deleted (symmetric delete, as Garbe's `SymSpell` does it), so that a look-up costs no walk
//! through the list; what it finds is ranked by an edit distance in which letters that readers confuse
//! (`l` and `i`, `rn` and `m`) cost less.

use std::collections::HashMap;

/// Letters of the beginning that are indexed.
const PREFIX: usize = 7;
/// Letters of it that may be deleted.
const DELETED: usize = 2;
/// What a substitution of letters that are easily confused costs, of 1.
const CONFUSED: f32 = 0.35;
/// What a thin letter that appeared or vanished costs.
const THIN: f32 = 0.6;

/// Pairs of letters that look alike in print.
const ALIKE: &[(char, char)] = &[
    ('l', 'i'),
    ('l', '1'),
    ('i', '1'),
    ('l', 't'),
    ('i', 't'),
    ('i', 'j'),
    ('l', 'f'),
    ('o', '0'),
    ('o', 'c'),
    ('o', 'e'),
    ('e', 'c'),
    ('a', 'o'),
    ('a', 'e'),
    ('a', 's'),
    ('v', 'y'),
    ('u', 'v'),
    ('n', 'h'),
    ('n', 'u'),
    ('n', 'r'),
    ('h', 'b'),
    ('b', '8'),
    ('b', '6'),
    ('s', '5'),
    ('z', '2'),
    ('g', 'q'),
    ('g', '9'),
    ('t', 'f'),
    ('x', 'k'),
    ('d', 'o'),
    ('p', 'r'),
    ('m', 'n'),
    ('v', 'w'),
    ('c', 'g'),
    ('r', 't'),
];
/// Letters that look like two others.
const JOINED: &[(&str, &str)] = &[
    ("m", "rn"),
    ("d", "cl"),
    ("w", "vv"),
    ("u", "ii"),
    ("h", "li"),
    ("n", "ri"),
    ("m", "in"),
    ("k", "lc"),
];

/// Names by what is left of their beginnings.
#[derive(Clone, Debug)]
pub(super) struct Index {
    names: Vec<String>,
    left: HashMap<String, Vec<u32>>,
}

impl Index {
    pub fn new(names: impl Iterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.collect();
        names.sort();
        let mut left: HashMap<String, Vec<u32>> = HashMap::new();
        for (n, name) in names.iter().enumerate() {
            for rest in deletions(name) {
                left.entry(rest).or_default().push(n as u32);
            }
        }
        Self { names, left }
    }

    /// Names that may be within two edits.
    pub fn candidates(&self, key: &str) -> Vec<&str> {
        let mut found: Vec<u32> = deletions(key)
            .iter()
            .filter_map(|rest| self.left.get(rest))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .map(|n| &*self.names[n as usize])
            .collect()
    }
}

/// A beginning with none to [`DELETED`] letters left out.
fn deletions(name: &str) -> Vec<String> {
    let prefix: String = name.chars().take(PREFIX).collect();
    let mut all = vec![prefix];
    let mut from = 0;
    for _ in 0..DELETED {
        let to = all.len();
        for n in from..to {
            let rest = all[n].clone();
            for (at, c) in rest.char_indices() {
                let shorter = format!("{}{}", &rest[..at], &rest[at + c.len_utf8()..]);
                if !all.contains(&shorter) {
                    all.push(shorter);
                }
            }
        }
        from = to;
    }
    all
}

/// What it takes to read `read` where `name` is printed; 1 for each edit that no likeness explains.
pub(super) fn weight(name: &str, read: &str) -> f32 {
    let (a, b): (Vec<char>, Vec<char>) = (name.chars().collect(), read.chars().collect());
    let width = b.len() + 1;
    let mut table = vec![f32::INFINITY; (a.len() + 1) * width];
    table[0] = 0.0;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let here = table[i * width + j];
            if here.is_infinite() {
                continue;
            }
            let mut reach = |di: usize, dj: usize, cost: f32| {
                if i + di <= a.len() && j + dj <= b.len() {
                    let cell = &mut table[(i + di) * width + j + dj];
                    *cell = cell.min(here + cost);
                }
            };
            if let Some(lost) = a.get(i) {
                reach(1, 0, lone(*lost));
            }
            if let Some(added) = b.get(j) {
                reach(0, 1, lone(*added));
            }
            if let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
                reach(1, 1, if x == y { 0.0 } else { substitution(*x, *y) });
                let swapped = a.get(i + 1) == Some(y) && b.get(j + 1) == Some(x) && x != y;
                if swapped {
                    reach(2, 2, 1.0);
                }
            }
            for (one, two) in JOINED {
                let starts = |text: &[char], part: &str| {
                    part.chars()
                        .enumerate()
                        .all(|(n, c)| text.get(n) == Some(&c))
                };
                if starts(&a[i..], one) && starts(&b[j..], two) {
                    reach(1, 2, CONFUSED);
                }
                if starts(&a[i..], two) && starts(&b[j..], one) {
                    reach(2, 1, CONFUSED);
                }
            }
        }
    }
    table[a.len() * width + b.len()]
}

fn substitution(x: char, y: char) -> f32 {
    let alike = ALIKE
        .iter()
        .any(|(a, b)| (*a, *b) == (x, y) || (*b, *a) == (x, y));
    if alike { CONFUSED } else { 1.0 }
}

fn lone(c: char) -> f32 {
    if matches!(c, 'i' | 'l' | '1' | 'r' | 't' | ' ') {
        THIN
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Index, weight};
    use crate::lexicon::distance;

    #[test]
    fn letters_that_look_alike_cost_less() {
        for (name, read, most) in [
            ("lisinopril", "lisinopril", 0.0),
            ("lisinopril", "lisinoprll", 0.35),
            ("metformin", "rnetformin", 0.35),
            ("metformin", "metforrnin", 0.35),
            ("amlodipine", "amloclipine", 0.35),
            ("warfarin", "warfarln", 0.35),
            ("warfarin", "warfrin", 1.0),
        ] {
            assert!(
                (weight(name, read) - most).abs() < 1e-6,
                "{name} {read}: {}",
                weight(name, read)
            );
        }
    }

    proptest! {
        #[test]
        fn the_index_misses_nothing_within_two_edits(
            names in prop::collection::vec("[a-c]{3,10}", 1..12), key in "[a-c]{3,10}",
        ) {
            let index = Index::new(names.iter().cloned());
            let found = index.candidates(&key);
            for name in &names {
                if distance(name, &key, 2).is_some() {
                    prop_assert!(found.contains(&name.as_str()), "{name} {key}");
                }
            }
        }

        #[test]
        fn a_weight_is_never_more_than_the_edits(a in "[a-z]{0,9}", b in "[a-z]{0,9}") {
            prop_assert!((weight(&a, &b) - weight(&b, &a)).abs() < 1e-5);
            if let Some(edits) = distance(&a, &b, 9) {
                prop_assert!(weight(&a, &b) <= edits as f32 + 1e-5);
            }
        }
    }
}
