//! `Idempotency-Key`: the same request twice has the effect of one, and the same answer.

use schemas::TenantId;
use serde_json::Value;

use super::{Db, DbError};

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Recall {
    /// It is new: go on, and remember the answer.
    New,
    /// Another request used it.
    Other,
    /// The same request is under way.
    Pending,
    /// The same request was answered so.
    Answered(Value),
}

impl Db {
    /// Takes a key for a request, or tells what became of the one that has it. A request that
    /// vanished is forgotten after ten minutes.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn recall(
        &self,
        tenant: TenantId,
        key: &str,
        fingerprint: &[u8; 32],
    ) -> Result<Recall, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        let taken = sqlx::query!(
            "INSERT INTO idempotency_keys AS k (tenant_id, key, fingerprint) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, key) DO UPDATE SET created_at = now(), fingerprint = $3
                 WHERE k.response IS NULL AND k.created_at < now() - interval '10 minutes'",
            tenant.0,
            key,
            fingerprint.as_slice()
        )
        .execute(&mut *session)
        .await?;
        let recall = if taken.rows_affected() == 1 {
            Recall::New
        } else {
            let row = sqlx::query!(
                "SELECT fingerprint, response FROM idempotency_keys WHERE key = $1",
                key
            )
            .fetch_optional(&mut *session)
            .await?;
            match row {
                Some(row) if row.fingerprint != fingerprint => Recall::Other,
                Some(row) => row.response.map_or(Recall::Pending, Recall::Answered),
                None => Recall::Pending,
            }
        };
        transaction.commit().await?;
        Ok(recall)
    }

    /// Keeps the answer to a key's request, or with none frees the key.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn remember(
        &self,
        tenant: TenantId,
        key: &str,
        answer: Option<&Value>,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        match answer {
            Some(answer) => {
                sqlx::query!(
                    "UPDATE idempotency_keys SET response = $2 WHERE key = $1",
                    key,
                    answer
                )
                .execute(&mut *session)
                .await?
            }
            None => {
                sqlx::query!("DELETE FROM idempotency_keys WHERE key = $1", key)
                    .execute(&mut *session)
                    .await?
            }
        };
        transaction.commit().await?;
        Ok(())
    }
}
