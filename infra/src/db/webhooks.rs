//! Whom a clinic wants told, and what is still to be told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemas::{TenantId, WebhookId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Db, DbError, connect::commit};

/// Where a clinic wants to be told.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Where to.
    pub url: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stopped: by its own answer 410.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Something that is to be told now.
#[derive(Clone, Debug)]
pub struct DueDelivery {
    /// The message's id: the same in every attempt.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// To whom.
    pub webhook: WebhookId,
    /// Where to.
    pub url: String,
    /// The sealed secret that signs.
    pub secret: Vec<u8>,
    /// What.
    pub body: serde_json::Value,
    /// How often it was tried before.
    pub attempt: u32,
}

/// Writes down that a job ended, for its webhooks and for each of its batches that ended with it.
pub(super) async fn tell(session: &mut PgConnection, job: Uuid) -> Result<(), DbError> {
    tell_of_job(session, job, None).await?;
    let batches = sqlx::query_scalar!(
        "SELECT DISTINCT batch_id FROM batch_items WHERE job_id = $1",
        job
    )
    .fetch_all(&mut *session)
    .await?;
    finish(session, &batches).await
}

/// Names one more webhook for a job whose row is locked. If the job has ended it is told at once, but
/// none is told twice of the same end.
pub(super) async fn add_to_job(
    session: &mut PgConnection,
    job: Uuid,
    ended: bool,
    webhook: WebhookId,
) -> Result<(), DbError> {
    let added = sqlx::query!(
        "INSERT INTO job_webhooks (job_id, webhook_id, tenant_id)
         SELECT id, $2, tenant_id FROM jobs WHERE id = $1 AND webhook_id IS DISTINCT FROM $2
         ON CONFLICT DO NOTHING",
        job,
        webhook.0
    )
    .execute(&mut *session)
    .await?;
    if ended && added.rows_affected() > 0 {
        tell_of_job(session, job, Some(webhook)).await?;
    }
    Ok(())
}

/// For all webhooks of a job or for one. One that is being removed is waited for, and then is none.
async fn tell_of_job(
    session: &mut PgConnection,
    job: Uuid,
    only: Option<WebhookId>,
) -> Result<(), DbError> {
    let told = sqlx::query!(
        "INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, body)
         SELECT gen_random_uuid(), j.tenant_id, w.id, jsonb_build_object(
             'type', 'job.' || j.state, 'timestamp', now(), 'data', jsonb_build_object(
                 'job_id', j.id, 'document_id', j.document_id, 'state', j.state))
         FROM jobs j
         CROSS JOIN LATERAL (
             SELECT j.webhook_id AS id
             UNION SELECT webhook_id FROM job_webhooks WHERE job_id = j.id) AS named
         JOIN webhooks w ON w.id = named.id AND w.tenant_id = j.tenant_id
         WHERE j.id = $1 AND w.disabled_at IS NULL AND ($2::uuid IS NULL OR w.id = $2)
         FOR KEY SHARE OF w",
        job,
        only.map(|webhook| webhook.0)
    )
    .execute(&mut *session)
    .await?;
    if told.rows_affected() > 0 {
        wake(session).await?;
    }
    Ok(())
}

/// Ends those of these batches that are closed and have no open job, and writes that down for their
/// webhooks. Two last jobs may end at the same moment: whoever locks the batch second sees both.
/// A batch's row comes after those of jobs.
pub(super) async fn finish(session: &mut PgConnection, batches: &[Uuid]) -> Result<(), DbError> {
    if batches.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "SELECT id FROM batches WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
        batches
    )
    .fetch_all(&mut *session)
    .await?;
    let told = sqlx::query!(
        "WITH finished AS (
             UPDATE batches b SET finished_at = now()
             WHERE id = ANY($1) AND closed_at IS NOT NULL AND finished_at IS NULL
               AND NOT EXISTS (
                   SELECT FROM batch_items i JOIN jobs j ON j.id = i.job_id
                   WHERE i.batch_id = b.id AND j.state IN ('queued', 'running'))
             RETURNING id, tenant_id, webhook_id)
         INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, body)
         SELECT gen_random_uuid(), b.tenant_id, b.webhook_id, jsonb_build_object(
             'type', 'batch.finished', 'timestamp', now(), 'data', jsonb_build_object(
                 'batch_id', b.id))
         FROM finished b JOIN webhooks w ON w.id = b.webhook_id AND w.tenant_id = b.tenant_id
         WHERE w.disabled_at IS NULL
         FOR KEY SHARE OF w",
        batches
    )
    .execute(&mut *session)
    .await?;
    if told.rows_affected() > 0 {
        wake(session).await?;
    }
    Ok(())
}

