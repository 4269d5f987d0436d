//! Search: passages of documents and of knowledge, by meaning and by words. One trait; the adapter of
//! PostgreSQL is in [`crate::db`].

use async_trait::async_trait;
use schemas::{DocumentId, Passage, TenantId};
use uuid::Uuid;

use crate::db::DbError;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// In a person's words.
    pub text: String,
    /// The text as the sentence encoder sees it; without it words alone decide.
    pub embedding: Option<Vec<f32>>,
    /// What counts how much.
    pub weights: Weights,
}

/// What meaning and words weigh: the score is the weighted sum of the cosine and of the words' rank in 0..1.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// Of the cosine of the embeddings.
    pub meaning: f64,
    /// Of the rank by words.
    pub words: f64,
}

/// Among which documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// One document.
    pub document: Option<DocumentId>,
    /// The documents of one patient.
    pub patient: Option<Uuid>,
}

/// How well something fits.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// The weighted sum.
    pub score: f64,
    /// Of the embeddings, -1..1; 0 where one is missing.
    pub cosine: f64,
    /// Rank by words, 0..1.
    pub rank: f64,
}

/// A passage of a document.
#[derive(Clone, Debug)]
pub struct DocumentHit {
    /// Of which.
    pub document: DocumentId,
    /// Where in it.
    pub passage: Passage,
    /// How well it fits.
    pub fit: Fit,
}

/// A passage of knowledge.
#[derive(Clone, Debug)]
pub struct KnowledgeHit {
    /// The card or file.
    pub card: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// Where its author read it.
    pub source: String,
    /// Did a clinician sign it?
    pub clinically_reviewed: bool,
    /// What it says.
    pub text: String,
    /// How well it fits.
    pub fit: Fit,
}

/// An index of passages. Nothing of another tenant is ever found.
#[async_trait]
pub trait Search: Send + Sync {
    /// Passages of a tenant's documents, the best first, at most `most`.
    ///
    /// # Errors
    /// [`DbError`].
    async fn documents(
        &self,
        tenant: TenantId,
        scope: Scope,
        query: &Query,
        most: i64,
    ) -> Result<Vec<DocumentHit>, DbError>;

    /// Passages of the tenant's knowledge and of what medbot ships, the best first, at most `most`.
    ///
    /// # Errors
    /// [`DbError`].
    async fn knowledge(
        &self,
        tenant: TenantId,
        query: &Query,
        most: i64,
    ) -> Result<Vec<KnowledgeHit>, DbError>;
}
