//! The chain of a tenant, and what is wrong with one.

use schemas::TenantId;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Event, Occurrence};
use crate::store::MasterKey;

/// The keyed chain of one tenant.
pub struct Chain {
    tenant: TenantId,
    key: Zeroizing<[u8; 32]>,
    key_id: String,
}

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of its last line; 0 when there is none.
    pub seq: i64,
    /// That line's hash.
    pub hash: [u8; 32],
}

/// A line as it is stored.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number.
    pub seq: i64,
    /// What was hashed.
    pub event: String,
    /// The hash.
    pub hash: Vec<u8>,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A line is missing, or lines changed places.
    #[error("line {0} is missing or out of place")]
    Missing(i64),
    /// A line or its hash is not what was written, or another stands in its place.
    #[error("line {0} was changed")]
    Changed(i64),
    /// Lines at the end are missing.
    #[error("lines after {have} are missing: {wanted} were written")]
    Truncated {
        /// The last that is there.
        have: i64,
        /// The last that was written.
        wanted: i64,
    },
    /// The chain runs, and not to where it was seen before.
    #[error("line {0} is not the one whose hash was kept")]
    Rewritten(i64),
    /// There are lines, and no head beside them.
    #[error("the head of the chain is missing")]
    Headless,
    /// Another master key wrote it.
    #[error("line {0} was written with another master key")]
    OtherKey(i64),
}

impl Chain {
    /// The chain of a tenant under a master key.
    #[must_use]
    pub fn new(master: &MasterKey, tenant: TenantId) -> Self {
        Self {
            tenant,
            key: Zeroizing::new(master.derive("audit", tenant)),
            key_id: master.id().to_string(),
        }
    }

    /// The head of a chain without lines.
    #[must_use]
    pub fn start(&self) -> Head {
        Head {
            seq: 0,
            hash: self.link(&[0; 32], b"medbot/audit/1"),
        }
    }

    /// The next line.
    ///
    /// # Panics
    /// Never: an event has no map with other keys than strings.
    #[must_use]
    pub fn next(&self, head: &Head, what: Occurrence) -> (Line, Head) {
        let event = Event {
            tenant: self.tenant,
            seq: head.seq + 1,
            key: self.key_id.clone(),
            what,
        };
        let event = serde_json::to_string(&event).expect("strings and numbers");
        let hash = self.link(&head.hash, event.as_bytes());
        let head = Head {
            seq: head.seq + 1,
            hash,
        };
        let line = Line {
            seq: head.seq,
            event,
            hash: hash.to_vec(),
        };
        (line, head)
    }

    /// Checks the line that follows `head`.
    ///
    /// # Errors
    /// The [`Flaw`].
    pub fn follow(&self, head: &Head, line: &Line) -> Result<Head, Flaw> {
        let seq = head.seq + 1;
        if line.seq != seq {
            return Err(Flaw::Missing(seq));
        }
        let hash = self.link(&head.hash, line.event.as_bytes());
        if !bool::from(hash.as_slice().ct_eq(&line.hash)) {
            let other = serde_json::from_str::<Event>(&line.event)
                .is_ok_and(|event| event.key != self.key_id);
            return Err(if other {
                Flaw::OtherKey(seq)
            } else {
                Flaw::Changed(seq)
            });
        }
        // The number and the tenant within the line need no look: its hash binds them.
        Ok(Head { seq, hash })
    }

    fn link(&self, before: &[u8; 32], line: &[u8]) -> [u8; 32] {
        crate::store::mac(&self.key, &[before, line])
    }
}

/// Compares the end that was reached with the head that is kept beside the lines. It moves in the same
/// transaction as they do.
///
/// # Errors
/// The [`Flaw`].
pub fn ends_at(reached: &Head, kept: Option<&Head>) -> Result<(), Flaw> {
    match kept {
        Some(kept) if kept.seq > reached.seq => Err(Flaw::Truncated {
            have: reached.seq,
            wanted: kept.seq,
        }),
        Some(kept) if kept != reached => Err(Flaw::Rewritten(reached.seq)),
        None if reached.seq > 0 => Err(Flaw::Headless),
        _ => Ok(()),
    }
}
