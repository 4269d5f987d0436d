//! Keys of documents in memory, for the tests.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use schemas::{DocumentId, TenantId};

use crate::store::{DataKey, DataKeys, StoreError};

#[derive(Default)]
pub(in crate::store) struct KeysInMemory(Mutex<HashMap<(TenantId, DocumentId), DataKey>>);

impl KeysInMemory {
    pub(in crate::store) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[async_trait]
impl DataKeys for KeysInMemory {
    async fn data_key(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<DataKey, StoreError> {
        let mut keys = self.0.lock().unwrap();
        let fresh = DataKey::generate()?;
        Ok(keys.entry((tenant, document)).or_insert(fresh).clone())
    }

    async fn forget(&self, tenant: TenantId, document: DocumentId) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(&(tenant, document));
        Ok(())
    }
}
