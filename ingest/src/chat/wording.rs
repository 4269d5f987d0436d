//! An answer in a model's words: it sees quotations, and of its sentences only those that they bear are told.

use std::{collections::HashSet, sync::Arc};

use infra::{
    db::{DbError, TokenCounts},
    llm::Llm,
    store::MasterKey,
};
use schemas::TenantId;
use tokio::sync::mpsc;

use super::{
    Call, CallLog, Chat, Question,
    answer::{Citation, Sentence},
    generated,
    hidden::Hidden,
};

/// Quotations that a model sees.
const QUOTATIONS: usize = 12;
/// Turns of a conversation that a model sees.
pub(super) const REMEMBERED: usize = 3;

/// A model that puts answers into words.
pub struct Wording {
    /// The model.
    pub model: Llm,
    /// With it texts lose their identifiers before they leave; none: the model sees them as they are.
    pub hides: Option<Arc<MasterKey>>,
}

/// Who hears what stands, and where it is written down that a model was asked.
pub(super) struct Listener<'a, L> {
    pub sentences: &'a mpsc::Sender<Sentence>,
    pub calls: &'a L,
}

impl Chat {
    /// Those of the model's sentences that stand, which may be none, and what they took; none when it was not
    /// asked.
    pub(super) async fn generate(
        &self,
        wording: &Wording,
        tenant: TenantId,
        question: &Question,
        found: &[Sentence],
        more: Vec<Citation>,
        to: &Listener<'_, impl CallLog>,
    ) -> Result<Option<(Vec<Sentence>, TokenCounts)>, DbError> {
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
                        return Ok(None);
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
        to.calls.note(Call::Begins).await?;
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
            self.standing(said, &quotations, &doubtful, hidden.as_ref(), to.sentences)
        );
        let call = match (&ended, &stood) {
            (_, None) => Call::NobodyListens,
            (Err(error), _) => Call::Failed(error.clone()),
            (Ok(_), Some(stood)) if stood.is_empty() => Call::NothingStood,
            (Ok(_), Some(_)) => Call::Stood,
        };
        to.calls.note(call).await?;
        let tokens = ended.unwrap_or_else(|error| {
            tracing::warn!(%error, "the model did not answer to the end");
            TokenCounts::default()
        });
        Ok(Some((stood.unwrap_or_default(), tokens)))
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
}
