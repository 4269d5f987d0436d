//! Extractive answers: the lines and cards that [`super::rank`] finds best, and what facts rest on them, or
//! nothing. A person or a drug of the question that a document never names is a reason to say nothing.

use schemas::Assertion;

use super::{
    answer::{Citation, Sentence, Source},
    evidence::{CardEvidence, DocumentEvidence, Proven, Unit},
    question::{self, Asked},
    rank::{self, Meanings, cards, lines},
    say, words,
};

/// Lines or sentences of an answer.
const MOST: usize = 5;
/// Facts of a list, such as all medicines.
const MOST_OF_LIST: usize = 12;
/// A line whose score is so much lower than the best one's says nothing to the question.
const FAR: f32 = 4.0;
/// A document is as likely to answer as the best one down to this difference.
const AS_LIKELY: f32 = 0.1;
/// The second card is told too when its score is not lower by more.
const ALSO_FITS: f32 = 1.5;
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

fn in_document(
    asked: &Asked,
    document: &DocumentEvidence,
    meanings: &Meanings,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Found> {
    if lacks_a_date(asked, document) || lacks_a_name(asked, document, is_drug) {
        return None;
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
        named: asked
            .names
            .iter()
            .filter(|name| document.says(name))
            .count(),
        probability: ranked.probability,
        sentences,
    })
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

/// What is asked of a day is not answered by another one.
pub(crate) fn lacks_a_date(asked: &Asked, document: &DocumentEvidence) -> bool {
    asked.days.iter().any(|day| !day.is_among(&document.days))
}

/// Names of people and drugs are never meant otherwise; classes of drugs are.
pub(crate) fn lacks_a_name(
    asked: &Asked,
    document: &DocumentEvidence,
    is_drug: &dyn Fn(&str) -> bool,
) -> bool {
    let missing: Vec<&String> = asked
        .subjects
        .iter()
        .filter(|word| !document.says(word))
        .collect();
    let classes = rank::topic_words(&asked.text);
    missing.iter().any(|word| asked.names.contains(*word))
        || words::tokens(&asked.text).iter().any(|word| {
            let stem = words::stem(word);
            missing.contains(&&stem) && !classes.contains(&stem) && is_drug(word)
        })
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

/// Is it a number, or the name of a month?
pub(crate) fn is_date_or_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || question::is_month(word)
}

/// Does a sentence give a reason?
pub(crate) fn gives_reason(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "because",
        "due to",
        "presented with",
        "indication",
        "reason",
        "suspected",
        "evaluation",
        "complain",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
}

fn is_of_a_person(document: &DocumentEvidence, word: &str) -> bool {
    document.facts.iter().any(|fact| {
        matches!(fact.entity.fact, schemas::Fact::Person(_))
            && words::stems(say::name(&fact.entity))
                .iter()
                .any(|part| part == word)
    })
}

/// Facts that are asked for: those that the question names, or all of the types that it wants.
fn facts<'a>(asked: &Asked, document: &'a DocumentEvidence) -> Vec<&'a Proven> {
    let mut named: Vec<(f64, &Proven)> = Vec::new();
    let mut wanted: Vec<&Proven> = Vec::new();
    for fact in &document.facts {
        let (kind, role) = say::kind_and_role(&fact.entity);
        let wants = asked.wants(&kind, role.as_deref());
        if wants {
            wanted.push(fact);
        }
        let share = share_named(asked, fact);
        if share > 0.0 && !matches!(kind.as_str(), "person" | "org" | "instruction") {
            named.push((share, fact));
        }
    }
    let best = named.iter().map(|(share, _)| *share).fold(0.0, f64::max);
    let of_wanted_type = |fact: &&Proven| {
        let (kind, role) = say::kind_and_role(&fact.entity);
        asked.wants(&kind, role.as_deref())
    };
    let named: Vec<&Proven> = named
        .into_iter()
        .filter(|(share, _)| *share >= best - 0.01)
        .map(|(_, fact)| fact)
        .collect();
    // What is named and of the type that is asked for; then what is asked for, in the order of the rules.
    let both: Vec<&Proven> = named.iter().copied().filter(of_wanted_type).collect();
    let mut chosen = if !both.is_empty() {
        both
    } else if asked
        .subjects
        .iter()
        .all(|word| is_of_a_person(document, word))
        || named.is_empty()
    {
        in_order(asked, wanted)
    } else {
        named
    };
    chosen.retain(|fact| !is_denied_list(asked, fact));
    if chosen.iter().any(|fact| is_flagged(fact)) && asks_for_flags(asked) {
        chosen.retain(|fact| is_flagged(fact));
    }
    chosen.dedup_by(|a, b| say::sentence(&a.entity) == say::sentence(&b.entity));
    prefer_dates(asked, chosen)
}

/// The share of a fact's name that the question says.
pub(crate) fn share_named(asked: &Asked, fact: &Proven) -> f64 {
    let name: Vec<String> = words::stems(say::name(&fact.entity))
        .into_iter()
        .filter(|word| !words::is_common(word))
        .collect();
    if name.is_empty() {
        return 0.0;
    }
    let said = name
        .iter()
        .filter(|word| words::holds(&asked.stems, word))
        .count();
    said as f64 / name.len() as f64
}

