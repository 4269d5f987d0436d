//! The words that extraction knows: drugs, substances that people are allergic to, analytes and
//! conditions, written down for this project. Larger vocabularies of drugs can be added; names from them
//! count only with a strength, form or sig beside them, because such lists hold ordinary words.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use fst::Automaton;
use schemas::Code;

use crate::coding::{Vocabulary, term};

mod near;

const DRUGS: &str = include_str!("lexicon/drugs.txt");
/// Names that products have in Britain, India and Australia. No word is taken for a misreading of one.
const BRANDS: &str = include_str!("lexicon/brands.txt");
const CLASSES: &str = include_str!("lexicon/classes.txt");
const ANALYTES: &str = include_str!("lexicon/analytes.txt");
const CONDITIONS: &str = include_str!("lexicon/conditions.txt");
/// Words of English and of medicine that lie close to a drug's name.
const ORDINARY: &str = include_str!("lexicon/ordinary.txt");

/// The longest name, in words.
pub(crate) const LONGEST_NAME: usize = 6;

/// The compiled-in drugs, for words that none of them is.
static NEAR: LazyLock<near::Index> = LazyLock::new(|| {
    let names = comma_separated(DRUGS).into_iter();
    near::Index::new(names.filter(|name| name.len() >= SHORTEST))
});
/// The analytes, for names of tests that none of them is.
static NEAR_ANALYTES: LazyLock<near::Index> = LazyLock::new(|| {
    let names = ANALYTES.split(['|', '\n']).map(key);
    near::Index::new(names.filter(|name| name.len() >= SHORTEST))
});
/// Shorter names have too many neighbours to be candidates,
const SHORTEST: usize = 5;
/// and to be taken for a misreading.
const SHORTEST_MISREAD: usize = 6;
/// By so much the best name must be nearer than the next.
const CLEAR: f32 = 0.3;

/// Known names. Lookups ignore case and the kind of separator between words.
#[derive(Clone, Debug)]
pub struct Lexicon {
    drugs: HashSet<String>,
    classes: HashSet<String>,
    analytes: HashMap<String, usize>,
    conditions: HashSet<String>,
    ordinary: HashSet<String>,
    packaged_drugs: Option<Arc<Vocabulary>>,
    pub(crate) rxnorm: Option<Arc<Vocabulary>>,
    pub(crate) icd10cm: Option<Arc<Vocabulary>>,
}

