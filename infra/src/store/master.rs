//! The one key that is not kept beside what it protects: it wraps the keys of documents.
//!
//! A wrapped key is bound to its tenant and document and names the master key that wraps it, so that
//! two master keys can serve while one replaces the other. Every use has a key of its own, derived
//! with HMAC-SHA256 (NIST SP 800-108 in counter mode needs no more than one block here).

use std::fmt;
use std::fs::{File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use schemas::{DocumentId, TenantId};
use zeroize::Zeroizing;

use super::keys::{mac, random};
use super::{DataKey, StoreError, StoreErrorKind};

const VERSION: u8 = 1;
const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;
/// Version, key id, nonce, key, tag.
const WRAPPED_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES + 32 + 16;

/// The master key.
#[derive(Clone)]
pub struct MasterKey {
    secret: Zeroizing<[u8; 32]>,
    id: KeyId,
    /// Another that is still, or already, accepted.
    other: Option<Arc<MasterKey>>,
}

/// Which master key; says nothing about the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId([u8; ID_BYTES]);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("the master key {} cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// Others may read it.
    #[error("others may read the master key {}: run chmod 600 on it", .0.display())]
    Open(PathBuf),
    /// It holds something else.
    #[error("the master key {} holds neither 32 bytes nor 64 hex digits", .0.display())]
    Form(PathBuf),
    /// A new one would take the place of one that is in use.
    #[error("there is a file {} already, and a master key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the master key {} cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The key service did not open it.
    #[error("the command of MEDBOT_MASTER_KEY_COMMAND did not open the master key {}: {why}", path.display())]
    Service {
        /// The sealed file.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// No random bytes.
    #[error("a master key cannot be made: {0}")]
    Random(StoreError),
}

impl MasterKey {
    /// Reads the key from a file of 32 bytes or 64 hex digits that its owner alone may read.
    ///
    /// # Errors
    /// [`MasterKeyError`] says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |reason| MasterKeyError::Read {
            path: path.into(),
            reason,
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Open(path.into()));
        }
        // One byte more than 64 digits and their line's end.
        let mut text = Zeroizing::new(Vec::with_capacity(67));
        let limited = file.take(67).read_to_end(&mut text);
        limited.map_err(failed)?;
        let secret = parse(&text).ok_or_else(|| MasterKeyError::Form(path.into()))?;
        Ok(Self::new(secret))
    }

    /// Makes a key in a new file, which only its owner may read.
    ///
    /// # Errors
    /// [`MasterKeyError::Exists`] when there is a file, and others.
    pub fn generate(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |reason| MasterKeyError::Write {
            path: path.into(),
            reason,
        };
        let secret = Zeroizing::new(random().map_err(MasterKeyError::Random)?);
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".master-key-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(failed)?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        hex(&mut text, &*secret);
        text.push('\n');
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(path)
            .map_err(|error| match error.error.kind() {
                std::io::ErrorKind::AlreadyExists => MasterKeyError::Exists(path.into()),
                _ => failed(error.error),
            })?;
        let folder = File::open(folder).and_then(|folder| folder.sync_all());
        folder.map_err(failed)?;
        Ok(Self::new(secret))
    }

    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&mac(&secret, &[b"medbot/key-id/1"])[..ID_BYTES]);
        Self {
            secret,
            id: KeyId(id),
            other: None,
        }
    }

    /// This key, which wraps and seals, and another whose work it opens too: the one that it takes the
    /// place of, or the one that will take its place.
    #[must_use]
    pub fn accepting(self, other: Self) -> Self {
        Self {
            other: Some(Arc::new(other)),
            ..self
        }
    }

    /// The other key that is accepted.
    #[must_use]
    pub fn other(&self) -> Option<&Self> {
        self.other.as_deref()
    }

    /// Which key this is.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key of a document, encrypted for that document.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn wrap(
        &self,
        key: &DataKey,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
        wrapped.push(VERSION);
        wrapped.extend_from_slice(&self.id.0);
        let payload = Payload {
            msg: key.bytes(),
            aad: &bound(&wrapped, tenant, document),
        };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| broken("a document's key cannot be wrapped"))?;
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(&sealed);
        Ok(wrapped)
    }

    /// The key of a document, as it was wrapped.
    ///
    /// # Errors
    /// [`StoreErrorKind::Corrupt`] when it was changed, belongs to another document, or another
    /// master key wraps it ([`KeyId::of_wrapped`] says which).
    pub fn unwrap(
        &self,
        wrapped: &[u8],
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<DataKey, StoreError> {
        let id = KeyId::of_wrapped(wrapped)
            .ok_or_else(|| broken("a document's key has a form that is not known"))?;
        if id != self.id {
            return match self.other() {
                Some(other) => other.unwrap(wrapped, tenant, document),
                None => Err(broken("another master key wraps a document's key")),
            };
        }
        let (head, rest) = wrapped.split_at(1 + ID_BYTES);
        let (nonce, sealed) = rest.split_at(NONCE_BYTES);
        let payload = Payload {
            msg: sealed,
            aad: &bound(head, tenant, document),
        };
        let changed = || broken("a document's key is not what was wrapped");
        let nonce = Nonce::try_from(nonce).map_err(|_| changed())?;
        let opened = self.cipher().decrypt(&nonce, payload);
        let opened = Zeroizing::new(opened.map_err(|_| changed())?);
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&opened);
        Ok(DataKey::from_bytes(key))
    }

    /// A document's key wrapped by this key instead of the other; none when it is already.
    ///
    /// # Errors
    /// As [`Self::unwrap`] and [`Self::wrap`].
    pub fn rewrap(
        &self,
        wrapped: &[u8],
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if KeyId::of_wrapped(wrapped) == Some(self.id) {
            return Ok(None);
        }
        let key = self.unwrap(wrapped, tenant, document)?;
        self.wrap(&key, tenant, document).map(Some)
    }

    /// A key for another purpose, such as digests that mean nothing to another tenant.
    #[must_use]
    pub fn derive(&self, purpose: &str, tenant: TenantId) -> [u8; 32] {
        let parts = [b"medbot/derive/1", purpose.as_bytes(), tenant.0.as_bytes()];
        mac(&self.secret, &parts)
    }

    fn cipher(&self) -> Aes256Gcm {
        let key = Zeroizing::new(mac(&self.secret, &[b"medbot/wrap/1"]));
        Aes256Gcm::new((&*key).into())
    }
}

impl KeyId {
    /// Its bytes, as they stand in a wrapped key after the version.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The master key that wraps this; none when it is no wrapped key.
    #[must_use]
    pub fn of_wrapped(wrapped: &[u8]) -> Option<Self> {
        let known = wrapped.len() == WRAPPED_BYTES && wrapped[0] == VERSION;
        let id = known.then(|| wrapped[1..=ID_BYTES].try_into().ok())?;
        id.map(Self)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        hex(&mut text, &self.0);
        f.write_str(&text)
    }
}

/// What a wrapped key is bound to.
fn bound(head: &[u8], tenant: TenantId, document: DocumentId) -> Vec<u8> {
    [head, tenant.0.as_bytes(), document.0.as_bytes()].concat()
}

fn broken(detail: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, detail)
}

/// Lower-case hex digits, after what is there.
pub(crate) fn hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
}

fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    if text.len() == 32 {
        secret.copy_from_slice(text);
        return Some(secret);
    }
    let digits = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in secret.iter_mut().zip(digits.chunks(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(secret)
}

mod key_service;
#[cfg(test)]
mod tests;
