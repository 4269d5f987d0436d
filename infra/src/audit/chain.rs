//! The chain of a tenant, and what is wrong with one.

use schemas::TenantId;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Event, Occurrence};
use crate::store::MasterKey;

/// The keyed chain of one tenant. Lines are written under the key of the master key; earlier ones may stand
/// under those of master keys whose place it took.
pub struct Chain {
    tenant: TenantId,
    /// By master key, the oldest first; new lines are written under the last.
    keys: Vec<ChainKey>,
}

/// What lines of a time were written under.
#[derive(Clone)]
pub struct ChainKey {
    /// The master key.
    pub id: String,
    /// What was derived from it.
    pub secret: Zeroizing<[u8; 32]>,
    /// The last line that may stand under it; none while it is in use.
    until: Option<i64>,
}

impl ChainKey {
    /// The key of a tenant's lines under a master key.
    #[must_use]
    pub fn new(master: &MasterKey, tenant: TenantId) -> Self {
        Self {
            id: master.id().to_string(),
            secret: Zeroizing::new(master.derive("audit", tenant)),
            until: None,
        }
    }

    /// One that was kept when another master key took the place of its own; none when it is no key.
    #[must_use]
    pub fn kept(id: String, secret: &[u8], until: i64) -> Option<Self> {
        Some(Self {
            id,
            secret: Zeroizing::new(secret.try_into().ok()?),
            until: Some(until),
        })
    }

    fn link(&self, before: &[u8; 32], line: &[u8]) -> [u8; 32] {
        crate::store::mac(&self.secret, &[before, line])
    }

    fn start(&self) -> [u8; 32] {
        self.link(&[0; 32], b"medbot/audit/1")
    }
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
    /// A master key wrote it that is not known, or not any more.
    #[error("line {0} was written with another master key")]
    OtherKey(i64),
}

impl Chain {
    /// The chain of a tenant under a master key.
    #[must_use]
    pub fn new(master: &MasterKey, tenant: TenantId) -> Self {
        Self {
            tenant,
            keys: vec![ChainKey::new(master, tenant)],
        }
    }

    /// The same, whose lines may begin under these keys, the oldest first.
    #[must_use]
    pub fn after(mut self, earlier: Vec<ChainKey>) -> Self {
        let own = self.current().id.clone();
        self.keys
            .splice(..0, earlier.into_iter().filter(|key| key.id != own));
        self
    }

    fn current(&self) -> &ChainKey {
        &self.keys[self.keys.len() - 1]
    }

    /// The head of a chain without lines.
    #[must_use]
    pub fn start(&self) -> Head {
        Head {
            seq: 0,
            hash: self.current().start(),
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
            key: self.current().id.clone(),
            what,
        };
        let event = serde_json::to_string(&event).expect("strings and numbers");
        let hash = self.current().link(&head.hash, event.as_bytes());
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
        let said = serde_json::from_str::<Event>(&line.event).map(|event| event.key);
        let said = said.map_err(|_| Flaw::Changed(seq))?;
        let good = |key: &&ChainKey| key.id == said && key.until.is_none_or(|until| seq <= until);
        let Some(key) = self.keys.iter().find(good) else {
            return Err(Flaw::OtherKey(seq));
        };
        // A chain begins under the key of its first line.
        let before = if head.seq == 0 {
            key.start()
        } else {
            head.hash
        };
        let hash = key.link(&before, line.event.as_bytes());
        if !bool::from(hash.as_slice().ct_eq(&line.hash)) {
            return Err(Flaw::Changed(seq));
        }
        // The number and the tenant within the line need no look: its hash binds them.
        Ok(Head { seq, hash })
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
