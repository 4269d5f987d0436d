//! Names that a misread word may stand for: drugs that are near, the one drug that it surely is, the one analyte.

use std::sync::LazyLock;

use super::{
    ANALYTES, DRUGS, Lexicon, comma_separated,
    distance::{Near, distance},
    is_plausible, key, near,
};

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

impl Lexicon {
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

#[cfg(test)]
mod tests {
    use crate::lexicon::{Lexicon, distance, key};

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
            let key = key(word);
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
}
