//! Drugs that are asked for under another name than stands there, such as a brand: names that share a code are
//! one drug.

use schemas::Code;

use super::{evidence::DocumentEvidence, question::Asked, say, words};

/// Shorter words are names of drugs by accident.
const SHORTEST: usize = 5;

/// A drug as it is called somewhere.
pub(crate) struct Drug {
    name: String,
    codes: Vec<Code>,
}

/// The drugs that documents name.
pub(crate) fn of_documents(documents: &[DocumentEvidence]) -> Vec<Drug> {
    let facts = documents.iter().flat_map(|document| &document.facts);
    let drugs = facts
        .filter(|fact| !fact.entity.codes.is_empty())
        .map(|fact| Drug {
            name: say::name(&fact.entity).to_lowercase(),
            codes: fact.entity.codes.clone(),
        });
    drugs.filter(|drug| !drug.name.is_empty()).collect()
}

/// The drugs of titles.
pub(crate) fn of_titles<'a>(
    titles: impl Iterator<Item = &'a str>,
    codes: &dyn Fn(&str) -> Vec<Code>,
) -> Vec<Drug> {
    let mut names: Vec<String> = titles.flat_map(words::tokens).collect();
    names.sort_unstable();
    names.dedup();
    let drug = |name: String| {
        let codes = codes(&name);
        (name.len() >= SHORTEST && !codes.is_empty()).then_some(Drug { name, codes })
    };
    names.into_iter().filter_map(drug).collect()
}

/// The question with the names that stand there in the place of others of the same drugs.
pub(crate) fn called_as(asked: &Asked, drugs: &[Drug], codes: &dyn Fn(&str) -> Vec<Code>) -> Asked {
    let mut out = asked.clone();
    for word in words::tokens(&asked.text) {
        let stem = words::stem(&word);
        let mut names = drugs.iter().map(|drug| words::stems(&drug.name));
        if word.len() < SHORTEST || names.any(|name| words::holds(&name, &stem)) {
            continue;
        }
        let of_word = codes(&word);
        let same = drugs.iter().find(|drug| {
            let mut codes = drug.codes.iter();
            codes.any(|code| {
                let mut of_word = of_word.iter();
                of_word.any(|of| of.system == code.system && of.code == code.code)
            })
        });
        if let Some(drug) = same {
            out = out.with(&word, &drug.name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use schemas::Code;

    use super::{Drug, called_as, of_titles};
    use crate::chat::question::Asked;

    fn codes(name: &str) -> Vec<Code> {
        let code = match name {
            "flomax" | "tamsulosin" => "DB00706",
            "warfarin" => "DB00682",
            _ => return Vec::new(),
        };
        vec![Code {
            system: "drugbank".into(),
            code: code.into(),
            display: String::new(),
        }]
    }

    #[test]
    fn a_brand_is_the_drug_that_stands_there() {
        let there = |name: &str| {
            vec![Drug {
                name: name.into(),
                codes: codes(name),
            }]
        };
        let asked = Asked::new("Flomax: how often?");
        let other = called_as(&asked, &there("tamsulosin"), &codes);
        assert_eq!(other.text, "tamsulosin: how often?");
        assert!(other.subjects.contains(&"tamsulosin".to_owned()));
        for there in [there("warfarin"), Vec::new()] {
            assert_eq!(called_as(&asked, &there, &codes).text, asked.text);
        }
        let titles = of_titles(["Tamsulosin with alpha blockers"].into_iter(), &codes);
        assert_eq!(
            called_as(&asked, &titles, &codes).text,
            "tamsulosin: how often?"
        );
    }
}
