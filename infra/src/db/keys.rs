//! API keys: who calls, and as what.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemas::TenantId;
use uuid::Uuid;

use super::{Db, DbError, DbErrorKind, connect::commit};
use crate::api_key::KeptKey;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Upload and follow.
    Uploader,
    /// Read results and review.
    Reviewer,
    /// Read results and search.
    Analyst,
    /// Everything.
    Admin,
}

impl Role {
    /// The role of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "uploader" => Self::Uploader,
            "reviewer" => Self::Reviewer,
            "analyst" => Self::Analyst,
            "admin" => Self::Admin,
            _ => return None,
        })
    }

    /// As it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uploader => "uploader",
            Self::Reviewer => "reviewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

/// Somebody whose key is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The key's id.
    pub id: Uuid,
    /// Whose data they may see.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
}

/// An API key as an administrator sees it; the key itself is known to its holder alone.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// Which key it is, in its first characters; none of an earlier program's, which is known by its SHA-256.
    pub public_id: Option<String>,
    /// What its holder may do.
    pub role: Role,
    /// What it is for.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is no longer good.
    pub expires_at: Option<DateTime<Utc>>,
    /// When somebody took it back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// An API key to be made.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// What is kept of it.
    pub key: &'a KeptKey,
    /// What its holder may do.
    pub role: Role,
    /// What it is for.
    pub name: Option<&'a str>,
    /// When it is no longer good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A good key that a presented one may be.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// Who holds it.
    pub caller: Caller,
    /// What the presented key is verified with; none when its digest was enough.
    pub hash: Option<String>,
}

/// The caller of a row.
pub(super) fn caller(id: Uuid, tenant: Uuid, role: &str) -> Result<Caller, DbError> {
    Ok(Caller {
        id,
        tenant: TenantId(tenant),
        role: self::role(role)?,
    })
}

fn role(name: &str) -> Result<Role, DbError> {
    Role::of(name).ok_or_else(|| DbError::new(DbErrorKind::Refused, "a role is not known"))
}

impl Db {
    /// The good key of this public id, or of an earlier program's that is known by this digest. That is of 256
    /// random bits: comparing it in an index tells an attacker nothing about the key.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn key(
        &self,
        public_id: Option<&str>,
        digest: &[u8; 32],
    ) -> Result<Option<FoundKey>, DbError> {
        let row = sqlx::query!(
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", role AS "role!", hash
               FROM medbot_key($1, $2)"#,
            public_id,
            digest.as_slice()
        )
        .fetch_optional(self.api())
        .await?;
        row.map(|row| {
            Ok(FoundKey {
                caller: caller(row.id, row.tenant_id, &row.role)?,
                hash: row.hash,
            })
        })
        .transpose()
    }

    /// Makes a key good, unless it is known already. As the login itself: no request can do it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn admit(&self, tenant: TenantId, key: &KeptKey, role: Role) -> Result<(), DbError> {
        let mut session = self.owner().await?;
        sqlx::query!(
            "INSERT INTO api_keys (id, tenant_id, public_id, hash, role)
             SELECT $1, $2, $3, $4, $5
             WHERE NOT EXISTS (SELECT FROM api_keys WHERE digest = $6)
             ON CONFLICT (public_id) DO NOTHING",
            Uuid::now_v7(),
            tenant.0,
            key.public_id,
            key.hash,
            role.name(),
            key.digest.as_slice()
        )
        .execute(&mut session)
        .await?;
        Ok(())
    }

    /// The keys of a tenant, the newest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            "SELECT id, public_id, role, name, created_at, expires_at, revoked_at
             FROM api_keys ORDER BY created_at DESC, id"
        )
        .fetch_all(&mut *transaction)
        .await?;
        commit(transaction).await?;
        let keys = rows.into_iter().map(|row| {
            Ok(ApiKey {
                id: row.id,
                public_id: row.public_id,
                role: role(&row.role)?,
                name: row.name,
                created_at: row.created_at,
                expires_at: row.expires_at,
                revoked_at: row.revoked_at,
            })
        });
        keys.collect()
    }

    /// Makes a key good for a tenant that there is, and gives its id.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn add_key(&self, tenant: TenantId, key: &NewKey<'_>) -> Result<Uuid, DbError> {
        let id = Uuid::now_v7();
        let mut transaction = self.of_tenant(tenant).await?;
        sqlx::query!(
            "INSERT INTO api_keys (id, tenant_id, public_id, hash, role, name, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id,
            tenant.0,
            key.key.public_id,
            key.key.hash,
            key.role.name(),
            key.name,
            key.expires_at
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(id)
    }

    /// Takes a key back, and with it the sessions that it opened. False when the tenant has no such key
    /// that is good.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn revoke_key(&self, tenant: TenantId, id: Uuid) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let done = sqlx::query!(
            "UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL",
            id
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts a key of the same role and name in the place of another, which stays good for `overlap` so that
    /// its holder can change over. None when the tenant has no such key that is good.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn rotate_key(
        &self,
        tenant: TenantId,
        id: Uuid,
        key: &KeptKey,
        overlap: Duration,
    ) -> Result<Option<Uuid>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let old = sqlx::query!(
            "UPDATE api_keys SET expires_at = least(expires_at, now() + make_interval(secs => $2))
             WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
             RETURNING role, name",
            id,
            overlap.as_secs_f64()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(old) = old else {
            return Ok(None);
        };
        let new = Uuid::now_v7();
        sqlx::query!(
            "INSERT INTO api_keys (id, tenant_id, public_id, hash, role, name)
             VALUES ($1, $2, $3, $4, $5, $6)",
            new,
            tenant.0,
            key.public_id,
            key.hash,
            old.role,
            old.name
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(Some(new))
    }

    /// Is there such a tenant?
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn knows(&self, tenant: TenantId) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let there = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM tenants WHERE id = $1) AS "there!""#,
            tenant.0
        )
        .fetch_one(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(there)
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn found_tenant(&self, tenant: TenantId, name: &str) -> Result<(), DbError> {
        let mut session = self.owner().await?;
        sqlx::query!(
            "INSERT INTO tenants (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            tenant.0,
            name
        )
        .execute(&mut session)
        .await?;
        Ok(())
    }
}
