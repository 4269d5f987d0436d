//! Sealed bodies, version 1: a header of 12 bytes, then chunks of AES-256-GCM.
//!
//! This is STREAM of Hoang, Reyhanitabar, Rogaway and Vizár (CRYPTO 2015): the nonce of a chunk is the
//! header's random prefix, a counter and a mark on the last chunk, so chunks cannot be cut off,
//! reordered, doubled or taken from another object without the opening failing. The key of an object
//! is HMAC-SHA256 of the document's key over the object's path: with 7 random bytes alone, the
//! thousands of objects of a long document would come too close to sharing a nonce.
//!
//! The prefix is the object's [`Version`]: each chunk proves it, so that an older object under its own
//! path is told from the present one by whoever knows which version counts.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use zeroize::Zeroizing;

use crate::store::cut::Cut;
use crate::store::keys::mac;
use crate::store::{Body, DataKey, StoreError, StoreErrorKind, Version};

const MAGIC_AND_VERSION: [u8; 5] = *b"MBSO\x01";
const PREFIX_BYTES: usize = Version::BYTES;
const HEADER_BYTES: usize = MAGIC_AND_VERSION.len() + PREFIX_BYTES;
const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;

/// Encrypts a body for its path.
pub(crate) fn seal(body: Body, key: &DataKey, path: &str) -> Result<Body, StoreError> {
    Ok(seal_as(body, key, path, Version::new()?))
}

/// Encrypts a body for its path as a version. No two bodies of a path may be of the same.
pub(super) fn seal_as(body: Body, key: &DataKey, path: &str, version: Version) -> Body {
    let prefix = version.0;
    let header = [&MAGIC_AND_VERSION[..], &prefix].concat();
    let state = Some((Cut::new(body), Chunks::new(key, path, prefix)));
    let chunks = stream::try_unfold(state, async |state| {
        let Some((mut cut, mut chunks)) = state else {
            return Ok(None);
        };
        let plain = cut.take(CHUNK_BYTES).await?;
        let last = cut.is_at_end().await?;
        let mut chunk = Vec::with_capacity(plain.len() + TAG_BYTES);
        chunk.extend_from_slice(&plain);
        let nonce = chunks.next_nonce(last)?;
        chunks
            .cipher
            .encrypt_in_place(&nonce, &chunks.associated, &mut chunk)
            .map_err(|_| StoreError::new(StoreErrorKind::Body, "a chunk cannot be sealed"))?;
        Ok(Some((chunk.into(), (!last).then_some((cut, chunks)))))
    });
    let header: Bytes = header.into();
    stream::iter([Ok(header)]).chain(chunks).boxed()
}

/// Decrypts a body of that path; it fails when it is not all that was sealed there.
pub(crate) fn open(body: Body, key: &DataKey, path: &str) -> Body {
    open_one_of(body, key, path, None)
}

/// The same, of one of these versions where they are said.
pub(super) fn open_one_of(
    body: Body,
    key: &DataKey,
    path: &str,
    versions: Option<Vec<Version>>,
) -> Body {
    let (key, path) = (key.clone(), path.to_owned());
    let opened = async move {
        let mut cut = Cut::new(body);
        let header = cut.take(HEADER_BYTES).await?;
        let prefix = header.strip_prefix(&MAGIC_AND_VERSION);
        let prefix = prefix.and_then(|p| p.try_into().ok()).ok_or_else(broken)?;
        if versions.is_some_and(|versions| !versions.contains(&Version(prefix))) {
            return Err(replaced());
        }
        let state = Some((cut, Chunks::new(&key, &path, prefix)));
        Ok(stream::try_unfold(state, async |state| {
            let Some((mut cut, mut chunks)) = state else {
                return Ok(None);
            };
            let sealed = cut.take(CHUNK_BYTES + TAG_BYTES).await?;
            let last = cut.is_at_end().await?;
            let mut chunk = Vec::from(sealed);
            let nonce = chunks.next_nonce(last)?;
            chunks
                .cipher
                .decrypt_in_place(&nonce, &chunks.associated, &mut chunk)
                .map_err(|_| broken())?;
            Ok(Some((chunk.into(), (!last).then_some((cut, chunks)))))
        }))
    };
    futures::TryStreamExt::try_flatten(stream::once(opened)).boxed()
}

/// How long a body was whose sealed form is that long.
pub(super) fn plain_size(sealed: u64) -> u64 {
    let chunks = sealed.saturating_sub(HEADER_BYTES as u64);
    let count = chunks.div_ceil((CHUNK_BYTES + TAG_BYTES) as u64);
    chunks - count * TAG_BYTES as u64
}

/// The chunks of one object.
struct Chunks {
    cipher: Aes256Gcm,
    associated: Vec<u8>,
    prefix: [u8; PREFIX_BYTES],
    count: Option<u32>,
}

impl Chunks {
    fn new(key: &DataKey, path: &str, prefix: [u8; PREFIX_BYTES]) -> Self {
        let associated = [&MAGIC_AND_VERSION, path.as_bytes()].concat();
        let key = Zeroizing::new(mac(key.bytes(), &[b"medbot/object/1", path.as_bytes()]));
        Self {
            cipher: Aes256Gcm::new((&*key).into()),
            associated,
            prefix,
            count: Some(0),
        }
    }

    /// The nonce of the next chunk; no two chunks have the same.
    fn next_nonce(&mut self, last: bool) -> Result<Nonce<NonceSize>, StoreError> {
        let count = self.count.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Body, "a body has more than 2^32 chunks")
        })?;
        self.count = count.checked_add(1);
        let mut nonce = [0; PREFIX_BYTES + 5];
        nonce[..PREFIX_BYTES].copy_from_slice(&self.prefix);
        nonce[PREFIX_BYTES..PREFIX_BYTES + 4].copy_from_slice(&count.to_be_bytes());
        nonce[PREFIX_BYTES + 4] = last.into();
        Ok(nonce.into())
    }
}

type NonceSize = <Aes256Gcm as aes_gcm::AeadCore>::NonceSize;

fn broken() -> StoreError {
    let detail = "what lies there is not what was sealed there";
    StoreError::new(StoreErrorKind::Corrupt, detail)
}

fn replaced() -> StoreError {
    let detail = "what lies there is another version than the last that was written";
    StoreError::new(StoreErrorKind::Corrupt, detail)
}

#[cfg(test)]
mod tests;
