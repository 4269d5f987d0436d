//! The chat: a question about documents and medicine, answered with what documents and cards say, or with
//! nothing. The order is fixed: red flags first, by a regression that always says the same; then
//! what is asked is told by rules; then passages and facts are looked up; then an extractive answer is put
//! together, every sentence with what it rests on; and only then may a model put it into other words, sentence
//! by sentence checked against the quotations. Text of documents is data throughout: nothing in it is ever
//! obeyed.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use extract::Lexicon;
use infra::{
    db::{Changes, Db, DbError, TokenCounts},
    llm::Llm,
    search::{DocumentHit, Query, Scope, Search, Weights},
    store::MasterKey,
};
use schemas::{DocumentId, TenantId};
use serde::Deserialize;
use tokio::sync::{OnceCell, mpsc};
use utoipa::ToSchema;
use workers::encoder::Encoder;

pub mod alarm;
mod answer;
pub(crate) mod cards;
mod emergency;
mod evidence;
mod find;
mod generated;
pub(crate) mod hidden;
mod memory;
mod question;
pub mod rank;
mod red_flags;
mod say;
mod suspicious;
mod words;

pub use answer::{Answer, Citation, Outcome, Sentence, Source};
pub use emergency::Country;
pub use question::Kind;
pub use red_flags::red_flag;

use evidence::{CardEvidence, DocumentEvidence};
use hidden::Hidden;
use memory::{Memory, Moment};
use question::Asked;
use rank::{Meanings, Seen};

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
/// Quotations that a model sees.
const QUOTATIONS: usize = 12;
/// Turns of a conversation that a model sees.
const REMEMBERED: usize = 3;

/// Where an answer may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// The tenant's documents.
    Documents,
    /// The knowledge base.
    Knowledge,
    /// Documents, and knowledge where they do not say.
    Both,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// In a person's words.
    pub text: String,
    /// About which documents.
    pub scope: Scope,
    /// Where an answer may come from.
    pub among: Among,
    /// Questions and answers before it, the oldest first.
    pub history: Vec<(String, String)>,
    /// Documents that those answers quote.
    pub cited: Vec<DocumentId>,
}

/// An answer and what it took.
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// What a model took and gave; none when none was asked.
    pub tokens: Option<TokenCounts>,
}

/// A model that puts answers into words.
pub struct Wording {
    /// The model.
    pub model: Llm,
    /// With it texts lose their identifiers before they leave; none: the model sees them as they are.
    pub hides: Option<Arc<MasterKey>>,
}

/// Answers questions.
pub struct Chat {
    db: Db,
    search: Arc<dyn Search>,
    open_encoder: OpenEncoder,
    lexicon: LazyLock<Lexicon>,
    country: Country,
    wording: Option<Wording>,
    shipped: OnceCell<()>,
    memory: Arc<Memory>,
}

/// Gives the encoder, opened by the first call, which blocks; none where there is none.
type OpenEncoder = fn() -> Option<Arc<Encoder>>;

/// What an answer to a question may be put together from, for the bench that fits the ranking.
pub struct Candidates {
    /// With the encoder, and by words alone.
    pub seen: [Seen; 2],
    /// Of each line what would be quoted and said; of each card its id and nothing.
    pub quotes: Vec<(String, String)>,
}

impl Chat {
    /// A chat over a database. What it reads with is opened by the first question.
    #[must_use]
    pub fn new(
        db: Db,
        open_encoder: OpenEncoder,
        lexicon: fn() -> Lexicon,
        country: Country,
        wording: Option<Wording>,
    ) -> Self {
        Self {
            search: Arc::new(db.clone()),
            db,
            open_encoder,
            lexicon: LazyLock::new(lexicon),
            country,
            wording,
            shipped: OnceCell::new(),
            memory: Arc::new(Memory::new()),
        }
    }

    /// The same, which forgets what it remembers of documents when one is erased, by whatever process.
    #[must_use]
    pub fn forgetting_with(self, changes: &Changes) -> Self {
        self.memory.forget_with(changes);
        self
    }

