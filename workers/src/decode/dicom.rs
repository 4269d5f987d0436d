//! DICOM: a page per frame, windowed as the file says (PS3.3, C.11.2), or the pages of the PDF that
//! the object encapsulates. Burned-in text is what medbot wants here, not grey levels of tissue.
//!
//! Its outline is checked before anything is read, and coded frames before they are decoded.
//! Limit: no JPEG-LS, no 12-bit lossy JPEG, and of several windows the first.

mod coded;
mod outline;

use std::io::Cursor;
use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, OpenFileOptions, file::ReadPreamble};
use dicom_pixeldata::{
    DecodedPixelData, PhotometricInterpretation as Photometric, PixelDecoder, PlanarConfiguration,
};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use schemas::{Reject, RejectKind, Subject};

use super::density::Density;
use super::source::{self, Pages};
use super::{DecodedPage, Limits, pdf, pixels};

struct Dicom {
    object: DefaultDicomObject,
    frames: usize,
    limits: Limits,
}

pub(super) fn open(
    bytes: &[u8],
    limits: &Limits,
    pdfium: Option<&Path>,
) -> Result<Box<dyn Pages>, Reject> {
    let has_preamble = bytes.get(128..132) == Some(b"DICM");
    let (preamble, start) = if has_preamble {
        (ReadPreamble::Always, 128)
    } else {
        (ReadPreamble::Never, 0)
    };
    outline::check(&bytes[start..], limits)?;
    let object = OpenFileOptions::new()
        .read_preamble(preamble)
        .from_reader(Cursor::new(bytes))
        .map_err(|e| refusal(&e))?;
    if let Ok(document) = object.element(tags::ENCAPSULATED_DOCUMENT) {
        let document = document.to_bytes().map_err(|e| refusal(&e))?;
        return Ok(Box::new(Encapsulated {
            pdf: Box::new(pdf::open(document.as_ref().into(), limits, pdfium)?),
            subject: subject(&object),
        }));
    }
    if object.element(tags::PIXEL_DATA).is_err() {
        // A file that ends inside its header still parses; one with a size promised pixels.
        return Err(if object.element(tags::ROWS).is_ok() {
            source::truncated("DICOM")
        } else {
            Reject::new(
                RejectKind::NoPages,
                "this DICOM object holds neither an image nor a PDF; export it as one of them",
            )
        });
    }
    let size = |tag| number::<u64>(&object, tag).unwrap_or(0);
    source::check_pixels(size(tags::COLUMNS), size(tags::ROWS), limits)?;
    let frames = number::<i64>(&object, tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let frames = usize::try_from(frames).map_err(|_| source::malformed("DICOM"))?;
    Ok(Box::new(Dicom {
        object,
        frames,
        limits: *limits,
    }))
}

/// A PDF in a DICOM object.
struct Encapsulated {
    pdf: Box<dyn Pages>,
    subject: Option<Subject>,
}

impl Pages for Encapsulated {
    fn count(&self) -> usize {
        self.pdf.count()
    }

    fn subject(&self) -> Option<Subject> {
        self.subject.clone()
    }

    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        self.pdf.page(index)
    }
}

impl Pages for Dicom {
    fn count(&self) -> usize {
        self.frames
    }

    fn subject(&self) -> Option<Subject> {
        subject(&self.object)
    }

    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        let image = if self.is_native_422() {
            self.native_422(index)?
        } else {
            self.check_length(index)?;
            let frame = u32::try_from(index).map_err(|_| source::malformed("DICOM"))?;
            coded::contained(|| {
                let data = self.object.decode_pixel_data_frame(frame);
                self.image(&data.map_err(|e| refusal(&e))?)
            })?
        };
        let density = self.density();
        Ok(pixels::page(
            image,
            density,
            Orientation::NoTransforms,
            &self.limits,
        ))
    }
}

