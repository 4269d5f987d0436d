//! Sessions: who signed in on the page, with a key or by an identity provider, until when.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemas::TenantId;
use uuid::Uuid;

use super::{Caller, Db, DbError, connect::commit, keys};

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct SessionLife {
    /// Without being used.
    pub idle: Duration,
    /// However much it is used.
    pub whole: Duration,
}

/// By what a session's caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An API key: the session ends with it, and its role is the key's.
    Key,
    /// A person of the identity provider: the session keeps the role that they came with.
    Person,
}

/// A session that is good.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// As whom it acts.
    pub caller: Caller,
    /// When it ends at the latest.
    pub ends_at: DateTime<Utc>,
}

impl Db {
    /// Opens a session that acts as this caller, known by the digest of a token of 256 random bits.
    /// What the tenant has of ended sessions goes.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open_session(
        &self,
        caller: &Caller,
        holder: Holder,
        digest: &[u8; 32],
        life: SessionLife,
    ) -> Result<Session, DbError> {
        let (key, person) = match holder {
            Holder::Key => (Some(caller.id), None),
            Holder::Person => (None, Some((caller.id, caller.role.name()))),
        };
        let (person, role) = person.unzip();
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let session = &mut *transaction;
        sqlx::query!("DELETE FROM sessions WHERE least(idle_until, ends_at) < now()")
            .execute(&mut *session)
            .await?;
        let ends_at = sqlx::query_scalar!(
            "INSERT INTO sessions (id, tenant_id, key_id, person_id, role, digest, idle_until, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7),
                 now() + make_interval(secs => $8))
             RETURNING ends_at",
            Uuid::now_v7(),
            caller.tenant.0,
            key,
            person,
            role,
            digest.as_slice(),
            life.idle.as_secs_f64(),
            life.whole.as_secs_f64(),
        )
        .fetch_one(session)
        .await?;
        commit(transaction).await?;
        Ok(Session {
            caller: *caller,
            ends_at,
        })
    }

    /// The session of this digest, if it has not ended and its key, if it has one, is good. To look is to use it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn session(
        &self,
        digest: &[u8; 32],
        life: SessionLife,
    ) -> Result<Option<Session>, DbError> {
        let row = sqlx::query!(
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", role AS "role!", ends_at AS "ends_at!"
               FROM medbot_resume($1, $2)"#,
            digest.as_slice(),
            life.idle.as_secs_f64(),
        )
        .fetch_optional(self.api())
        .await?;
        row.map(|row| {
            Ok(Session {
                caller: keys::caller(row.id, row.tenant_id, &row.role)?,
                ends_at: row.ends_at,
            })
        })
        .transpose()
    }

    /// Ends a session of a tenant. Gives by what its caller was known; none when there was none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn close_session(
        &self,
        tenant: TenantId,
        digest: &[u8; 32],
    ) -> Result<Option<Holder>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let of_person = sqlx::query_scalar!(
            r#"DELETE FROM sessions WHERE digest = $1 RETURNING person_id IS NOT NULL AS "of_person!""#,
            digest.as_slice()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(of_person.map(|of_person| {
            if of_person {
                Holder::Person
            } else {
                Holder::Key
            }
        }))
    }

    /// Ends every session of a key or person of a tenant; gives how many there were.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn close_sessions(&self, tenant: TenantId, of: Uuid) -> Result<u64, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let ended = sqlx::query!(
            "DELETE FROM sessions WHERE key_id = $1 OR person_id = $1",
            of
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(ended.rows_affected())
    }
}