impl Lexicon {
    /// The compiled-in tables: about 2,700 drug names, 200 analytes with their synonyms, 3,500 conditions.
    #[must_use]
    pub fn builtin() -> Self {
        let analytes = ANALYTES
            .lines()
            .enumerate()
            .flat_map(|(n, line)| line.split('|').map(move |name| (key(name), n)))
            .collect();
        Self {
            drugs: [DRUGS, BRANDS]
                .into_iter()
                .flat_map(comma_separated)
                .collect(),
            ordinary: comma_separated(ORDINARY),
            classes: comma_separated(CLASSES),
            analytes,
            conditions: comma_separated(CONDITIONS),
            packaged_drugs: None,
            rxnorm: None,
            icd10cm: None,
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

    /// Adds a larger list of drug names with their codes.
    #[must_use]
    pub fn with_drugs(mut self, drugs: Vocabulary) -> Self {
        self.packaged_drugs = Some(Arc::new(drugs));
        self
    }

    /// Adds `RxNorm`.
    #[must_use]
    pub fn with_rxnorm(mut self, rxnorm: Vocabulary) -> Self {
        self.rxnorm = Some(Arc::new(rxnorm));
        self
    }

    /// Adds ICD-10-CM, for codes alone.
    #[must_use]
    pub fn with_icd10cm(mut self, icd10cm: Vocabulary) -> Self {
        self.icd10cm = Some(Arc::new(icd10cm));
        self
    }

    pub(crate) fn drug_vocabularies(&self) -> impl Iterator<Item = &Vocabulary> {
        [&self.rxnorm, &self.packaged_drugs]
            .into_iter()
            .filter_map(|vocabulary| vocabulary.as_deref())
    }

    /// The codes of a drug, those of `RxNorm` first.
    pub fn drug_codes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Code> + 'a {
        self.drug_vocabularies()
            .flat_map(move |vocabulary| vocabulary.codes(name))
    }

    /// Is this a drug that the compiled-in table knows?
    pub(crate) fn is_drug(&self, name: &str) -> bool {
        self.drugs.contains(&key(name))
    }

    /// Is this a drug of either list?
    #[must_use]
    pub fn is_any_drug(&self, name: &str) -> bool {
        self.is_drug(name) || {
            let term = term(name);
            is_plausible(&term) && self.drug_vocabularies().any(|v| v.holds(&term))
        }
    }

    pub(crate) fn is_substance(&self, name: &str) -> bool {
        self.classes.contains(&key(name)) || self.is_drug(name)
    }

    /// Which analyte a name stands for: names of one share a number. None for what is no analyte.
    #[must_use]
    pub fn analyte(&self, name: &str) -> Option<usize> {
        let key = key(name);
        let material = || {
            // `S-Ferritin`, `fP-Glucose`: laboratories of the north and the south print what was tested before it.
            let (letter, rest) = key.split_once(' ')?;
            let known = matches!(letter, "s" | "p" | "b" | "u" | "fs" | "fp") && rest.len() > 2;
            self.analytes.get(rest).filter(|_| known)
        };
        self.analytes.get(&key).or_else(material).copied()
    }

    pub(crate) fn is_analyte(&self, name: &str) -> bool {
        self.analyte(name).is_some()
    }

    /// The analyte whose name this is with a letter or two misread; none where names of several are as near.
    pub(crate) fn near_analyte(&self, name: &str) -> Option<&str> {
        const LONG: usize = 10;
        let key = key(name);
        if key.len() < SHORTEST {
            return None;
        }
        let allowed = if key.len() < LONG { 1 } else { 2 };
        let mut near: Vec<&str> = NEAR_ANALYTES
            .candidates(&key)
            .into_iter()
            .filter(|known| distance(known, &key, allowed).is_some())
            .collect();
        near.sort_unstable();
        let first = *near.first()?;
        let own = self.analytes.get(first);
        near.iter()
            .all(|known| self.analytes.get(*known) == own)
            .then_some(first)
    }

    /// Is this an illness that the compiled-in table knows?
    #[must_use]
    pub fn is_condition(&self, name: &str) -> bool {
        self.conditions.contains(&key(name))
    }

    /// Is this, whole, the title or an inclusion term of an illness in ICD-10-CM, where that is loaded?
    pub(crate) fn is_classified(&self, name: &str) -> bool {
        let icd = self.icd10cm.as_deref();
        icd.is_some_and(|icd| crate::coding::is_illness(icd, name))
    }

    /// Does a word alone name a substance, an analyte or a condition?
    #[must_use]
    pub fn is_term(&self, word: &str) -> bool {
        self.is_substance(word) || self.is_analyte(word) || self.is_condition(word)
    }

    /// Drug names that a misreading may stand for, nearest first, at most three, each with a likelihood.
    #[must_use]
    pub fn near_drugs(&self, name: &str) -> Vec<(String, f32)> {
        let key = key(name);
        let length = key.chars().count();
        if length < SHORTEST {
            return Vec::new();
        }
        let allowed = if length >= 8 { 2 } else { 1 };
        let added = self
            .drug_vocabularies()
            .flat_map(|vocabulary| vocabulary.search(Near::new(&key, allowed)))
            .filter(|known| is_plausible(known));
        let mut near: Vec<(f32, String)> = NEAR
            .candidates(&key)
            .into_iter()
            .map(str::to_owned)
            .chain(added)
            .filter(|known| distance(known, &key, allowed).is_some())
            .map(|known| (near::weight(&known, &key), known))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        near.dedup();
        near.into_iter()
            .take(3)
            .map(|(weight, known)| (known, (0.95 - 0.3 * weight).clamp(0.1, 0.95)))
            .collect()
    }

    /// The one compiled-in drug that a word is a misreading of; none for ordinary words, short ones, and
    /// where a second name is about as near. Who asks must know that a drug is named there: a strength, a
    /// form or a route stands beside it.
    #[must_use]
    pub fn misread_drug(&self, word: &str) -> Option<&str> {
        let key = key(word);
        let length = key.chars().count();
        let words = key.split(' ').next().unwrap_or_default();
        if length < SHORTEST_MISREAD
            || self.is_any_drug(word)
            || self.is_ordinary(&key)
            || self.is_ordinary(words)
        {
            return None;
        }
        let most = if length >= 8 { 2.0 } else { 1.0 };
        let mut near: Vec<(f32, &str)> = NEAR
            .candidates(&key)
            .into_iter()
            .map(|known| (near::weight(known, &key), known))
            .filter(|(weight, _)| *weight <= most)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let (weight, best) = *near.first()?;
        let rival = near.get(1).is_some_and(|(other, _)| other - weight < CLEAR);
        (!rival).then_some(best)
    }

    fn is_ordinary(&self, key: &str) -> bool {
        self.ordinary.contains(key)
            || self.conditions.contains(key)
            || self.classes.contains(key)
            || self.analytes.contains_key(key)
    }
}

/// Lists of names hold fragments and numbers too.
fn is_plausible(term: &str) -> bool {
    term.len() >= 4
        && term.split(' ').count() <= LONGEST_NAME
        && term.starts_with(char::is_alphabetic)
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
struct Near<'a> {
    key: &'a [u8],
    allowed: usize,
}

impl<'a> Near<'a> {
    fn new(key: &'a str, allowed: usize) -> Self {
        Self {
            key: key.as_bytes(),
            allowed,
        }
    }
}

/// The last two rows of the table of distances, and the byte that made the last one.
struct Rows {
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

