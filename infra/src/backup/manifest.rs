//! What belongs to a backup, and the proof that nobody changed it.
//!
//! Every backup has a key of its own, wrapped by the master key; its parts are sealed with it, and the
//! manifest's HMAC is made with it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use schemas::{DocumentId, TenantId};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::BackupError;
use crate::{
    db::{Sequence, Table},
    store::{DataKey, KeyId, MasterKey, StoreError, mac},
};

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const MAC: &str = "manifest.mac";
/// A manifest has a line or two a table.
const LARGEST: u64 = 16 << 20;

/// Which of the two folders this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Database and objects.
    System,
    /// The wrapped keys of documents.
    Keys,
}

/// A file of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its path in the folder.
    pub name: String,
    /// The table whose rows it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// How many lines it holds, which are rows or objects.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hex digits.
    pub sha256: String,
}

/// What belongs to a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// Which of the two folders.
    pub kind: Kind,
    /// The backup, which both folders name.
    pub id: Uuid,
    /// When its snapshot was taken.
    pub made_at: DateTime<Utc>,
    /// The program that made it.
    pub medbot: String,
    /// The last migration of the database.
    pub schema: i64,
    /// The key of this backup, wrapped by the master key, in base64.
    pub key: String,
    /// In the order in which they are restored.
    pub parts: Vec<Part>,
    /// Where the database's sequences stood.
    pub sequences: Vec<Sequence>,
}

impl Manifest {
    pub(super) fn new(
        kind: Kind,
        id: Uuid,
        made_at: DateTime<Utc>,
        schema: i64,
        (master, key): (&MasterKey, &DataKey),
    ) -> Result<Self, StoreError> {
        let wrapped = master.wrap(key, TenantId::SHIPPED, DocumentId(id))?;
        Ok(Self {
            format: FORMAT,
            kind,
            id,
            made_at,
            medbot: env!("CARGO_PKG_VERSION").into(),
            schema,
            key: BASE64_STANDARD.encode(wrapped),
            parts: Vec::new(),
            sequences: Vec::new(),
        })
    }

    /// What a part is sealed for.
    pub(super) fn place(&self, part: &str) -> String {
        place(self.kind, self.id, part)
    }

    /// Rows of a table; none when it is in no part.
    #[must_use]
    pub fn rows_of(&self, table: &str) -> Option<u64> {
        let of_table = |part: &&Part| part.table.as_ref().is_some_and(|t| t.name == table);
        self.parts.iter().find(of_table).map(|part| part.rows)
    }

    /// Writes it as the last file of a folder, which is a backup from then on.
    pub(super) fn write(&self, folder: &Path, key: &DataKey) -> Result<(), BackupError> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| BackupError::file(&folder.join(MANIFEST))(error.into()))?;
        let proof = BASE64_STANDARD.encode(proof(key, self.kind, &text));
        for (name, bytes) in [(MAC, proof.as_bytes()), (MANIFEST, &text)] {
            let path = folder.join(name);
            write_new(&path, bytes).map_err(BackupError::file(&path))?;
        }
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(BackupError::file(folder))
    }

    /// Reads and proves it. Gives the key of its parts with it.
    pub(super) fn read(
        folder: &Path,
        kind: Kind,
        master: &MasterKey,
    ) -> Result<(Self, DataKey), BackupError> {
        let text = read(folder, MANIFEST)?;
        let written = read(folder, MAC)?;
        let forged = || BackupError::Forged(folder.into());
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| forged())?;
        let wrapped = BASE64_STANDARD
            .decode(&manifest.key)
            .map_err(|_| forged())?;
        let wanted = KeyId::of_wrapped(&wrapped).ok_or_else(forged)?;
        let key = master.unwrap(&wrapped, TenantId::SHIPPED, DocumentId(manifest.id));
        let key = key.map_err(|_| {
            if wanted == master.id() {
                return forged();
            }
            BackupError::OtherKey {
                folder: folder.into(),
                wanted: wanted.to_string(),
                ours: master.id(),
            }
        })?;
        let proof = proof(&key, manifest.kind, &text);
        let written = BASE64_STANDARD.decode(written).map_err(|_| forged())?;
        if manifest.format != FORMAT || !bool::from(proof.as_slice().ct_eq(&written)) {
            return Err(forged());
        }
        if manifest.kind != kind {
            return Err(BackupError::OtherKind(folder.into()));
        }
        Ok((manifest, key))
    }
}

pub(super) fn place(kind: Kind, id: Uuid, part: &str) -> String {
    let kind = match kind {
        Kind::System => "system",
        Kind::Keys => "keys",
    };
    format!("backup/{kind}/{id}/{part}")
}

fn proof(key: &DataKey, kind: Kind, text: &[u8]) -> [u8; 32] {
    let kind: &[u8] = match kind {
        Kind::System => b"medbot/backup/system/1",
        Kind::Keys => b"medbot/backup/keys/1",
    };
    mac(key.bytes(), &[kind, text])
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, BackupError> {
    let path = folder.join(name);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > LARGEST => Err(BackupError::Forged(folder.into())),
        Ok(_) => fs::read(&path).map_err(BackupError::file(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(BackupError::NoBackup(folder.into()))
        }
        Err(reason) => Err(BackupError::File { path, reason }),
    }
}