impl Dicom {
    /// Native pixels must be there for the whole frame, because the codec slices without asking, and coded
    /// ones must become it.
    fn check_length(&self, index: usize) -> Result<(), Reject> {
        let element = self
            .object
            .element(tags::PIXEL_DATA)
            .map_err(|e| refusal(&e))?;
        let size = |tag| number::<u64>(&self.object, tag).unwrap_or(0);
        let bits = size(tags::COLUMNS)
            .saturating_mul(size(tags::ROWS))
            .saturating_mul(size(tags::SAMPLES_PER_PIXEL).max(1))
            .saturating_mul(size(tags::BITS_ALLOCATED));
        if let Some(fragments) = element.fragments() {
            let only = fragments.first().filter(|_| self.frames == 1);
            let fragment = fragments.get(index).or(only);
            let fragment = fragment.ok_or_else(|| source::truncated("DICOM"))?;
            let frame = coded::Frame {
                columns: size(tags::COLUMNS),
                rows: size(tags::ROWS),
                bytes: bits.div_ceil(8),
            };
            return frame.check(fragment, self.object.meta().transfer_syntax());
        }
        let bytes = element.to_bytes().map_err(|e| refusal(&e))?;
        let needed = bits.saturating_mul(index as u64 + 1).div_ceil(8);
        if (bytes.len() as u64) < needed {
            return Err(source::truncated("DICOM"));
        }
        Ok(())
    }

    fn is_native_422(&self) -> bool {
        let native = self
            .object
            .element(tags::PIXEL_DATA)
            .is_ok_and(|e| e.fragments().is_none());
        native && text(&self.object, tags::PHOTOMETRIC_INTERPRETATION) == "YBR_FULL_422"
    }

    /// Uncompressed 4:2:2 pixels stand as Y Y Cb Cr (PS3.3, C.7.6.3.1.2).
    fn native_422(&self, index: usize) -> Result<DynamicImage, Reject> {
        let element = self
            .object
            .element(tags::PIXEL_DATA)
            .map_err(|e| refusal(&e))?;
        let bytes = element.to_bytes().map_err(|e| refusal(&e))?;
        let (w, h) = self.size()?;
        let frame = w as usize * h as usize * 2;
        let start = frame.saturating_mul(index);
        let frame = bytes.get(start..start.saturating_add(frame));
        let frame = frame.ok_or_else(|| source::truncated("DICOM"))?;
        let rgb = frame
            .chunks_exact(4)
            .flat_map(|p| {
                [
                    pixels::ycbcr(p[0], p[2], p[3]),
                    pixels::ycbcr(p[1], p[2], p[3]),
                ]
            })
            .flatten()
            .collect();
        RgbImage::from_raw(w, h, rgb)
            .map(DynamicImage::ImageRgb8)
            .ok_or_else(|| source::malformed("DICOM"))
    }

    fn size(&self) -> Result<(u32, u32), Reject> {
        let size = |tag| number::<u32>(&self.object, tag);
        size(tags::COLUMNS)
            .zip(size(tags::ROWS))
            .ok_or_else(|| source::malformed("DICOM"))
    }

    fn image(&self, data: &DecodedPixelData) -> Result<DynamicImage, Reject> {
        let (w, h) = (data.columns(), data.rows());
        source::check_pixels(w.into(), h.into(), &self.limits)?;
        let damaged = || source::malformed("DICOM");
        match (data.samples_per_pixel(), data.photometric_interpretation()) {
            (1, Photometric::PaletteColor) => {
                let indices: Vec<i32> = data
                    .to_vec_frame_with_options(0, &raw())
                    .map_err(|e| refusal(&e))?;
                let palette = Palette::of(&self.object).ok_or_else(damaged)?;
                let rgb = indices.into_iter().flat_map(|i| palette.color(i)).collect();
                RgbImage::from_raw(w, h, rgb)
                    .map(DynamicImage::ImageRgb8)
                    .ok_or_else(damaged)
            }
            (1, photometric) => {
                let values: Vec<f32> = data.to_vec_frame(0).map_err(|e| refusal(&e))?;
                let window = Window::of(data, &values);
                let inverse = *photometric == Photometric::Monochrome1;
                let grey = values.iter().map(|&v| {
                    let level = window.level(v);
                    if inverse { 255 - level } else { level }
                });
                GrayImage::from_raw(w, h, grey.collect())
                    .map(DynamicImage::ImageLuma8)
                    .ok_or_else(damaged)
            }
            (3, photometric) => {
                let rgb = rgb(data, photometric)?;
                RgbImage::from_raw(w, h, rgb)
                    .map(DynamicImage::ImageRgb8)
                    .ok_or_else(damaged)
            }
            _ => Err(source::unsupported("DICOM")),
        }
    }

