//! Keys of documents in memory, for the tests.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use schemas::{ArtefactKey, DocumentId, TenantId};

use crate::store::{DataKey, DataKeys, StoreError, Version};

#[derive(Default)]
pub(in crate::store) struct KeysInMemory {
    keys: Mutex<HashMap<(TenantId, DocumentId), DataKey>>,
    /// Of objects of which it is known what must lie there.
    pub(in crate::store) versions: Mutex<HashMap<ArtefactKey, Vec<Version>>>,
}

impl KeysInMemory {
    pub(in crate::store) fn count(&self) -> usize {
        self.keys.lock().unwrap().len()
    }
}

#[async_trait]
impl DataKeys for KeysInMemory {
    async fn data_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<DataKey, StoreError> {
        let mut keys = self.keys.lock().unwrap();
        let fresh = DataKey::generate()?;
        Ok(keys.entry((tenant, document)).or_insert(fresh).clone())
    }

    async fn forget(&self, tenant: TenantId, document: DocumentId) -> Result<(), StoreError> {
        self.keys.lock().unwrap().remove(&(tenant, document));
        Ok(())
    }

    async fn versions(&self, key: ArtefactKey) -> Result<Option<Vec<Version>>, StoreError> {
        Ok(self.versions.lock().unwrap().get(&key).cloned())
    }
}
