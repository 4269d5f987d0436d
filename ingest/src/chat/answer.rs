//! An answer: sentences, each with what it rests on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::question::Kind;

/// Where a sentence comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Source {
    /// Words of a page.
    Document {
        /// Which document.
        document: Uuid,
        /// From 0.
        page: usize,
        /// Ids of the words.
        words: Vec<String>,
        /// The fact of the document result that they prove, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entity: Option<String>,
    },
    /// A card of the knowledge base.
    Card {
        /// Which card.
        id: String,
        /// Its title.
        title: String,
        /// Where its author read it.
        origin: String,
        /// Did a clinician sign it?
        clinically_reviewed: bool,
    },
}

/// A source and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// Where.
    #[serde(flatten)]
    pub source: Source,
    /// What stands there, as printed; lines are joined by ` / `.
    pub quote: String,
}

/// A sentence of an answer. Without a citation it states nothing of medicine: it is the service's own word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    /// In words.
    pub text: String,
    /// A value in it was read by machine and is doubtful: no person has accepted it.
    pub needs_review: bool,
    /// What it rests on.
    pub citations: Vec<Citation>,
}

impl Sentence {
    /// The service's own word.
    pub(crate) fn own(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            needs_review: false,
            citations: Vec::new(),
        }
    }
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// By what documents or cards say.
    Answered,
    /// Nothing supports an answer.
    NotFound,
    /// A decision on a dose is the prescriber's; what the documents say may stand beside it.
    Referred,
    /// Help is needed at once.
    Emergency,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// What was asked.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer.
    pub sentences: Vec<Sentence>,
    /// The model that put it into words; none for an extractive answer.
    pub model: Option<String>,
}
