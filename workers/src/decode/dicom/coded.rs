//! Coded frames: what their own headers say must be what the object says, before a codec makes room for it.
//!
//! The codecs trust the object's sides and slice by them. Limit: JPEG XL is not looked into; its codec
//! makes room only for what it has read.

use std::io::{self, Read};
use std::panic::{self, AssertUnwindSafe};

use dicom_dictionary_std::uids::{DEFLATED_IMAGE_FRAME_COMPRESSION, RLE_LOSSLESS};
use flate2::read::DeflateDecoder;
use schemas::Reject;

use crate::decode::{jpeg, source};

/// Sides and bytes of a frame by the object's header.
pub(super) struct Frame {
    pub columns: u64,
    pub rows: u64,
    pub bytes: u64,
}

impl Frame {
    /// Refuses coded bytes that would become another frame than this.
    pub fn check(&self, coded: &[u8], syntax: &str) -> Result<(), Reject> {
        if syntax == DEFLATED_IMAGE_FRAME_COMPRESSION {
            // A byte of padding makes an odd frame even.
            let most = self.bytes + 1;
            let mut inflating = DeflateDecoder::new(coded).take(most + 1);
            let bytes = io::copy(&mut inflating, &mut io::sink());
            return match bytes {
                Ok(bytes) if (self.bytes..=most).contains(&bytes) => Ok(()),
                _ => Err(source::malformed("DICOM")),
            };
        }
        if syntax == RLE_LOSSLESS && !has_segments(coded) {
            return Err(source::malformed("DICOM"));
        }
        match jpeg::size(coded).or_else(|| jpeg_2000_size(coded)) {
            Some(size) if size != (self.columns, self.rows) => Err(source::malformed("DICOM")),
            // Without a size there is nothing to make room for.
            _ => Ok(()),
        }
    }
}

/// Is there a header of 1 to 15 segments (PS3.5, G.5)?
fn has_segments(coded: &[u8]) -> bool {
    coded.len() >= 64 && matches!(coded, [1..=15, 0, 0, 0, ..])
}

/// The sides of the reference grid less its offset, from the marker SIZ behind SOC (ITU-T T.800, A.5.1), in
/// a naked codestream or in boxes.
fn jpeg_2000_size(coded: &[u8]) -> Option<(u64, u64)> {
    if !coded.starts_with(b"\xff\x4f") && !coded.starts_with(b"\0\0\0\x0cjP  ") {
        return None;
    }
    let start = coded.windows(4).position(|w| w == b"\xff\x4f\xff\x51")?;
    let words = coded.get(start + 8..start + 24)?;
    let word = |n: usize| {
        let bytes = words.get(n * 4..)?.first_chunk()?;
        Some(u64::from(u32::from_be_bytes(*bytes)))
    };
    Some((
        word(0)?.saturating_sub(word(2)?),
        word(1)?.saturating_sub(word(3)?),
    ))
}

/// Runs a codec. One that stops because the bytes are not what it expected says that they are damaged.
pub(super) fn contained<T>(decode: impl FnOnce() -> Result<T, Reject>) -> Result<T, Reject> {
    panic::catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(source::malformed("DICOM")))
}
