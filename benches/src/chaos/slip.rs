//! The synthetic artefacts: each names its job, page and script and holds the digest of what it was
//! made from. Whoever reads one works out what it must be, so that an artefact that was lost, mixed
//! up or made from something else is found by the next stage.

use std::fmt::Write as _;

use schemas::{Artefact, DocumentId, Engine, JobId, TaskError, TaskErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use workers::stage::{Artefacts, Work};

use super::script::{MAGIC, PageScript};

/// Where an artefact comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub job: JobId,
    pub document: DocumentId,
    pub page: u32,
    pub pages: u32,
    pub sha256: String,
    pub bytes: u64,
    pub script: PageScript,
}

/// An artefact.
#[derive(Debug, Serialize, Deserialize)]
struct Slip {
    kind: String,
    origin: Origin,
    /// Of a fused page: who read, in which pass, and whether there is a reading.
    readers: Vec<Reader>,
    digest: String,
}

pub(super) type Reader = (Engine, u8, bool);

impl Origin {
    fn slip(&self, kind: &str, readers: &[Reader], parents: &[Vec<u8>]) -> Vec<u8> {
        let mut hash = Sha256::new()
            .chain_update(kind)
            .chain_update(serde_json::to_vec(self).unwrap_or_default());
        for parent in parents {
            hash.update(Sha256::digest(parent));
        }
        let slip = Slip {
            kind: kind.into(),
            origin: self.clone(),
            readers: readers.to_vec(),
            digest: hex(&hash.finalize()),
        };
        serde_json::to_vec(&slip).unwrap_or_default()
    }

    pub fn raster(&self) -> Vec<u8> {
        [&MAGIC[..], &self.slip("raster", &[], &[])].concat()
    }

    pub fn decoded(&self) -> Vec<u8> {
        self.slip("decoded", &[], &[])
    }

    pub fn prepared(&self) -> Vec<u8> {
        self.slip("prepared", &[], &[self.raster()])
    }

    pub fn detected(&self) -> Vec<u8> {
        self.slip("detected", &[], &[self.prepared()])
    }

    pub fn reading(&self, engine: Engine, pass: u8) -> Vec<u8> {
        let parents = [self.prepared(), self.detected()];
        self.slip(&format!("reading {engine} {pass}"), &[], &parents)
    }

    pub fn fused(&self, pass: u8, readers: &[Reader]) -> Vec<u8> {
        let mut parents = vec![self.decoded(), self.detected()];
        for &(engine, pass, _) in readers.iter().filter(|(.., ok)| *ok) {
            parents.push(self.reading(engine, pass));
        }
        self.slip(&format!("fused {pass}"), readers, &parents)
    }
}

/// Reads an artefact of this page and makes sure that it is the one that must be there.
pub(super) fn open(
    artefacts: &dyn Artefacts,
    work: &Work,
    page: u32,
    artefact: Artefact,
) -> Result<(Origin, Vec<Reader>), TaskError> {
    let bytes = artefacts.get(artefact)?;
    let json = bytes.strip_prefix(&MAGIC).unwrap_or(&bytes);
    let slip: Slip = serde_json::from_slice(json).map_err(|_| broken(artefact))?;
    let origin = &slip.origin;
    let must = match artefact {
        Artefact::Raster(..) => origin.raster(),
        Artefact::Decoded(..) => origin.decoded(),
        Artefact::Prepared(..) => origin.prepared(),
        Artefact::Detected(..) => origin.detected(),
        Artefact::Reading(_, _, engine, pass) => origin.reading(engine, pass),
        Artefact::Fused(_, _, pass) => origin.fused(pass, &slip.readers),
        Artefact::Original | Artefact::Result(_) => return Err(broken(artefact)),
    };
    let ours = origin.job == work.job && origin.document == work.document && origin.page == page;
    if ours && *bytes == *must {
        Ok((slip.origin, slip.readers))
    } else {
        Err(broken(artefact))
    }
}

/// What the campaign looks for in logs and errors.
pub const BROKEN: &str = "an input is not what the stage before wrote";

pub(super) fn broken(artefact: Artefact) -> TaskError {
    // No attempt makes it better, and the job's end will not be the one that was expected.
    tracing::error!(?artefact, "{BROKEN}");
    TaskError {
        kind: TaskErrorKind::Reject(schemas::RejectKind::Unprocessable),
        detail: BROKEN.into(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