    use super::{Lexicon, Near, distance};
    use crate::coding::{MESH, Packer, Vocabulary};

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
    fn a_name_stands_for_one_analyte() {
        let mut rows: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for (n, row) in super::ANALYTES.lines().enumerate() {
            for name in row.split('|') {
                let first = *rows.entry(super::key(name)).or_insert(n);
                assert_eq!(first, n, "{name} stands in two rows");
            }
        }
        let lexicon = Lexicon::builtin();
        assert_eq!(
            lexicon.analyte("Bilirubin"),
            lexicon.analyte("Total bilirubin")
        );
        assert_eq!(lexicon.analyte("S-Ferritin"), lexicon.analyte("ferritin"));
        assert_eq!(lexicon.analyte("S-12"), None);
    }

    #[test]
    fn misread_analytes_are_found_as_by_a_walk_through_all() {
        let lexicon = Lexicon::builtin();
        for word in [
            "Hemogiobin",
            "Potassiurn",
            "Creatinlne",
            "Ferrltin",
            "Zorbamine",
            "Bas0phils",
            "Chlorlde",
        ] {
            let key = super::key(word);
            let allowed = if key.len() < 10 { 1 } else { 2 };
            let mut near: Vec<(&String, &usize)> = lexicon
                .analytes
                .iter()
                .filter(|(known, _)| known.len() >= 5 && distance(known, &key, allowed).is_some())
                .collect();
            near.sort_unstable();
            let one = near.iter().all(|(_, of)| *of == near[0].1);
            let want = near
                .first()
                .filter(|_| one)
                .map(|(known, _)| known.as_str());
            assert_eq!(lexicon.near_analyte(word), want, "{word}");
        }
        assert_eq!(lexicon.near_analyte("Hemogiobin"), Some("haemoglobin"));
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

    fn with_drugs(names: &[&str]) -> Lexicon {
        let mut packer = Packer::default();
        for name in names {
            packer.add(name, MESH, "D0", name, 0);
        }
        let drugs = Vocabulary::read(packer.pack().unwrap()).unwrap();
        Lexicon::builtin().with_drugs(drugs)
    }

    #[test]
    fn an_added_list_counts_for_plausible_names() {
        let lexicon = with_drugs(&["Zzyvox", "12", "a"]);
        assert!(lexicon.is_any_drug("zzyvox") && !lexicon.is_drug("zzyvox"));
        assert!(!lexicon.is_any_drug("12"));
        assert_eq!(lexicon.near_drugs("zzvyox")[0].0, "zzyvox");
    }

    proptest! {
        #[test]
        fn the_automaton_measures_the_distance(
            names in prop::collection::vec("[a-d]{1,8}", 1..20), key in "[a-d]{0,8}", allowed in 0usize..3,
        ) {
            let lexicon = with_drugs(&names.iter().map(String::as_str).collect::<Vec<_>>());
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
