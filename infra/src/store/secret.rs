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
        self.of(purpose, tenant)
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| broken())
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
}
