//! A terminology packed for look-up: a finite state transducer from terms to groups of codes, and the
//! groups behind it, as one run of bytes that is made once, at set-up, and read as it is.
//!
//! The bytes: `medbot-vocabulary-1\n`, the length of the transducer as a little-endian u64, the transducer,
//! the groups. A group is a count and for each code its system (a byte), code and display (each with its
//! length as a little-endian u16). Terms that mean the same share a group.

use std::collections::{BTreeMap, HashMap};

use fst::{Automaton, IntoStreamer, Map, MapBuilder, Streamer as _};
use schemas::Code;

use super::{DRUGBANK, ICD10CM, MESH, RXNORM, of, term};

const MAGIC: &[u8] = b"medbot-vocabulary-1\n";
const SYSTEMS: [&str; 4] = [RXNORM, DRUGBANK, MESH, ICD10CM];

/// Bytes are not a vocabulary that this version packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VocabularyError;

impl std::fmt::Display for VocabularyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a vocabulary that this version packed")
    }
}

impl std::error::Error for VocabularyError {}

/// Terms with their codes.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    terms: Map<Vec<u8>>,
    groups: Vec<u8>,
}

impl Vocabulary {
    /// Takes bytes that [`Packer::pack`] made. The transducer's checksum is verified.
    ///
    /// # Errors
    /// [`VocabularyError`].
    pub fn read(mut bytes: Vec<u8>) -> Result<Self, VocabularyError> {
        let head = MAGIC.len() + 8;
        if !bytes.starts_with(MAGIC) || bytes.len() < head {
            return Err(VocabularyError);
        }
        let length = u64::from_le_bytes(
            bytes[MAGIC.len()..head]
                .try_into()
                .map_err(|_| VocabularyError)?,
        );
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| head.checked_add(length))
            .filter(|end| *end <= bytes.len())
            .ok_or(VocabularyError)?;
        let groups = bytes.split_off(end);
        bytes.drain(..head);
        bytes.shrink_to_fit();
        let terms = Map::new(bytes).map_err(|_| VocabularyError)?;
        terms.as_fst().verify().map_err(|_| VocabularyError)?;
        Ok(Self { terms, groups })
    }

    /// Number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Has it no term?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Does it hold a term, spelt as [`term`] spells it?
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        self.terms.contains_key(key)
    }

    /// The codes of a term, in any spelling; empty for one that it does not hold.
    #[must_use]
    pub fn codes(&self, name: &str) -> Vec<Code> {
        let group = self.terms.get(term(name).as_bytes());
        group.and_then(|at| self.group(at)).unwrap_or_default()
    }

    fn group(&self, at: u64) -> Option<Vec<Code>> {
        let mut rest = self.groups.get(usize::try_from(at).ok()?..)?;
        let count = take(&mut rest, 1)?[0];
        (0..count)
            .map(|_| {
                let system = SYSTEMS.get(usize::from(take(&mut rest, 1)?[0]))?;
                let code = take_text(&mut rest)?;
                let display = take_text(&mut rest)?;
                Some(of(system, code, display))
            })
            .collect()
    }

    /// All terms that an automaton accepts.
    pub(crate) fn search(&self, automaton: impl Automaton) -> Vec<String> {
        let mut found = Vec::new();
        let mut stream = self.terms.search(automaton).into_stream();
        while let Some((key, _)) = stream.next() {
            found.extend(std::str::from_utf8(key).map(str::to_owned));
        }
        found
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(n)?;
    *rest = left;
    Some(taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_le_bytes(take(rest, 2)?.try_into().ok()?);
    std::str::from_utf8(take(rest, usize::from(length))?).ok()
}

/// Gathers terms and codes.
#[derive(Debug, Default)]
pub struct Packer {
    /// Term to what it means, each with its rank: better ones first.
    terms: BTreeMap<String, Vec<(u8, u8, String)>>,
    /// System and code to the text of the lowest rank.
    displays: HashMap<(u8, String), (u8, String)>,
}

impl Packer {
    /// Adds what a name means. `system` is one of those that this crate names; of the meanings of one
    /// name in one system only those of the lowest `rank` are kept. A code without a text is none: the
    /// name is then known and has no code.
    ///
    /// # Panics
    /// When `system` is none of them.
    pub fn add(&mut self, name: &str, system: &str, code: &str, display: &str, rank: u8) {
        let at = SYSTEMS.iter().position(|known| *known == system);
        let system = at.expect("a system that the crate names") as u8;
        let key = term(name);
        if key.is_empty() {
            return;
        }
        let meanings = self.terms.entry(key.into_owned()).or_default();
        if code.is_empty() {
            return;
        }
        let meaning = (system, rank, code.to_owned());
        if !meanings.contains(&meaning) {
            meanings.push(meaning);
        }
        let shown = self
            .displays
            .entry((system, code.to_owned()))
            .or_insert_with(|| (rank, display.to_owned()));
        if rank < shown.0 {
            *shown = (rank, display.to_owned());
        }
    }

    /// The vocabulary as bytes. Equal content gives equal bytes.
    ///
    /// # Errors
    /// When it is too large to be packed.
    pub fn pack(self) -> Result<Vec<u8>, VocabularyError> {
        let mut map = MapBuilder::memory();
        let mut groups = Vec::new();
        let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
        for (key, meanings) in &self.terms {
            let group = self.group(meanings)?;
            let at = *seen.entry(group).or_insert_with_key(|group| {
                let at = groups.len() as u64;
                groups.extend_from_slice(group);
                at
            });
            map.insert(key, at).map_err(|_| VocabularyError)?;
        }
        let map = map.into_inner().map_err(|_| VocabularyError)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((map.len() as u64).to_le_bytes());
        bytes.extend(map);
        bytes.extend(groups);
        Ok(bytes)
    }

    fn group(&self, meanings: &[(u8, u8, String)]) -> Result<Vec<u8>, VocabularyError> {
        let best = |system: u8| {
            let of = meanings.iter().filter(|m| m.0 == system);
            of.map(|m| m.1).min()
        };
        let mut kept: Vec<&(u8, u8, String)> =
            meanings.iter().filter(|m| best(m.0) == Some(m.1)).collect();
        kept.sort();
        kept.truncate(usize::from(u8::MAX));
        let mut group = vec![kept.len() as u8];
        for (system, _, code) in kept {
            let display = self.displays.get(&(*system, code.clone()));
            group.push(*system);
            for text in [code, display.map_or(code, |(_, text)| text)] {
                let length = u16::try_from(text.len()).map_err(|_| VocabularyError)?;
                group.extend(length.to_le_bytes());
                group.extend(text.as_bytes());
            }
        }
        Ok(group)
    }
}

#[cfg(test)]
mod tests {
    use super::{Packer, Vocabulary, VocabularyError};
    use crate::coding::{DRUGBANK, MESH, RXNORM};

    fn packed() -> Vec<u8> {
        let mut packer = Packer::default();
        packer.add("Zyvox", DRUGBANK, "DB00601", "Linezolid", 0);
        packer.add("Zyvox", MESH, "D000069349", "Linezolid", 0);
        packer.add("zyvox ", RXNORM, "261710", "Zyvox", 1);
        packer.add("zyvox", RXNORM, "190376", "linezolid", 0);
        packer.add("Linezolid", RXNORM, "190376", "linezolid", 0);
        packer.add("Nameless", MESH, "", "", 0);
        packer.pack().unwrap()
    }

    #[test]
    fn what_is_packed_is_found_again() {
        let vocabulary = Vocabulary::read(packed()).unwrap();
        let codes = |name| -> Vec<String> {
            let codes = vocabulary.codes(name);
            codes.into_iter().map(|code| code.code).collect()
        };
        assert_eq!(vocabulary.len(), 3);
        assert_eq!(codes("ZYVOX"), ["190376", "DB00601", "D000069349"]);
        assert_eq!(codes("linezolid"), ["190376"]);
        assert!(codes("Nameless").is_empty() && vocabulary.holds("nameless"));
        assert!(codes("other").is_empty() && !vocabulary.holds("other"));
        assert_eq!(packed(), packed());
    }

    #[test]
    fn broken_bytes_are_refused() {
        let whole = packed();
        for end in [0, 10, 25, 60] {
            let cut = whole[..end].to_vec();
            assert_eq!(Vocabulary::read(cut).err(), Some(VocabularyError), "{end}");
        }
        let mut changed = whole;
        changed[60] ^= 0xff;
        assert_eq!(Vocabulary::read(changed).err(), Some(VocabularyError));
    }
}
