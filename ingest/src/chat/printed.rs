//! What a document gives that was read without a fault, for tests.

use extract::{Lexicon, Source, SourceWord};
use infra::{
    db::IndexedEntity,
    search::{DocumentHit, Fit},
};
use schemas::{Confidence, DocumentId, EntityId, JobId, Passage};
use uuid::Uuid;

use super::evidence::DocumentEvidence;

/// The lines and facts of a text.
pub(super) fn printed(text: &str) -> DocumentEvidence {
    let words: Vec<(String, [usize; 2])> = spans(text);
    let source: Vec<SourceWord<'_>> = words
        .iter()
        .map(|(id, span)| SourceWord {
            id,
            page: 0,
            span: *span,
            confidence: Confidence::ONE,
            votes: &[],
        })
        .collect();
    let source = Source {
        text,
        words: &source,
    };
    let document = DocumentId(Uuid::from_u128(1));
    let facts = extract::extract(&source, &Lexicon::builtin())
        .entities
        .into_iter()
        .map(|entity| IndexedEntity {
            id: EntityId(Uuid::nil()),
            document,
            job: JobId(Uuid::nil()),
            patient: None,
            version: 1,
            created_at: chrono::DateTime::UNIX_EPOCH,
            entity,
        });
    let hit = DocumentHit {
        document,
        passage: Passage {
            page: 0,
            heading: String::new(),
            text: text.to_owned(),
            words: words.iter().map(|(id, _)| id.clone()).collect(),
        },
        // As if it meant just what was asked.
        fit: Fit {
            score: 1.0,
            cosine: 0.9,
            rank: 1.0,
        },
    };
    let mut evidence = DocumentEvidence::of(&[hit], facts.collect());
    evidence.remove(0)
}

/// Words of a text with their spans in scalar values.
fn spans(text: &str) -> Vec<(String, [usize; 2])> {
    let mut out = Vec::new();
    let mut start = None;
    for (n, c) in text.chars().chain([' ']).enumerate() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(n),
            (true, Some(from)) => {
                out.push((format!("p0w{}", out.len()), [from, n]));
                start = None;
            }
            _ => {}
        }
    }
    out
}
