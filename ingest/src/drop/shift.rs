//! Moving a file that was taken out of the folder. Nothing is ever written over: where the name is
//! taken already, the file gets a number.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::folder::{Found, State};

/// Numbers that are tried.
const MOST: u32 = 10_000;

/// Moves a file to the same place below `to`; false when it is not what was taken any more.
///
/// # Errors
/// Of the disks.
pub(super) fn shift(file: &Found, to: &Path) -> io::Result<bool> {
    let now = match fs::symlink_metadata(&file.path) {
        Ok(now) => now,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !now.is_file() || State::from(&now) != file.state {
        return Ok(false);
    }
    let target = to.join(&file.relative);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    for number in 1..=MOST {
        let target = numbered(&target, number);
        match put(&file.path, &target) {
            Ok(()) => return fs::remove_file(&file.path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A link that was made before this died is this file.
                let there = fs::symlink_metadata(&target)?;
                if (there.dev(), there.ino()) == (now.dev(), now.ino()) {
                    return fs::remove_file(&file.path).map(|()| true);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A second name on the same file system; elsewhere a copy that has its name when it is whole.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut source = File::open(from)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut copy = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut source, &mut copy)?;
    let metadata = source.metadata()?;
    copy.as_file().set_permissions(metadata.permissions())?;
    copy.as_file().set_modified(metadata.modified()?)?;
    copy.as_file().sync_all()?;
    copy.persist_noclobber(to)?;
    Ok(())
}

/// `a.png`, `a (2).png`, `a (3).png`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_path_buf();
    }
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!(" ({number})"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::shift;
    use crate::drop::folder::{Folder, Found};

    #[test]
    fn a_moved_file_keeps_its_path_and_writes_over_nothing() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let found = |text: &str| -> Found {
            fs::create_dir_all(from.path().join("ward 1")).unwrap();
            fs::write(from.path().join("ward 1/a.tar.gz"), text).unwrap();
            let scan = Folder::new(from.path().into(), vec![]).scan().unwrap();
            scan.files.into_iter().next().unwrap()
        };
        for text in ["one", "two", "three"] {
            assert!(shift(&found(text), to.path()).unwrap());
        }
        let read = |name: &str| fs::read_to_string(to.path().join("ward 1").join(name)).unwrap();
        assert_eq!(read("a.tar.gz"), "one");
        assert_eq!(read("a.tar (2).gz"), "two");
        assert_eq!(read("a.tar (3).gz"), "three");
        assert!(!from.path().join("ward 1/a.tar.gz").exists());

        // Died between its two names.
        let file = found("four");
        fs::hard_link(&file.path, to.path().join("ward 1/a.tar (4).gz")).unwrap();
        assert!(shift(&file, to.path()).unwrap());
        assert!(!to.path().join("ward 1/a.tar (5).gz").exists());

        // Written to since.
        let file = found("five");
        fs::write(&file.path, "five and more").unwrap();
        assert!(!shift(&file, to.path()).unwrap());
        assert!(file.path.exists());
    }

    #[test]
    fn a_copy_to_another_file_system_is_whole() {
        let from = tempfile::tempdir().unwrap();
        let Ok(to) = tempfile::tempdir_in("/dev/shm") else {
            return;
        };
        fs::write(from.path().join("a.png"), "pixels").unwrap();
        let scan = Folder::new(from.path().into(), vec![]).scan().unwrap();
        assert!(shift(&scan.files[0], to.path()).unwrap());
        assert_eq!(fs::read(to.path().join("a.png")).unwrap(), b"pixels");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(from.path()).unwrap().count(), 0);
    }
}
