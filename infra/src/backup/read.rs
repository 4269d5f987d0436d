//! A backup that is there: opened, and checked part by part before anything is done with it.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::ArtefactKey;
use serde::de::DeserializeOwned;

use super::{
    BackupError, COPIED_AT_ONCE, ERASED_PART, Kind, Manifest, OBJECTS, OBJECTS_PART, Object, Part,
    Places, of_backup, part,
};
use crate::{
    db::Db,
    erasure::Erased,
    store::{Body, DataKey, Local, MasterKey, Store as _},
};

/// A backup whose every part is what was written.
pub struct Backup {
    places: Places,
    system: (Manifest, DataKey),
    keys: (Manifest, DataKey),
    /// Its objects.
    pub(super) objects: HashMap<ArtefactKey, Object>,
    /// What had been erased when it was made.
    pub(super) erased: Vec<Erased>,
    folder: Local,
}

impl Backup {
    /// Opens a backup and reads all of it: the manifests are proven, and every part and object is
    /// compared with its SHA-256. Nothing is changed.
    ///
    /// # Errors
    /// [`BackupError`] says which part is not what was written.
    pub async fn open(places: &Places, master: &MasterKey) -> Result<Self, BackupError> {
        let system = Manifest::read(&places.system, Kind::System, master)?;
        let keys = Manifest::read(&places.keys, Kind::Keys, master)?;
        if keys.0.made_at < system.0.made_at {
            return Err(BackupError::OlderKeys);
        }
        let newest = system.0.schema.max(keys.0.schema);
        if newest > Db::newest_schema() {
            return Err(BackupError::Newer {
                theirs: newest,
                ours: Db::newest_schema(),
            });
        }
        let path = places.system.join(OBJECTS);
        if !path.is_dir() {
            return Err(BackupError::Changed {
                part: OBJECTS.into(),
            });
        }
        let mut backup = Self {
            places: places.clone(),
            folder: Local::open(&path)?,
            system,
            keys,
            objects: HashMap::new(),
            erased: Vec::new(),
        };
        backup.check().await?;
        Ok(backup)
    }

    /// What belongs to it.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.system.0
    }

    /// What belongs to the keys.
    #[must_use]
    pub fn keys(&self) -> &Manifest {
        &self.keys.0
    }

    /// How many objects it has.
    #[must_use]
    pub fn object_count(&self) -> usize {
        self.objects.len()
    }

    async fn check(&mut self) -> Result<(), BackupError> {
        let (keys, key) = &self.keys;
        for part in &keys.parts {
            part::check(&self.places.keys, keys, key, part, |_| {}).await?;
        }
        let (system, key) = &self.system;
        for part in &system.parts {
            let mut text = Vec::new();
            let keep = [OBJECTS_PART, ERASED_PART].contains(&part.name.as_str());
            let each = |piece: &[u8]| {
                if keep {
                    text.extend_from_slice(piece);
                }
            };
            part::check(&self.places.system, system, key, part, each).await?;
            if part.name == OBJECTS_PART {
                for object in lines::<Object>(part, &text)? {
                    self.objects.insert(object.key()?, object);
                }
            } else if part.name == ERASED_PART {
                self.erased = lines(part, &text)?;
            }
        }
        stream::iter(self.objects.iter().map(Ok))
            .try_for_each_concurrent(COPIED_AT_ONCE, async |(key, object)| {
                let mut body = self.object(*key, object).await?;
                while let Some(_piece) = body.try_next().await? {}
                Ok(())
            })
            .await
    }

    /// The rows of a table, in the text form of `COPY`.
    pub(super) async fn rows(&self, kind: Kind, part: &Part) -> Result<Body, BackupError> {
        let (folder, (manifest, key)) = match kind {
            Kind::System => (&self.places.system, &self.system),
            Kind::Keys => (&self.places.keys, &self.keys),
        };
        Ok(part::open(folder, manifest, key, part).await?.0)
    }

    /// An object, sealed as it is. The body fails at its end when it is not what was written.
    pub(super) async fn object(
        &self,
        key: ArtefactKey,
        object: &Object,
    ) -> Result<stream::BoxStream<'static, Result<bytes::Bytes, BackupError>>, BackupError> {
        let name = key.to_string();
        let body = self.folder.get(key).await.map_err(of_backup(&name))?;
        let (body, seen) = part::watched(body);
        let object = object.clone();
        let end = stream::once(async move {
            let seen = part::look(&seen);
            if seen.bytes == object.bytes && seen.sha256() == object.sha256 {
                return Ok(bytes::Bytes::new());
            }
            Err(BackupError::Changed { part: object.key })
        });
        let body = body.map_err(move |error| of_backup(&name)(error));
        Ok(body.chain(end).boxed())
    }
}

fn lines<T: DeserializeOwned>(part: &Part, text: &[u8]) -> Result<Vec<T>, BackupError> {
    let lines = text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line).map_err(|_| BackupError::Changed {
                part: part.name.clone(),
            })
        })
        .collect()
}
