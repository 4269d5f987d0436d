//! The folder of the server's socket: short, private, and always the same for one data folder.
//!
//! A socket's path has room for 107 bytes, which a data folder may not leave, so it lies in the
//! runtime folder, under a digest of the data folder's path.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::{Account, is_root};
use super::{NAME, PrivateError};

const MAX_PATH_BYTES: usize = 100;
const SOCKET: &str = ".s.PGSQL.5432";

/// Makes the socket's folder, which only the server's user (and root) can enter.
///
/// # Errors
/// [`PrivateError::NoSocketFolder`] says what was tried.
pub(super) fn folder(data: &Path, account: &Account) -> Result<PathBuf, PrivateError> {
    let mut name = "pg-".to_owned();
    for byte in &Sha256::digest(data.as_os_str().as_bytes())[..6] {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    let me = rustix::process::geteuid().as_raw();
    let mut tried = Vec::new();
    for base in places(me, env::var_os("XDG_RUNTIME_DIR")) {
        match make(&base, &name, account) {
            Ok(folder) => return Ok(folder),
            Err(error) => tried.push(format!("{}: {error}", base.display())),
        }
    }
    let tried = tried.join("; ");
    Err(PrivateError::NoSocketFolder { tried })
}

/// Where sockets may lie, best first. Root's own runtime folder is closed to the server's user.
fn places(me: u32, runtime: Option<OsString>) -> Vec<PathBuf> {
    let runtime = match me {
        0 => Some(PathBuf::from("/run")),
        _ => runtime.map(PathBuf::from).filter(|p| p.is_absolute()),
    };
    let mut places: Vec<_> = runtime.into_iter().map(|p| p.join("medbot")).collect();
    places.push(format!("/tmp/medbot-{me}").into());
    places
}

fn make(base: &Path, name: &str, account: &Account) -> io::Result<PathBuf> {
    let folder = base.join(name);
    let text = folder.to_str().unwrap_or_default();
    // PostgreSQL takes a list here, so a comma or a quote would be read as something else.
    if text.is_empty() || text.contains([',', '"', '\'']) {
        return Err(io::Error::other(
            "its path has a character that a socket's may not have",
        ));
    }
    if folder.join(SOCKET).as_os_str().len() > MAX_PATH_BYTES {
        return Err(io::Error::other("its path is too long for a socket"));
    }
    let others_pass = if is_root() { 0o755 } else { 0o700 };
    make_own(base, others_pass)?;
    make_own_or_of(&folder, account)?;
    // What a killed server left. Nothing uses it: the data folder is locked and was swept.
    for left in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
        let _ = fs::remove_file(folder.join(left));
    }
    Ok(folder)
}

/// A folder of this user that nobody else can write, made if it is missing. In a folder that all may
/// write, somebody else may have been first: with a link, or with a folder of theirs.
fn make_own(folder: &Path, mode: u32) -> io::Result<()> {
    let made = DirBuilder::new().mode(mode).create(folder);
    match made {
        Ok(()) => return fs::set_permissions(folder, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let metadata = fs::symlink_metadata(folder)?;
    let me = rustix::process::geteuid().as_raw();
    if metadata.is_dir() && metadata.uid() == me && metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(io::Error::other(
        "it belongs to somebody else, or others can write to it",
    ))
}

/// The socket's own folder, inside one that only this user can write.
fn make_own_or_of(folder: &Path, account: &Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Err(io::Error::other("its inner folder is no folder"));
    }
    if account.is_another() {
        lchown(folder, Some(account.uid), Some(account.gid))?;
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

/// The connection URL of the server whose socket lies there, for sqlx and libpq alike.
pub(super) fn url(folder: &Path) -> String {
    let mut url = format!("postgres://{NAME}@localhost/{NAME}?host=");
    for byte in folder.as_os_str().as_bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                url.push(char::from(*byte));
            }
            _ => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Account {
        Account {
            name: "me".into(),
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }

    #[test]
    fn the_runtime_folder_comes_first_and_a_relative_one_counts_for_nothing() {
        for (case, me, runtime, first) in [
            ("user", 7, Some("/run/user/7"), "/run/user/7/medbot"),
            ("relative", 7, Some("run"), "/tmp/medbot-7"),
            ("none", 7, None, "/tmp/medbot-7"),
            ("root", 0, Some("/run/user/0"), "/run/medbot"),
        ] {
            let places = places(me, runtime.map(OsString::from));
            assert_eq!(places.first(), Some(&PathBuf::from(first)), "{case}");
        }
    }

    #[test]
    fn long_foreign_linked_and_open_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(make(&at("good"), "pg", &me()).is_ok());
        assert!(make(&at("good"), "pg", &me()).is_ok(), "a second time");
        fs::create_dir(at("open")).unwrap();
        fs::set_permissions(at("open"), Permissions::from_mode(0o777)).unwrap();
        std::os::unix::fs::symlink(at("good"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("open"), at("good").join("elsewhere")).unwrap();
        for (case, base, name) in [
            ("long", at(&"x".repeat(90)), "pg"),
            ("open", at("open"), "pg"),
            ("link", at("link"), "pg"),
            ("inner link", at("good"), "elsewhere"),
            ("comma", at("a,b"), "pg"),
        ] {
            assert!(make(&base, name, &me()).is_err(), "{case}");
        }
    }

    #[test]
    fn the_url_leads_sqlx_to_the_socket() {
        use std::str::FromStr as _;
        let url = url(Path::new("/run/user/7/med bot/pg"));
        assert_eq!(
            url,
            "postgres://medbot@localhost/medbot?host=/run/user/7/med%20bot/pg"
        );
        let options = sqlx::postgres::PgConnectOptions::from_str(&url).unwrap();
        let socket = options.get_socket().unwrap();
        assert_eq!(socket, Path::new("/run/user/7/med bot/pg"));
    }
}
