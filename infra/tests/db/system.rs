//! A system as a backup finds it: a database, a store whose objects are sealed, a master key and a list of what was
//! erased.

use std::{fs, path::PathBuf, sync::Arc};

use infra::{
    backup::{self, Backup, BackupError, Erasures, Places, Restored},
    db::WrappedKeys,
    erasure::ErasureList,
    store::{Local, MasterKey, Sealed, Store as _, StoreErrorKind, Version, body, collect},
};
use schemas::{Artefact, ArtefactKey, DocumentId, JobId};
use tempfile::TempDir;

use super::{
    entities::{found, lab},
    fresh::Fresh,
    run::TENANT,
};

/// A database with a store and a master key.
pub struct System {
    pub fresh: Fresh,
    folder: TempDir,
    pub master: MasterKey,
    pub list: ErasureList,
}

impl System {
    pub fn new(fresh: Fresh) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let master = MasterKey::clone(&fresh.master);
        Self::of(fresh, folder, master)
    }

    fn of(fresh: Fresh, folder: TempDir, master: MasterKey) -> Self {
        let list = folder.path().join("erased.jsonl");
        let list = ErasureList::new(list, Arc::new(master.clone()));
        let fresh = Fresh {
            master: Arc::new(master.clone()),
            ..fresh
        };
        Self {
            fresh,
            folder,
            master,
            list,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn below(&self) -> Local {
        Local::open(&self.path("objects")).unwrap()
    }

    pub fn store(&self) -> Sealed {
        let keys = WrappedKeys::new(self.fresh.db.clone(), self.master.clone());
        Sealed::new(Arc::new(self.below()), Arc::new(keys))
    }

    /// A document with an original, a finished job with a result, and a fact.
    pub async fn document(&self) -> (DocumentId, JobId) {
        let job = found(&self.fresh, TENANT, vec![lab("e0", "Glucose")]).await;
        let document = self.fresh.db.job(TENANT, job).await.unwrap().unwrap();
        let document = document.document;
        let store = self.store();
        for artefact in [Artefact::Original, Artefact::Result(job)] {
            let key = key(document, artefact);
            // As the attempt that ended the task.
            let versions = self.fresh.db.versions(key).await.unwrap();
            let version = versions.and_then(|versions| versions.last().copied());
            let version = version.unwrap_or_else(|| Version::new().unwrap());
            store.put_as(key, body(text(key)), version).await.unwrap();
        }
        (document, job)
    }

    pub async fn back_up(&self, name: &str) -> Places {
        let places = Places::new(self.path(name), None);
        let store = self.below();
        let written = backup::write(&self.fresh.db, &store, &self.master, &self.list, &places);
        let written = written.await.unwrap();
        assert_eq!(written.incomplete, 0);
        places
    }

    pub async fn open(&self, places: &Places) -> Result<Backup, BackupError> {
        Backup::open(places, &self.master).await
    }

    /// Restores a backup of another system here, with that one's master key and erasure list.
    pub async fn restore(
        &self,
        from: &System,
        places: &Places,
        erasures: Erasures,
    ) -> Result<Restored, BackupError> {
        let backup = from.open(places).await?;
        backup::restore(&backup, &self.fresh.db, &self.below(), &self.list, erasures).await
    }

    /// An empty system with the master key of this one.
    pub fn twin(&self, fresh: Fresh) -> System {
        Self::of(fresh, tempfile::tempdir().unwrap(), self.master.clone())
    }

    /// The erasure list of another system, as it is now.
    pub fn take_list(&self, of: &System) {
        if of.list.exists() {
            fs::copy(of.list.path(), self.list.path()).unwrap();
        } else {
            self.list.add(&[]).unwrap();
        }
    }

    pub async fn read(&self, key: ArtefactKey) -> Result<String, StoreErrorKind> {
        let body = self.store().get(key).await.map_err(|error| error.kind)?;
        let bytes = collect(body, 1 << 20).await.map_err(|error| error.kind)?;
        Ok(String::from_utf8(bytes.into()).unwrap())
    }
}

pub fn key(document: DocumentId, artefact: Artefact) -> ArtefactKey {
    ArtefactKey {
        tenant: TENANT,
        document,
        artefact,
    }
}

pub fn text(key: ArtefactKey) -> String {
    format!("what lies at {key}")
}
