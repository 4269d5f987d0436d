//! What a document lacks of what a question names, so that nothing in it answers, however near its lines are.

use schemas::Fact;

use super::{
    days::Named,
    evidence::{DocumentEvidence, Proven},
    expression::expression,
    facts,
    question::Asked,
    rank, words,
};

mod allergens;
mod attributes;
mod unsaid;

/// Something that the question names and the document does not: a day, a person, a drug, an attribute of what is
/// there, a deed, or what is counted.
pub(crate) fn something(
    asked: &Asked,
    document: &DocumentEvidence,
    is_drug: &dyn Fn(&str) -> bool,
) -> bool {
    a_date(asked, document)
        || a_name(asked, document, is_drug)
        || attributes::is_lacking(asked, document)
        || a_medicine(asked, document, is_drug)
        || allergens::is_lacking(asked, document, is_drug)
        || an_earlier_result(asked, document)
        || unsaid::is_lacking(asked, document)
}

/// What is asked of a day is not answered by another one; of a result that has a day of its own, by no other day that
/// stands in the document.
fn a_date(asked: &Asked, document: &DocumentEvidence) -> bool {
    let has_own = |fact: &&Proven| match &fact.entity.fact {
        Fact::Lab(lab) => lab.date.is_some(),
        Fact::Vital(vital) => vital.date.is_some(),
        _ => false,
    };
    let named = document.facts.iter().filter(has_own);
    let named = named.filter(|fact| facts::share_named(asked, fact) > 0.99);
    let named: Vec<&Proven> = named.collect();
    let there = |day: &Named| {
        if named.is_empty() {
            day.is_among(&document.days)
        } else {
            named.iter().any(|fact| day.is_among(&fact.days))
        }
    };
    asked.days.iter().any(|day| !there(day))
}

/// Names of people and drugs are never meant otherwise; classes of drugs are.
fn a_name(asked: &Asked, document: &DocumentEvidence, is_drug: &dyn Fn(&str) -> bool) -> bool {
    let missing: Vec<&String> = asked
        .subjects
        .iter()
        .filter(|word| !document.says(word))
        .collect();
    // `insulin` is a class too; a drug is none because it stands beside words that ask for one.
    let is_class = |word: &str| rank::topic_words(word).contains(&words::stem(word));
    missing.iter().any(|word| asked.names.contains(*word))
        || words::tokens(&asked.text)
            .iter()
            .any(|word| missing.contains(&&words::stem(word)) && is_drug(word) && !is_class(word))
}

/// A dose or the like is asked for of a drug that is only written as an allergy, or where no drug is written at all.
fn a_medicine(asked: &Asked, document: &DocumentEvidence, is_drug: &dyn Fn(&str) -> bool) -> bool {
    let only_drugs = asked.wanted.iter().all(|one| one.kind == "medication");
    let lower = asked.text.to_lowercase();
    if asked.wanted.is_empty() || !only_drugs || allergens::ALLERGY.is_match(&lower) {
        return false;
    }
    // `The migraine tablets` are tablets; `has the sodium changed` asks for none.
    let of_drugs_alone = MEDICINE.is_match(&lower);
    let named = document.facts.iter().filter(|fact| {
        let counts = match fact.entity.fact {
            Fact::Medication(_) | Fact::Allergy(_) => true,
            Fact::Person(_) => false,
            _ => !of_drugs_alone,
        };
        counts && facts::share_named(asked, fact) > 0.0
    });
    let named: Vec<&Proven> = named.collect();
    if !named.is_empty() {
        let mut named = named.iter();
        return named.all(|fact| matches!(fact.entity.fact, Fact::Allergy(_)));
    }
    let mut written = document
        .units
        .iter()
        .flat_map(|unit| words::tokens(&unit.text));
    let mut facts = document.facts.iter();
    !facts.any(|fact| matches!(fact.entity.fact, Fact::Medication(_)))
        && !written.any(|word| is_drug(&word))
}

expression!(
    MEDICINE,
    r"\b(medicines?|medications?|meds|drugs?|tablets?|pills?|capsules?|inhalers?|milligrams?|many mg)\b"
);
expression!(
    EARLIER,
    r"\b(a|one|two|three|six|few|some|the|\d+) (year|month|week|day)s? (ago|before|earlier)\b|\b(last|previous|prior) (year|month|time|test|results?|values?)\b|\bthe time before\b|\bprevious(ly)?\b|\b(gone|went|going|come|came) (up|down)\b|\b(risen|rising|rose|fallen|falling|fell|dropped|improved|worsened)\b|\bgot(ten)? (better|worse)\b|\b(higher|lower|better|worse|more|less) than (before|last|in|on|the last)\b|\b(trend|over time)\b"
);

