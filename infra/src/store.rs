//! Where artefacts lie: one port, its adapters, and the decorator that seals.
//!
//! Objects are written whole or not at all and are replaced whole; a key is only ever an
//! [`ArtefactKey`]. Bodies stream, since an upload may be larger than memory.

mod cut;
mod keys;
mod local;
mod master;
mod s3;
mod sealed;
mod secret;

#[cfg(test)]
mod contract;

pub use keys::{DataKey, DataKeys, Version};
pub(crate) use keys::{mac, random};
pub use local::Local;
pub(crate) use master::hex;
pub use master::{KeyId, MasterKey, MasterKeyError};
pub use s3::{S3, S3Settings, S3SettingsError};
pub use sealed::Sealed;
pub(crate) use sealed::{open, seal};
pub use secret::keyed_digest;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use schemas::{Artefact, ArtefactKey, DocumentId, TenantId};

/// The bytes of an object, in pieces.
pub type Body = BoxStream<'static, Result<Bytes, StoreError>>;

/// Objects of a store, one by one.
pub type Listing = BoxStream<'static, Result<Listed, StoreError>>;

/// An object of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it lies.
    pub key: ArtefactKey,
    /// The size of its body.
    pub bytes: u64,
}

/// Why the store did not do what was asked. Messages hold keys' kinds, never document text.
#[derive(Debug, thiserror::Error)]
#[error("the store {}: {detail}", kind.words())]
pub struct StoreError {
    /// For machines.
    pub kind: StoreErrorKind,
    /// For people.
    pub detail: String,
}

/// Kinds of store error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no such object.
    NotFound,
    /// It does not answer or has no room now; trying again may help.
    Unavailable,
    /// It refuses, and will until somebody changes it: wrong credentials, a missing bucket.
    Refused,
    /// The object is not what was written: it was changed, cut, swapped, or its key is gone.
    Corrupt,
    /// The body that was to be written broke off or is larger than allowed.
    Body,
}

impl StoreErrorKind {
    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "does not hold the object",
            Self::Unavailable => "cannot be used now",
            Self::Refused => "refuses",
            Self::Corrupt => "holds a broken object",
            Self::Body => "was given a broken body",
        }
    }
}

impl StoreError {
    /// An error with its cause in words.
    pub fn new(kind: StoreErrorKind, detail: impl std::fmt::Display) -> Self {
        Self {
            kind,
            detail: detail.to_string(),
        }
    }

    /// There is nothing under that key.
    fn not_found(key: ArtefactKey) -> Self {
        let detail = match key.artefact {
            Artefact::Original => "an original",
            Artefact::Raster(..) => "a page's raster",
            Artefact::Decoded(..) => "a decoded page",
            Artefact::Prepared(..) => "a prepared page",
            Artefact::Detected(..) => "a page's lines",
            Artefact::Reading(..) => "a reading of a page",
            Artefact::Fused(..) => "a fused page",
            Artefact::Result(..) => "a result",
        };
        Self::new(StoreErrorKind::NotFound, detail)
    }
}

/// A store of artefacts.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes an object; it is durable when this returns. Gives the size of the body in bytes.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is visible under the key then, or what was there before. Only when a
    /// store in the network was [`StoreErrorKind::Unavailable`] the new object may be there, whole.
    async fn put(&self, key: ArtefactKey, body: Body) -> Result<u64, StoreError>;

    /// The same, of a version that whoever reads it may ask for; what does not seal knows none. A version
    /// must be no other body's of that key.
    ///
    /// # Errors
    /// As [`Self::put`].
    async fn put_as(
        &self,
        key: ArtefactKey,
        body: Body,
        _version: Version,
    ) -> Result<u64, StoreError> {
        self.put(key, body).await
    }

    /// Reads an object.
    ///
    /// # Errors
    /// [`StoreErrorKind::NotFound`] and others, at once or while the body is read.
    async fn get(&self, key: ArtefactKey) -> Result<Body, StoreError>;

    /// Removes an object; removing what is not there succeeds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete(&self, key: ArtefactKey) -> Result<(), StoreError>;

    /// Removes every object of a document. Gives how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; some may be gone then.
    async fn erase(&self, tenant: TenantId, document: DocumentId) -> Result<u64, StoreError>;

    /// Every object that there is, in no order. One that is written or removed meanwhile may be among
    /// them or not; what is no artefact is left out.
    ///
    /// # Errors
    /// [`StoreError`], at once or while the listing is read.
    async fn list(&self) -> Result<Listing, StoreError>;

    /// Does it answer?
    ///
    /// # Errors
    /// [`StoreError`] with what is wrong.
    async fn ready(&self) -> Result<(), StoreError>;
}

/// A body that is in memory already.
#[must_use]
pub fn body(bytes: impl Into<Bytes>) -> Body {
    futures::stream::iter([Ok(bytes.into())]).boxed()
}

/// Takes a body into memory.
///
/// # Errors
/// Of the body, or [`StoreErrorKind::Body`] when it has more than `limit` bytes.
pub async fn collect(mut body: Body, limit: u64) -> Result<Bytes, StoreError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.try_next().await? {
        if (bytes.len() + piece.len()) as u64 > limit {
            let detail = format!("an object has more than {limit} bytes");
            return Err(StoreError::new(StoreErrorKind::Body, detail));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
