//! API keys: who calls, and as what.

use schemas::TenantId;
use uuid::Uuid;

use super::{Db, DbError, DbErrorKind, connect::commit};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The key's id.
    pub id: Uuid,
    /// Whose data they may see.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
}

/// The caller of a row.
pub(super) fn caller(id: Uuid, tenant: Uuid, role: &str) -> Result<Caller, DbError> {
    Ok(Caller {
        id,
        tenant: TenantId(tenant),
        role: Role::of(role)
            .ok_or_else(|| DbError::new(DbErrorKind::Refused, "a role is not known"))?,
    })
}

impl Db {
    /// Who holds the key of this digest. The digest is of 256 random bits: comparing it in an index
    /// tells an attacker nothing about the key.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn caller(&self, digest: &[u8; 32]) -> Result<Option<Caller>, DbError> {
        let row = sqlx::query!(
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", role AS "role!"
               FROM medbot_authenticate($1)"#,
            digest.as_slice()
        )
        .fetch_optional(self.api())
        .await?;
        row.map(|row| caller(row.id, row.tenant_id, &row.role))
            .transpose()
    }

    /// Makes the key of this digest good. As the login itself: no request can do it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn admit(
        &self,
        tenant: TenantId,
        digest: &[u8; 32],
        role: Role,
    ) -> Result<(), DbError> {
        let mut session = self.owner().await?;
        sqlx::query!(
            "INSERT INTO api_keys (id, tenant_id, digest, role) VALUES ($1, $2, $3, $4)
             ON CONFLICT (digest) DO NOTHING",
            Uuid::now_v7(),
            tenant.0,
            digest.as_slice(),
            role.name()
        )
        .execute(&mut session)
        .await?;
        Ok(())
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
