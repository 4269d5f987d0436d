//! `Idempotency-Key`: the same request twice has the effect of one, and the same answer. That is kept sealed, as it
//! names files, and only as long as the documents that it is about.
//!
//! Whoever works on a request holds its key by a short lease that it renews, so that a process that
//! died stands in nobody's way for longer than that. Who comes back too late finds the key another's.

use std::time::Duration;

use schemas::{DocumentId, TenantId};
use serde_json::Value;
use uuid::Uuid;

use super::{Db, DbError, connect::commit};

/// What answers are sealed for.
pub const ANSWER: &str = "idempotent-answer";

/// A key that this request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKey {
    tenant: TenantId,
    key: String,
    holder: Uuid,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Recall {
    /// It is new: go on, and remember the answer.
    New(HeldKey),
    /// Another request used it.
    Other,
    /// The same request is under way.
    Pending,
    /// The same request was answered so; sealed for [`ANSWER`] and the key.
    Answered(Vec<u8>),
    /// An earlier program answered it so.
    AnsweredBefore(Value),
}

impl Db {
    /// Takes a key for a request, or tells what became of the one that has it. A request that gave no
    /// sign of life within its lease is forgotten.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn recall(
        &self,
        tenant: TenantId,
        key: &str,
        fingerprint: &[u8; 32],
        lease: Duration,
    ) -> Result<Recall, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        let holder = Uuid::new_v4();
        let taken = sqlx::query!(
            "INSERT INTO idempotency_keys AS k (tenant_id, key, fingerprint, holder, lease_until)
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
             ON CONFLICT (tenant_id, key) DO UPDATE SET created_at = now(), fingerprint = $3,
                 holder = $4, lease_until = excluded.lease_until
                 WHERE k.response IS NULL AND k.lease_until < now()",
            tenant.0,
            key,
            fingerprint.as_slice(),
            holder,
            lease.as_secs_f64()
        )
        .execute(&mut *session)
        .await?;
        let recall = if taken.rows_affected() == 1 {
            Recall::New(HeldKey {
                tenant,
                key: key.to_owned(),
                holder,
            })
        } else {
            let row = sqlx::query!(
                "SELECT fingerprint, response, sealed FROM idempotency_keys WHERE key = $1",
                key
            )
            .fetch_optional(&mut *session)
            .await?;
            match row {
                Some(row) if row.fingerprint != fingerprint => Recall::Other,
                Some(row) => match (row.sealed, row.response) {
                    (Some(sealed), _) => Recall::Answered(sealed),
                    (None, Some(answer)) => Recall::AnsweredBefore(answer),
                    (None, None) => Recall::Pending,
                },
                None => Recall::Pending,
            }
        };
        commit(transaction).await?;
        Ok(recall)
    }

    /// Makes the lease of a key longer. False when the key is another's by now.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn hold(&self, held: &HeldKey, lease: Duration) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(held.tenant).await?;
        let renewed = sqlx::query!(
            "UPDATE idempotency_keys SET lease_until = now() + make_interval(secs => $3)
             WHERE key = $1 AND holder = $2",
            held.key,
            held.holder,
            lease.as_secs_f64()
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Keeps the sealed answer to a key's request as long as there are the documents that it is about. With none,
    /// or when one of them is erased already, the key is free again. Nothing happens when the key is another's
    /// by now.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn remember(
        &self,
        held: &HeldKey,
        answer: Option<(&[u8], &[DocumentId])>,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(held.tenant).await?;
        let session = &mut *transaction;
        let mut kept = None;
        if let Some((sealed, documents)) = answer {
            let mut ids: Vec<Uuid> = documents.iter().map(|document| document.0).collect();
            ids.sort_unstable();
            ids.dedup();
            // Held, so that no erasure comes in between.
            let there = sqlx::query_scalar!(
                "SELECT id FROM documents WHERE id = ANY ($1) ORDER BY id FOR KEY SHARE",
                &ids
            )
            .fetch_all(&mut *session)
            .await?;
            kept = (there.len() == ids.len()).then_some((sealed, ids));
        }
        match kept {
            Some((sealed, ids)) => {
                sqlx::query!(
                    "UPDATE idempotency_keys SET response = '{}', sealed = $3, documents = $4
                     WHERE key = $1 AND holder = $2",
                    held.key,
                    held.holder,
                    sealed,
                    &ids
                )
                .execute(&mut *session)
                .await?
            }
            None => {
                sqlx::query!(
                    "DELETE FROM idempotency_keys WHERE key = $1 AND holder = $2",
                    held.key,
                    held.holder
                )
                .execute(&mut *session)
                .await?
            }
        };
        commit(transaction).await?;
        Ok(())
    }
}

impl HeldKey {
    /// The key, which its answer is sealed for.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}
