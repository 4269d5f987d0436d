//! The erasure list's length and digest, written down beside the anchors of the audit log: a list whose end was
//! cut off, or that another was put in the place of, does not begin as the one that was anchored.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::Utc;
use schemas::TenantId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ErasureListError;
use crate::audit::{Anchors, Head};

/// Among the anchors of tenants the list is nobody's.
const NOBODY: TenantId = TenantId(Uuid::nil());

/// Where the list is anchored.
#[derive(Clone, Debug)]
pub(super) struct ListAnchors(Anchors);

impl ListAnchors {
    /// Beside those of the audit log.
    pub(super) fn beside(anchors: &Anchors) -> Self {
        Self(anchors.of_erasures())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// How long the list was when it was last anchored, and its digest.
    pub(super) fn head(&self) -> Result<Option<Head>, ErasureListError> {
        match self.0.read() {
            Ok(mut heads) => Ok(heads.remove(&NOBODY).and_then(|mut heads| heads.pop())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(ErasureListError::Anchors {
                path: self.path().into(),
                reason,
            }),
        }
    }

    /// Anchors a list of so many lines. An erasure does not wait for a place that is away: the next one makes
    /// up for it.
    pub(super) fn add(&self, lines: usize, all: Sha256) {
        let head = Head {
            seq: lines as i64,
            hash: all.finalize().into(),
        };
        if let Err(error) = self.0.add(NOBODY, &head, Utc::now()) {
            tracing::error!(%error, "the erasure list could not be anchored");
        }
    }

    /// Whether the list may be anchored: one whose end was cut off stays found out.
    pub(super) fn may_add(&self, text: &str) -> bool {
        match self.head() {
            Ok(head) => head.is_none_or(|head| begins_with(text, &head)),
            Err(error) => {
                tracing::error!(%error, "the erasure list could not be anchored");
                false
            }
        }
    }

    /// Compares a list with what was anchored before it was read.
    pub(super) fn compare(
        &self,
        head: Option<&Head>,
        text: &str,
        path: &Path,
    ) -> Result<(), ErasureListError> {
        match head {
            Some(head) if !begins_with(text, head) => Err(ErasureListError::Cut {
                path: path.into(),
                anchors: PathBuf::from(self.path()),
                lines: head.seq,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether the first lines are those that were written down.
fn begins_with(text: &str, head: &Head) -> bool {
    let Ok(count) = usize::try_from(head.seq) else {
        return false;
    };
    let mut lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let mut first = Sha256::new();
    let there = lines
        .by_ref()
        .take(count)
        .inspect(|line| first.update(line));
    there.count() == count && first.finalize()[..] == head.hash
}
