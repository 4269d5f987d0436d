//! What the server has answered for: JSON lines, appended and synced one by one.
//!
//! A line is written after the server's answer and before anything else happens with the file, so a
//! crash costs at most an upload that the server knows again. A torn last line is cut off; any other
//! line that cannot be read is passed over, and its file is sent again. It only grows: some 300 bytes
//! a file.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use schemas::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::folder::State;

/// A file that the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    pub job: Uuid,
    pub document: Uuid,
    /// Did it have these bytes before?
    pub duplicate: bool,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    Taken(Taken),
    Rejected(Problem),
}

#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    state: State,
    #[serde(flatten)]
    fate: Fate,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    /// What it is the ledger of: a digest of server and folder.
    ledger_of: String,
    /// Tells its uploads from those of every other folder.
    id: Uuid,
}

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LedgerError {
    #[error("the ledger cannot be read or written")]
    Io(#[from] io::Error),
    #[error("another drop of this folder is running")]
    Busy,
    #[error("the file of --ledger is no ledger, or that of another folder or server")]
    Foreign,
}

/// The ledger of one folder and server. Holds a lock as long as it lives.
#[derive(Debug)]
pub(super) struct Ledger {
    file: File,
    id: Uuid,
    fates: HashMap<String, (State, Fate)>,
}

impl Ledger {
    /// Opens it, or makes it in a file that only its owner may read.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(super) fn open(path: &Path, ledger_of: &str) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let mut lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
        let id = match lines.next() {
            Some(line) => {
                let head: Head = serde_json::from_slice(line).map_err(|_| LedgerError::Foreign)?;
                if head.ledger_of != ledger_of {
                    return Err(LedgerError::Foreign);
                }
                head.id
            }
            // Nothing, or a first line that was torn: never cut what is not a ledger's.
            None if b"{\"ledger_of\":".starts_with(&text[..text.len().min(13)]) => Uuid::new_v4(),
            None => return Err(LedgerError::Foreign),
        };
        let (mut fates, mut broken) = (HashMap::new(), 0_u64);
        for line in lines {
            match serde_json::from_slice::<Line>(line) {
                Ok(line) => {
                    fates.insert(line.file, (line.state, line.fate));
                }
                Err(_) => broken += 1,
            }
        }
        if broken > 0 {
            tracing::warn!(
                lines = broken,
                "lines of the ledger cannot be read; their files are sent again"
            );
        }
        if whole < text.len() {
            // What is written next goes to the end.
            file.set_len(whole as u64)?;
        }
        let mut ledger = Self { file, id, fates };
        if whole == 0 {
            let ledger_of = ledger_of.to_owned();
            ledger.append(&Head { ledger_of, id })?;
            if let Some(folder) = path.parent() {
                let folder = if folder.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    folder
                };
                File::open(folder)?.sync_all()?;
            }
        }
        Ok(ledger)
    }

    /// Its own id.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// What became of a file as it is now.
    pub(super) fn fate(&self, name: &str, state: State) -> Option<&Fate> {
        self.fates
            .get(name)
            .filter(|(known, _)| *known == state)
            .map(|(_, fate)| fate)
    }

    /// Writes down what became of a file; it is on the disk when this returns.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn write(&mut self, name: &str, state: State, fate: Fate) -> io::Result<()> {
        let line = Line {
            file: name.to_owned(),
            state,
            fate,
        };
        self.append(&line)?;
        self.fates.insert(line.file, (line.state, line.fate));
        Ok(())
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, OpenOptions},
        io::Write as _,
        os::unix::fs::PermissionsExt as _,
        path::Path,
    };

    use schemas::Problem;
    use uuid::Uuid;

    use super::{Fate, Ledger, LedgerError, Taken};
    use crate::drop::folder::State;

    const STATE: State = State {
        size: 5,
        mtime_ns: 7,
    };

    fn taken() -> Fate {
        Fate::Taken(Taken {
            job: Uuid::from_u128(1),
            document: Uuid::from_u128(2),
            duplicate: false,
        })
    }

    fn append(path: &Path, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    #[test]
    fn what_was_written_is_known_again_and_a_changed_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/for it/l.jsonl");
        let long = "é/".repeat(400) + "a \"b\" 100%\n.png";
        let rejected = Fate::Rejected(Problem {
            kind: "urn:medbot:problem:malformed".into(),
            title: "t".into(),
            detail: "d".into(),
        });
        let mut ledger = Ledger::open(&path, "here").unwrap();
        ledger.write(&long, STATE, taken()).unwrap();
        ledger.write("b", STATE, rejected.clone()).unwrap();
        let id = ledger.id();
        assert!(matches!(
            Ledger::open(&path, "here"),
            Err(LedgerError::Busy)
        ));
        drop(ledger);

        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let ledger = Ledger::open(&path, "here").unwrap();
        assert_eq!(ledger.id(), id);
        assert_eq!(ledger.fate(&long, STATE), Some(&taken()));
        assert_eq!(ledger.fate("b", STATE), Some(&rejected));
        for changed in [
            State { size: 6, ..STATE },
            State {
                mtime_ns: 8,
                ..STATE
            },
        ] {
            assert_eq!(ledger.fate("b", changed), None);
        }
    }

    #[test]
    fn wherever_the_last_line_is_torn_the_others_stay_and_the_next_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.jsonl");
        let mut ledger = Ledger::open(&path, "here").unwrap();
        ledger.write("a", STATE, taken()).unwrap();
        let kept = fs::metadata(&path).unwrap().len() as usize;
        ledger.write("b", STATE, taken()).unwrap();
        drop(ledger);
        let whole = fs::read(&path).unwrap();
        for cut in kept..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut ledger = Ledger::open(&path, "here").unwrap();
            assert!(ledger.fate("a", STATE).is_some(), "cut at {cut}");
            assert!(ledger.fate("b", STATE).is_none(), "cut at {cut}");
            ledger.write("c", STATE, taken()).unwrap();
            drop(ledger);
            let ledger = Ledger::open(&path, "here").unwrap();
            assert!(ledger.fate("c", STATE).is_some(), "cut at {cut}");
        }
        // The first line, too, and what a power cut leaves.
        for torn in [&whole[..0], &whole[..9], &whole[..40]] {
            fs::write(&path, torn).unwrap();
            drop(Ledger::open(&path, "here").unwrap());
        }
        fs::write(&path, &whole).unwrap();
        append(&path, &[0; 100]);
        assert!(
            Ledger::open(&path, "here")
                .unwrap()
                .fate("b", STATE)
                .is_some()
        );
    }

    #[test]
    fn a_broken_line_costs_its_own_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.jsonl");
        drop(Ledger::open(&path, "here").unwrap());
        append(&path, b"{\"file\":\"a\",\"si\xff\n");
        let mut ledger = Ledger::open(&path, "here").unwrap();
        ledger.write("b", STATE, taken()).unwrap();
        drop(ledger);
        let ledger = Ledger::open(&path, "here").unwrap();
        assert!(ledger.fate("b", STATE).is_some());
    }

    #[test]
    fn another_ledger_or_any_other_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.jsonl");
        drop(Ledger::open(&path, "here").unwrap());
        assert!(matches!(
            Ledger::open(&path, "there"),
            Err(LedgerError::Foreign)
        ));
        for text in ["a letter", "a letter\n", "{\"a\":1}\n", "{"] {
            fs::write(&path, text).unwrap();
            let opened = Ledger::open(&path, "here");
            // A lone brace may be a torn first line.
            assert_eq!(opened.is_ok(), text == "{", "{text}");
            drop(opened);
            if text != "{" {
                assert_eq!(fs::read_to_string(&path).unwrap(), text);
            }
        }
    }
}
