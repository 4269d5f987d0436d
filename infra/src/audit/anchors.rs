//! Heads of chains, written down outside the database: one JSON object a line, appended and synced. The
//! file should lie where who can change the database cannot write.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use schemas::TenantId;
use serde::{Deserialize, Serialize};

use super::Head;
use crate::lines;

/// A file of anchored heads.
#[derive(Clone, Debug)]
pub struct Anchors {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Anchor {
    at: DateTime<Utc>,
    tenant: TenantId,
    seq: i64,
    hash: String,
}

impl Anchors {
    /// The file at this path, which need not be there yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Those of the erasure list, in a file beside these.
    #[must_use]
    pub(crate) fn of_erasures(&self) -> Self {
        let mut path = self.path.clone().into_os_string();
        path.push(".erasures");
        Self::new(path.into())
    }

    /// Adds the head of a tenant.
    ///
    /// # Errors
    /// Of the file.
    pub fn add(&self, tenant: TenantId, head: &Head, at: DateTime<Utc>) -> io::Result<()> {
        let anchor = Anchor {
            at,
            tenant,
            seq: head.seq,
            hash: BASE64_STANDARD.encode(head.hash),
        };
        let mut line = serde_json::to_vec(&anchor)?;
        line.push(b'\n');
        let mut file = lines::open(&self.path)?;
        file.write_all(&line)?;
        file.sync_data()
    }

    /// The heads of every tenant, in the order in which they were anchored.
    ///
    /// # Errors
    /// Of the file, and when a line is no anchor.
    pub fn read(&self) -> io::Result<HashMap<TenantId, Vec<Head>>> {
        let mut heads: HashMap<TenantId, Vec<Head>> = HashMap::new();
        for line in lines::whole(&fs::read_to_string(&self.path)?) {
            let anchor: Anchor = serde_json::from_str(line)?;
            let hash = BASE64_STANDARD
                .decode(&anchor.hash)
                .ok()
                .and_then(|hash| hash.try_into().ok())
                .ok_or_else(|| io::Error::other("an anchored hash is not 32 bytes in base64"))?;
            heads.entry(anchor.tenant).or_default().push(Head {
                seq: anchor.seq,
                hash,
            });
        }
        Ok(heads)
    }
}
