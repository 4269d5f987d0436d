//! The chat: a question about documents and medicine, answered with what documents and cards say, or with
//! nothing. The order is fixed: red flags first, by a regression that always says the same; then
//! what is asked is told by rules; then passages and facts are looked up; then an extractive answer is put
//! together, every sentence with what it rests on; and only then may a model put it into other words, sentence
//! by sentence checked against the quotations. Text of documents is data throughout: nothing in it is ever
//! obeyed.

use std::sync::{Arc, LazyLock};

use extract::Lexicon;
use infra::{
    db::{Changes, Db, DbError, TokenCounts},
    llm::LlmError,
    search::{Scope, Search},
};
use schemas::{Code, DocumentId, TenantId};
use serde::Deserialize;
use tokio::sync::{OnceCell, mpsc};
use utoipa::ToSchema;
use workers::encoder::Encoder;

mod abroad;
pub mod alarm;
mod answer;
mod beyond;
mod brands;
pub(crate) mod cards;
mod cite;
mod context;
mod days;
mod drug_classes;
mod emergency;
mod evidence;
mod expression;
mod facts;
mod find;
mod general;
mod generated;
pub(crate) mod hidden;
pub mod known;
mod lacks;
mod lay;
mod memory;
mod parts;
#[cfg(test)]
mod printed;
mod question;
pub mod rank;
mod red_flags;
mod replies;
mod retrieve;
mod say;
pub mod shorthand;
mod suspicious;
mod wording;
mod words;

pub use answer::{Answer, Citation, Outcome, Sentence, Source};
pub use emergency::Country;
pub use question::Kind;
pub use red_flags::red_flag;
pub use retrieve::{Candidates, WEIGHTS};
pub use wording::Wording;

use evidence::DocumentEvidence;
use memory::{Memory, Moment};
use question::Asked;
use rank::language::is_foreign;
use wording::Listener;

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

impl Question {
    /// The same with questions in other languages put into English.
    fn in_english(&self) -> Self {
        let history = self.history.iter();
        Self {
            text: abroad::in_english(&self.text),
            history: history
                .map(|(asked, said)| (abroad::in_english(asked), said.clone()))
                .collect(),
            ..self.clone()
        }
    }
}

/// An answer and what it took.
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// What a model took and gave; none when none was asked.
    pub tokens: Option<TokenCounts>,
}

/// What becomes of a call of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// It is about to be asked.
    Begins,
    /// Sentences of it stood.
    Stood,
    /// It answered, and nothing of that stood.
    NothingStood,
    /// Nobody listened to it any more.
    NobodyListens,
    /// It did not answer to the end.
    Failed(LlmError),
}

