//! How a clinic's own server is told that something happened: Standard Webhooks, sent with care.
//!
//! A URL that a customer chose is a way into our network, so [`Guard`] decides where a connection may
//! go, at the moment when it is made. Nothing is kept here: what is due and what was tried stands in
//! the database, and one call is one attempt.

mod backoff;
mod deliver;
mod guard;
mod public;
mod send;
mod sign;

pub use backoff::{backoff, retry_after};
pub use deliver::{SECRET, deliver};
pub use guard::{Guard, Lookup, Refusal, SystemLookup};
pub use send::{Attempt, Cause, Message, Sender, Times};
pub use sign::{Secret, SecretError, signatures, verify};
