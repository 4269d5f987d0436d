//! Bytes of a document become pages: upright rasters on white, their resolution, and the visible
//! part of a PDF's own text.
//!
//! The format is told by the content, never by the name. [`Decoder`] runs everything in sandboxed
//! children and gives one page at a time; [`decode`] does the same in this process, for tests and
//! for bytes that are trusted. Every refusal is a [`Reject`] without any text of the document.

mod animation;
mod client;
mod density;
mod dicom;
mod format;
mod jpeg;
mod pdf;
mod pixels;
mod service;
mod source;
mod still;
mod tiff;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::RgbImage;
use schemas::{BBox, Reject, Subject};
use serde::{Deserialize, Serialize};

pub use client::{DecodedFile, Decoder};
pub use service::DecodeService;

/// How much one document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest file in bytes.
    pub bytes: u64,
    /// Most pixels of a page raster.
    pub pixels_per_page: u64,
    /// Most pages of a document.
    pub pages: usize,
    /// Address space of a decoding child in bytes.
    pub memory_bytes: u64,
    /// For opening a document, and again for each of its pages.
    pub time: Duration,
    /// Resolution at which PDF pages are rendered, in dots per inch.
    pub dpi: f32,
}

/// What a process holds beside its children: models, pages in flight.
const OWN: u64 = 1 << 30;
/// What a child needs for pages as offices scan them.
const LEAST: u64 = 768 << 20;

impl Limits {
    /// The same, with no more memory for a child than it may take when `children` of them take all they can of
    /// `memory` bytes at once, and no less than ordinary pages need.
    #[must_use]
    pub fn shared(self, memory: Option<u64>, children: usize) -> Self {
        let share = memory.map(|memory| memory.saturating_sub(OWN) / children.max(1) as u64);
        let memory_bytes = match share {
            Some(share) => share.clamp(LEAST.min(self.memory_bytes), self.memory_bytes),
            None => self.memory_bytes,
        };
        Self {
            memory_bytes,
            ..self
        }
    }
}

impl Default for Limits {
    /// A 256 MiB file, A3 at 600 dpi, 2,000 pages, 2 GiB, a minute, 200 dpi.
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            pixels_per_page: 100_000_000,
            pages: 2_000,
            memory_bytes: 2 << 30,
            time: Duration::from_mins(1),
            dpi: 200.0,
        }
    }
}

/// What decoding needs besides the bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DecodeConfig {
    /// `libpdfium.so`; without it a PDF is refused.
    pub pdfium: Option<PathBuf>,
    /// What a document may cost.
    pub limits: Limits,
}

/// One page, as given: after EXIF orientation or PDF `/Rotate`, with square pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedPage {
    /// The page raster.
    pub image: RgbImage,
    /// Dots per inch of `image`, when the file says something believable.
    pub dpi: Option<f32>,
    /// Whose page it is by the file's header.
    pub subject: Option<Subject>,
    /// Words of the file's own text layer whose glyphs are visible in `image`, in file order.
    pub text_layer: Vec<TextWord>,
    /// Glyphs of the text layer that cannot be seen; their text is never given.
    pub hidden_glyphs: usize,
}

/// A word of a text layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextWord {
    /// Its characters; never empty, never with white space.
    pub text: String,
    /// Around its ink, in pixels of the page raster.
    pub bbox: BBox,
}

/// A whole document in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// What the content is, `image/png` or the like.
    pub media_type: &'static str,
    /// Its pages in order; never empty.
    pub pages: Vec<DecodedPage>,
}

/// Tells from the first bytes whether a document can be one that medbot reads; of `name_hint` only the
/// extension is looked at. Gives the media type.
///
/// # Errors
/// [`Reject`]: empty, unsupported or mislabelled.
pub fn sniff(head: &[u8], name_hint: Option<&str>) -> Result<&'static str, Reject> {
    let extension = name_hint.and_then(format::extension);
    format::sniff(head, extension.as_deref()).map(format::Format::media_type)
}

/// A page raster that a stage wrote, as pixels; none when it is no PNG.
#[must_use]
pub fn raster_from_png(bytes: &[u8]) -> Option<RgbImage> {
    crate::artefact::raster(bytes).ok()
}

/// Decodes a whole document in this process.
///
/// `name_hint` is the file's name; its extension only tells a mislabelled file from an unknown
/// format. `pdfium` is the path of `libpdfium.so`; the first path given in a process is used.
///
/// # Errors
/// [`Reject`] with its kind; the first page that cannot be decoded refuses the document.
pub fn decode(
    bytes: &[u8],
    name_hint: Option<&str>,
    limits: &Limits,
    pdfium: Option<&Path>,
) -> Result<Decoded, Reject> {
    let extension = name_hint.and_then(format::extension);
    let mut source = source::open(bytes.into(), extension.as_deref(), limits, pdfium)?;
    let pages = (0..source.pages.count())
        .map(|index| source.page(index))
        .collect::<Result<_, _>>()?;
    Ok(Decoded {
        media_type: source.format.media_type(),
        pages,
    })
}