/// Where calls of a model are written down: before anything is sent, and when they have ended.
pub trait CallLog: Sync {
    /// Writes one down; with an error nothing is sent, or nothing of its answer is told.
    fn note(&self, call: Call) -> impl Future<Output = Result<(), DbError>> + Send;
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
    /// nobody listens any more. A call of a model is written down in `calls`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn ask(
        &self,
        tenant: TenantId,
        question: &Question,
        sentences: &mpsc::Sender<Sentence>,
        calls: &impl CallLog,
    ) -> Result<Told, DbError> {
        let put = &question.text;
        let question = &question.in_english();
        let mut flag = self.flag(put).await;
        if flag.is_none() && *put != question.text {
            flag = self.flag(&question.text).await;
        }
        if let Some(flag) = flag {
            return Ok(tell(sentences, replies::emergency(self.country, flag), None).await);
        }
        let asked = context::in_context(&question.text, &question.history);
        if is_foreign(&question.text) {
            return Ok(tell(sentences, replies::not_found(&asked, question.among), None).await);
        }
        let (found, evidence) = self.extract(tenant, question, &asked).await?;
        if asked.decides_dose {
            return Ok(tell(sentences, replies::referred(&asked, found), None).await);
        }
        let Some(found) = found else {
            return Ok(tell(sentences, replies::not_found(&asked, question.among), None).await);
        };
        let mut tokens = None;
        if let Some(wording) = &self.wording {
            let to = Listener { sentences, calls };
            let worded = self
                .generate(wording, tenant, question, &found, evidence, &to)
                .await?;
            if let Some((stood, took)) = worded {
                tokens = Some(took);
                if !stood.is_empty() {
                    let answer = Answer {
                        kind: asked.kind,
                        outcome: Outcome::Answered,
                        sentences: stood,
                        model: Some(wording.model.model().to_owned()),
                    };
                    return Ok(Told { answer, tokens });
                }
            }
        }
        let answer = Answer {
            kind: asked.kind,
            outcome: Outcome::Answered,
            sentences: found,
            model: None,
        };
        Ok(tell(sentences, answer, tokens).await)
    }

    /// The kind of emergency that a message tells of; by expressions alone without the encoder.
    async fn flag(&self, message: &str) -> Option<&'static str> {
        let message = shorthand::written_out(message);
        let known = red_flag(&message);
        let Some(embedding) = self.encode(&message).await else {
            return known;
        };
        alarm::is_alarming(&message, &embedding).then(|| known.unwrap_or(alarm::KIND))
    }

    /// The extractive answer, and what else may be quoted.
    async fn extract(
        &self,
        tenant: TenantId,
        question: &Question,
        asked: &Asked,
    ) -> Result<(Option<Vec<Sentence>>, Vec<Citation>), DbError> {
        let begun = self.memory.now();
        let documents = question.among != Among::Knowledge;
        let scoped = question.scope.document.is_some() || question.scope.patient.is_some();
        if documents {
            let query = self.query(&asked.text).await;
            let evidence = self.documents(tenant, question.scope, &query).await?;
            let mut found = self.in_documents(asked, &evidence, begun).await;
            for part in context::parts(&question.text, &question.history) {
                let more = self.in_documents(&part, &evidence, begun).await;
                found = find::both(found, more);
            }
            if question.among == Among::Both && scoped {
                let beside = self.of_anybody(tenant, asked, begun).await?;
                found = find::beside(found, beside);
            }
            if let Some(found) = found {
                return Ok((Some(found), Vec::new()));
            }
        }
        // What a document does not say of a patient no card says either.
        let general = asked.kind == Kind::Interaction;
        if question.among == Among::Documents || question.among == Among::Both && scoped && !general
        {
            return Ok((None, Vec::new()));
        }
        let (asked, cards) = self.as_cards_say(tenant, asked).await?;
        let meanings = self
            .meanings(rank::cards::texts(&asked, &cards), begun)
            .await;
        let found = find::in_cards(&asked, &cards, &meanings, &|word| self.is_drug(word));
        let quotations = match (&found, cards.first()) {
            (Some(_), Some(card)) => card
                .sentences
                .iter()
                .map(|sentence| cite::of_card(card, &sentence.text))
                .collect(),
            _ => Vec::new(),
        };
        Ok((found, quotations))
    }

    /// What a card says to what a question to a document asks of anybody besides.
    async fn of_anybody(
        &self,
        tenant: TenantId,
        asked: &Asked,
        begun: Moment,
    ) -> Result<Option<Vec<Sentence>>, DbError> {
        if !general::may_be_asked(asked, &|word| self.is_drug(word)) {
            return Ok(None);
        }
        let (asked, cards) = self.as_cards_say(tenant, asked).await?;
        let Some(card) = general::card(&asked, &cards) else {
            return Ok(None);
        };
        let meanings = self
            .meanings(rank::cards::texts(&asked, &cards), begun)
            .await;
        Ok(Some(find::of_card_alone(&asked, card, &cards, &meanings)))
    }

    /// What documents say to a question that was asked at `begun`.
    async fn in_documents(
        &self,
        asked: &Asked,
        evidence: &[DocumentEvidence],
        begun: Moment,
    ) -> Option<Vec<Sentence>> {
        let asked = self.as_documents_say(asked, evidence);
        let texts = rank::lines::texts(&asked, evidence);
        let meanings = self.meanings(texts, begun).await;
        let is_drug = |word: &str| self.is_drug(word);
        find::in_documents(&asked, evidence, &meanings, &is_drug)
    }

    fn is_drug(&self, word: &str) -> bool {
        self.lexicon.is_any_drug(word)
    }

    fn drug_codes(&self, name: &str) -> Vec<Code> {
        self.lexicon.drug_codes(name).collect()
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
