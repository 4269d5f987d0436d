//! One-page rasters through the `image` crate's pure-Rust codecs.

use std::io::Cursor;
use std::sync::Arc;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use schemas::{Reject, RejectKind};

use super::format::Format;
use super::source::{self, Pages};
use super::{DecodedPage, Limits, density, jpeg, pixels};

/// A raster whose header has been read and found to be within the limits.
pub(super) struct Still {
    bytes: Arc<[u8]>,
    format: ImageFormat,
    limits: Limits,
}

pub(super) fn open(
    bytes: Arc<[u8]>,
    format: ImageFormat,
    limits: &Limits,
) -> Result<Still, Reject> {
    if let (ImageFormat::Ico, Some(png)) = (format, png_of_icon(&bytes)) {
        return open(png.into(), ImageFormat::Png, limits);
    }
    let still = Still {
        bytes,
        format,
        limits: *limits,
    };
    let whole = match format {
        ImageFormat::Jpeg => jpeg::is_whole(&still.bytes),
        ImageFormat::Png => png_is_whole(&still.bytes),
        // The other codecs say themselves that the bytes ran out.
        _ => true,
    };
    if !whole {
        return Err(source::truncated(Format::Raster(format).name()));
    }
    still.decoder()?;
    Ok(still)
}

impl Still {
    fn decoder(&self) -> Result<impl ImageDecoder + '_, Reject> {
        let reader = ImageReader::with_format(Cursor::new(&*self.bytes), self.format);
        let decoder = reader
            .into_decoder()
            .map_err(|e| refusal(&e, self.format))?;
        let (width, height) = decoder.dimensions();
        source::check_pixels(width.into(), height.into(), &self.limits)?;
        // What the codec makes of it and the page made of that; a quarter is left for everything else.
        let rgb = 3 * u64::from(width) * u64::from(height);
        if decoder.total_bytes().saturating_add(rgb) > self.limits.memory_bytes / 4 * 3 {
            return Err(too_much_memory(self.format));
        }
        Ok(decoder)
    }
}

impl Pages for Still {
    fn count(&self) -> usize {
        1
    }

    fn page(&mut self, _index: usize) -> Result<DecodedPage, Reject> {
        let refuse = |e: ImageError| refusal(&e, self.format);
        let mut decoder = self.decoder()?;
        // Broken metadata do not spoil the pixels.
        let orientation = decoder
            .orientation()
            .unwrap_or(image::metadata::Orientation::NoTransforms);
        let exif = decoder.exif_metadata().ok().flatten();
        let density = density::of(&self.bytes, self.format, exif.as_deref());
        let image = DynamicImage::from_decoder(decoder).map_err(refuse)?;
        Ok(pixels::page(image, density, orientation, &self.limits))
    }
}

/// Do the chunks reach `IEND`?
fn png_is_whole(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(&[a, b, c, d, ref kind @ ..]) =
        bytes.get(at..).and_then(<[u8]>::first_chunk::<8>)
    {
        if kind == b"IEND" {
            return true;
        }
        at = at.saturating_add(12 + u32::from_be_bytes([a, b, c, d]) as usize);
    }
    false
}

/// The largest picture of an icon when it is kept as PNG, of whatever colour type.
fn png_of_icon(bytes: &[u8]) -> Option<&[u8]> {
    let entries = bytes.get(6..)?.chunks_exact(16).take(usize::from(bytes[4]));
    // A side of 256 is written as 0.
    let side = |entry: &[u8]| u32::from(entry[0].wrapping_sub(1));
    let entry = entries.max_by_key(|entry| side(entry))?;
    let word = |at: usize| Some(u32::from_le_bytes(*entry.get(at..)?.first_chunk()?) as usize);
    let (length, offset) = (word(8)?, word(12)?);
    let picture = bytes.get(offset..offset.checked_add(length)?)?;
    picture.starts_with(b"\x89PNG\r\n").then_some(picture)
}

fn too_much_memory(format: ImageFormat) -> Reject {
    let name = Format::Raster(format).name();
    Reject::new(
        RejectKind::TooLarge,
        format!("the {name} image needs more memory than the limits allow"),
    )
}

/// The codec's own words may quote the file, so only its kind is kept.
pub(super) fn refusal(error: &ImageError, format: ImageFormat) -> Reject {
    let name = Format::Raster(format).name();
    match error {
        ImageError::Limits(_) => too_much_memory(format),
        ImageError::Unsupported(_) => source::unsupported(name),
        ImageError::IoError(io) if source::ran_out(io) => source::truncated(name),
        error if source::ran_out(error) => source::truncated(name),
        _ => source::malformed(name),
    }
}
