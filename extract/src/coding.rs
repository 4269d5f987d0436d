//! Codes of entities: what the printed words are called in LOINC, UCUM, ICD-10-CM, `RxNorm`, `DrugBank` and
//! `MeSH`. A name that means one thing gets its code; one that may mean several gets candidates beside it.
//! Printed text is never changed by its code.

use std::borrow::Cow;

use schemas::{Candidate, Code, Confidence, Entity, Fact};

use crate::Lexicon;

mod analytes;
mod diagnosis;
mod drug;
mod rxnorm;
mod units;
mod vocabulary;

#[cfg(test)]
pub(crate) use analytes::is_measured_in;
pub(crate) use analytes::{is_foreign_unit, is_own_unit, measured, si};
pub use diagnosis::add_icd10cm;
pub(crate) use diagnosis::is_illness;
pub use rxnorm::{NotRxnconso, add_rxnorm};
pub(crate) use units::ucum;
pub use vocabulary::{Packer, Vocabulary, VocabularyError};

/// FHIR's names of the terminologies. No name is registered for `DrugBank`: its site's is used.
pub(crate) const LOINC: &str = "http://loinc.org";
pub(crate) const UCUM: &str = "http://unitsofmeasure.org";
/// ICD-10-CM.
pub const ICD10CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// `RxNorm`.
pub const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// Medical Subject Headings.
pub const MESH: &str = "https://www.nlm.nih.gov/mesh";
/// `DrugBank`.
pub const DRUGBANK: &str = "https://go.drugbank.com/drugs";

/// At most so many candidates of one name.
const MOST: usize = 3;

/// Adds the codes of an entity, and candidates with theirs.
pub(crate) fn code(entity: &mut Entity, lexicon: &Lexicon) {
    let (codes, candidates) = match &entity.fact {
        Fact::Lab(lab) => analytes::lab(lab),
        Fact::Vital(vital) => analytes::vital(vital),
        Fact::Medication(medication) => drug::medication(medication, lexicon),
        Fact::Allergy(allergy) => drug::allergy(allergy, lexicon),
        Fact::Diagnosis(diagnosis) => diagnosis::diagnosis(&entity.text, diagnosis, lexicon),
        _ => return,
    };
    entity.codes = codes;
    if let Fact::Medication(_) = &entity.fact {
        for candidate in entity.candidates.iter_mut().filter(|c| c.field == "name") {
            candidate.code = lexicon.drug_codes(&candidate.value).next().map(|c| c.code);
        }
    }
    entity.candidates.extend(candidates);
}

fn loinc(code: &str, display: &str) -> Code {
    of(LOINC, code, display)
}

fn of(system: &str, code: &str, display: &str) -> Code {
    Code {
        system: system.into(),
        code: code.into(),
        display: display.into(),
    }
}

/// What a field may mean: every one of them as likely as the others.
fn candidates(field: &str, codes: Vec<Code>) -> Vec<Candidate> {
    let each = Confidence::new(1.0 / codes.len().max(1) as f32);
    codes
        .into_iter()
        .take(MOST)
        .map(|code| Candidate {
            field: field.into(),
            value: code.display,
            code: Some(code.code),
            confidence: each,
        })
        .collect()
}

/// The spelling under which a term is looked up: lower case, marks dropped, single spaces between words;
/// a point between digits stays, since 2.5 mg is not 25 mg.
#[must_use]
pub fn term(name: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if name.bytes().all(plain) {
        return name.into();
    }
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    let mut after_digit = false;
    while let Some(c) = chars.next() {
        let before_digit = chars.peek().is_some_and(char::is_ascii_digit);
        match c {
            '.' if after_digit && before_digit => out.push('.'),
            '®' | '™' | '.' | '\'' | '’' => {}
            c if c.is_alphanumeric() || c == '%' || c == '+' => out.extend(c.to_lowercase()),
            _ if out.ends_with(' ') || out.is_empty() => {}
            _ => out.push(' '),
        }
        after_digit = c.is_ascii_digit();
    }
    out.truncate(out.trim_end().len());
    out.into()
}

#[cfg(test)]
mod tests {
    use super::term;

    #[test]
    fn a_decimal_point_stays() {
        for (name, want) in [
            ("amlodipine 2.5 MG / x", "amlodipine 2.5 mg x"),
            ("St. John's wort", "st johns wort"),
            ("Tylenol®", "tylenol"),
            ("  a--b. ", "a b"),
        ] {
            assert_eq!(term(name), want);
        }
    }
}
