//! Sentences of facts, lines and cards, each with what it rests on.

use super::{
    answer::{Citation, Sentence, Source},
    evidence::{CardEvidence, DocumentEvidence, Proven, Unit},
    say,
};

pub(super) fn of_fact(document: &DocumentEvidence, fact: &Proven) -> Sentence {
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

pub(super) fn of_unit(document: &DocumentEvidence, unit: &Unit) -> Sentence {
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

pub(super) fn of_card(card: &CardEvidence, quote: &str) -> Citation {
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

pub(super) fn is_quoted(sentences: &[Sentence], unit: &Unit) -> bool {
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

/// Started, stopped, changed: what a rule made of it is not said, but what is printed.
fn changes(entity: &schemas::Entity) -> bool {
    matches!(&entity.fact, schemas::Fact::Medication(fact) if fact.status.is_some())
}