    /// Answers. Each sentence is sent as soon as it stands; the answer holds them all. Nothing is finished when
    /// nobody listens any more.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn ask(
        &self,
        tenant: TenantId,
        question: &Question,
        sentences: &mpsc::Sender<Sentence>,
    ) -> Result<Told, DbError> {
        if let Some(flag) = self.flag(&question.text).await {
            return Ok(tell(sentences, self.emergency(flag), None).await);
        }
        let asked = in_context(question);
        let (found, evidence) = self.extract(tenant, question, &asked).await?;
        if asked.decides_dose {
            return Ok(tell(sentences, referred(&asked, found), None).await);
        }
        let Some(found) = found else {
            return Ok(tell(sentences, not_found(&asked, question.among), None).await);
        };
        if let Some(wording) = &self.wording
            && let Some((generated, tokens)) = self
                .generate(wording, tenant, question, &found, evidence, sentences)
                .await
        {
            let answer = Answer {
                kind: asked.kind,
                outcome: Outcome::Answered,
                sentences: generated,
                model: Some(wording.model.model().to_owned()),
            };
            return Ok(Told {
                answer,
                tokens: Some(tokens),
            });
        }
        let answer = Answer {
            kind: asked.kind,
            outcome: Outcome::Answered,
            sentences: found,
            model: None,
        };
        Ok(tell(sentences, answer, None).await)
    }

    /// The kind of emergency that a message tells of; by expressions alone without the encoder.
    async fn flag(&self, message: &str) -> Option<&'static str> {
        let known = red_flag(message);
        let Some(embedding) = self.encode(message).await else {
            return known;
        };
        alarm::is_alarming(message, &embedding).then(|| known.unwrap_or(alarm::KIND))
    }

    /// The extractive answer, and what else may be quoted.
    async fn extract(
        &self,
        tenant: TenantId,
        question: &Question,
        asked: &Asked,
    ) -> Result<(Option<Vec<Sentence>>, Vec<Citation>), DbError> {
        let query = self.query(&asked.text).await;
        let begun = self.memory.now();
        let documents = question.among != Among::Knowledge;
        let scoped = question.scope.document.is_some() || question.scope.patient.is_some();
        if documents {
            let evidence = self.documents(tenant, question.scope, &query).await?;
            let meanings = self
                .meanings(rank::lines::texts(asked, &evidence), begun)
                .await;
            let is_drug = |word: &str| self.is_drug(word);
            if let Some(found) = find::in_documents(asked, &evidence, &meanings, &is_drug) {
                return Ok((Some(found), Vec::new()));
            }
        }
        // What a document does not say of a patient no card says either.
        let general = asked.kind == Kind::Interaction;
        if question.among == Among::Documents || question.among == Among::Both && scoped && !general
        {
            return Ok((None, Vec::new()));
        }
        let cards = self.cards(tenant, &query).await?;
        let meanings = self
            .meanings(rank::cards::texts(asked, &cards), begun)
            .await;
        let found = find::in_cards(asked, &cards, &meanings, &|word| self.is_drug(word));
        let quotations = match (&found, cards.first()) {
            (Some(_), Some(card)) => card
                .sentences
                .iter()
                .map(|sentence| find::of_card(card, &sentence.text))
                .collect(),
            _ => Vec::new(),
        };
        Ok((found, quotations))
    }

    /// What the documents of a scope say.
    async fn documents(
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
    async fn cards(&self, tenant: TenantId, query: &Query) -> Result<Vec<CardEvidence>, DbError> {
        self.keep_shipped().await;
        let hits = self.search.knowledge(tenant, query, OF_CARDS).await?;
        Ok(CardEvidence::of(hits))
    }

    /// What the ranking sees of a question to one document or to the cards; none where the document is not
    /// there.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn candidates(
        &self,
        tenant: TenantId,
        question: &Question,
    ) -> Result<Option<Candidates>, DbError> {
        let (asked, begun) = (in_context(question), self.memory.now());
        let query = self.query(&asked.text).await;
        if question.among == Among::Knowledge {
            let cards = self.cards(tenant, &query).await?;
            let meanings = self
                .meanings(rank::cards::texts(&asked, &cards), begun)
                .await;
            let drugs = find::drugs(&asked, &|word| self.is_drug(word));
            let seen = |meanings: &Meanings| Seen::of_cards(&asked, &cards, &drugs, meanings);
            let quotes = cards.iter().take(rank::cards::COMPARED);
            return Ok(Some(Candidates {
                seen: [seen(&meanings), seen(&Meanings::default())],
                quotes: quotes
                    .map(|card| (card.id.clone(), String::new()))
                    .collect(),
            }));
        }
        let documents = self.documents(tenant, question.scope, &query).await?;
        let meanings = self
            .meanings(rank::lines::texts(&asked, &documents), begun)
            .await;
        Ok(documents.first().map(|document| {
            let seen = |meanings: &Meanings| Seen::of_document(&asked, document, meanings);
            Candidates {
                seen: [seen(&meanings), seen(&Meanings::default())],
                quotes: find::quotes(document),
            }
        }))
    }

    /// The embeddings of texts that were read after `since`; none without the encoder.
    async fn meanings(&self, texts: Vec<String>, since: Moment) -> Meanings {
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

    async fn query(&self, text: &str) -> Query {
        Query {
            text: text.to_owned(),
            embedding: self.encode(text).await,
            weights: WEIGHTS,
        }
    }

    /// What a text means; none without the encoder.
    async fn encode(&self, text: &str) -> Option<Vec<f32>> {
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

    /// Loads the shipped cards when the first question needs them.
    async fn keep_shipped(&self) {
        let load = async || {
            let encoder = tokio::task::spawn_blocking(self.open_encoder).await?;
            cards::ship(&self.db, encoder.as_deref()).await
        };
        if let Err(error) = self.shipped.get_or_try_init(load).await {
            let error = format!("{error:#}");
            tracing::warn!(
                error,
                "the cards are not loaded; trying again with the next question"
            );
        }
    }

    /// The model's words, of which at least one sentence stands; none when it failed or nothing stood.
    async fn generate(
        &self,
        wording: &Wording,
        tenant: TenantId,
        question: &Question,
        found: &[Sentence],
        more: Vec<Citation>,
        sentences: &mpsc::Sender<Sentence>,
    ) -> Option<(Vec<Sentence>, TokenCounts)> {
        let mut quotations: Vec<Citation> = found
            .iter()
            .flat_map(|sentence| sentence.citations.clone())
            .chain(more)
            .collect();
        let mut seen = HashSet::new();
        quotations.retain(|citation| seen.insert(citation.quote.clone()));
        quotations.truncate(QUOTATIONS);
        let doubtful: Vec<&Citation> = found
            .iter()
            .filter(|sentence| sentence.needs_review)
            .flat_map(|sentence| &sentence.citations)
            .collect();
        let hidden = match &wording.hides {
            None => None,
            Some(master) => {
                let is_medical = |word: &str| self.is_drug(word) || self.lexicon.is_term(word);
                let hidden =
                    Hidden::of(&self.db, master, tenant, question, &quotations, &is_medical).await;
                match hidden {
                    Ok(hidden) => Some(hidden),
                    Err(error) => {
                        tracing::warn!(%error, "whom quotations name is not known: nothing is sent to the model");
                        return None;
                    }
                }
            }
        };
        let from = question.history.len().saturating_sub(REMEMBERED);
        let messages = match &hidden {
            None => generated::messages(&question.text, &question.history[from..], &quotations),
            Some(hidden) => {
                generated::hidden_messages(&hidden.question, &hidden.history, &hidden.quotations)
            }
        };
        let (parts, said) = mpsc::channel(16);
        let (ended, stood) = tokio::join!(
            async {
                let ended = wording
                    .model
                    .generate(&messages, generated::MOST_TOKENS, &parts)
                    .await;
                drop(parts);
                ended
            },
            self.standing(said, &quotations, &doubtful, hidden.as_ref(), sentences)
        );
        let tokens = ended.unwrap_or_else(|error| {
            tracing::warn!(%error, "the model did not answer to the end");
            TokenCounts::default()
        });
        stood
            .filter(|stood| !stood.is_empty())
            .map(|stood| (stood, tokens))
    }

    /// Sends on those sentences of the model that stand. None when nobody listens any more.
    async fn standing(
        &self,
        mut said: mpsc::Receiver<String>,
        quotations: &[Citation],
        doubtful: &[&Citation],
        hidden: Option<&Hidden>,
        sentences: &mpsc::Sender<Sentence>,
    ) -> Option<Vec<Sentence>> {
        let mut cutter = generated::Sentences::default();
        let mut stood = Vec::new();
        let mut dropped = 0_u32;
        loop {
            let part = tokio::select! {
                part = said.recv() => part,
                () = sentences.closed() => return None,
            };
            let last = part.is_none();
            let whole = match part {
                Some(part) => cutter.push(&part),
                None => std::mem::take(&mut cutter).rest().into_iter().collect(),
            };
            for sentence in whole {
                let sentence = hidden.map_or(sentence.clone(), |hidden| hidden.restore(&sentence));
                let checked = generated::checked(&sentence, quotations, &|word| self.is_drug(word));
                let Some(mut sentence) = checked else {
                    dropped += 1;
                    continue;
                };
                sentence.needs_review = sentence
                    .citations
                    .iter()
                    .any(|cited| doubtful.contains(&cited));
                stood.push(sentence.clone());
                sentences.send(sentence).await.ok()?;
            }
            if last {
                if dropped > 0 {
                    tracing::info!(dropped, "sentences of the model did not stand");
                }
                return Some(stood);
            }
        }
    }

    fn is_drug(&self, word: &str) -> bool {
        self.lexicon.is_any_drug(word)
    }

    fn emergency(&self, flag: &str) -> Answer {
        let despair = matches!(flag, "suicidal" | "self-harm");
        let mut sentences = vec![Sentence::own(format!(
            "This may be an emergency: {}.",
            self.country.emergency()
        ))];
        if !despair {
            let stay = "Do not wait for an answer here, and do not drive yourself; stay on the line with the call handler.";
            sentences.push(Sentence::own(stay.to_owned()));
        }
        // What is told by meaning may be despair too.
        if despair || flag == alarm::KIND {
            sentences.push(Sentence::own(format!(
                "You are not alone with this, and help is there. {}",
                self.country.despair()
            )));
        }
        Answer {
            kind: Kind::Emergency,
            outcome: Outcome::Emergency,
            sentences,
            model: None,
        }
    }
}

fn unique(hits: &[DocumentHit]) -> Vec<DocumentId> {
    let mut seen = HashSet::new();
    let ids = hits.iter().map(|hit| hit.document);
    ids.filter(|id| seen.insert(*id)).collect()
}

/// The question, with the subjects of the one before where it only points back to them.
fn in_context(question: &Question) -> Asked {
    let asked = Asked::new(&question.text);
    let points = asked.stems.iter().any(|word| {
        matches!(
            word.as_str(),
            "it" | "that" | "this" | "them" | "they" | "those"
        )
    });
    match question.history.last() {
        Some((before, _)) if points && asked.subjects.is_empty() => {
            let before = Asked::new(before);
            Asked {
                subjects: before.subjects.clone(),
                stems: [asked.stems, before.subjects].concat(),
                ..asked
            }
        }
        _ => asked,
    }
}

async fn tell(
    sentences: &mpsc::Sender<Sentence>,
    answer: Answer,
    tokens: Option<TokenCounts>,
) -> Told {
    for sentence in &answer.sentences {
        // Who has gone hears it no more.
        let _ = sentences.send(sentence.clone()).await;
    }
    Told { answer, tokens }
}

fn not_found(asked: &Asked, among: Among) -> Answer {
    let text = match among {
        Among::Documents => "Your documents do not say.",
        Among::Knowledge => "The knowledge base does not say.",
        Among::Both => "Your documents do not say, nor does the knowledge base.",
    };
    Answer {
        kind: asked.kind,
        outcome: Outcome::NotFound,
        sentences: vec![Sentence::own(text)],
        model: None,
    }
}

fn referred(asked: &Asked, found: Option<Vec<Sentence>>) -> Answer {
    let mut sentences = vec![Sentence::own(
        "Whether to start, stop or change a medicine or its dose is for the prescriber to decide: ask the \
         prescriber or a pharmacist before you change anything.",
    )];
    if let Some(found) = found {
        sentences.push(Sentence::own("What is written:"));
        sentences.extend(found);
    }
    Answer {
        kind: asked.kind,
        outcome: Outcome::Referred,
        sentences,
        model: None,
    }
}
