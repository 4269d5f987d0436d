//! TIFF: a page per full-resolution directory. Fax compressions are decoded here, the others by the
//! `tiff` crate, whose samples become RGB here. Limit: no old-style JPEG (compression 6), no Lab.

mod fax;
mod palette;
mod samples;

use std::io::Cursor;
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage};
use schemas::{Reject, RejectKind};
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult, Limits as CodecLimits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffFormatError};

use super::density::Density;
use super::source::{self, Pages};
use super::{DecodedPage, Limits, pixels};

type Reader = Decoder<Cursor<Arc<[u8]>>>;

/// A directory that is a page.
#[derive(Clone, Copy)]
struct Directory {
    index: usize,
    has_palette: bool,
}

/// An open file and the directories that are pages.
pub(super) struct Tiff {
    bytes: Arc<[u8]>,
    reader: Reader,
    directories: Vec<Directory>,
    limits: Limits,
}

pub(super) fn open(bytes: Arc<[u8]>, limits: &Limits) -> Result<Tiff, Reject> {
    let mut bytes = bytes;
    let mut reader = reader(&bytes, limits)?;
    let mut directories = Vec::new();
    let mut palettes = Vec::new();
    for index in 0.. {
        if is_page(&mut reader) {
            let kind: Option<u16> = reader
                .find_tag_unsigned(Tag::PhotometricInterpretation)
                .ok()
                .flatten();
            let has_palette = kind == Some(3);
            if let (true, Some(at)) = (has_palette, reader.ifd_pointer()) {
                palettes.push(at.0);
            }
            directories.push(Directory { index, has_palette });
        }
        if directories.len() > limits.pages || index > limits.pages.saturating_mul(2) {
            return Err(source::too_large(
                "pages",
                index as u64 + 1,
                limits.pages as u64,
            ));
        }
        if !reader.more_images() {
            break;
        }
        reader.next_image().map_err(|e| refusal(&e))?;
    }
    if !palettes.is_empty() {
        let mut grey = bytes.to_vec();
        let order = reader.byte_order();
        if !palettes
            .iter()
            .all(|&at| palette::call_grey(&mut grey, at, order))
        {
            return Err(source::malformed("TIFF"));
        }
        bytes = grey.into();
        reader = self::reader(&bytes, limits)?;
    }
    Ok(Tiff {
        bytes,
        reader,
        directories,
        limits: *limits,
    })
}

fn reader(bytes: &Arc<[u8]>, limits: &Limits) -> Result<Reader, Reject> {
    let mut codec = CodecLimits::default();
    // Four 16-bit samples a pixel, and nothing larger than the sandbox itself.
    let most = limits
        .pixels_per_page
        .saturating_mul(8)
        .min(limits.memory_bytes);
    codec.decoding_buffer_size = usize::try_from(most).unwrap_or(usize::MAX);
    codec.intermediate_buffer_size = codec.decoding_buffer_size;
    let reader = Decoder::new(Cursor::new(Arc::clone(bytes))).map_err(|e| refusal(&e))?;
    Ok(reader.with_limits(codec))
}

/// `NewSubfileType` marks thumbnails (bit 0) and transparency masks (bit 2).
fn is_page(reader: &mut Reader) -> bool {
    let kind: Option<u32> = reader.find_tag_unsigned(Tag::NewSubfileType).ok().flatten();
    kind.unwrap_or(0) & 0b101 == 0
}

impl Pages for Tiff {
    fn count(&self) -> usize {
        self.directories.len()
    }

    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        let directory = *self
            .directories
            .get(index)
            .ok_or_else(|| source::malformed("TIFF"))?;
        self.reader
            .seek_to_image(directory.index)
            .map_err(|e| refusal(&e))?;
        let (width, height) = self.reader.dimensions().map_err(|e| refusal(&e))?;
        source::check_pixels(width.into(), height.into(), &self.limits)?;
        let density = self.density();
        let orientation = self.number(Tag::Orientation).unwrap_or(1);
        let orientation = u8::try_from(orientation)
            .ok()
            .and_then(Orientation::from_exif);
        let image = match self.number(Tag::Compression).unwrap_or(1) {
            coding @ 2..=4 => DynamicImage::ImageLuma8(self.fax(coding, width, height)?),
            _ => self.samples(width, height, directory.has_palette)?,
        };
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        Ok(pixels::page(image, density, orientation, &self.limits))
    }
}

