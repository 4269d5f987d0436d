//! The keys that documents are sealed with: one a document, so that forgetting it erases.

use std::fmt;

use aes_gcm::aead::Generate as _;
use async_trait::async_trait;
use hmac::{Hmac, KeyInit as _, Mac as _};
use schemas::{ArtefactKey, DocumentId, TenantId};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{StoreError, StoreErrorKind};

/// The key of one document.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

/// Where the keys of documents are kept.
#[async_trait]
pub trait DataKeys: Send + Sync {
    /// The key of a document; made and kept when there is none yet.
    ///
    /// # Errors
    /// [`StoreErrorKind::Corrupt`] when what is kept is not a key any more, and others.
    async fn data_key(&self, tenant: TenantId, document: DocumentId)
    -> Result<DataKey, StoreError>;

    /// Destroys the key of a document; what was sealed with it is lost. Without a key it succeeds.
    ///
    /// # Errors
    /// [`StoreError`]; the key is still there then.
    async fn forget(&self, tenant: TenantId, document: DocumentId) -> Result<(), StoreError>;

    /// The versions of an object of which one must lie there; none where nobody has said.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn versions(&self, key: ArtefactKey) -> Result<Option<Vec<Version>>, StoreError>;
}

/// Which of the objects that lay at a path one is: random, and proven with the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub(crate) [u8; Self::BYTES]);

impl Version {
    pub(crate) const BYTES: usize = 7;

    /// A new version.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new() -> Result<Self, StoreError> {
        random().map(Self)
    }
}

impl DataKey {
    /// A new key.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    pub(super) fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    <[u8; N]>::try_generate()
        .map_err(|_| StoreError::new(StoreErrorKind::Refused, "the system has no random bytes"))
}

/// HMAC-SHA256 (RFC 2104) over the parts, each after its length so that no two lists look alike.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
