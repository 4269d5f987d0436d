//! The narrow seam between the sandbox and the code that it confines.

use serde::{Serialize, de::DeserializeOwned};

/// Code that runs in a sandboxed child and answers one request after the other.
///
/// A new service is one implementation and one line in `child_main`.
pub trait Service: Sized {
    /// The name on the child's command line.
    const KIND: &'static str;
    /// What `load` needs; comes from the parent and is trusted.
    type Config: Serialize + DeserializeOwned + Clone + Send + Sync;
    /// The small part of a question; its bytes travel beside it.
    type Request: Serialize + DeserializeOwned;
    /// The small part of an answer; not trusted by the parent.
    type Response: Serialize + DeserializeOwned;

    /// Opens every file and library that will ever be needed: the last chance to do so.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    fn load(config: Self::Config) -> Result<Self, String>;

    /// Answers a request. State may be kept for the next one, but another child may get it.
    fn handle(&mut self, request: Self::Request, blob: Vec<u8>) -> (Self::Response, Vec<u8>);
}
