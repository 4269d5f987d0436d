//! The words that extraction knows: drugs, substances that people are allergic to, analytes and
//! conditions, written down for this project. Larger vocabularies of drugs can be added; names from them
//! count only with a strength, form or sig beside them, because such lists hold ordinary words.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use schemas::Code;

use crate::coding::{Vocabulary, term};

mod distance;
mod misread;
mod near;

pub(crate) use distance::distance;

const DRUGS: &str = include_str!("lexicon/drugs.txt");

/// Names that products have in Britain, India and Australia. No word is taken for a misreading of one.
const BRANDS: &str = include_str!("lexicon/brands.txt");

/// Names as wards shorten them. They mean a drug only with evidence beside them, and what no shorter list has made
/// clear (`levo`, `metro`, `cef`) is not among them.
const SHORT: &str = include_str!("lexicon/short.txt");

const CLASSES: &str = include_str!("lexicon/classes.txt");

const ANALYTES: &str = include_str!("lexicon/analytes.txt");

const CONDITIONS: &str = include_str!("lexicon/conditions.txt");

/// Words of English and of medicine that lie close to a drug's name.
const ORDINARY: &str = include_str!("lexicon/ordinary.txt");

/// The longest name, in words.
pub(crate) const LONGEST_NAME: usize = 6;

/// Known names. Lookups ignore case and the kind of separator between words.
#[derive(Clone, Debug)]
pub struct Lexicon {
    drugs: HashSet<String>,
    short: HashSet<String>,
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
            short: comma_separated(SHORT),
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
        self.is_drug(name) || self.short.contains(&key(name)) || {
            let term = term(name);
            is_plausible(&term) && self.drug_vocabularies().any(|v| v.holds(&term))
        }
    }

    pub(crate) fn is_substance(&self, name: &str) -> bool {
        self.classes.contains(&key(name)) || self.is_drug(name)
    }

    /// `Iodine` for `lodine`: many fonts print both letters alike, and every engine then reads the one.
    pub(crate) fn with_capital_i(&self, name: &str) -> Option<String> {
        let meant = format!("I{}", name.strip_prefix('l')?);
        (self.is_substance(&meant) || self.is_any_drug(&meant)).then_some(meant)
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
        // `TSH receptor Ab` is the antibody.
        let antibody = || {
            let name = key
                .strip_suffix(" ab")
                .or_else(|| key.strip_suffix(" antibodies"))?;
            self.analytes.get(&format!("{name} antibody"))
        };
        let found = self.analytes.get(&key).or_else(material);
        found.or_else(antibody).copied()
    }

    pub(crate) fn is_analyte(&self, name: &str) -> bool {
        // `Urine alb`: another test than that of the blood, and so of no analyte's number.
        let of_specimen = || {
            let key = key(name);
            let (specimen, rest) = key.split_once(' ')?;
            let told = matches!(specimen, "urine" | "urinary" | "csf" | "stool" | "sputum");
            self.analytes.get(rest).filter(|_| told)
        };
        self.analyte(name).is_some() || of_specimen().is_some()
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

#[cfg(test)]
mod tests {
    use super::Lexicon;
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
    fn an_l_may_be_a_capital_i() {
        let lexicon = Lexicon::builtin();
        for (printed, meant) in [
            ("lbuprofen", Some("Ibuprofen")),
            ("losartan", None),
            ("Ibuprofen", None),
        ] {
            assert_eq!(
                lexicon.with_capital_i(printed).as_deref(),
                meant,
                "{printed}"
            );
        }
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
}
