//! Passages of documents: written by the index stage, searched by the chat. Every passage of the scope is
//! compared: an index for neighbours finds too few behind row-level security, and a clinic's hundred
//! thousand passages are compared in well under a second.

use async_trait::async_trait;
use schemas::{DocumentId, Passage, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Claimed, Db, DbError};
use crate::search::{DocumentHit, Fit, KnowledgeHit, Query, Scope, Search};

/// A passage and its embedding, where there was an encoder.
#[derive(Clone, Debug)]
pub struct PassageRow {
    /// The lines.
    pub passage: Passage,
    /// 384 numbers.
    pub embedding: Option<Vec<f32>>,
}

/// Puts the passages of a job in the place of all others of its document. The caller holds the document.
pub(super) async fn replace(
    session: &mut PgConnection,
    claimed: &Claimed,
    rows: &[PassageRow],
) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM passages WHERE document_id = $1",
        claimed.document.0
    )
    .execute(&mut *session)
    .await?;
    for (position, row) in (0_i32..).zip(rows) {
        sqlx::query!(
            "INSERT INTO passages (id, tenant_id, document_id, page, position, heading, text, words,
                 embedding, search)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::real[]::vector,
                 to_tsvector('english', $6::text || ' ' || $7::text))",
            Uuid::new_v5(&claimed.job.0, format!("passage {position}").as_bytes()),
            claimed.tenant.0,
            claimed.document.0,
            i32::try_from(row.passage.page).unwrap_or(i32::MAX),
            position,
            row.passage.heading,
            row.passage.text,
            &row.passage.words,
            row.embedding.as_deref(),
        )
        .execute(&mut *session)
        .await?;
    }
    Ok(())
}

#[async_trait]
impl Search for Db {
    async fn documents(
        &self,
        tenant: TenantId,
        scope: Scope,
        query: &Query,
        most: i64,
    ) -> Result<Vec<DocumentHit>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            r#"WITH asked AS (
                   SELECT $1::real[]::vector AS embedding,
                       replace(plainto_tsquery('english', $2)::text, '&', '|')::tsquery AS words
               ), fits AS (
                   SELECT p.document_id, p.page, p.position, p.heading, p.text, p.words,
                       coalesce(1 - (p.embedding <=> a.embedding), 0) AS cosine,
                       ts_rank(p.search, a.words, 32)::float8 AS rank
                   FROM passages p CROSS JOIN asked a
                   WHERE ($3::uuid IS NULL OR p.document_id = $3)
                     AND ($4::uuid IS NULL OR p.document_id IN
                         (SELECT s.document_id FROM patient_sightings s WHERE s.patient_id = $4))
               )
               SELECT document_id, page, heading, text, words, cosine AS "cosine!", rank AS "rank!",
                   $5 * cosine + $6 * rank AS "score!"
               FROM fits ORDER BY 8 DESC, document_id, position LIMIT $7"#,
            query.embedding.as_deref(),
            query.text,
            scope.document.map(|document| document.0),
            scope.patient,
            query.weights.meaning,
            query.weights.words,
            most,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let hits = rows.into_iter().map(|row| DocumentHit {
            document: DocumentId(row.document_id),
            passage: Passage {
                page: usize::try_from(row.page).unwrap_or_default(),
                heading: row.heading,
                text: row.text,
                words: row.words,
            },
            fit: Fit {
                score: row.score,
                cosine: row.cosine,
                rank: row.rank,
            },
        });
        Ok(hits.collect())
    }

    async fn knowledge(
        &self,
        tenant: TenantId,
        query: &Query,
        most: i64,
    ) -> Result<Vec<KnowledgeHit>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            r#"WITH asked AS (
                   SELECT $1::real[]::vector AS embedding,
                       replace(plainto_tsquery('english', $2)::text, '&', '|')::tsquery AS words
               ), fits AS (
                   SELECT k.card, k.title, k.topic, k.source, k.clinically_reviewed, k.text, k.position,
                       coalesce(1 - (k.embedding <=> a.embedding), 0) AS cosine,
                       ts_rank(k.search, a.words, 32)::float8 AS rank
                   FROM knowledge k CROSS JOIN asked a
               )
               SELECT card, title, topic, source, clinically_reviewed, text, cosine AS "cosine!",
                   rank AS "rank!", $3 * cosine + $4 * rank AS "score!"
               FROM fits ORDER BY 9 DESC, card, position LIMIT $5"#,
            query.embedding.as_deref(),
            query.text,
            query.weights.meaning,
            query.weights.words,
            most,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let hits = rows.into_iter().map(|row| KnowledgeHit {
            card: row.card,
            title: row.title,
            topic: row.topic,
            source: row.source,
            clinically_reviewed: row.clinically_reviewed,
            text: row.text,
            fit: Fit {
                score: row.score,
                cosine: row.cosine,
                rank: row.rank,
            },
        });
        Ok(hits.collect())
    }
}
