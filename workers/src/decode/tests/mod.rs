//! Every format in each variant, every kind of refusal, and the PDF text that must not get out.

mod dicoms;
mod formats;
mod hostile;
mod pdfs;
mod write;

use std::path::PathBuf;

use schemas::{Reject, RejectKind};

use super::{Decoded, Limits, decode};

/// `libpdfium.so` where the set-up puts it.
fn pdfium() -> PathBuf {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = home("MEDBOT_CACHE")
        .or_else(|| home("XDG_CACHE_HOME").map(|c| c.join("medbot")))
        .or_else(|| home("HOME").map(|h| h.join(".cache/medbot")))
        .expect("MEDBOT_CACHE or HOME is set");
    let found = ["libpdfium.so", "files/libpdfium.so"]
        .map(|name| cache.join(name))
        .into_iter()
        .find(|path| path.exists());
    found.expect("libpdfium.so is not in the cache: run infra/setup")
}

fn read(bytes: &[u8], name: &str) -> Result<Decoded, Reject> {
    read_within(bytes, name, &Limits::default())
}

fn read_within(bytes: &[u8], name: &str, limits: &Limits) -> Result<Decoded, Reject> {
    decode(bytes, Some(name), limits, Some(&pdfium()))
}

fn kind(read: Result<Decoded, Reject>) -> Option<RejectKind> {
    read.err().map(|reject| reject.kind)
}
