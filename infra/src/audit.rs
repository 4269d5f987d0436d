//! The audit log: who did what, when and from where, in a chain a tenant that cannot be changed unseen.
//!
//! Every line's hash is an HMAC over the hash before it and the line as it is stored, with a key that only
//! holders of the master key can derive; so neither a line nor the rest of the chain can be made to fit by
//! somebody who has the database alone. What was cut off at the end shows against the head that is kept
//! beside it, and, where both were cut, against heads that were written down elsewhere ([`Anchors`]).
//! Limit: who holds the master key and the database can write another history.

mod anchors;
mod chain;
mod event;
mod fhir;
mod recorder;

pub use anchors::Anchors;
pub use chain::{Chain, ChainKey, Flaw, Head, Line, ends_at};
pub use event::{Actor, Event, Extent, Occurrence};
pub use fhir::audit_event;
pub use recorder::Recorder;
