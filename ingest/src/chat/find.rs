//! Extractive answers: facts and sentences that answer to what was asked, or nothing. A subject of the
//! question that the documents never name is a reason to say nothing, unless a sentence means nearly the same.

use schemas::Assertion;

use super::{
    answer::{Citation, Sentence, Source},
    evidence::{CardEvidence, DocumentEvidence, Proven, Unit},
    question::{Asked, Kind},
    say, words,
};

/// Sentences of an answer.
const MOST: usize = 5;
/// Facts of a list, such as all medicines.
const MOST_OF_LIST: usize = 12;
/// From this cosine on a sentence may answer for a subject that it does not name.
const MEANS_THE_SAME: f64 = 0.50;
/// A card below this cosine answers only when it names every subject.
const CARD_IS_NEAR: f64 = 0.45;
/// A card below this cosine answers nothing.
const CARD_IS_FAR: f64 = 0.30;

/// What the documents say to a question; none when they do not say.
pub(crate) fn in_documents(asked: &Asked, evidence: &[DocumentEvidence]) -> Option<Vec<Sentence>> {
    let mut found: Vec<(f64, Vec<Sentence>)> = evidence
        .iter()
        .filter_map(|document| in_document(asked, document))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = found.first()?.0;
    let sentences: Vec<Sentence> = found
        .into_iter()
        .filter(|(score, _)| *score >= best - 0.5)
        .flat_map(|(_, sentences)| sentences)
        .take(MOST_OF_LIST)
        .collect();
    Some(sentences)
}

fn in_document(asked: &Asked, document: &DocumentEvidence) -> Option<(f64, Vec<Sentence>)> {
    let missing: Vec<&String> = asked
        .subjects
        .iter()
        .filter(|word| !document.says(word))
        .collect();
    let named = asked
        .names
        .iter()
        .filter(|name| document.says(name))
        .count() as f64;
    let units = ranked_units(asked, document);
    let near = units
        .first()
        .is_some_and(|(_, unit)| unit.cosine >= MEANS_THE_SAME);
    // Names of people and drugs are never meant otherwise.
    let names_missing = missing.iter().any(|word| asked.names.contains(*word));
    if names_missing || (!missing.is_empty() && !near) {
        return None;
    }
    let facts = facts(asked, document);
    let mut sentences: Vec<Sentence> = facts.iter().map(|fact| of_fact(document, fact)).collect();
    let by_facts = !sentences.is_empty();
    let mut score = named + if by_facts { 1.0 } else { 0.0 };
    let mut added = 0;
    for (coverage, unit) in &units {
        let most = match sentences.len() {
            _ if !by_facts => MOST,
            facts if facts > MOST => 0,
            _ => 1,
        };
        let near = unit.cosine >= MEANS_THE_SAME;
        let full = *coverage >= 0.999;
        let means = sentences.is_empty()
            && near
            && *coverage >= if missing.is_empty() { 0.01 } else { 0.5 };
        if added >= most || !(full || means) {
            break;
        }
        if asked.wants_reason && !gives_reason(&unit.text) {
            continue;
        }
        if !is_quoted(&sentences, unit) {
            sentences.push(of_unit(document, unit));
            added += 1;
        }
        score = score.max(named + coverage);
    }
    if asked.wants_reason {
        let why = |sentence: &Sentence| {
            gives_reason(&sentence.text) || sentence.text.starts_with("Diagnosis")
        };
        sentences.retain(why);
    }
    if sentences.is_empty() {
        return None;
    }
    sentences.truncate(MOST_OF_LIST);
    Some((score, sentences))
}

