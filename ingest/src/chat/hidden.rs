//! What a model on another machine is shown: question, conversation and quotations without identifiers. What it
//! says is turned back before it is checked, so that an answer rests on the same words as ever.

use std::collections::HashSet;

use extract::deidentify::{Dates, Deidentifier, Secret};
use infra::{
    db::{Db, DbError},
    store::MasterKey,
};
use schemas::{DocumentId, Entity, TenantId};

use super::{
    Question,
    answer::{Citation, Source},
    wording::REMEMBERED,
    words,
};

/// What the derived key serves.
pub(crate) const PURPOSE: &str = "deidentify";

/// Question and quotations as the model sees them.
pub(crate) struct Hidden {
    pub question: String,
    pub history: Vec<(String, String)>,
    pub quotations: Vec<Citation>,
    to: Deidentifier,
}

impl Hidden {
    /// Hides whom the quotations are about, and whoever else the documents of their patients name.
    ///
    /// # Errors
    /// [`DbError`]; then nothing may be sent.
    pub(crate) async fn of(
        db: &Db,
        master: &MasterKey,
        tenant: TenantId,
        question: &Question,
        quotations: &[Citation],
        is_medical: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Self, DbError> {
        let cited = quotations.iter().filter_map(document_of);
        let documents: Vec<DocumentId> = cited
            .chain(question.scope.document)
            .chain(question.cited.iter().copied())
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let facts = db.facts(tenant, &documents).await?;
        let mut known: Vec<Entity> = facts.into_iter().map(|fact| fact.entity).collect();
        let named = db
            .identifiers(tenant, &documents, question.scope.patient)
            .await?;
        known.extend(named.into_iter().map(|named| named.entity));
        let patient = question.scope.patient.map(|id| id.to_string());
        let about = patient
            .or_else(|| question.scope.document.map(|id| id.to_string()))
            .or_else(|| {
                quotations
                    .iter()
                    .find_map(document_of)
                    .map(|id| id.to_string())
            });
        let secret = Secret::new(master.derive(PURPOSE, tenant));
        let to = Deidentifier::new(&secret, &about.unwrap_or_default(), Dates::Shifted);
        Ok(Self::with(to, &known, question, quotations, is_medical))
    }

    fn with(
        mut to: Deidentifier,
        known: &[Entity],
        question: &Question,
        quotations: &[Citation],
        is_medical: &(dyn Fn(&str) -> bool + Sync),
    ) -> Self {
        to.know(known);
        let from = question.history.len().saturating_sub(REMEMBERED);
        let history = &question.history[from..];
        let quotes = quotations.iter().map(|citation| &citation.quote);
        let said = history
            .iter()
            .flat_map(|(asked, answered)| [asked, answered]);
        for text in quotes.chain(said).chain([&question.text]) {
            to.read(text);
        }
        let quotations: Vec<Citation> = quotations
            .iter()
            .map(|citation| Citation {
                quote: to.replace(&citation.quote).text,
                ..citation.clone()
            })
            .collect();
        let said: HashSet<String> = quotations
            .iter()
            .flat_map(|citation| words::tokens(&citation.quote))
            .collect();
        let says = |word: &str| said.contains(word) || is_medical(word);
        let history = history
            .iter()
            .map(|(asked, answered)| {
                let asked = to.question(asked, &says).text;
                (asked, to.question(answered, &says).text)
            })
            .collect();
        Self {
            question: to.question(&question.text, &says).text,
            history,
            quotations,
            to,
        }
    }

    /// What the model said, with whom it means.
    pub(crate) fn restore(&self, sentence: &str) -> String {
        self.to.restore(sentence)
    }
}

fn document_of(citation: &Citation) -> Option<DocumentId> {
    match &citation.source {
        Source::Document { document, .. } => Some(DocumentId(*document)),
        Source::Card { .. } => None,
    }
}
