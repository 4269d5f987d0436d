//! Knowledge of a tenant, card by card.

use std::collections::HashMap;

use schemas::TenantId;
use uuid::Uuid;

use super::{Db, DbError, connect::commit};

/// A card or a clinic's own file, cut into passages.
#[derive(Clone, Debug)]
pub struct Card {
    /// Unique in its tenant.
    pub id: String,
    /// What people see.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// Where its author read it.
    pub source: String,
    /// Did a clinician sign it?
    pub clinically_reviewed: bool,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// Its passages with their embeddings, where there was an encoder.
    pub passages: Vec<(String, Option<Vec<f32>>)>,
}

impl Db {
    /// The digests of a tenant's cards.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn cards(&self, tenant: TenantId) -> Result<HashMap<String, Vec<u8>>, DbError> {
        let rows = sqlx::query!(
            "SELECT DISTINCT card, digest FROM knowledge WHERE tenant_id = $1",
            tenant.0
        )
        .fetch_all(self.worker())
        .await?;
        Ok(rows.into_iter().map(|row| (row.card, row.digest)).collect())
    }

    /// Puts cards in the place of those of the same names, and removes those named in `gone`.
    ///
    /// # Errors
    /// [`DbError`]; nothing was changed then.
    pub async fn keep_cards(
        &self,
        tenant: TenantId,
        cards: &[Card],
        gone: &[String],
    ) -> Result<(), DbError> {
        let mut transaction = self.begin().await?;
        let session = &mut *transaction;
        let names: Vec<String> = cards.iter().map(|card| card.id.clone()).collect();
        let replaced = [names.as_slice(), gone].concat();
        // Two processes may load the same cards at once; nobody who reads is held up.
        sqlx::query!("LOCK TABLE knowledge IN SHARE ROW EXCLUSIVE MODE")
            .execute(&mut *session)
            .await?;
        sqlx::query!(
            "DELETE FROM knowledge WHERE tenant_id = $1 AND card = ANY ($2)",
            tenant.0,
            &replaced
        )
        .execute(&mut *session)
        .await?;
        for card in cards {
            for (position, (text, embedding)) in (0_i32..).zip(&card.passages) {
                sqlx::query!(
                    "INSERT INTO knowledge (id, tenant_id, card, position, title, topic, source,
                         clinically_reviewed, text, embedding, search, digest)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::real[]::vector,
                         setweight(to_tsvector('english', $5::text), 'A') || to_tsvector('english', $9::text),
                         $11)",
                    Uuid::now_v7(),
                    tenant.0,
                    card.id,
                    position,
                    card.title,
                    card.topic,
                    card.source,
                    card.clinically_reviewed,
                    text,
                    embedding.as_deref(),
                    card.digest.as_slice(),
                )
                .execute(&mut *session)
                .await?;
            }
        }
        commit(transaction).await
    }
}
