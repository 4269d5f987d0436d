//! Artefacts as bytes: JSON, and PNG where there are pixels. Reading back gives exactly what was
//! written, so that a stage cannot tell whether its input came from memory or from the store.

use std::io::Cursor;

use fusion::{DrawnBox, Rulings};
use image::{ExtendedColorType, GrayImage, ImageEncoder as _, RgbImage, codecs::png};
use schemas::{Document, Orientation, Quad, Reading, Subject, TaskError, TaskErrorKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::{
    decode::{DecodedFile, DecodedPage, TextWord},
    document::{FusedPage, hex},
    page::{Detected, Prepared},
    prepare::{bend::Bend, binarise::BinaryImage, geometry::Homography},
    upright::Upright,
};

/// Something that can lie in the store.
pub(crate) trait Stored: Sized {
    /// Its bytes.
    fn encode(&self) -> Result<Vec<u8>, TaskError>;
    /// What the bytes say.
    fn decode(bytes: &[u8]) -> Result<Self, TaskError>;
}

/// Types whose artefact is their JSON.
trait AsJson: Serialize + DeserializeOwned {}
impl AsJson for Decoded {}
impl AsJson for Detected {}
impl AsJson for Reading {}
impl AsJson for FusedPage {}
impl AsJson for Document {}

impl<T: AsJson> Stored for T {
    fn encode(&self) -> Result<Vec<u8>, TaskError> {
        serde_json::to_vec(self).map_err(|error| broken(&error))
    }

    fn decode(bytes: &[u8]) -> Result<Self, TaskError> {
        serde_json::from_slice(bytes).map_err(|error| broken(&error))
    }
}

/// What is known of a page beside its pixels.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Decoded {
    pub width: u32,
    pub height: u32,
    pub dpi: Option<f32>,
    #[serde(default)]
    pub subject: Option<Subject>,
    pub text_layer: Vec<TextWord>,
    /// Of the whole document.
    pub media_type: String,
    pub sha256: String,
    pub bytes: u64,
}

impl Decoded {
    pub(crate) fn new(page: &DecodedPage, file: &DecodedFile<'_>, bytes: &[u8]) -> Self {
        Self {
            width: page.image.width(),
            height: page.image.height(),
            dpi: page.dpi,
            subject: page.subject.clone(),
            text_layer: page.text_layer.clone(),
            media_type: file.media_type().into(),
            sha256: hex(&Sha256::digest(bytes)),
            bytes: bytes.len() as u64,
        }
    }

    /// The words of the text layer on the upright page.
    pub(crate) fn text_layer_on(&self, upright: &Upright) -> Vec<(String, Quad)> {
        crate::page::text_layer(&self.text_layer, upright)
    }
}

/// What stands before the pixels of a prepared page.
#[derive(Serialize, Deserialize)]
struct Header {
    from_raster: Homography,
    to_raster: Homography,
    orientation: Orientation,
    skew_degrees: f32,
    /// Missing where an earlier version prepared the page.
    #[serde(default)]
    bend: Option<Bend>,
    rulings: Rulings,
    checkboxes: Vec<DrawnBox>,
    /// Sizes in bytes of the colour, grey and ink PNGs that follow.
    images: [usize; 3],
}

/// A little-endian u32 with the length of the JSON header, the header, then the images.
impl Stored for Prepared {
    fn encode(&self) -> Result<Vec<u8>, TaskError> {
        let images = [
            png(&self.upright.color)?,
            grey_png(&self.flat)?,
            grey_png(&self.ink.to_grey())?,
        ];
        let header = Header {
            from_raster: self.upright.from_raster,
            to_raster: self.upright.to_raster,
            orientation: self.upright.orientation,
            skew_degrees: self.upright.skew_degrees,
            bend: self.upright.bend,
            rulings: self.rulings.clone(),
            checkboxes: self.checkboxes.clone(),
            images: [images[0].len(), images[1].len(), images[2].len()],
        };
        let header = serde_json::to_vec(&header).map_err(|error| broken(&error))?;
        let mut bytes = (header.len() as u32).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(images.concat());
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, TaskError> {
        let short = || broken(&"it ends early");
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(short)?;
        let header: Header = serde_json::from_slice(header).map_err(|error| broken(&error))?;
        let mut images = Vec::with_capacity(3);
        for size in header.images {
            let (image, after) = rest.split_at_checked(size).ok_or_else(short)?;
            images.push(open(image)?);
            rest = after;
        }
        let ink = images.remove(2).into_luma8();
        Ok(Self {
            upright: Upright {
                color: images.remove(0).into_rgb8(),
                from_raster: header.from_raster,
                to_raster: header.to_raster,
                orientation: header.orientation,
                skew_degrees: header.skew_degrees,
                bend: header.bend,
            },
            flat: images.remove(0).into_luma8(),
            ink: BinaryImage::from_fn(ink.width() as usize, ink.height() as usize, |x, y| {
                ink.get_pixel(x as u32, y as u32)[0] < 128
            }),
            rulings: header.rulings,
            checkboxes: header.checkboxes,
        })
    }
}

/// A page raster.
pub(crate) fn raster(bytes: &[u8]) -> Result<RgbImage, TaskError> {
    Ok(open(bytes)?.into_rgb8())
}

/// Our own PNGs, made by [`png`]; limits are those of the raster that they were made from.
fn open(bytes: &[u8]) -> Result<image::DynamicImage, TaskError> {
    let mut reader = image::ImageReader::with_format(Cursor::new(bytes), image::ImageFormat::Png);
    reader.no_limits();
    reader.decode().map_err(|error| broken(&error))
}

/// A colour image as PNG, quickly: these files are read a few times and then removed, or served.
pub(crate) fn png(image: &RgbImage) -> Result<Vec<u8>, TaskError> {
    encoded(
        image.as_raw(),
        image.width(),
        image.height(),
        ExtendedColorType::Rgb8,
    )
}

fn grey_png(image: &GrayImage) -> Result<Vec<u8>, TaskError> {
    encoded(
        image.as_raw(),
        image.width(),
        image.height(),
        ExtendedColorType::L8,
    )
}

fn encoded(
    pixels: &[u8],
    width: u32,
    height: u32,
    color: ExtendedColorType,
) -> Result<Vec<u8>, TaskError> {
    let mut bytes = Vec::new();
    png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Fast, png::FilterType::Up)
        .write_image(pixels, width, height, color)
        .map_err(|error| broken(&error))?;
    Ok(bytes)
}

fn broken(error: &dyn std::fmt::Display) -> TaskError {
    TaskError {
        kind: TaskErrorKind::Failed,
        detail: format!("an artefact cannot be written or read back: {error}"),
    }
}
