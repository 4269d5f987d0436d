//! Opens a document and gives its pages by number, whatever the format.

use std::path::Path;
use std::sync::Arc;

use image::ImageFormat;
use schemas::{Reject, RejectKind, Subject};

use super::format::{self, Format};
use super::{DecodedPage, Limits, animation, dicom, pdf, still, tiff};

/// The pages of an open document. `page` may be called in any order, and again.
pub(super) trait Pages {
    /// At least one.
    fn count(&self) -> usize;
    /// Whose pages they are, where the file says so.
    fn subject(&self) -> Option<Subject> {
        None
    }
    /// Decodes one page; `index < count()`.
    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject>;
}

/// An open document.
pub(super) struct Source {
    pub format: Format,
    pub pages: Box<dyn Pages>,
}

impl Source {
    /// Decodes one page, with whose it is; `index < pages.count()`.
    pub fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        let page = self.pages.page(index)?;
        Ok(DecodedPage {
            subject: self.pages.subject(),
            ..page
        })
    }
}

pub(super) fn open(
    bytes: Arc<[u8]>,
    extension: Option<&str>,
    limits: &Limits,
    pdfium: Option<&Path>,
) -> Result<Source, Reject> {
    let size = bytes.len() as u64;
    if size > limits.bytes {
        return Err(too_large("bytes", size, limits.bytes));
    }
    let format = format::sniff(&bytes, extension)?;
    let pages: Box<dyn Pages> = match format {
        Format::Pdf => Box::new(pdf::open(bytes, limits, pdfium)?),
        Format::Dicom => dicom::open(&bytes, limits, pdfium)?,
        Format::Raster(ImageFormat::Tiff) => Box::new(tiff::open(bytes, limits)?),
        Format::Raster(kind @ (ImageFormat::Gif | ImageFormat::WebP)) => {
            animation::open(bytes, kind, limits)?
        }
        Format::Raster(kind) => Box::new(still::open(bytes, kind, limits)?),
    };
    match pages.count() {
        0 => Err(no_pages(format)),
        n if n > limits.pages => Err(too_large("pages", n as u64, limits.pages as u64)),
        _ => Ok(Source { format, pages }),
    }
}

pub(super) fn no_pages(format: Format) -> Reject {
    Reject::new(
        RejectKind::NoPages,
        format!("this {} file holds no page", format.name()),
    )
}

pub(super) fn too_large(unit: &str, found: u64, limit: u64) -> Reject {
    Reject::new(
        RejectKind::TooLarge,
        format!("it has {found} {unit} and the limit is {limit}; split it, or raise the limit"),
    )
}

/// Refuses a raster before a byte of it is allocated.
pub(super) fn check_pixels(width: u64, height: u64, limits: &Limits) -> Result<(), Reject> {
    if width == 0 || height == 0 {
        return Err(Reject::new(
            RejectKind::Malformed,
            "a page is 0 pixels wide or high; export the document again",
        ));
    }
    let pixels = width.saturating_mul(height);
    if pixels > limits.pixels_per_page {
        return Err(too_large(
            "pixels on a page",
            pixels,
            limits.pixels_per_page,
        ));
    }
    Ok(())
}

pub(super) fn malformed(format: &str) -> Reject {
    Reject::new(
        RejectKind::Malformed,
        format!("the {format} data break the rules of the format; export the document again"),
    )
}

pub(super) fn truncated(format: &str) -> Reject {
    Reject::new(
        RejectKind::Truncated,
        format!("the {format} data end too early; send the whole file again"),
    )
}

pub(super) fn unsupported(format: &str) -> Reject {
    Reject::new(
        RejectKind::UnsupportedFormat,
        format!("this kind of {format} is not read; convert it to PDF, TIFF or PNG"),
    )
}

/// Does any cause of this error say that the bytes ended?
pub(super) fn ran_out(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return true;
        }
        cause = error.source();
    }
    false
}
