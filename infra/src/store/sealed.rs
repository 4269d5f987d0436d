//! The store that seals: what lies in the store below is encrypted, whatever store that is.
//!
//! Each document has a key of its own, and erasing a document destroys the key before the objects,
//! so that copies and old versions are lost with it. Names and sizes of objects stay visible below.
//! An older object in the place of the one that counts is refused where it is known which does.

mod chunks;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use schemas::{ArtefactKey, DocumentId, TenantId};

use super::{Body, DataKeys, Listed, Listing, Store, StoreError, Version};

pub(crate) use chunks::{open, seal};

/// A store that encrypts what another keeps.
#[derive(Clone)]
pub struct Sealed {
    store: Arc<dyn Store>,
    keys: Arc<dyn DataKeys>,
}

impl Sealed {
    /// Seals what `store` keeps, with the keys of `keys`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn DataKeys>) -> Self {
        Self { store, keys }
    }
}

#[async_trait]
impl Store for Sealed {
    async fn put(&self, key: ArtefactKey, body: Body) -> Result<u64, StoreError> {
        self.put_as(key, body, Version::new()?).await
    }

    async fn put_as(
        &self,
        key: ArtefactKey,
        body: Body,
        version: Version,
    ) -> Result<u64, StoreError> {
        let data_key = self.keys.data_key(key.tenant, key.document).await?;
        let sealed = chunks::seal_as(body, &data_key, &key.to_string(), version);
        let size = self.store.put(key, sealed).await?;
        Ok(chunks::plain_size(size))
    }

    /// The body that this gives was proven piece by piece, but that it is whole is known only at
    /// its end: act on nothing before.
    async fn get(&self, key: ArtefactKey) -> Result<Body, StoreError> {
        // First the object: no key is to be made for a document that is not there.
        let sealed = self.store.get(key).await?;
        let data_key = self.keys.data_key(key.tenant, key.document).await?;
        let versions = self.keys.versions(key).await?;
        Ok(chunks::open_one_of(
            sealed,
            &data_key,
            &key.to_string(),
            versions,
        ))
    }

    async fn delete(&self, key: ArtefactKey) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn erase(&self, tenant: TenantId, document: DocumentId) -> Result<u64, StoreError> {
        self.keys.forget(tenant, document).await?;
        self.store.erase(tenant, document).await
    }

    async fn list(&self) -> Result<Listing, StoreError> {
        let sealed = self.store.list().await?;
        let plain = sealed.map_ok(|listed| Listed {
            bytes: chunks::plain_size(listed.bytes),
            ..listed
        });
        Ok(plain.boxed())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }
}

#[cfg(test)]
mod tests;
