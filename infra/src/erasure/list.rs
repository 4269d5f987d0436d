//! The list of what was erased, outside the database: it is written before anything is destroyed, and only ever
//! added to.
//!
//! Each line ends with an HMAC under the master key over itself and everything before it, so that a line that
//! was changed, removed, moved or put in between is found. What is cut off at the end shows against the list's
//! length and digest, which are written down elsewhere ([`ErasureList::anchored`]); without that it does not.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, SubsecRound as _, Utc};
use schemas::{DocumentId, TenantId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::anchor::ListAnchors;
use crate::{
    audit::{Anchors, Head},
    lines,
    store::{MasterKey, mac},
};

/// An erasure: ids and a time, nothing of what the document said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub document: DocumentId,
}

/// A line: an erasure, or nothing but a proof of those before it.
#[derive(Serialize, Deserialize)]
struct Line {
    at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<DocumentId>,
    /// The master key that proves it; none in lines of an earlier program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Where a line's HMAC begins.
const MAC: &str = ",\"mac\":\"";

/// By what the last line is proven, and so all of them.
#[derive(PartialEq)]
enum Proof {
    /// This master key, or there is no line.
    Own,
    /// The other that is accepted.
    Other,
    /// One that is not at hand.
    Unknown(String),
    /// Nothing: an earlier program wrote it.
    None,
}

/// The file, one JSON object a line.
#[derive(Clone, Debug)]
pub struct ErasureList {
    path: PathBuf,
    master: Arc<MasterKey>,
    anchors: Option<ListAnchors>,
}

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ErasureListError {
    /// It cannot be read or written.
    #[error(
        "the erasure list {} cannot be used ({reason}): nothing is erased without it; \
         MEDBOT_ERASURE_LIST names a file that can be written",
        path.display()
    )]
    File {
        /// Where it should be.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// A line says nothing that is known.
    #[error(
        "line {line} of the erasure list {} is no erasure: take a copy from before it was harmed",
        path.display()
    )]
    Line {
        /// Where it is.
        path: PathBuf,
        /// Its number, from 1.
        line: usize,
    },
    /// A line is not what was written, or one before it is not.
    #[error(
        "line {line} of the erasure list {}, or one before it, was changed, added or removed: take a copy from \
         before it was harmed",
        path.display()
    )]
    Changed {
        /// Where it is.
        path: PathBuf,
        /// Its number, from 1.
        line: usize,
    },
    /// It is not the list whose length and digest were written down elsewhere.
    #[error(
        "the erasure list {} is not the one whose first {lines} lines were anchored in {}: its end was cut off, or \
         another was put in its place: take the youngest copy",
        path.display(), anchors.display()
    )]
    Cut {
        /// Where it is.
        path: PathBuf,
        /// Where it was written down.
        anchors: PathBuf,
        /// How many lines it had then.
        lines: i64,
    },
    /// What was written down elsewhere cannot be read.
    #[error("the anchors {} of the erasure list cannot be read ({reason})", path.display())]
    Anchors {
        /// Where they should be.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// Another master key proves it.
    #[error(
        "the master key {key} proves the erasure list {}: name its file in MEDBOT_OTHER_MASTER_KEY_FILE",
        path.display()
    )]
    OtherKey {
        /// Where it is.
        path: PathBuf,
        /// The key's id.
        key: String,
    },
    /// Nothing proves its last lines.
    #[error(
        "nothing proves the last lines of the erasure list {}: an earlier medbot wrote them, or somebody else; \
         take a younger copy, or if you know that it is whole say --nothing-was-erased, which erases again \
         what it names all the same",
        .0.display()
    )]
    Unproven(PathBuf),
}

impl ErasureList {
    /// The list at this path, which need not be there yet.
    #[must_use]
    pub fn new(path: PathBuf, master: Arc<MasterKey>) -> Self {
        Self {
            path,
            master,
            anchors: None,
        }
    }

    /// Writes its length and digest down after each erasure, beside the anchors of the audit log, and finds
    /// out by the last of them whether its end was cut off.
    #[must_use]
    pub fn anchored(mut self, anchors: Option<&Anchors>) -> Self {
        self.anchors = anchors.map(ListAnchors::beside);
        self
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Is there a list?
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Adds erasures and gives the number of lines that there are then; they are durable when this returns.
    /// Several processes may add at once.
    ///
    /// # Errors
    /// [`ErasureListError::File`].
    pub fn add(&self, erased: &[Erased]) -> Result<usize, ErasureListError> {
        let lines = erased.iter().map(|erased| Line {
            at: erased.at,
            tenant: Some(erased.tenant),
            document: Some(erased.document),
            key: Some(self.master.id().to_string()),
        });
        let added = self
            .open()
            .and_then(|(file, text)| self.append(file, &text, lines));
        added.map_err(|reason| self.failed(reason))
    }

    /// Proves by the master key what another key proves, and what an earlier program wrote.
    ///
    /// # Errors
    /// [`ErasureListError`]; what was harmed is not proven.
    pub fn prove(&self) -> Result<(), ErasureListError> {
        if !self.exists() {
            // Where one was written down there must be one.
            return self.read().map(drop);
        }
        let (file, text) = self.open().map_err(|reason| self.failed(reason))?;
        let anchored = self.anchored_head()?;
        if self.look(&text, anchored.as_ref())?.1 == Proof::Own {
            if let (Some(anchors), None, false) = (&self.anchors, anchored, text.is_empty()) {
                anchors.add(text.lines().count(), Sha256::new_with_prefix(&text));
            }
            return Ok(());
        }
        let line = Line {
            at: Utc::now().trunc_subsecs(6),
            tenant: None,
            document: None,
            key: Some(self.master.id().to_string()),
        };
        let added = self.append(file, &text, [line]);
        added.map(drop).map_err(|reason| self.failed(reason))
    }

    /// All that was erased, in order; nothing when there is no list.
    ///
    /// # Errors
    /// [`ErasureListError`], also when not every line is proven.
    pub fn read(&self) -> Result<Vec<Erased>, ErasureListError> {
        match self.look_at_file()? {
            (erased, Proof::Own | Proof::Other) => Ok(erased),
            (_, Proof::Unknown(key)) => Err(ErasureListError::OtherKey {
                path: self.path.clone(),
                key,
            }),
            (_, Proof::None) => Err(ErasureListError::Unproven(self.path.clone())),
        }
    }

    /// The same of a list for which somebody vouches: a line that is proven wrong is refused all the same.
    ///
    /// # Errors
    /// [`ErasureListError`].
    pub fn read_unproven(&self) -> Result<Vec<Erased>, ErasureListError> {
        Ok(self.look_at_file()?.0)
    }

    fn text(&self) -> Result<String, ErasureListError> {
        match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            text => text.map_err(|reason| self.failed(reason)),
        }
    }

