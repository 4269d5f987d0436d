//! What was verified when, so that a second set-up need not hash 200 MB again.
//!
//! A file counts as verified while its size and its modification time stay what they were. That
//! catches accidents and not an attacker who can write to the cache; `doctor` always hashes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::lock::FileEntry;
use super::{Cache, SetupError, tree};

const NAME: &str = "verified.json";

/// File name in the cache to what was seen there.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamps(BTreeMap<String, Stamp>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size_bytes: u64,
    modified_ns: u64,
    sha256: String,
}

/// Size and modification time; of a tree, the sum of its files' sizes and the newest of their times.
fn look(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.is_file() {
        return Some((metadata.len(), modified_ns(&metadata)?));
    }
    let mut seen = (0, 0);
    for (_, metadata) in tree::files(path).ok()? {
        seen = (seen.0 + metadata.len(), seen.1.max(modified_ns(&metadata)?));
    }
    Some(seen)
}

fn modified_ns(metadata: &fs::Metadata) -> Option<u64> {
    let age = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(age.as_nanos()).ok()
}

impl Stamps {
    /// The stamps of a cache; none when the file is absent or unreadable, which only costs time.
    pub(super) fn read(cache: &Cache) -> Self {
        let text = fs::read(cache.root().join(NAME)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Whether the file is as it was when it had the lock's hash.
    pub(super) fn hold(&self, cache: &Cache, file: &FileEntry) -> bool {
        let Some(stamp) = self.0.get(&file.name) else {
            return false;
        };
        stamp.sha256 == file.sha256
            && look(&cache.files().join(&file.name)) == Some((stamp.size_bytes, stamp.modified_ns))
    }

    /// Notes that the file has the lock's hash now.
    pub(super) fn add(&mut self, cache: &Cache, file: &FileEntry) {
        if let Some((size_bytes, modified_ns)) = look(&cache.files().join(&file.name)) {
            let stamp = Stamp {
                size_bytes,
                modified_ns,
                sha256: file.sha256.clone(),
            };
            self.0.insert(file.name.clone(), stamp);
        }
    }

    /// Replaces the stamps of a cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) fn write(&self, cache: &Cache) -> Result<(), SetupError> {
        let failed = |error| SetupError::write(cache.root(), error);
        let mut file = tempfile::Builder::new()
            .prefix(".verified-")
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(cache.root())
            .map_err(failed)?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.persist(cache.root().join(NAME))
            .map_err(|e| failed(e.error))?;
        Ok(())
    }
}