    /// Millimetres between rows, then between columns: on the film, or of the scanned paper.
    fn density(&self) -> Option<Density> {
        let spacing = [tags::NOMINAL_SCANNED_PIXEL_SPACING, tags::PIXEL_SPACING];
        // Of an image of a body, spacing says nothing about print: only scanned paper is believed.
        if text(&self.object, tags::MODALITY) != "OT" && text(&self.object, tags::MODALITY) != "DOC"
        {
            return None;
        }
        let [row, column] = spacing.into_iter().find_map(|tag| {
            let values = self.object.element(tag).ok()?.to_multi_float32().ok()?;
            values.first_chunk::<2>().copied()
        })?;
        Density::new(25.4 / column, 25.4 / row)
    }
}

fn raw() -> dicom_pixeldata::ConvertOptions {
    dicom_pixeldata::ConvertOptions::new()
        .with_modality_lut(dicom_pixeldata::ModalityLutOption::None)
}

fn rgb(data: &DecodedPixelData, photometric: &Photometric) -> Result<Vec<u8>, Reject> {
    let mut bytes = match data.bits_allocated() {
        8 => data.frame_data(0).map_err(|e| refusal(&e))?.to_vec(),
        16 => {
            let shift = data.bits_stored().saturating_sub(8);
            let words = data.frame_data_ow(0).map_err(|e| refusal(&e))?;
            words.into_iter().map(|w| (w >> shift) as u8).collect()
        }
        _ => return Err(source::unsupported("DICOM")),
    };
    if data.planar_configuration() == PlanarConfiguration::PixelFirst {
        let plane = bytes.len() / 3;
        bytes = (0..plane * 3)
            .map(|n| bytes[n % 3 * plane + n / 3])
            .collect();
    }
    match photometric {
        Photometric::Rgb | Photometric::YbrIct | Photometric::YbrRct => {}
        Photometric::YbrFull | Photometric::YbrFull422 => {
            for pixel in bytes.chunks_exact_mut(3) {
                pixel.copy_from_slice(&pixels::ycbcr(pixel[0], pixel[1], pixel[2]));
            }
        }
        _ => return Err(source::unsupported("DICOM")),
    }
    Ok(bytes)
}

/// A linear window from values to grey levels (PS3.3, C.11.2.1.2.1).
struct Window {
    center: f64,
    width: f64,
}

impl Window {
    fn of(data: &DecodedPixelData, values: &[f32]) -> Self {
        let stated = data.window().ok().flatten().and_then(<[_]>::first);
        if let Some(window) = stated.filter(|w| w.width >= 1.0) {
            return Self {
                center: window.center,
                width: window.width,
            };
        }
        // Eight bits are grey levels already; wider ones are spread over what is there.
        let (low, high) = if data.bits_stored() <= 8 {
            let rescaled = values.iter().any(|v| !(0.0..=255.0).contains(v));
            let full = f32::from((1_u16 << data.bits_stored().min(8)) - 1);
            if rescaled { range(values) } else { (0.0, full) }
        } else {
            range(values)
        };
        Self {
            center: f64::midpoint(f64::from(low), f64::from(high)) + 0.5,
            width: f64::from(high - low).max(1.0) + 1.0,
        }
    }

