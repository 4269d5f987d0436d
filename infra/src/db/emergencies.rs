//! Emergency access (45 CFR 164.312(a)(2)(ii)): who reads what their role does not let them, for a while.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemas::TenantId;
use uuid::Uuid;

use super::{Caller, Db, DbError, connect::commit, webhooks};

/// An emergency access.
#[derive(Clone, Debug)]
pub struct EmergencyAccess {
    /// Which.
    pub id: Uuid,
    /// Whose: a key with its sessions, or a person.
    pub caller: Uuid,
    /// Their role.
    pub role: String,
    /// Why, in their words.
    pub reason: String,
    /// When they opened it.
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub ends_at: DateTime<Utc>,
    /// When an administrator ended it.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Newest accesses of a list.
const MOST: i64 = 1000;

impl Db {
    /// Opens one for a caller in their own tenant, and tells all webhooks of the tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open_emergency(
        &self,
        caller: &Caller,
        reason: &str,
        lasts: Duration,
    ) -> Result<EmergencyAccess, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let id = Uuid::now_v7();
        let row = sqlx::query!(
            "INSERT INTO emergency_accesses (id, tenant_id, caller_id, role, reason, ends_at)
             VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
             RETURNING opened_at, ends_at",
            id,
            caller.tenant.0,
            caller.id,
            caller.role.name(),
            reason,
            lasts.as_secs_f64()
        )
        .fetch_one(&mut *transaction)
        .await?;
        webhooks::tell_of_emergency(&mut transaction, id).await?;
        commit(transaction).await?;
        Ok(EmergencyAccess {
            id,
            caller: caller.id,
            role: caller.role.name().to_owned(),
            reason: reason.to_owned(),
            opened_at: row.opened_at,
            ends_at: row.ends_at,
            ended_at: None,
        })
    }

    /// Has a caller an access that is still open?
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn is_emergency(&self, caller: &Caller) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let open = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM emergency_accesses
                   WHERE tenant_id = $1 AND caller_id = $2 AND ends_at > now() AND ended_at IS NULL) AS "open!""#,
            caller.tenant.0,
            caller.id
        )
        .fetch_one(&mut *transaction)
        .await?;
        Ok(open)
    }

    /// The tenant's accesses, the newest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn emergencies(&self, tenant: TenantId) -> Result<Vec<EmergencyAccess>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            "SELECT id, caller_id, role, reason, opened_at, ends_at, ended_at
             FROM emergency_accesses ORDER BY opened_at DESC, id LIMIT $1",
            MOST
        )
        .fetch_all(&mut *transaction)
        .await?;
        let all = rows.into_iter().map(|row| EmergencyAccess {
            id: row.id,
            caller: row.caller_id,
            role: row.role,
            reason: row.reason,
            opened_at: row.opened_at,
            ends_at: row.ends_at,
            ended_at: row.ended_at,
        });
        Ok(all.collect())
    }

    /// Ends an access before its time. False when the tenant has none such that is open.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn end_emergency(&self, by: &Caller, id: Uuid) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(by.tenant).await?;
        let done = sqlx::query!(
            "UPDATE emergency_accesses SET ended_at = now(), ended_by = $2
             WHERE id = $1 AND ended_at IS NULL AND ends_at > now()",
            id,
            by.id
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(done.rows_affected() > 0)
    }
}