/// Does a sentence give a reason?
fn gives_reason(text: &str) -> bool {
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

/// Units with the share of the subjects that they name, the best first.
fn ranked_units<'a>(asked: &'a Asked, document: &'a DocumentEvidence) -> Vec<(f64, &'a Unit)> {
    // Whom the document is about need not stand in the line.
    let of_line = |words: &'a [String]| -> Vec<&'a String> {
        let lines = words.iter();
        lines
            .filter(|word| !is_of_a_person(document, word))
            .collect()
    };
    let mut subjects = of_line(&asked.subjects);
    if subjects.is_empty() {
        subjects = of_line(&asked.telling);
    }
    let mut ranked: Vec<(f64, f64, &Unit)> = document
        .units
        .iter()
        .map(|unit| {
            let held = subjects
                .iter()
                .filter(|word| words::holds(&unit.stems, word) || words::holds(&unit.heading, word))
                .count();
            let coverage = if subjects.is_empty() {
                0.0
            } else {
                held as f64 / subjects.len() as f64
            };
            let overlap = asked
                .stems
                .iter()
                .filter(|word| unit.stems.contains(word))
                .count() as f64;
            (coverage, coverage + 0.05 * overlap + unit.cosine, unit)
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
        .into_iter()
        .map(|(coverage, _, unit)| (coverage, unit))
        .collect()
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
    chosen.dedup_by(|a, b| say::sentence(&a.entity) == say::sentence(&b.entity));
    prefer_dates(asked, chosen)
}

/// The share of a fact's name that the question says.
fn share_named(asked: &Asked, fact: &Proven) -> f64 {
    let name: Vec<String> = words::stems(say::name(&fact.entity))
        .into_iter()
        .filter(|word| !words::is_common(word))
        .collect();
    if name.is_empty() {
        return 0.0;
    }
    let said = name
        .iter()
        .filter(|word| {
            asked.stems.iter().any(|asked| words::is_near(asked, word))
                || words::holds(&asked.stems, word)
        })
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

/// A list of what holds leaves out what does not, unless that was named.
fn is_denied_list(asked: &Asked, fact: &Proven) -> bool {
    matches!(fact.entity.assertion, Assertion::Absent | Assertion::Family)
        && share_named(asked, fact) == 0.0
}

/// Of several results the one whose date is named.
fn prefer_dates<'a>(asked: &Asked, facts: Vec<&'a Proven>) -> Vec<&'a Proven> {
    let numbers: Vec<&String> = asked
        .stems
        .iter()
        .filter(|word| word.chars().all(|c| c.is_ascii_digit()))
        .collect();
    if numbers.is_empty() || facts.len() < 2 {
        return facts;
    }
    let dated: Vec<&Proven> = facts
        .iter()
        .copied()
        .filter(|fact| {
            let json = serde_json::to_value(&fact.entity.fact).unwrap_or_default();
            let date = json["date"].as_str().map(words::stems).unwrap_or_default();
            numbers.iter().any(|number| date.contains(number))
        })
        .collect();
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

/// What the cards say to a question; none when they do not say.
pub(crate) fn in_cards(
    asked: &Asked,
    cards: &[CardEvidence],
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let best = cards.first()?;
    let missing: Vec<&String> = asked
        .subjects
        .iter()
        .filter(|word| !words::holds(&best.stems, word))
        .collect();
    let share = if asked.subjects.is_empty() {
        0.0
    } else {
        1.0 - missing.len() as f64 / asked.subjects.len() as f64
    };
    let drug_missing = words::tokens(&asked.text)
        .iter()
        .any(|word| is_drug(word) && !words::holds(&best.stems, &words::stem(word)));
    let far = best.cosine < CARD_IS_FAR && best.cosine != 0.0;
    let near = best.cosine >= CARD_IS_NEAR;
    if drug_missing || far || !(missing.is_empty() && share > 0.0 || near && share >= 0.5) {
        return None;
    }
    let mut scored: Vec<(usize, f64)> = best
        .sentences
        .iter()
        .enumerate()
        .map(|(n, sentence)| {
            let held = asked
                .subjects
                .iter()
                .filter(|word| words::holds(&sentence.stems, word))
                .count();
            (n, held as f64 - 0.2 * n as f64)
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    let most = if asked.kind == Kind::Interaction {
        MOST + 1
    } else {
        MOST
    };
    let mut chosen: Vec<usize> = scored.into_iter().take(most).map(|(n, _)| n).collect();
    chosen.sort_unstable();
    let sentences = chosen.into_iter().map(|n| {
        let text = best.sentences[n].text.clone();
        Sentence {
            citations: vec![of_card(best, &text)],
            text,
            needs_review: false,
        }
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
