//! The words that extraction knows: drugs, substances that people are allergic to, analytes and
//! conditions, written down for this project. A larger list of drug names can be added; names from it
//! count only with a strength, form or sig beside them, because such lists hold ordinary words.

use std::collections::{BTreeSet, HashMap, HashSet};

const DRUGS: &str = include_str!("lexicon/drugs.txt");
const CLASSES: &str = include_str!("lexicon/classes.txt");
const ANALYTES: &str = include_str!("lexicon/analytes.txt");
const CONDITIONS: &str = include_str!("lexicon/conditions.txt");

/// The longest name, in words.
pub(crate) const LONGEST_NAME: usize = 6;

/// Known names. Lookups ignore case and the kind of separator between words.
#[derive(Clone, Debug)]
pub struct Lexicon {
    drugs: HashSet<String>,
    added_drugs: BTreeSet<String>,
    classes: HashSet<String>,
    analytes: HashMap<String, usize>,
    conditions: HashSet<String>,
}

impl Lexicon {
    /// The compiled-in tables: about 1,300 drug names, 150 analytes with their synonyms, 350 conditions.
    #[must_use]
    pub fn builtin() -> Self {
        let analytes = ANALYTES
            .lines()
            .enumerate()
            .flat_map(|(n, line)| line.split('|').map(move |name| (key(name), n)))
            .collect();
        Self {
            drugs: comma_separated(DRUGS),
            added_drugs: BTreeSet::new(),
            classes: comma_separated(CLASSES),
            analytes,
            conditions: comma_separated(CONDITIONS),
        }
    }

    /// The single words of all names that are compiled in, in lower case.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.drugs
            .iter()
            .chain(&self.classes)
            .chain(self.analytes.keys())
            .chain(&self.conditions)
            .flat_map(|name| name.split(' '))
    }

    /// Adds the names of a larger list, such as `RxNorm`'s.
    #[must_use]
    pub fn with_drug_names<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            let key = key(name);
            let words = key.split(' ').count();
            let plausible =
                key.len() >= 4 && words <= LONGEST_NAME && key.starts_with(char::is_alphabetic);
            if plausible && !self.drugs.contains(&key) {
                self.added_drugs.insert(key);
            }
        }
        self
    }

    /// Is this a drug that the compiled-in table knows?
    pub(crate) fn is_drug(&self, name: &str) -> bool {
        self.drugs.contains(&key(name))
    }

    /// Is this a drug of either list?
    #[must_use]
    pub fn is_any_drug(&self, name: &str) -> bool {
        let key = key(name);
        self.drugs.contains(&key) || self.added_drugs.contains(&key)
    }

    pub(crate) fn is_substance(&self, name: &str) -> bool {
        self.classes.contains(&key(name)) || self.is_drug(name)
    }

    pub(crate) fn is_analyte(&self, name: &str) -> bool {
        self.analytes.contains_key(&key(name))
    }

    pub(crate) fn is_condition(&self, name: &str) -> bool {
        self.conditions.contains(&key(name))
    }

    /// Drug names that a misreading may stand for, nearest first, at most three, each with a likelihood.
    #[must_use]
    pub fn near_drugs(&self, name: &str) -> Vec<(String, f32)> {
        let key = key(name);
        let length = key.chars().count();
        if length < 5 {
            return Vec::new();
        }
        let allowed = if length >= 8 { 2 } else { 1 };
        let skeleton = skeleton(&key);
        let mut near: Vec<(usize, usize, &String)> = self
            .drugs
            .iter()
            .chain(&self.added_drugs)
            .filter(|known| known.len().abs_diff(key.len()) <= allowed)
            .filter_map(|known| {
                distance(known, &key, allowed).map(|d| {
                    let shape = usize::from(self::skeleton(known) != skeleton);
                    (d, shape, known)
                })
            })
            .collect();
        near.sort();
        near.into_iter()
            .take(3)
            .map(|(d, shape, known)| {
                let likelihood = 0.9 - 0.25 * (d as f32) + 0.15 * (1 - shape.min(1)) as f32;
                (known.clone(), likelihood.clamp(0.1, 0.95))
            })
            .collect()
    }
}

fn comma_separated(table: &str) -> HashSet<String> {
    table
        .split([',', '\n'])
        .map(key)
        .filter(|name| !name.is_empty())
        .collect()
}

/// Lower case, separators as single spaces, marks dropped.
pub(crate) fn key(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '®' | '™' | '.' | '\'' | '’' => {}
            c if c.is_alphanumeric() || c == '%' || c == '+' => out.extend(c.to_lowercase()),
            _ if out.ends_with(' ') || out.is_empty() => {}
            _ => out.push(' '),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Letters that readers confuse become one: `l1I|` and `O0`, `rn` and `m`.
fn skeleton(key: &str) -> String {
    key.replace("rn", "m")
        .replace("cl", "d")
        .replace("vv", "w")
        .chars()
        .map(|c| match c {
            '1' | 'i' | '|' => 'l',
            '0' => 'o',
            '5' => 's',
            '8' => 'b',
            'e' => 'c',
            'v' => 'y',
            c => c,
        })
        .collect()
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Lexicon, distance};

    #[test]
    fn tables_are_as_large_as_they_claim() {
        let lexicon = Lexicon::builtin();
        assert!(lexicon.drugs.len() > 1_200, "{}", lexicon.drugs.len());
        assert!(
            lexicon
                .analytes
                .values()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                >= 140
        );
        assert!(
            lexicon.conditions.len() > 300,
            "{}",
            lexicon.conditions.len()
        );
    }

    #[test]
    fn names_in_any_spelling() {
        let lexicon = Lexicon::builtin();
        for name in [
            "Lisinopril",
            "INSULIN GLARGINE",
            "Amoxicillin-Clavulanate",
            "Tylenol®",
        ] {
            assert!(lexicon.is_drug(name), "{name}");
        }
        assert_eq!(lexicon.near_drugs("Lisinoprll")[0].0, "lisinopril");
        assert!(lexicon.near_drugs("hospital").is_empty());
    }

    #[test]
    fn an_added_list_keeps_only_plausible_names() {
        let lexicon = Lexicon::builtin().with_drug_names(["Zzyvox", "12", "a"]);
        assert!(lexicon.is_any_drug("zzyvox") && !lexicon.is_drug("zzyvox"));
        assert!(!lexicon.is_any_drug("12"));
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
