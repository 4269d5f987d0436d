//! Extractive answers: facts and sentences that answer to what was asked, or nothing. A subject of the
//! question that the documents never name is a reason to say nothing, unless a sentence means nearly the same.

use schemas::Assertion;

use super::{
    answer::{Citation, Sentence, Source},
    evidence::{CardEvidence, DocumentEvidence, Proven, Unit},
    question::Asked,
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
/// A second card fits about as well from this share of the best on.
const ALSO_FITS: f64 = 0.85;
/// A card below this cosine answers nothing.
const CARD_IS_FAR: f64 = 0.30;

/// What the documents say to a question; none when they do not say.
pub(crate) fn in_documents(
    asked: &Asked,
    evidence: &[DocumentEvidence],
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let mut found: Vec<(f64, Vec<Sentence>)> = evidence
        .iter()
        .filter_map(|document| in_document(asked, document, is_drug))
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

fn in_document(
    asked: &Asked,
    document: &DocumentEvidence,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<(f64, Vec<Sentence>)> {
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
    let facts = facts(asked, document);
    // Names of people and drugs are never meant otherwise.
    let name_missing = missing.iter().any(|word| asked.names.contains(*word));
    let drug_missing = || {
        let said = words::tokens(&asked.text);
        let gone = |word: &&String| missing.iter().any(|stem| **stem == words::stem(word));
        said.iter().filter(gone).any(|word| is_drug(word))
    };
    // What else the question says is no matter where a fact bears the very name that it asks for.
    let is_named = 2 * missing.len() <= asked.subjects.len()
        && facts
            .first()
            .is_some_and(|fact| share_named(asked, fact) > 0.99);
    if name_missing || !missing.is_empty() && (!(near || is_named) || drug_missing()) {
        return None;
    }
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
        // A heading says nothing itself.
        let empty = unit.stems.len() < 2 && !unit.text.contains(|c: char| c.is_ascii_digit());
        if empty || asked.wants_reason && !gives_reason(&unit.text) {
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
    if chosen.iter().any(|fact| is_flagged(fact)) && asks_for_flags(asked) {
        chosen.retain(|fact| is_flagged(fact));
    }
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

/// What the cards say to a question; none when they do not say. The best card answers, and the next one too
/// when it fits about as well.
pub(crate) fn in_cards(
    asked: &Asked,
    cards: &[CardEvidence],
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let subjects: Vec<&String> = asked.subjects.iter().chain(&asked.telling).collect();
    let drugs: Vec<String> = words::tokens(&asked.text)
        .into_iter()
        .filter(|word| word.len() > 4 && is_drug(word))
        .map(|word| words::stem(&word))
        .collect();
    let mut fitting: Vec<(f64, &CardEvidence)> = cards
        .iter()
        .filter_map(|card| Some((card_fits(&subjects, &drugs, card)?, card)))
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = fitting.first()?.0;
    fitting.retain(|(fit, _)| *fit >= ALSO_FITS * best);
    fitting.truncate(2);
    let most = if fitting.len() == 1 {
        MOST + 1
    } else {
        MOST - 1
    };
    let sentences = fitting
        .iter()
        .flat_map(|(_, card)| sentences_of(&subjects, card, most));
    Some(sentences.collect())
}

/// How well a card fits; none when it does not answer. What it must name are the drugs of the question, and
/// all else too unless it means nearly the same.
fn card_fits(subjects: &[&String], drugs: &[String], card: &CardEvidence) -> Option<f64> {
    let held = subjects
        .iter()
        .filter(|word| words::holds(&card.stems, word))
        .count();
    let share = held as f64 / subjects.len().max(1) as f64;
    let unnamed = drugs.iter().any(|drug| !words::holds(&card.stems, drug));
    let far = card.cosine < CARD_IS_FAR && card.cosine != 0.0;
    let near = card.cosine >= CARD_IS_NEAR && share >= 0.5;
    if unnamed || far || held == 0 || !(share > 0.999 || near) {
        return None;
    }
    Some(card.score + 0.5 * share)
}

/// The sentences of a card that name most of the subjects, the early ones first, in their order.
fn sentences_of(subjects: &[&String], card: &CardEvidence, most: usize) -> Vec<Sentence> {
    let mut scored: Vec<(usize, f64)> = card
        .sentences
        .iter()
        .enumerate()
        .filter(|(_, sentence)| !sentence.text.starts_with("Ask:"))
        .map(|(n, sentence)| {
            let held = subjects
                .iter()
                .filter(|word| words::holds(&sentence.stems, word))
                .count();
            (n, held as f64 - 0.2 * n as f64)
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<usize> = scored.into_iter().take(most).map(|(n, _)| n).collect();
    chosen.sort_unstable();
    chosen
        .into_iter()
        .map(|n| {
            let text = card.sentences[n].text.clone();
            Sentence {
                citations: vec![of_card(card, &text)],
                text,
                needs_review: false,
            }
        })
        .collect()
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
