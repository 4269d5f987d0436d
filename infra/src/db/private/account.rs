//! The operating system's user that the server runs as.
//!
//! For an ordinary user it is that user. PostgreSQL refuses root, so for root it is whoever owns the
//! database already, and for a new one the system user `medbot`, which is made when it is missing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::PrivateError;

const SYSTEM_USER: &str = "medbot";

/// Where root's data lies when nobody says otherwise.
pub(super) const DATA_OF_ROOT: &str = "/var/lib/medbot";

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Account {
    /// Who runs the server of that data folder, which need not exist yet.
    ///
    /// # Errors
    /// [`PrivateError::NoUser`], or [`PrivateError::NotOwner`] when an ordinary user is not its owner.
    pub(super) fn for_folder(data: &Path) -> Result<Self, PrivateError> {
        let owner = owner(&super::folder::cluster_of(data)).or_else(|| owner(data));
        let me = rustix::process::geteuid().as_raw();
        let uid = match owner {
            Some(uid) if uid == me || is_root() => uid,
            Some(_) => {
                let folder = data.to_path_buf();
                return Err(PrivateError::NotOwner { folder });
            }
            None => me,
        };
        if uid == 0 {
            return system_user();
        }
        lookup(&uid.to_string()).ok_or_else(|| PrivateError::NoUser {
            reason: format!("the system knows no name of the user {uid}"),
        })
    }

    /// Whether this process has to become that user before it runs a program.
    pub(super) fn is_another(&self) -> bool {
        self.uid != rustix::process::geteuid().as_raw()
    }

    /// A program that runs as this user, with nothing of this process's environment (its secrets
    /// least of all) and in a folder that everybody can enter.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin:/bin")])
            .current_dir("/")
            .stdin(Stdio::null());
        if self.is_another() {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// The folder on the way to `path` (or `path` itself) that this user may not enter.
    pub(super) fn shut_out_by(&self, path: &Path) -> Result<Option<PathBuf>, PrivateError> {
        let path = path.canonicalize().map_err(PrivateError::file(path))?;
        let mut folders: Vec<_> = path.ancestors().collect();
        folders.reverse();
        for folder in folders {
            let metadata = folder.metadata().map_err(PrivateError::file(folder))?;
            let needed = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & needed == 0 {
                return Ok(Some(folder.to_path_buf()));
            }
        }
        Ok(None)
    }
}

fn owner(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|m| m.uid())
}

fn system_user() -> Result<Account, PrivateError> {
    if let Some(account) = lookup(SYSTEM_USER).filter(|a| a.uid != 0) {
        return Ok(account);
    }
    let made = Command::new("useradd")
        .args(["--system", "--user-group", "--no-create-home"])
        .args(["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"])
        .arg(SYSTEM_USER)
        .stdin(Stdio::null())
        .output();
    // Two medbots may have made it at the same time, so what counts is that it is there.
    lookup(SYSTEM_USER)
        .filter(|a| a.uid != 0)
        .ok_or_else(|| PrivateError::NoUser {
            reason: match made {
                Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
                Err(error) => format!("useradd: {error}"),
            },
        })
}

/// The user of that name or number, from the system's own list or from a directory service.
fn lookup(key: &str) -> Option<Account> {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    list.lines().find_map(|l| parse(l, key)).or_else(|| {
        let getent = Command::new("getent").args(["passwd", key]).output().ok()?;
        parse(String::from_utf8(getent.stdout).ok()?.lines().next()?, key)
    })
}

/// `name:password:uid:gid:…`, if it is the user that is looked for.
fn parse(line: &str, key: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next()?);
    if name != key && uid != key {
        return None;
    }
    Some(Account {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_line_of_the_list_of_users_is_understood() {
        let line = "medbot:x:998:997::/nonexistent:/usr/sbin/nologin";
        for (key, found) in [
            ("medbot", true),
            ("998", true),
            ("997", false),
            ("x", false),
        ] {
            assert_eq!(parse(line, key).is_some(), found, "{key}");
        }
        assert_eq!(parse(line, "998").map(|a| (a.uid, a.gid)), Some((998, 997)));
        assert_eq!(parse("medbot:x", "medbot"), None);
        assert_eq!(lookup("0").map(|a| a.name), Some("root".to_owned()));
    }

    #[test]
    fn the_folder_that_shuts_a_user_out_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("home/inner");
        fs::create_dir_all(&inner).unwrap();
        let stranger = Account {
            name: "stranger".into(),
            uid: 4_000_000,
            gid: 4_000_000,
        };
        let open = |mode| {
            for path in [folder.path(), &folder.path().join("home")] {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
        };
        open(0o711);
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(stranger.shut_out_by(&inner).unwrap(), None);
        fs::set_permissions(
            folder.path().join("home"),
            fs::Permissions::from_mode(0o700),
        )
        .unwrap();
        let closed = stranger.shut_out_by(&inner).unwrap();
        assert_eq!(
            closed,
            Some(folder.path().canonicalize().unwrap().join("home"))
        );
    }
}