/// Wanted facts: of each type the first role that is there.
fn in_order<'a>(asked: &Asked, wanted: Vec<&'a Proven>) -> Vec<&'a Proven> {
    let mut out: Vec<&Proven> = Vec::new();
    for one in &asked.wanted {
        let of_type = |role: Option<&str>| -> Vec<&'a Proven> {
            wanted
                .iter()
                .copied()
                .filter(|fact| {
                    let (kind, has) = say::kind_and_role(&fact.entity);
                    kind == one.kind && (role.is_none() || has.as_deref() == role)
                })
                .collect()
        };
        let found = if one.roles.is_empty() {
            of_type(None)
        } else {
            let mut roles = one.roles.iter().map(|role| of_type(Some(role)));
            roles.find(|found| !found.is_empty()).unwrap_or_default()
        };
        out.extend(found);
    }
    out
}

fn is_flagged(fact: &Proven) -> bool {
    matches!(&fact.entity.fact, schemas::Fact::Lab(lab) if lab.flag.is_some())
}

fn asks_for_flags(asked: &Asked) -> bool {
    [
        "abnormal",
        "flagged",
        "outside",
        "out of range",
        "starred",
        "too high",
        "too low",
    ]
    .iter()
    .any(|sign| asked.text.to_lowercase().contains(sign))
}

/// A list of what holds leaves out what does not, unless that was named.
fn is_denied_list(asked: &Asked, fact: &Proven) -> bool {
    matches!(fact.entity.assertion, Assertion::Absent | Assertion::Family)
        && share_named(asked, fact) == 0.0
}

/// Of several results the one whose date is named.
fn prefer_dates<'a>(asked: &Asked, facts: Vec<&'a Proven>) -> Vec<&'a Proven> {
    let dated = facts.iter().copied().filter(|fact| fact.is_of_a_day(asked));
    let dated: Vec<&Proven> = dated.collect();
    if dated.is_empty() { facts } else { dated }
}

fn is_quoted(sentences: &[Sentence], unit: &Unit) -> bool {
    sentences.iter().any(|sentence| {
        sentence
            .citations
            .iter()
            .any(|citation| match &citation.source {
                Source::Document { words, .. } => {
                    unit.words.iter().all(|word| words.contains(word))
                }
                Source::Card { .. } => false,
            })
    })
}

fn of_fact(document: &DocumentEvidence, fact: &Proven) -> Sentence {
    let entity = &fact.entity;
    let mut text = say::sentence(entity);
    if changes(entity) {
        text += &format!(", printed as “{}”", fact.quote);
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    Sentence {
        text,
        needs_review: entity.needs_review,
        citations: vec![Citation {
            source: Source::Document {
                document: document.document.0,
                page: entity.page.unwrap_or_default(),
                words: entity.words.clone(),
                entity: Some(entity.id.clone()),
            },
            quote: fact.quote.clone(),
        }],
    }
}

fn of_unit(document: &DocumentEvidence, unit: &Unit) -> Sentence {
    let doubted = document.facts.iter().any(|fact| {
        fact.entity.needs_review
            && fact
                .entity
                .words
                .iter()
                .any(|word| unit.words.contains(word))
    });
    Sentence {
        text: format!("The document says: “{}”", unit.text),
        needs_review: doubted,
        citations: vec![Citation {
            source: Source::Document {
                document: document.document.0,
                page: unit.page,
                words: unit.words.clone(),
                entity: None,
            },
            quote: unit.text.clone(),
        }],
    }
}

/// The drugs that a question names.
pub(crate) fn drugs(asked: &Asked, is_drug: &dyn Fn(&str) -> bool) -> Vec<String> {
    words::tokens(&asked.text)
        .into_iter()
        .filter(|word| word.len() > 4 && is_drug(word))
        .map(|word| words::stem(&word))
        .collect()
}

/// What the cards say to a question; none when they do not say. The best card answers, and the next one too
/// when it fits about as well. A card must name every drug that the question names.
pub(crate) fn in_cards(
    asked: &Asked,
    found: &[CardEvidence],
    meanings: &Meanings,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let drugs = drugs(asked, is_drug);
    let ranked = cards::ranked(asked, found, &drugs, meanings);
    if !ranked.answers {
        return None;
    }
    let fitting: Vec<usize> = ranked
        .order
        .into_iter()
        .filter(|place| cards::names_all(&found[*place], &drugs))
        .collect();
    let best = ranked.scores[*fitting.first()?];
    let fitting: Vec<&CardEvidence> = fitting
        .into_iter()
        .take(2)
        .filter(|place| ranked.scores[*place] >= best - ALSO_FITS)
        .map(|place| &found[place])
        .collect();
    let most = MOST + 2 - fitting.len();
    let sentences = fitting.into_iter().flat_map(|card| {
        let places = cards::sentences(asked, card, found, meanings, most);
        places.into_iter().map(move |n| {
            let text = card.sentences[n].text.clone();
            Sentence {
                citations: vec![of_card(card, &text)],
                text,
                needs_review: false,
            }
        })
    });
    Some(sentences.collect())
}

pub(crate) fn of_card(card: &CardEvidence, quote: &str) -> Citation {
    Citation {
        source: Source::Card {
            id: card.id.clone(),
            title: card.title.clone(),
            origin: card.source.clone(),
            clinically_reviewed: card.reviewed,
        },
        quote: quote.to_owned(),
    }
}

/// Started, stopped, changed: what a rule made of it is not said, but what is printed.
fn changes(entity: &schemas::Entity) -> bool {
    matches!(&entity.fact, schemas::Fact::Medication(fact) if fact.status.is_some())
}

#[cfg(test)]
mod tests {
    use extract::Lexicon;

    use super::in_documents;
    use crate::chat::{printed::printed, question::Asked, rank::Meanings};

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
