//! The folder that is dropped: which files it holds, and which of them are whole.
//!
//! Polled on purpose: a network share gives no events. A file is whole when its size and time of
//! change were the same in two scans one after the other; a program that writes more slowly than that
//! is seen through only by its next change, and the file is then taken once more.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::http::is_litter;

/// What tells two contents of a file apart without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub size: u64,
    pub mtime_ns: i64,
}

impl From<&Metadata> for State {
    fn from(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            mtime_ns: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
        }
    }
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: PathBuf,
    /// To the folder.
    pub relative: PathBuf,
    /// What the ledger calls it, see [`name`].
    pub name: String,
    pub state: State,
}

/// What a scan saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub files: Vec<Found>,
    /// Folders within it and files that cannot be looked at.
    pub unreadable: u64,
}

/// A folder, and what lies in it and is not its content: results, the ledger.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    apart: Vec<PathBuf>,
}

impl Folder {
    /// Both as absolute paths without links.
    pub(super) fn new(root: PathBuf, apart: Vec<PathBuf>) -> Self {
        Self { root, apart }
    }

    /// Every regular file in it, in the order of the names. Hidden ones, links and litter are not
    /// seen.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub(super) fn scan(&self) -> io::Result<Scan> {
        let mut scan = Scan::default();
        self.walk(fs::read_dir(&self.root)?, &mut scan);
        scan.files.sort_by(|a, b| a.relative.cmp(&b.relative));
        Ok(scan)
    }

    fn walk(&self, entries: fs::ReadDir, scan: &mut Scan) {
        for entry in entries {
            let Ok(entry) = entry else {
                scan.unreadable += 1;
                continue;
            };
            let path = entry.path();
            if is_litter(&entry.file_name().to_string_lossy()) || self.apart.contains(&path) {
                continue;
            }
            // Of the entry itself, not of what a link points to.
            let seen = entry.metadata();
            match seen {
                Ok(metadata) if metadata.is_dir() => match fs::read_dir(&path) {
                    Ok(entries) => self.walk(entries, scan),
                    Err(error) => scan.unreadable += u64::from(!is_gone(&error)),
                },
                Ok(metadata) if metadata.is_file() => {
                    let relative = path.strip_prefix(&self.root).unwrap_or(&path).to_path_buf();
                    scan.files.push(Found {
                        name: name(&relative),
                        state: State::from(&metadata),
                        relative,
                        path,
                    });
                }
                Ok(_) => {}
                Err(error) => scan.unreadable += u64::from(!is_gone(&error)),
            }
        }
    }
}

/// Between the listing and the look somebody may take a file away.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// A name for each path: the path itself where it is UTF-8. Others would share what stands for their
/// odd bytes, so a digest tells them apart.
fn name(relative: &Path) -> String {
    let bytes = relative.as_os_str().as_bytes();
    match str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => format!("{}#{}", relative.display(), hex(&Sha256::digest(bytes))),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Files that were seen once and may still grow.
#[derive(Debug, Default)]
pub(super) struct Growing(HashMap<String, State>);

impl Growing {
    /// The files that are as the scan before saw them; the others are remembered for the next one.
    pub(super) fn whole(&mut self, files: Vec<Found>) -> Vec<Found> {
        let before = std::mem::take(&mut self.0);
        let (whole, growing): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|file| before.get(&file.name) == Some(&file.state));
        self.0 = growing
            .into_iter()
            .map(|file| (file.name, file.state))
            .collect();
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::PathBuf};

    use super::{Folder, Found, Growing, State, name};

    #[test]
    fn regular_files_are_seen_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["b", "out", ".git"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in [
            "a 1.png",
            "b/é.pdf",
            "b/Thumbs.db",
            ".hidden",
            ".git/x",
            "out/r.json",
            "ledger",
        ] {
            fs::write(at(file), file).unwrap();
        }
        std::os::unix::fs::symlink(at("a 1.png"), at("link.png")).unwrap();
        std::os::unix::fs::symlink(root.path(), at("b/round")).unwrap();
        let folder = Folder::new(root.path().into(), vec![at("out"), at("ledger")]);
        let scan = folder.scan().unwrap();
        let names: Vec<_> = scan.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a 1.png", "b/é.pdf"]);
        assert_eq!(scan.files[0].state.size, 7);
        assert_eq!(scan.unreadable, 0);
        assert!(Folder::new(at("gone"), vec![]).scan().is_err());
    }

    #[test]
    fn names_that_are_no_text_stay_apart() {
        let odd = |bytes: &[u8]| name(&PathBuf::from(OsStr::from_bytes(bytes)));
        assert_ne!(odd(b"\xe9.png"), odd(b"\xe8.png"));
        assert_eq!(odd("é.png".as_bytes()), "é.png");
    }

    #[test]
    fn a_file_is_whole_when_two_scans_see_the_same() {
        let seen = |size, mtime_ns| Found {
            path: "/in/a".into(),
            relative: "a".into(),
            name: "a".into(),
            state: State { size, mtime_ns },
        };
        let mut growing = Growing::default();
        for (scan, file, whole) in [
            (1, Some(seen(1, 1)), 0),
            (2, Some(seen(2, 2)), 0),
            (3, Some(seen(2, 3)), 0),
            (4, None, 0),
            (5, Some(seen(2, 3)), 0),
            (6, Some(seen(2, 3)), 1),
            (7, Some(seen(2, 3)), 0),
        ] {
            let found = growing.whole(file.into_iter().collect());
            assert_eq!(found.len(), whole, "scan {scan}");
        }
    }
}
