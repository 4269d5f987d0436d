//! sha256 of files, of folder trees and of what is being copied, as lower-case hex.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::tree;

/// Copies `source` to `target` and returns the sha256 of what went through.
pub(super) fn copy(source: &mut dyn Read, target: &mut dyn Write) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        target.write_all(&buffer[..count])?;
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(digest: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * digest.len());
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// sha256 of a file's content.
///
/// # Errors
/// When the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    copy(&mut File::open(path)?, &mut io::sink())
}

/// Digest of what lies at a place of the cache: a file's content, or a tree's listing.
///
/// # Errors
/// When something there cannot be read.
pub(super) fn of_place(path: &Path) -> io::Result<String> {
    if path.is_dir() {
        return of_tree(path);
    }
    of_file(path)
}

/// sha256 over one line a file, sorted by path: `x` when it may be run, else `-`, the sha256 of its
/// content, and its path. A link has `l` and its target, which no tree of the lock has.
fn of_tree(root: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for (path, metadata) in tree::files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        let (kind, content) = if metadata.is_symlink() {
            let target = fs::read_link(&path)?;
            ('l', hex(&Sha256::digest(target.as_os_str().as_bytes())))
        } else if metadata.permissions().mode() & 0o111 == 0 {
            ('-', of_file(&path)?)
        } else {
            ('x', of_file(&path)?)
        };
        lines.push((
            name.clone().into_owned(),
            format!("{kind} {content} {name}\n"),
        ));
    }
    lines.sort();
    let mut hasher = Sha256::new();
    for (_, line) in &lines {
        hasher.update(line);
    }
    Ok(hex(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // FIPS 180-2, appendix B, and the empty message.
        for (text, digest) in [
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ] {
            let mut copied = Vec::new();
            assert_eq!(
                copy(&mut text.as_bytes(), &mut copied).unwrap(),
                digest,
                "{text:?}"
            );
            assert_eq!(copied, text.as_bytes());
        }
    }

    #[test]
    fn a_tree_s_digest_sees_contents_names_modes_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("bin/empty")).unwrap();
        fs::write(root.join("bin/run"), "abc").unwrap();
        fs::write(root.join("words"), "").unwrap();
        let mut seen = vec![of_tree(root).unwrap()];
        fs::remove_dir(root.join("bin/empty")).unwrap();
        assert_eq!(
            of_place(root).unwrap(),
            seen[0],
            "an empty folder is nothing"
        );
        let steps: [(&str, &dyn Fn() -> io::Result<()>); 5] = [
            ("mode", &|| {
                fs::set_permissions(root.join("bin/run"), fs::Permissions::from_mode(0o755))
            }),
            ("content", &|| fs::write(root.join("bin/run"), "abd")),
            ("name", &|| {
                fs::rename(root.join("words"), root.join("word"))
            }),
            ("one more", &|| fs::write(root.join("more"), "abd")),
            ("a link instead", &|| {
                fs::remove_file(root.join("more"))?;
                std::os::unix::fs::symlink("bin/run", root.join("more"))
            }),
        ];
        for (case, step) in steps {
            step().unwrap();
            let digest = of_tree(root).unwrap();
            assert!(!seen.contains(&digest), "{case}");
            seen.push(digest);
        }
    }
}
