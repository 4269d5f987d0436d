//! Tokens of an identity provider that were taken back before they end: a person's, made until a moment.

use chrono::{DateTime, Utc};
use schemas::TenantId;
use uuid::Uuid;

use super::{Caller, Db, DbError, connect::commit};

/// That a person's tokens were taken back.
#[derive(Clone, Debug)]
pub struct TokenRevocation {
    /// Whose, as the audit log names them.
    pub person: Uuid,
    /// Those that were made until then.
    pub revoked_at: DateTime<Utc>,
    /// The administrator; none where the operator did so.
    pub revoked_by: Option<Uuid>,
}

/// Newest of a list.
const MOST: i64 = 1000;

impl Db {
    /// Does a token speak for this caller that was made then? Not when there is no such tenant, or when their
    /// tokens of that time were taken back; of one that does not say when it was made, any time counts.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn is_good_token(
        &self,
        caller: &Caller,
        made_at: Option<DateTime<Utc>>,
    ) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let good = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM tenants WHERE id = $1) AND NOT EXISTS (
                   SELECT FROM token_revocations WHERE tenant_id = $1 AND person_id = $2
                   AND ($3::timestamptz IS NULL OR $3 <= revoked_at)) AS "good!""#,
            caller.tenant.0,
            caller.id,
            made_at
        )
        .fetch_one(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(good)
    }

    /// Takes back every token that a person was given until now, and ends their sessions.
    ///
    /// # Errors
    /// [`DbError`]; nothing is changed then.
    pub async fn revoke_tokens(
        &self,
        tenant: TenantId,
        person: Uuid,
        by: Option<Uuid>,
    ) -> Result<TokenRevocation, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let revoked_at = sqlx::query_scalar!(
            "INSERT INTO token_revocations (tenant_id, person_id, revoked_by) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, person_id) DO UPDATE SET revoked_at = now(), revoked_by = $3
             RETURNING revoked_at",
            tenant.0,
            person,
            by
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!("DELETE FROM sessions WHERE person_id = $1", person)
            .execute(&mut *transaction)
            .await?;
        commit(transaction).await?;
        Ok(TokenRevocation {
            person,
            revoked_at,
            revoked_by: by,
        })
    }

    /// Whose tokens a tenant has taken back, the newest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn token_revocations(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<TokenRevocation>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query_as!(
            TokenRevocation,
            "SELECT person_id AS person, revoked_at, revoked_by FROM token_revocations
             ORDER BY revoked_at DESC, person_id LIMIT $1",
            MOST
        )
        .fetch_all(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(rows)
    }
}
