//! Extractive answers: the lines and cards that [`super::rank`] finds best, and what facts rest on them, or
//! nothing. A person or a drug of the question that a document never names is a reason to say nothing.

mod knowledge;
mod lasting;

use super::{
    answer::Sentence,
    cite::{is_quoted, of_fact, of_unit},
    evidence::{DocumentEvidence, Proven, Unit},
    facts::{self, facts, prefer_dates, share_named},
    lacks,
    question::Asked,
    rank::{Meanings, lines},
    say,
};
pub(crate) use knowledge::{drugs, in_cards, of_card_alone};

/// Lines or sentences of an answer.
const MOST: usize = 5;
/// Facts of a list, such as all medicines.
const MOST_OF_LIST: usize = 12;
/// A line whose score is so much lower than the best one's says nothing to the question.
const FAR: f32 = 4.0;
/// A document is as likely to answer as the best one down to this difference.
const AS_LIKELY: f32 = 0.1;
/// So many words of a line may be beside its facts, such as `DOB:`.
const LABEL: usize = 2;
/// More facts than these in a line are told apart by what the question names.
const FEW: usize = 2;

/// What one document says.
struct Found {
    /// Names of the question that stand in it.
    named: usize,
    probability: f32,
    sentences: Vec<Sentence>,
}

/// What the documents say to a question; none when they do not say.
pub(crate) fn in_documents(
    asked: &Asked,
    evidence: &[DocumentEvidence],
    meanings: &Meanings,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let mut found: Vec<Found> = evidence
        .iter()
        .filter_map(|document| {
            let mut found = in_document(asked, document, meanings, is_drug)?;
            if evidence.len() > 1 {
                tell_whose(document, &mut found.sentences);
            }
            Some(found)
        })
        .collect();
    let named = found.iter().map(|found| found.named).max()?;
    found.retain(|found| found.named == named);
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let best = found.first()?.probability;
    let likely = found
        .into_iter()
        .filter(|found| found.probability >= best - AS_LIKELY);
    Some(
        likely
            .flat_map(|found| found.sentences)
            .take(MOST_OF_LIST)
            .collect(),
    )
}

/// What two questions of one breath are answered with, each sentence once.
pub(crate) fn both(
    one: Option<Vec<Sentence>>,
    other: Option<Vec<Sentence>>,
) -> Option<Vec<Sentence>> {
    let (mut said, more) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return one.or(other),
    };
    for sentence in more {
        if said.iter().all(|other| other.text != sentence.text) {
            said.push(sentence);
        }
    }
    said.truncate(MOST_OF_LIST);
    Some(said)
}

/// What a document says, and after it what a card says to the rest of the question.
pub(crate) fn beside(
    found: Option<Vec<Sentence>>,
    card: Option<Vec<Sentence>>,
) -> Option<Vec<Sentence>> {
    match (found, card) {
        (Some(mut said), Some(more)) => {
            said.truncate(MOST_OF_LIST - more.len().min(MOST));
            said.extend(more);
            Some(said)
        }
        (one, other) => one.or(other),
    }
}

