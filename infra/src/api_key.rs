//! API keys: `mbk_` and 256 random bits as 43 characters. The first 12 of these say which key it is and stand in
//! the database; the other 186 bits are the secret, of which the database holds an Argon2id hash.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use sha2::{Digest as _, Sha256};

const PREFIX: &str = "mbk_";
const CHARACTERS: usize = 43;
const PUBLIC: usize = 12;

/// What is kept of a key.
#[derive(Clone, Debug)]
pub struct KeptKey {
    pub(crate) public_id: String,
    pub(crate) hash: String,
    pub(crate) digest: [u8; 32],
}

/// It has not the form of a key, or cannot be hashed.
#[derive(Debug, thiserror::Error)]
#[error(
    "this is no API key, which is {PREFIX} and {CHARACTERS} characters: make one with medbot keys add"
)]
pub struct NoKey;

impl KeptKey {
    /// Of a key. It takes some 30 ms of a processor and 19 MiB, so call it where that hinders nobody.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn of(key: &str) -> Result<Self, NoKey> {
        // The parameters that OWASP's cheat sheet on passwords asks for: 19 MiB, two passes, one lane.
        let hash = Argon2::default().hash_password(key.as_bytes());
        Ok(Self {
            public_id: public_id(key).ok_or(NoKey)?.to_owned(),
            hash: hash.map_err(|_| NoKey)?.to_string(),
            digest: digest(key),
        })
    }
}

/// Which key this is; none when it has not the form of one.
#[must_use]
pub fn public_id(key: &str) -> Option<&str> {
    let random = key.strip_prefix(PREFIX)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (random.len() == CHARACTERS && random.chars().all(fits)).then(|| &random[..PUBLIC])
}

/// Its SHA-256: by this a key is known that was verified a moment ago, or that an earlier program made.
#[must_use]
pub fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Is this the key of which the hash is kept? Takes as long as [`KeptKey::of`], and compares in constant time.
#[must_use]
pub fn verifies(key: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(key.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "mbk_AAAAbbbbCCCCdddd-_00eeeeFFFFggggHHHHiiiiJJJ";

    #[test]
    fn a_key_is_told_by_its_hash_alone() {
        let kept = KeptKey::of(KEY).unwrap();
        assert_eq!(kept.public_id, "AAAAbbbbCCCC");
        assert!(
            kept.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            kept.hash
        );
        assert!(verifies(KEY, &kept.hash));
        let other = KEY.replace("JJJ", "JJK");
        assert_eq!(public_id(&other), public_id(KEY));
        assert!(!verifies(&other, &kept.hash));
        assert_ne!(
            KeptKey::of(KEY).unwrap().hash,
            kept.hash,
            "each has a salt of its own"
        );
        for broken in ["", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$"] {
            assert!(!verifies(KEY, broken), "{broken}");
        }
    }

    #[test]
    fn what_has_not_the_form_of_a_key_names_none() {
        for text in [
            "",
            "mbk_",
            &KEY[1..],
            &KEY[..46],
            &format!("{KEY}A"),
            &KEY.replace('0', "ü"),
        ] {
            assert_eq!(public_id(text), None, "{text}");
            assert!(KeptKey::of(text).is_err(), "{text}");
        }
    }
}
