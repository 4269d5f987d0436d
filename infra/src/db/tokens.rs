//! Tokens of an identity provider that were taken back before they end: a person's, made until a moment, or one alone.

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

/// A token as it claims to be.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// Whom it speaks for.
    pub caller: &'a Caller,
    /// When it was made, where it says so.
    pub made_at: Option<DateTime<Utc>>,
    /// What it alone is called.
    pub id: &'a str,
}

/// That one token was taken back.
#[derive(Clone, Debug)]
pub struct RevokedToken {
    /// What it alone is called.
    pub token: String,
    /// When.
    pub revoked_at: DateTime<Utc>,
    /// The administrator; none where the operator did so.
    pub revoked_by: Option<Uuid>,
}

/// Newest of a list.
const MOST: i64 = 1000;

impl Db {
    /// Is a token good? Not when there is no such tenant, when it was taken back itself, or when its person's tokens
    /// of that time were; of one that does not say when it was made, any time counts.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn is_good_token(&self, token: Token<'_>) -> Result<bool, DbError> {
        let Token {
            caller,
            made_at,
            id,
        } = token;
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let good = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM tenants WHERE id = $1)
               AND NOT EXISTS (
                   SELECT FROM token_revocations WHERE tenant_id = $1 AND person_id = $2
                   AND ($3::timestamptz IS NULL OR $3 <= revoked_at))
               AND NOT EXISTS (
                   SELECT FROM revoked_tokens WHERE tenant_id = $1 AND token = $4) AS "good!""#,
            caller.tenant.0,
            caller.id,
            made_at,
            id
        )
        .fetch_one(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(good)
    }

    /// Takes back one token; once more changes nothing.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn revoke_token(
        &self,
        tenant: TenantId,
        token: &str,
        by: Option<Uuid>,
    ) -> Result<RevokedToken, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        // The first one stays, and is what is returned.
        let revoked = sqlx::query_as!(
            RevokedToken,
            "INSERT INTO revoked_tokens AS r (tenant_id, token, revoked_by) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, token) DO UPDATE SET token = r.token
             RETURNING token, revoked_at, revoked_by",
            tenant.0,
            token,
            by
        )
        .fetch_one(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(revoked)
    }

    /// Which tokens a tenant has taken back one by one, the newest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn revoked_tokens(&self, tenant: TenantId) -> Result<Vec<RevokedToken>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query_as!(
            RevokedToken,
            "SELECT token, revoked_at, revoked_by FROM revoked_tokens
             ORDER BY revoked_at DESC, token LIMIT $1",
            MOST
        )
        .fetch_all(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(rows)
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
