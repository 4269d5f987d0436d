//! Small secrets that lie in the database: sealed for a purpose, a tenant and a row.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use schemas::TenantId;
use zeroize::Zeroizing;

use super::{
    MasterKey, StoreError, StoreErrorKind,
    keys::{mac, random},
};

const NONCE_BYTES: usize = 12;

impl MasterKey {
    /// Seals a secret; only the same purpose, tenant and row open it again.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn seal(
        &self,
        purpose: &str,
        tenant: TenantId,
        row: &[u8],
        secret: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload {
            msg: secret,
            aad: row,
        };
        let sealed = self
            .of(purpose, tenant)
            .encrypt(&Nonce::from(nonce), payload);
        let sealed =
            sealed.map_err(|_| StoreError::new(StoreErrorKind::Corrupt, "it cannot be sealed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Self::seal`] sealed.
    ///
    /// # Errors
    /// [`StoreErrorKind::Corrupt`] when it was changed or moved.
    pub fn open(
        &self,
        purpose: &str,
        tenant: TenantId,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let broken = || StoreError::new(StoreErrorKind::Corrupt, "a sealed secret was changed");
        let (nonce, msg) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(broken)?;
        let payload = Payload { msg, aad: row };
        let opened = self
            .of(purpose, tenant)
            .decrypt(&Nonce::from(*nonce), payload);
        match (opened, self.other()) {
            (Ok(secret), _) => Ok(Zeroizing::new(secret)),
            (Err(_), Some(other)) => other.open(purpose, tenant, row, sealed),
            (Err(_), None) => Err(broken()),
        }
    }

    /// A secret sealed by this key instead of the other; none when it is already.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::seal`].
    pub fn reseal(
        &self,
        purpose: &str,
        tenant: TenantId,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(other) = self.other() else {
            return self.open(purpose, tenant, row, sealed).map(|_| None);
        };
        match other.open(purpose, tenant, row, sealed) {
            Ok(secret) => self.seal(purpose, tenant, row, &secret).map(Some),
            Err(_) => self.open(purpose, tenant, row, sealed).map(|_| None),
        }
    }

    fn of(&self, purpose: &str, tenant: TenantId) -> Aes256Gcm {
        let key = Zeroizing::new(self.derive(purpose, tenant));
        Aes256Gcm::new((&*key).into())
    }
}

/// HMAC-SHA256 of a digest: says that two contents are equal to nobody without the key.
#[must_use]
pub fn keyed_digest(key: &[u8; 32], digest: &[u8; 32]) -> [u8; 32] {
    mac(key, &[digest])
}

#[cfg(test)]
mod tests {
    use schemas::TenantId;
    use uuid::Uuid;

    use crate::store::MasterKey;

    #[test]
    fn a_secret_opens_only_where_it_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let master = MasterKey::generate(&folder.path().join("master.key")).unwrap();
        let (a, b) = (TenantId::DEFAULT, TenantId(Uuid::from_u128(9)));
        let sealed = master.seal("webhook", a, b"row", b"whsec").unwrap();
        assert_eq!(
            &**master.open("webhook", a, b"row", &sealed).unwrap(),
            b"whsec"
        );
        for (case, opened) in [
            ("purpose", master.open("other", a, b"row", &sealed)),
            ("tenant", master.open("webhook", b, b"row", &sealed)),
            ("row", master.open("webhook", a, b"other", &sealed)),
            ("cut", master.open("webhook", a, b"row", &sealed[..20])),
            ("empty", master.open("webhook", a, b"row", b"")),
        ] {
            assert!(opened.is_err(), "{case}");
        }
    }

    #[test]
    fn a_secret_of_either_key_opens_until_it_is_resealed() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| MasterKey::generate(&folder.path().join(name)).unwrap();
        let (old, new) = (make("old"), make("new"));
        let tenant = TenantId::DEFAULT;
        let sealed = old.seal("webhook", tenant, b"row", b"whsec").unwrap();
        assert!(new.open("webhook", tenant, b"row", &sealed).is_err());
        let both = new.clone().accepting(old.clone());
        assert!(both.open("webhook", tenant, b"row", &sealed).is_ok());
        let resealed = both.reseal("webhook", tenant, b"row", &sealed).unwrap();
        let resealed = resealed.expect("it was the old one's");
        assert!(new.open("webhook", tenant, b"row", &resealed).is_ok());
        assert_eq!(
            both.reseal("webhook", tenant, b"row", &resealed).unwrap(),
            None
        );
        let before = old.accepting(new);
        assert!(before.open("webhook", tenant, b"row", &resealed).is_ok());
    }
}
