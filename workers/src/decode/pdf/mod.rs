//! PDF through PDFium: a page is its render at the wanted resolution, crop box and `/Rotate` applied,
//! with annotations and filled form fields, plus the part of its text that can be seen in it.
//!
//! PDFium repairs a cut-off file by leaving pages out; such a file is refused instead.

mod library;
mod text;
mod visible;

use std::path::Path;
use std::sync::Arc;

use schemas::{Reject, RejectKind};

use self::library::{Document, OpenError, Pdfium};
use super::source::{self, Pages};
use super::{DecodedPage, Limits};

/// Points of an inch.
const POINTS: f32 = 72.0;
/// A page that would need less than this to fit into the limits is refused.
const LEAST_DPI: f32 = 50.0;

/// An open document.
pub(super) struct Pdf {
    document: Document,
    count: usize,
    limits: Limits,
}

/// Loads the library; the first path given in a process is the one used.
pub(super) fn load(path: &Path) -> Result<(), String> {
    Pdfium::load(path).map(drop)
}

pub(super) fn open(
    bytes: Arc<[u8]>,
    limits: &Limits,
    library: Option<&Path>,
) -> Result<Pdf, Reject> {
    let Some(library) = library else {
        return Err(Reject::new(
            RejectKind::UnsupportedFormat,
            "PDF needs the PDFium library; run `medbot setup`",
        ));
    };
    let pdfium = Pdfium::load(library).map_err(|_| {
        Reject::new(
            RejectKind::UnsupportedFormat,
            "the PDFium library cannot be loaded; run `medbot doctor`",
        )
    })?;
    let whole = reaches_its_end(&bytes);
    let document = Document::open(pdfium, bytes).map_err(|error| match error {
        OpenError::Password => Reject::new(
            RejectKind::Encrypted,
            "the PDF needs a password; save it without one and send it again",
        ),
        OpenError::Broken if !whole => source::truncated("PDF"),
        OpenError::Broken => source::malformed("PDF"),
    })?;
    if !whole {
        return Err(source::truncated("PDF"));
    }
    Ok(Pdf {
        count: document.page_count(),
        document,
        limits: *limits,
    })
}

/// Is there an end-of-file mark with nothing but a little noise behind it?
fn reaches_its_end(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"%%EOF";
    let end = bytes
        .iter()
        .rposition(|b| !b.is_ascii_whitespace() && *b != 0);
    let bytes = &bytes[..end.map_or(0, |end| end + 1)];
    let tail = &bytes[bytes.len().saturating_sub(2048)..];
    tail.windows(MARK.len()).any(|w| w == MARK)
}

impl Pages for Pdf {
    fn count(&self) -> usize {
        self.count
    }

    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        let page = self
            .document
            .page(index)
            .ok_or_else(|| source::malformed("PDF"))?;
        let (width, height, dpi) = raster_size(page.size(), &self.limits)?;
        let render = page.render(width, height).ok_or_else(|| {
            source::too_large(
                "pixels on a page",
                u64::from(width) * u64::from(height),
                self.limits.pixels_per_page,
            )
        })?;
        let layer = text::read(&page, &render);
        Ok(DecodedPage {
            image: render,
            dpi: Some(dpi),
            subject: None,
            text_layer: layer.words,
            hidden_glyphs: layer.hidden,
        })
    }
}

/// Pixels and resolution of a page of `size` points: the wanted one, or less for a huge page.
fn raster_size(size: [f32; 2], limits: &Limits) -> Result<(u32, u32, f32), Reject> {
    let [w, h] = size.map(|points| points / POINTS);
    if !(w.is_finite() && h.is_finite() && w > 0.0 && h > 0.0) {
        return Err(source::malformed("PDF"));
    }
    let fitting = (limits.pixels_per_page as f32 / (w * h)).sqrt() * 0.999;
    let dpi = limits.dpi.min(fitting);
    if dpi < LEAST_DPI.min(limits.dpi) {
        let pixels = f64::from(w * limits.dpi) * f64::from(h * limits.dpi);
        return Err(source::too_large(
            "pixels on a page",
            pixels as u64,
            limits.pixels_per_page,
        ));
    }
    let pixels = |inches: f32| ((inches * dpi).round() as u32).max(1);
    source::check_pixels(pixels(w).into(), pixels(h).into(), limits)?;
    Ok((pixels(w), pixels(h), dpi))
}
