//! A master key that lies sealed on the disk and is opened by a key service (KMS, HSM, age, …) when a process
//! starts: the service's own program is given the file and gives the key, which then stands in this process's
//! memory alone.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use super::{MasterKey, MasterKeyError, parse};

/// How long a key service may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// One byte more than 64 digits and their line's end.
const MOST: u64 = 67;

impl MasterKey {
    /// Lets a command of the shell open the file, which it reads on its standard input; it writes 32 bytes or 64
    /// hex digits to its standard output, and what it complains of is the process's to say.
    ///
    /// # Errors
    /// [`MasterKeyError`]: the file cannot be read, the command fails, writes no key, or takes more than 30 seconds.
    pub fn opened_by(command: &str, path: &Path) -> Result<Self, MasterKeyError> {
        Self::opened_within(command, path, PATIENCE)
    }

    fn opened_within(
        command: &str,
        path: &Path,
        patience: Duration,
    ) -> Result<Self, MasterKeyError> {
        let sealed = File::open(path).map_err(|reason| MasterKeyError::Read {
            path: path.into(),
            reason,
        })?;
        let failed = |why: String| MasterKeyError::Service {
            path: path.into(),
            why,
        };
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(sealed)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|reason| failed(reason.to_string()))?;
        let written = child.stdout.take();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut text = Zeroizing::new(Vec::with_capacity(MOST as usize));
            let read = written.map(|pipe| pipe.take(MOST).read_to_end(&mut text));
            // Nobody waits any more when it took too long.
            let _ = sender.send((read, text));
        });
        let Ok((read, text)) = receiver.recv_timeout(patience) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("it gave no key in {patience:?}")));
        };
        // It may still write what is too long to be a key.
        let status = if text.len() as u64 == MOST {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed("what it writes is too long to be a key".into()));
        } else {
            child.wait().map_err(|reason| failed(reason.to_string()))?
        };
        if !status.success() {
            return Err(failed(format!("it ended with {status}")));
        }
        match read {
            Some(Ok(_)) => parse(&text)
                .map(Self::new)
                .ok_or_else(|| failed("it wrote neither 32 bytes nor 64 hex digits".into())),
            _ => Err(failed("what it writes cannot be read".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn opened(command: &str, sealed: &[u8]) -> Result<MasterKey, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.key");
        fs::write(&path, sealed).unwrap();
        MasterKey::opened_within(command, &path, Duration::from_secs(5))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_opens_what_lies_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let key = MasterKey::generate(&path).unwrap();
        let sealed: Vec<u8> = fs::read(&path).unwrap().iter().rev().copied().collect();
        assert!(opened("cat", &sealed).is_err(), "sealed, it is no key");
        assert_eq!(opened("rev | tr -d '\\n'", &sealed).unwrap().id(), key.id());
        assert_eq!(opened("head -c 32", &[7; 99]).unwrap().id(), {
            MasterKey::new(Zeroizing::new([7; 32])).id()
        });
    }

    #[test]
    fn a_service_that_gives_no_key_says_why() {
        for (command, why) in [
            ("exit 3", "exit status: 3"),
            ("printf abc", "neither 32 bytes nor 64 hex digits"),
            ("yes", "too long"),
            ("tail -f /dev/null", "no key in"),
        ] {
            let error = opened(command, b"sealed").unwrap_err();
            assert!(error.contains(why), "{command}: {error}");
            assert!(error.contains("sealed.key"), "{error}");
        }
        let nowhere = MasterKey::opened_by("cat", Path::new("/nowhere/key"));
        assert!(matches!(nowhere, Err(MasterKeyError::Read { .. })));
    }
}