/// Writes down for all webhooks of the tenant that somebody reads in an emergency. Why stays here.
pub(super) async fn tell_of_emergency(session: &mut PgConnection, id: Uuid) -> Result<(), DbError> {
    let told = sqlx::query!(
        "INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, body)
         SELECT gen_random_uuid(), e.tenant_id, w.id, jsonb_build_object(
             'type', 'emergency_access.opened', 'timestamp', e.opened_at, 'data', jsonb_build_object(
                 'emergency_access_id', e.id, 'caller_id', e.caller_id, 'role', e.role, 'ends_at', e.ends_at))
         FROM emergency_accesses e JOIN webhooks w ON w.tenant_id = e.tenant_id
         WHERE e.id = $1 AND w.disabled_at IS NULL
         FOR KEY SHARE OF w",
        id
    )
    .execute(&mut *session)
    .await?;
    if told.rows_affected() > 0 {
        wake(session).await?;
    }
    Ok(())
}

/// Wakes whoever delivers.
async fn wake(session: &mut PgConnection) -> Result<(), DbError> {
    sqlx::query!("SELECT pg_notify('medbot_due', '')")
        .execute(session)
        .await?;
    Ok(())
}

impl Db {
    /// Makes a webhook.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn add_webhook(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        url: &str,
        secret: &[u8],
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "INSERT INTO webhooks (id, tenant_id, url, secret) VALUES ($1, $2, $3, $4)",
            webhook.0,
            tenant.0,
            url,
            secret
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(())
    }

    /// A tenant's webhooks.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn webhooks(&self, tenant: TenantId) -> Result<Vec<Webhook>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows =
            sqlx::query!("SELECT id, url, created_at, disabled_at FROM webhooks ORDER BY id")
                .fetch_all(&mut *transaction)
                .await?;
        Ok(rows
            .into_iter()
            .map(|row| Webhook {
                id: WebhookId(row.id),
                url: row.url,
                created_at: row.created_at,
                disabled_at: row.disabled_at,
            })
            .collect())
    }

    /// Removes a webhook with what it was still to be told. False when there is none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn remove_webhook(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
    ) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let removed = sqlx::query!("DELETE FROM webhooks WHERE id = $1", webhook.0)
            .execute(&mut *transaction)
            .await?;
        commit(transaction).await?;
        Ok(removed.rows_affected() == 1)
    }

    /// Takes deliveries that are due; they are nobody else's for `lease`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn due_deliveries(
        &self,
        most: i64,
        lease: Duration,
    ) -> Result<Vec<DueDelivery>, DbError> {
        let rows = sqlx::query!(
            "UPDATE webhook_deliveries d SET attempt = attempt + 1,
                 run_at = now() + make_interval(secs => $2)
             FROM webhooks w
             WHERE w.id = d.webhook_id AND d.id = ANY (ARRAY(
                 SELECT id FROM webhook_deliveries WHERE state = 'waiting' AND run_at <= now()
                 ORDER BY run_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED))
             RETURNING d.id, d.tenant_id, d.webhook_id, w.url, w.secret, d.body, d.attempt",
            most,
            lease.as_secs_f64()
        )
        .fetch_all(self.worker())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DueDelivery {
                id: row.id,
                tenant: TenantId(row.tenant_id),
                webhook: WebhookId(row.webhook_id),
                url: row.url,
                secret: row.secret,
                body: row.body,
                attempt: (row.attempt - 1).cast_unsigned(),
            })
            .collect())
    }

    /// A delivery reached its receiver.
    ///
    /// # Errors
    /// [`DbError`]: it will be sent again, which a receiver tells by the message's id.
    pub async fn delivered(&self, delivery: Uuid) -> Result<(), DbError> {
        sqlx::query!(
            "UPDATE webhook_deliveries SET state = 'delivered', last_error = NULL WHERE id = $1",
            delivery
        )
        .execute(self.worker())
        .await?;
        Ok(())
    }

    /// A delivery did not reach its receiver: it is due again after `rest`, or with none given up.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn undelivered(
        &self,
        delivery: Uuid,
        rest: Option<Duration>,
        why: &str,
    ) -> Result<(), DbError> {
        sqlx::query!(
            "UPDATE webhook_deliveries SET
                 state = CASE WHEN $2::float8 IS NULL THEN 'given_up' ELSE state END,
                 run_at = now() + make_interval(secs => coalesce($2, 0)), last_error = $3
             WHERE id = $1 AND state = 'waiting'",
            delivery,
            rest.map(|rest| rest.as_secs_f64()),
            why
        )
        .execute(self.worker())
        .await?;
        Ok(())
    }

    /// A receiver wants to be told nothing more.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn disable_webhook(&self, webhook: WebhookId) -> Result<(), DbError> {
        let mut transaction = self.begin().await?;
        sqlx::query!(
            "UPDATE webhooks SET disabled_at = now() WHERE id = $1 AND disabled_at IS NULL",
            webhook.0
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE webhook_deliveries SET state = 'given_up' WHERE webhook_id = $1
               AND state = 'waiting'",
            webhook.0
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(())
    }
}