    fn level(&self, value: f32) -> u8 {
        if self.width <= 1.0 {
            return if f64::from(value) > self.center - 0.5 {
                255
            } else {
                0
            };
        }
        let at = (f64::from(value) - (self.center - 0.5)) / (self.width - 1.0) + 0.5;
        (at * 255.0).round().clamp(0.0, 255.0) as u8
    }
}

fn range(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| {
        (low.min(v), high.max(v))
    })
}

/// The three look-up tables of `PALETTE COLOR` (PS3.3, C.7.6.3.1.5).
struct Palette {
    first: i32,
    tables: [Vec<u8>; 3],
}

impl Palette {
    fn of(object: &DefaultDicomObject) -> Option<Self> {
        let descriptor = object
            .element(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR)
            .ok()?
            .to_multi_int::<i32>()
            .ok()?;
        let [entries, first, bits] = *descriptor.first_chunk::<3>()?;
        let entries = if entries == 0 {
            65_536
        } else {
            (entries & 0xffff) as usize
        };
        let table = |tag: Tag| {
            let bytes = object.element(tag).ok()?.to_bytes().ok()?;
            let table: Vec<u8> = if bits == 8 && bytes.len() < entries * 2 {
                bytes.to_vec()
            } else {
                // Some writers put 8-bit entries into 16-bit words.
                let byte = usize::from(bits == 16);
                bytes.chunks_exact(2).map(|w| w[byte]).collect()
            };
            (table.len() >= entries).then_some(table)
        };
        Some(Self {
            first,
            tables: [
                table(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
                table(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
                table(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA)?,
            ],
        })
    }

    fn color(&self, index: i32) -> [u8; 3] {
        let [red, green, blue] = &self.tables;
        [red, green, blue].map(|table| {
            let at = usize::try_from(index.saturating_sub(self.first)).unwrap_or(0);
            table.get(at).or(table.last()).copied().unwrap_or(0)
        })
    }
}

fn number<T: TryFrom<i64>>(object: &DefaultDicomObject, tag: Tag) -> Option<T> {
    T::try_from(object.element(tag).ok()?.to_int::<i64>().ok()?).ok()
}

/// The patient of an object (PS3.3, C.7.1.1), unless it says that the identity was removed.
fn subject(object: &DefaultDicomObject) -> Option<Subject> {
    if text(object, tags::PATIENT_IDENTITY_REMOVED) == "YES" {
        return None;
    }
    let given = |value: String| Some(value).filter(|value| !value.is_empty());
    let subject = Subject {
        name: given(spoken(&text(object, tags::PATIENT_NAME))),
        birth_date: iso_date(&text(object, tags::PATIENT_BIRTH_DATE)),
        id: given(text(object, tags::PATIENT_ID)),
    };
    (subject.name.is_some() || subject.birth_date.is_some() || subject.id.is_some())
        .then_some(subject)
}

/// A person's name in the order of speech: family, given and middle name stand between carets, other
/// writings of the whole after an equals sign (PS3.5, 6.2.1).
fn spoken(name: &str) -> String {
    let mut parts: Vec<&str> = name
        .split('=')
        .next()
        .unwrap_or_default()
        .split('^')
        .take(3)
        .collect();
    parts.rotate_left(1);
    let words = parts.iter().flat_map(|part| part.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// `YYYYMMDD` with hyphens.
fn iso_date(date: &str) -> Option<String> {
    let all_digits = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))
}

fn text(object: &DefaultDicomObject, tag: Tag) -> String {
    let value = object
        .element(tag)
        .ok()
        .and_then(|e| e.to_str().ok().map(|s| s.trim().to_owned()));
    value.unwrap_or_default()
}

fn refusal(error: &(dyn std::error::Error + 'static)) -> Reject {
    if source::ran_out(error) {
        return source::truncated("DICOM");
    }
    source::malformed("DICOM")
}
