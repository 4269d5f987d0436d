//! Documents of a folder, for the real pipeline.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, ensure};

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub file: String,
    pub bytes: Arc<[u8]>,
}

/// Those that medbot reads, by name; gold files lie beside them.
///
/// # Errors
/// When there is none.
pub(crate) fn of(folder: &Path) -> anyhow::Result<Vec<Scan>> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("{}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    paths.sort();
    let scans: Vec<Scan> = paths
        .iter()
        .filter_map(|path| {
            let bytes = fs::read(path).ok()?;
            let file = path.file_name()?.to_string_lossy().into_owned();
            workers::decode::sniff(&bytes, Some(&file)).ok()?;
            Some(Scan {
                file,
                bytes: bytes.into(),
            })
        })
        .collect();
    ensure!(
        !scans.is_empty(),
        "{} has no document that medbot reads",
        folder.display()
    );
    Ok(scans)
}