    fn anchored_head(&self) -> Result<Option<Head>, ErasureListError> {
        self.anchors.as_ref().map_or(Ok(None), ListAnchors::head)
    }

    /// What the file names. Another process may add to it and anchor it meanwhile, so what was anchored is read
    /// first: the list can only be longer.
    fn look_at_file(&self) -> Result<(Vec<Erased>, Proof), ErasureListError> {
        let anchored = self.anchored_head()?;
        self.look(&self.text()?, anchored.as_ref())
    }

    /// What a list names, and by what it is proven.
    fn look(
        &self,
        text: &str,
        anchored: Option<&Head>,
    ) -> Result<(Vec<Erased>, Proof), ErasureListError> {
        let (mut erased, mut proof) = (Vec::new(), Proof::Own);
        let mut before = Sha256::new();
        for (n, text) in lines::whole(text).enumerate() {
            let (path, line) = (self.path.clone(), n + 1);
            let Ok(said) = serde_json::from_str::<Line>(text) else {
                return Err(ErasureListError::Line { path, line });
            };
            let proven = said.key.is_some();
            proof = match said.key {
                None => Proof::None,
                Some(key) => match self.master_of(&key) {
                    None => Proof::Unknown(key),
                    Some(master) => {
                        let head = text.rsplit_once(MAC).map(|(head, _)| head);
                        if head.map(|head| proved(master, &before, head)).as_deref() != Some(text) {
                            return Err(ErasureListError::Changed { path, line });
                        }
                        if master.id() == self.master.id() {
                            Proof::Own
                        } else {
                            Proof::Other
                        }
                    }
                },
            };
            match said.tenant.zip(said.document) {
                Some((tenant, document)) => erased.push(Erased {
                    at: said.at,
                    tenant,
                    document,
                }),
                None if proven && said.tenant.is_none() && said.document.is_none() => {}
                None => return Err(ErasureListError::Line { path, line }),
            }
            before.update(text);
            before.update("\n");
        }
        if let Some(anchors) = &self.anchors {
            anchors.compare(anchored, text, &self.path)?;
        }
        Ok((erased, proof))
    }

    fn master_of(&self, key: &str) -> Option<&MasterKey> {
        let both = [Some(&*self.master), self.master.other()];
        let mut both = both.into_iter().flatten();
        both.find(|master| master.id().to_string() == key)
    }

    /// The file, which nobody else has until it is dropped, and what it holds.
    fn open(&self) -> io::Result<(File, String)> {
        if let Some(folder) = self.folder() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o711)
                .create(folder)?;
        }
        let mut file = lines::open(&self.path)?;
        let mut text = String::new();
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok((file, text))
    }

    fn append(
        &self,
        mut file: File,
        text: &str,
        lines: impl IntoIterator<Item = Line>,
    ) -> io::Result<usize> {
        let anchors = self.anchors.as_ref();
        let anchors = anchors.filter(|anchors| anchors.may_add(text));
        let mut before = Sha256::new_with_prefix(text);
        let mut added = String::new();
        for line in lines {
            let mut head = serde_json::to_string(&line)?;
            head.pop();
            let line = proved(&self.master, &before, &head);
            before.update(&line);
            before.update("\n");
            added.push_str(&line);
            added.push('\n');
        }
        file.write_all(added.as_bytes())?;
        file.sync_all()?;
        if let Some(folder) = self.folder() {
            File::open(folder)?.sync_all()?;
        }
        let count = text.lines().count() + added.lines().count();
        if let (Some(anchors), false) = (anchors, added.is_empty()) {
            anchors.add(count, before);
        }
        Ok(count)
    }

    fn folder(&self) -> Option<&Path> {
        let folder = self.path.parent();
        folder.filter(|folder| *folder != Path::new(""))
    }

    fn failed(&self, reason: io::Error) -> ErasureListError {
        ErasureListError::File {
            path: self.path.clone(),
            reason,
        }
    }
}

/// A line, but for its end, with its HMAC after all that is before it.
fn proved(master: &MasterKey, before: &Sha256, head: &str) -> String {
    let key = master.derive("erasure-list", TenantId::DEFAULT);
    let digest = mac(&key, &[&before.clone().finalize(), head.as_bytes()]);
    format!("{head}{MAC}{}\"}}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

#[cfg(test)]
mod tests;
