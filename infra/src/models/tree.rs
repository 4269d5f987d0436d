//! The files of a folder tree. Links are never followed: they are listed as what they are.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Every entry under `root` that is no folder, with its own metadata, in no order.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn files(root: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // This metadata is the entry's own, not that of what a link points to.
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                found.push((entry.path(), metadata));
            }
        }
    }
    Ok(found)
}
