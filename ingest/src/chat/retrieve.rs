//! What an answer may be put together from: passages, facts and cards that search finds, and what they mean.

use std::{collections::HashSet, sync::Arc};

use infra::{
    db::DbError,
    search::{DocumentHit, Query, Scope, Weights},
};
use schemas::{DocumentId, TenantId};

use super::{
    Among, Chat, Question, brands, cards, context, drug_classes,
    evidence::{CardEvidence, DocumentEvidence},
    find, lacks, lay,
    memory::Moment,
    question::Asked,
    rank::{self, Meanings, Seen},
};

/// What meaning and words count, tuned on the questions marked `tune`.
pub const WEIGHTS: Weights = Weights {
    meaning: 1.0,
    words: 1.0,
};
/// Passages of one document.
const OF_DOCUMENT: i64 = 300;
/// Passages that show which documents a question is about, and how many of these are read.
const OF_ALL: i64 = 30;
const DOCUMENTS: usize = 8;
/// Passages of cards.
const OF_CARDS: i64 = 20;

/// What an answer to a question may be put together from, for the bench that fits the ranking.
pub struct Candidates {
    /// With the encoder, and by words alone.
    pub seen: [Seen; 2],
    /// Of each line what would be quoted and said; of each card its id and nothing.
    pub quotes: Vec<(String, String)>,
    /// A person or a drug of the question is in no line: nothing is ranked then.
    pub refused: bool,
    /// That there is an answer, 0..1, with the encoder, and the places of the candidates, the best first.
    pub ranked: (f32, Vec<usize>),
}

impl Chat {
    /// What the documents of a scope say.
    pub(super) async fn documents(
        &self,
        tenant: TenantId,
        scope: Scope,
        query: &Query,
    ) -> Result<Vec<DocumentEvidence>, DbError> {
        let hits = self.hits(tenant, scope, query).await?;
        let facts = self.db.facts(tenant, &unique(&hits)).await?;
        Ok(DocumentEvidence::of(&hits, facts))
    }

    /// The cards that are nearest, the best first.
    pub(super) async fn cards(
        &self,
        tenant: TenantId,
        query: &Query,
    ) -> Result<Vec<CardEvidence>, DbError> {
        self.keep_shipped().await;
        let hits = self.search.knowledge(tenant, query, OF_CARDS).await?;
        Ok(CardEvidence::of(hits))
    }

    /// A question with the names of drugs that documents have for them.
    pub(super) fn as_documents_say(&self, asked: &Asked, documents: &[DocumentEvidence]) -> Asked {
        let drugs = brands::of_documents(documents);
        brands::called_as(asked, &drugs, &|name| self.drug_codes(name))
    }

    /// The cards that are nearest to a question, and the question with the names of drugs that cards have for
    /// them, and with medical words for lay ones.
    pub(super) async fn as_cards_say(
        &self,
        tenant: TenantId,
        asked: &Asked,
    ) -> Result<(Asked, Vec<CardEvidence>), DbError> {
        let asked = {
            let codes = |name: &str| self.drug_codes(name);
            let drugs = brands::of_titles(cards::shipped_titles(), &codes);
            brands::called_as(asked, &drugs, &codes)
        };
        let asked = lay::as_cards_call(&asked);
        let query = self.query(&asked.text).await;
        let mut cards = self.cards(tenant, &query).await?;
        // No card has this drug's name: one may have its class's.
        let drugs = find::drugs(&asked, &|word| self.is_drug(word));
        let first = cards.iter().take(rank::cards::COMPARED);
        if drugs.len() > 1
            && !first
                .clone()
                .any(|card| rank::cards::names_all(card, &drugs))
        {
            let classes = drugs.iter().map(|drug| drug_classes::in_words(drug));
            let text = format!("{} {}", asked.text, classes.collect::<Vec<_>>().join(" "));
            let more = self.cards(tenant, &self.query(&text).await).await?;
            let mut more: Vec<CardEvidence> = more
                .into_iter()
                .filter(|card| rank::cards::names_all(card, &drugs))
                .collect();
            cards.retain(|card| more.iter().all(|other| other.id != card.id));
            more.append(&mut cards);
            cards = more;
        }
        Ok((asked, cards))
    }