impl Tiff {
    fn number(&mut self, tag: Tag) -> Option<u32> {
        self.reader.find_tag_unsigned(tag).ok().flatten()
    }

    fn numbers(&mut self, tag: Tag) -> Option<Vec<u32>> {
        self.reader.find_tag_unsigned_vec(tag).ok().flatten()
    }

    fn rational(&mut self, tag: Tag) -> Option<f32> {
        match self.reader.get_tag(tag).ok()? {
            Value::Rational(n, d) => Some(n as f32 / d as f32),
            Value::Float(value) => Some(value),
            Value::Double(value) => Some(value as f32),
            whole => Some(whole.into_u32().ok()? as f32),
        }
    }

    fn density(&mut self) -> Option<Density> {
        let x = self.rational(Tag::XResolution)?;
        let y = self.rational(Tag::YResolution)?;
        match self.number(Tag::ResolutionUnit).unwrap_or(2) {
            2 => Density::new(x, y),
            3 => Density::per_cm(x, y),
            _ => None,
        }
    }

    fn fax(&mut self, coding: u32, width: u32, height: u32) -> Result<GrayImage, Reject> {
        let missing = || source::malformed("TIFF");
        let options = self.number(Tag::Unknown(292)).unwrap_or(0);
        let coding = match coding {
            2 => fax::Coding::Rows,
            3 if options & 1 == 1 => fax::Coding::Group3Mixed,
            3 => fax::Coding::Group3,
            _ => fax::Coding::Group4,
        };
        let reversed = self.number(Tag::FillOrder) == Some(2);
        let white_is_zero = self.number(Tag::PhotometricInterpretation) != Some(1);
        let offsets = self.numbers(Tag::StripOffsets).ok_or_else(missing)?;
        let lengths = self.numbers(Tag::StripByteCounts).ok_or_else(missing)?;
        let rows = self
            .number(Tag::RowsPerStrip)
            .unwrap_or(height)
            .clamp(1, height);
        if offsets.len() != lengths.len() || offsets.len() < height.div_ceil(rows) as usize {
            return Err(missing());
        }
        let mut page = fax::Page::new(width, height, white_is_zero);
        for (strip, (&offset, &length)) in offsets.iter().zip(&lengths).enumerate() {
            let first = (strip as u32).saturating_mul(rows);
            if first >= height {
                break;
            }
            let end = (offset as usize).saturating_add(length as usize);
            let coded = self.bytes.get(offset as usize..end);
            let coded = coded.ok_or_else(|| source::truncated("TIFF"))?;
            let coded = fax::Strip {
                bytes: &coded
                    .iter()
                    .map(|b| if reversed { b.reverse_bits() } else { *b })
                    .collect::<Vec<_>>(),
                coding,
                rows: rows.min(height - first),
            };
            page.read(&coded)?;
        }
        Ok(page.into_image())
    }

    fn samples(
        &mut self,
        width: u32,
        height: u32,
        has_palette: bool,
    ) -> Result<DynamicImage, Reject> {
        let mut color = self.reader.colortype().map_err(|e| refusal(&e))?;
        if let (true, ColorType::Gray(bits)) = (has_palette, color) {
            color = ColorType::Palette(bits);
        }
        let palette = self.numbers(Tag::ColorMap);
        let mut result = DecodingResult::U8(Vec::new());
        let layout = self
            .reader
            .read_image_to_buffer(&mut result)
            .map_err(|e| refusal(&e))?;
        let raster = samples::Raster {
            width,
            height,
            color,
            planes: layout.planes.max(1),
            palette,
        };
        raster
            .into_image(&result)
            .ok_or_else(|| source::unsupported("TIFF"))
    }
}

fn refusal(error: &TiffError) -> Reject {
    match error {
        TiffError::LimitsExceeded => Reject::new(
            RejectKind::TooLarge,
            "a page of the TIFF file needs more memory than the limits allow",
        ),
        TiffError::UnsupportedError(_) => source::unsupported("TIFF"),
        TiffError::FormatError(TiffFormatError::ImageFileDirectoryNotFound) => {
            Reject::new(RejectKind::NoPages, "this TIFF file holds no page")
        }
        TiffError::IoError(io) if source::ran_out(io) => source::truncated("TIFF"),
        error if source::ran_out(error) => source::truncated("TIFF"),
        _ => source::malformed("TIFF"),
    }
}
