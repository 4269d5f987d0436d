//! Whose key is presented. A hash is verified once, apart from what answers requests, and what was verified is
//! remembered for a short while by its digest; whether the key is still good the database is asked each time.
//!
//! A key that names none costs a look-up and no hash. Wrong keys that name one wait for one another, so that they
//! take no more memory and processors than two at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use infra::{
    api_key,
    db::{Caller, Db, DbError, DbErrorKind},
};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// For how long a verified key is remembered.
const REMEMBERED: Duration = Duration::from_mins(10);
/// Hashes that are made at once.
const AT_ONCE: usize = 2;

/// Keys that were verified.
pub struct KnownKeys {
    verified: Mutex<HashMap<Uuid, (Instant, [u8; 32])>>,
    turns: Arc<Semaphore>,
}

impl Default for KnownKeys {
    fn default() -> Self {
        Self {
            verified: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl KnownKeys {
    /// Who holds this key; none when nobody does.
    pub(super) async fn caller(&self, db: &Db, key: &str) -> Result<Option<Caller>, DbError> {
        let digest = api_key::digest(key);
        let Some(found) = db.key(api_key::public_id(key), &digest).await? else {
            return Ok(None);
        };
        let (caller, Some(hash)) = (found.caller, found.hash) else {
            return Ok(Some(found.caller));
        };
        if self.was_verified(caller.id, &digest) {
            return Ok(Some(caller));
        }
        let broken = |error: &dyn std::fmt::Display| DbError::new(DbErrorKind::Unavailable, error);
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| broken(&error))?;
        // Somebody else who waited with the same key may have had a turn.
        if self.was_verified(caller.id, &digest) {
            return Ok(Some(caller));
        }
        let key = key.to_owned();
        let verified = tokio::task::spawn_blocking(move || {
            // Kept until the hash is made, also when nobody waits for it any more.
            let _turn = turn;
            api_key::verifies(&key, &hash)
        });
        if !verified.await.map_err(|error| broken(&error))? {
            return Ok(None);
        }
        self.remember(caller.id, digest);
        Ok(Some(caller))
    }

    fn was_verified(&self, id: Uuid, digest: &[u8; 32]) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(&id).is_some_and(|(since, known)| {
            since.elapsed() < REMEMBERED && bool::from(known.ct_eq(digest))
        })
    }

    fn remember(&self, id: Uuid, digest: [u8; 32]) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
        verified.insert(id, (Instant::now(), digest));
    }
}

/// What is kept of a new key.
///
/// # Errors
/// [`DbError`], when the machine cannot make it.
pub(super) async fn kept(key: &str) -> Result<api_key::KeptKey, DbError> {
    let key = key.to_owned();
    let made = tokio::task::spawn_blocking(move || api_key::KeptKey::of(&key));
    let broken = |error: &dyn std::fmt::Display| DbError::new(DbErrorKind::Unavailable, error);
    made.await
        .map_err(|error| broken(&error))?
        .map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verified_key_is_known_by_its_whole_digest() {
        let keys = KnownKeys::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(!keys.was_verified(one, &[1; 32]));
        keys.remember(one, [1; 32]);
        assert!(keys.was_verified(one, &[1; 32]));
        assert!(
            !keys.was_verified(one, &[2; 32]),
            "another secret of the same id"
        );
        assert!(!keys.was_verified(other, &[1; 32]));
        let long_ago = Instant::now().checked_sub(REMEMBERED).unwrap();
        keys.verified
            .lock()
            .unwrap()
            .insert(one, (long_ago, [1; 32]));
        assert!(!keys.was_verified(one, &[1; 32]), "a while ago");
        keys.remember(other, [2; 32]);
        assert_eq!(keys.verified.lock().unwrap().len(), 1);
    }
}