fn in_document(
    asked: &Asked,
    document: &DocumentEvidence,
    meanings: &Meanings,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Found> {
    if lacks::something(asked, document, is_drug) {
        return None;
    }
    if let Some(flagged) = facts::flagged(asked, document)
        && lines::holds_topics(asked, document)
    {
        let mut sentences = Vec::new();
        tell(document, &flagged, &mut Vec::new(), &mut sentences);
        sentences.truncate(MOST_OF_LIST);
        return Some(Found {
            named: named(asked, document),
            probability: 1.0,
            sentences,
        });
    }
    let ranked = lines::ranked(asked, document, meanings);
    if !ranked.answers {
        return None;
    }
    let first = *ranked.order.first()?;
    let near = ranked
        .order
        .iter()
        .take(MOST)
        .filter(|place| ranked.scores[**place] >= ranked.scores[first] - FAR);
    let near: Vec<&Unit> = near.map(|place| &document.units[*place]).collect();
    let listed = facts(asked, document);
    let bears = listed.iter().any(|fact| rests_on(fact, near[0]));
    let mut told: Vec<&Proven> = Vec::new();
    let mut sentences = Vec::new();
    if bears {
        tell(document, &listed, &mut told, &mut sentences);
    }
    for unit in near {
        tell(
            document,
            &stated(asked, document, unit),
            &mut told,
            &mut sentences,
        );
        let beside = unit.words.iter().filter(|word| {
            let mut facts = told.iter();
            !facts.any(|fact| fact.entity.words.contains(word))
        });
        if beside.count() > LABEL.min(unit.words.len() - 1) && !is_quoted(&sentences, unit) {
            sentences.push(of_unit(document, unit));
        }
    }
    if !bears && listed.len() <= MOST {
        tell(document, &listed, &mut told, &mut sentences);
    }
    sentences.truncate(MOST_OF_LIST);
    Some(Found {
        named: named(asked, document),
        probability: ranked.probability,
        sentences,
    })
}

/// How many names of the question stand in a document.
fn named(asked: &Asked, document: &DocumentEvidence) -> usize {
    let names = asked.names.iter();
    names.filter(|name| document.says(name)).count()
}

/// Of each line what is quoted, and that with all its facts in words.
pub(crate) fn quotes(document: &DocumentEvidence) -> Vec<(String, String)> {
    let quote = |unit: &Unit| {
        let facts = document.facts.iter().filter(|fact| rests_on(fact, unit));
        let said: Vec<String> = facts.map(|fact| say::sentence(&fact.entity)).collect();
        (
            unit.text.clone(),
            format!("{}\n{}", unit.text, said.join("\n")),
        )
    };
    document.units.iter().map(quote).collect()
}

/// Says facts that were not said yet.
fn tell<'a>(
    document: &DocumentEvidence,
    facts: &[&'a Proven],
    told: &mut Vec<&'a Proven>,
    sentences: &mut Vec<Sentence>,
) {
    for fact in facts {
        let sentence = of_fact(document, fact);
        if sentences.iter().all(|other| other.text != sentence.text) {
            sentences.push(sentence);
        }
        told.push(fact);
    }
}

/// Begins with whom a document is about.
fn tell_whose(document: &DocumentEvidence, sentences: &mut Vec<Sentence>) {
    let patient = document.facts.iter().find(|fact| {
        let (kind, role) = say::kind_and_role(&fact.entity);
        kind == "person" && role.as_deref() == Some("patient")
    });
    let said = patient.map(|fact| of_fact(document, fact));
    let new = said.filter(|said| sentences.iter().all(|other| other.text != said.text));
    sentences.splice(0..0, new);
}

fn rests_on(fact: &Proven, unit: &Unit) -> bool {
    fact.entity
        .words
        .iter()
        .any(|word| unit.words.contains(word))
}

/// The facts of a line; of many only those that the question names or wants, where it does.
fn stated<'a>(asked: &Asked, document: &'a DocumentEvidence, unit: &Unit) -> Vec<&'a Proven> {
    let all: Vec<&Proven> = document
        .facts
        .iter()
        .filter(|fact| rests_on(fact, unit))
        .collect();
    if all.len() <= FEW {
        return all;
    }
    let meant = all.iter().copied().filter(|fact| {
        let (kind, role) = say::kind_and_role(&fact.entity);
        share_named(asked, fact) > 0.0 || asked.wants(&kind, role.as_deref())
    });
    let meant: Vec<&Proven> = meant.collect();
    prefer_dates(asked, if meant.is_empty() { all } else { meant })
}

#[cfg(test)]
mod tests {
    use extract::Lexicon;

    use super::{both, in_documents};
    use crate::chat::{answer::Sentence, printed::printed, question::Asked, rank::Meanings};

    #[test]
    fn two_questions_are_answered_with_each_sentence_once() {
        let said = |texts: &[&str]| -> Option<Vec<Sentence>> {
            Some(texts.iter().map(|text| Sentence::own(*text)).collect())
        };
        for (one, other, want) in [
            (said(&["a", "b"]), said(&["b", "c"]), said(&["a", "b", "c"])),
            (said(&["a"]), None, said(&["a"])),
            (None, said(&["b"]), said(&["b"])),
            (None, None, None),
        ] {
            assert_eq!(both(one, other), want);
        }
    }

    #[test]
    fn what_no_line_holds_is_refused() {
        let document = [printed(
            "Brookmoor Practice\n12 Canal Street, Millrace, OH 44999\nTel. (560) 555-0144\nOrder A00103324\n\
             Patient: Mabel Ashdown\nDOB: 07/03/1982\nAllergy: Aspirin - angioedema\n\
             Amoxicillin 250 mg capsule\nTake 2 capsules by mouth every morning for 10 days\nDispense: 20\n\
             Warfarin 1 mg tablet\nTake 1 tablet once daily\nPrescriber: Edith Marlow, MD\nOrdered on 03/04/2024",
        )];
        let lexicon = Lexicon::builtin();
        let is_drug = |word: &str| lexicon.is_any_drug(word);
        for (question, part) in [
            ("is she on a blood thinner", Some("Warfarin")),
            ("which antibiotic did she get", Some("Amoxicillin")),
            ("what is she allergic to", Some("Aspirin")),
            ("is she on a statin", None),
            ("her blood pressure?", None),
            ("creatinine please", None),
            ("where does she live", None),
            ("next appointment?", None),
            ("is she on metformin", None),
        ] {
            let asked = Asked::new(question);
            let said = in_documents(&asked, &document, &Meanings::default(), &is_drug);
            let said = said.map(|said| said.iter().map(|s| s.text.clone()).collect::<String>());
            match part {
                Some(part) => assert!(said.is_some_and(|said| said.contains(part)), "{question}"),
                None => assert_eq!(said, None, "{question}"),
            }
        }
    }
}