/// How a result was before is told only where there is more than one of it.
fn an_earlier_result(asked: &Asked, document: &DocumentEvidence) -> bool {
    if !EARLIER.is_match(&asked.text.to_lowercase()) {
        return false;
    }
    let results = document.facts.iter().filter(|fact| {
        matches!(fact.entity.fact, Fact::Lab(_)) && facts::share_named(asked, fact) > 0.99
    });
    results.count() == 1
}

#[cfg(test)]
mod tests {
    use extract::Lexicon;

    use super::something;
    use crate::chat::{printed::printed, question::Asked};

    #[test]
    fn what_is_not_written_is_lacking() {
        let document = printed(
            "Patient: Mabel Ashdown\nAllergy: Aspirin - angioedema\nMedicines\n\
             Amoxicillin 250 mg capsule: take 2 capsules by mouth every morning for 10 days\n\
             Bisoprolol 5 mg tablet: take 1 tablet once daily\nFerritin 120 ng/mL 15 to 200",
        );
        let lexicon = Lexicon::builtin();
        for (question, lacks) in [
            ("for how long does she take the amoxicillin", false),
            ("how many days does the bisoprolol last", true),
            ("which medicine was stopped", true),
            ("how much bisoprolol did she take before", true),
            ("how much bisoprolol does she take before meals", false),
            ("any refills of the amoxicillin", true),
            ("what dose of aspirin does she take", true),
            ("what dose of warfarin is she taking home", true),
            ("is she allergic to aspirin", false),
            ("is she allergic to latex", true),
            ("does she have a penicillin allergy", true),
            ("what is she allergic to", false),
            ("when was the amoxicillin started", true),
            ("what is the bisoprolol for", true),
            ("does the bisoprolol have to be taken with food", true),
            ("what is the target for ferritin", true),
            ("why is the ferritin so high", true),
            ("how many milligrams of aspirin was she given", true),
            ("when was the aspirin allergy found", true),
            ("what happens when she has aspirin", false),
            ("how often does she take the amoxicillin", false),
            ("what was the ferritin a year ago", true),
            ("has the ferritin gone up", true),
            ("is the ferritin higher than in January", true),
            ("and her ferritin the year before that", true),
            ("is the ferritin higher than normal", false),
            ("is the bisoprolol new", true),
            ("was the amoxicillin reduced", true),
            ("when was the bisoprolol last changed", true),
            ("what was the ferritin", false),
        ] {
            let asked = Asked::new(question);
            let is_drug = |word: &str| lexicon.is_any_drug(word);
            assert_eq!(something(&asked, &document, &is_drug), lacks, "{question}");
        }
    }

    #[test]
    fn what_stands_of_another_thing_or_day_is_lacking() {
        let document = printed(
            "Patient: Mabel Ashdown\nDiagnoses\n1. Deep vein thrombosis [I82.40]\n2. Asthma [J45.9]\nMedicines\n\
             Bisoprolol 5 mg tablet: take 1 tablet at bedtime\nDischarged 05/03/2026\n\
             Test 04/07/25 30/06/25 Unit Range\nSodium 129 155 mmol/L 133-146\nReported 16 August 2025",
        );
        let lexicon = Lexicon::builtin();
        for (question, lacks) in [
            ("when did the clot form", true),
            ("when was she discharged with the thrombosis", false),
            ("which of her medicines is for the asthma", true),
            ("which medicine does she take", false),
            ("which drug raised her sodium", true),
            ("what was the sodium on 16 August", true),
            ("what was the sodium on 4 July", false),
            ("at what time does she take the bisoprolol", false),
            ("on which day of the week does she take bisoprolol", true),
            ("what is the bisoprolol supposed to treat", true),
            ("how much bisoprolol may she take at most", true),
            ("what dose was she on before bisoprolol", true),
            ("which thrombosis does she have", false),
        ] {
            let is_drug = |word: &str| lexicon.is_any_drug(word);
            let found = something(&Asked::new(question), &document, &is_drug);
            assert_eq!(found, lacks, "{question}");
        }
    }

    #[test]
    fn no_known_allergies_answer_of_any() {
        let document = printed("Patient: Mabel Ashdown\nAllergies: No known allergies");
        let asked = Asked::new("is she allergic to latex");
        assert!(!something(&asked, &document, &|_| false));
    }

    #[test]
    fn of_allergies_nothing_may_be_written_at_all() {
        let document =
            printed("Patient: Mabel Ashdown\nBisoprolol 5 mg tablet: take 1 tablet once daily");
        for question in ["is she allergic to anything", "which allergies are known"] {
            assert!(
                something(&Asked::new(question), &document, &|_| false),
                "{question}"
            );
        }
    }
}
