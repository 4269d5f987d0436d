//! Drugs: the name to the codes of `RxNorm` (when the site has loaded it), `DrugBank` and `MeSH`; name,
//! strength and form together to `RxNorm`'s clinical drug. A name that stands for several substances gets
//! none of them as its code.

use schemas::{Allergy, Candidate, Code, Medication};

use super::candidates;
use crate::Lexicon;

pub(super) fn medication(fact: &Medication, lexicon: &Lexicon) -> (Vec<Code>, Vec<Candidate>) {
    let Some(name) = fact.name.as_deref() else {
        return (Vec::new(), Vec::new());
    };
    let (codes, mut others) = substance(name, "name", lexicon);
    others.extend(candidates("name", product(name, fact, lexicon)));
    (codes, others)
}

pub(super) fn allergy(fact: &Allergy, lexicon: &Lexicon) -> (Vec<Code>, Vec<Candidate>) {
    match fact.substance.as_deref() {
        Some(name) => substance(name, "substance", lexicon),
        None => (Vec::new(), Vec::new()),
    }
}

fn substance(name: &str, field: &str, lexicon: &Lexicon) -> (Vec<Code>, Vec<Candidate>) {
    let (mut codes, mut others) = (Vec::new(), Vec::new());
    for vocabulary in lexicon.drug_vocabularies() {
        let found = vocabulary.codes(name);
        for group in found.chunk_by(|a, b| a.system == b.system) {
            match group {
                [one] => codes.push(one.clone()),
                several => others.extend(candidates(field, several.to_vec())),
            }
        }
    }
    (codes, others)
}

/// `RxNorm`'s clinical or branded drug. It rests on strength and form, which are the doubtful fields, so it
/// stands beside the printed text and is not its code.
fn product(name: &str, fact: &Medication, lexicon: &Lexicon) -> Vec<Code> {
    let (Some(rxnorm), Some(strength), Some(form)) = (
        &lexicon.rxnorm,
        fact.strength.as_deref(),
        fact.form.as_deref(),
    ) else {
        return Vec::new();
    };
    let form = match form.to_lowercase().as_str() {
        "tab" | "tabs" | "tablets" => "tablet".to_owned(),
        "cap" | "caps" | "capsules" => "capsule".to_owned(),
        other => other.trim_end_matches('s').to_owned(),
    };
    let spaced = spaced(strength);
    [
        format!("{name} {spaced} oral {form}"),
        format!("{name} {spaced} {form}"),
    ]
    .iter()
    .map(|product| rxnorm.codes(product))
    .find(|codes| codes.len() == 1)
    .unwrap_or_default()
}

/// `500mg` as `500 mg`.
fn spaced(strength: &str) -> String {
    let at = strength.find(char::is_alphabetic).unwrap_or(strength.len());
    let (number, unit) = strength.split_at(at);
    format!("{} {unit}", number.trim_end())
}

#[cfg(test)]
mod tests {
    use schemas::Medication;

    use super::medication;
    use crate::{
        Lexicon,
        coding::{Packer, RXNORM, Vocabulary},
    };

    #[test]
    fn a_decimal_point_makes_another_product() {
        let mut packer = Packer::default();
        for (code, name) in [
            ("17767", "amlodipine"),
            ("308135", "amlodipine 2.5 MG Oral Tablet"),
            ("999999", "amlodipine 25 MG Oral Tablet"),
        ] {
            packer.add(name, RXNORM, code, name, 0);
        }
        let rxnorm = Vocabulary::read(packer.pack().unwrap()).unwrap();
        let lexicon = Lexicon::builtin().with_rxnorm(rxnorm);
        for (strength, want) in [
            ("2.5mg", &["308135"][..]),
            ("25 mg", &["999999"]),
            ("5 mg", &[]),
        ] {
            let fact = Medication {
                name: Some("Amlodipine".into()),
                strength: Some(strength.into()),
                form: Some("tablets".into()),
                ..Medication::default()
            };
            let (codes, others) = medication(&fact, &lexicon);
            assert_eq!(codes[0].code, "17767");
            let others: Vec<_> = others.iter().filter_map(|c| c.code.as_deref()).collect();
            assert_eq!(others, want, "{strength}");
        }
    }
}
