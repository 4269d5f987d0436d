//! Every format in each variant, every kind of refusal, and the PDF text that must not get out.

mod dicoms;
mod formats;
mod hostile;
mod pdfs;
mod write;

use std::path::PathBuf;

use schemas::{Reject, RejectKind};

use super::{Decoded, Limits, decode};

/// `PDFium` where the set-up puts it.
fn pdfium() -> PathBuf {
    let cache = infra::models::Cache::locate().expect("MEDBOT_CACHE or HOME is set");
    cache
        .require(infra::models::Asset::Pdfium)
        .expect("infra/setup has run")
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
