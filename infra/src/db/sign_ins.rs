//! Sign-ins by an identity provider that are under way: each is good once, and not for long.

use std::time::Duration;

use super::{Db, DbError};

impl Db {
    /// Begins one that is known by the digest of a token of 256 random bits.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn begin_sign_in(&self, digest: &[u8; 32], life: Duration) -> Result<(), DbError> {
        sqlx::query!(
            "INSERT INTO sign_ins (digest, good_until)
             VALUES ($1, now() + make_interval(secs => $2))",
            digest.as_slice(),
            life.as_secs_f64(),
        )
        .execute(self.api())
        .await?;
        Ok(())
    }

    /// Ends one: true for one caller alone, and for nobody once its time has passed.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn end_sign_in(&self, digest: &[u8; 32]) -> Result<bool, DbError> {
        let ended = sqlx::query_scalar!(
            r#"DELETE FROM sign_ins WHERE digest = $1 RETURNING good_until > now() AS "good!""#,
            digest.as_slice()
        )
        .fetch_optional(self.api())
        .await?;
        Ok(ended == Some(true))
    }
}