    /// What the ranking sees of a question to one document or to the cards, as if the lines with these texts, or the
    /// cards with these ids, were nowhere; none where the document is not there.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn candidates(
        &self,
        tenant: TenantId,
        question: &Question,
        without: &[String],
    ) -> Result<Option<Candidates>, DbError> {
        let question = question.in_english();
        let (asked, begun) = (
            context::in_context(&question.text, &question.history),
            self.memory.now(),
        );
        if question.among == Among::Knowledge {
            let (asked, mut cards) = self.as_cards_say(tenant, &asked).await?;
            cards.retain(|card| !without.contains(&card.id));
            let meanings = self
                .meanings(rank::cards::texts(&asked, &cards), begun)
                .await;
            let drugs = find::drugs(&asked, &|word| self.is_drug(word));
            let seen = |meanings: &Meanings| Seen::of_cards(&asked, &cards, &drugs, meanings);
            let ranked = rank::cards::ranked(&asked, &cards, &drugs, &meanings);
            let quotes = cards.iter().take(rank::cards::COMPARED);
            return Ok(Some(Candidates {
                seen: [seen(&meanings), seen(&Meanings::default())],
                quotes: quotes
                    .map(|card| (card.id.clone(), String::new()))
                    .collect(),
                refused: false,
                ranked: (ranked.probability, ranked.order),
            }));
        }
        let query = self.query(&asked.text).await;
        let mut documents = self.documents(tenant, question.scope, &query).await?;
        for document in &mut documents {
            document.leave_out(|unit| without.contains(&unit.text));
        }
        let asked = self.as_documents_say(&asked, &documents);
        let meanings = self
            .meanings(rank::lines::texts(&asked, &documents), begun)
            .await;
        Ok(documents.first().map(|document| {
            let seen = |meanings: &Meanings| Seen::of_document(&asked, document, meanings);
            let ranked = rank::lines::ranked(&asked, document, &meanings);
            Candidates {
                seen: [seen(&meanings), seen(&Meanings::default())],
                quotes: find::quotes(document),
                refused: lacks::something(&asked, document, &|word| self.is_drug(word)),
                ranked: (ranked.probability, ranked.order),
            }
        }))
    }

    /// The embeddings of texts that were read after `since`; none without the encoder.
    pub(super) async fn meanings(&self, texts: Vec<String>, since: Moment) -> Meanings {
        let (open, memory) = (self.open_encoder, Arc::clone(&self.memory));
        let encoded = tokio::task::spawn_blocking(move || {
            open().map_or_else(Meanings::default, |encoder| {
                memory.encoded(&encoder, texts, since)
            })
        });
        encoded.await.unwrap_or_default()
    }

    /// Passages of the documents that a question is about, all of each, in the order of how well they fit.
    async fn hits(
        &self,
        tenant: TenantId,
        scope: Scope,
        query: &Query,
    ) -> Result<Vec<DocumentHit>, DbError> {
        if scope.document.is_some() {
            return self
                .search
                .documents(tenant, scope, query, OF_DOCUMENT)
                .await;
        }
        let first = self.search.documents(tenant, scope, query, OF_ALL).await?;
        let mut all = Vec::new();
        for document in unique(&first).into_iter().take(DOCUMENTS) {
            let scope = Scope {
                document: Some(document),
                patient: scope.patient,
            };
            all.extend(
                self.search
                    .documents(tenant, scope, query, OF_DOCUMENT)
                    .await?,
            );
        }
        Ok(all)
    }

    pub(super) async fn query(&self, text: &str) -> Query {
        Query {
            text: text.to_owned(),
            embedding: self.encode(text).await,
            weights: WEIGHTS,
        }
    }

    /// What a text means; none without the encoder.
    pub(super) async fn encode(&self, text: &str) -> Option<Vec<f32>> {
        let (open, text) = (self.open_encoder, text.to_owned());
        let encode = move || open().map(|encoder| encoder.encode(&text)).transpose();
        match tokio::task::spawn_blocking(encode).await {
            Ok(Ok(embedding)) => embedding,
            _ => {
                tracing::warn!("a question could not be encoded; words alone decide");
                None
            }
        }
    }

    /// Loads the shipped cards, where they are not loaded yet.
    pub async fn keep_shipped(&self) {
        let load = || cards::ship(&self.db);
        if let Err(error) = self.shipped.get_or_try_init(load).await {
            let error = format!("{error:#}");
            tracing::warn!(
                error,
                "the cards are not loaded; trying again with the next question"
            );
        }
    }
}

fn unique(hits: &[DocumentHit]) -> Vec<DocumentId> {
    let mut seen = HashSet::new();
    let ids = hits.iter().map(|hit| hit.document);
    ids.filter(|id| seen.insert(*id)).collect()
}
