//! One page through prepare, detect and recognise: from a raster to what every engine read.
//!
//! Each stage is one function from artefacts to an artefact. An engine that fails or runs out of time
//! is reported and the others go on; so is a detector.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fusion::{FusedWord, LineReadings, Rulings, Segment};
use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use schemas::{
    BBox, Engine, Orientation, Point, Quad, ReadLine, ReaderReport, ReaderStatus, Reading,
};
use serde::{Deserialize, Serialize};

use crate::{
    decode::TextWord,
    detect::{self, db::Detector},
    engine::{self, OcrEngine, Paddle, PageView, ReadError, tesseract::Tesseract},
    prepare::{
        binarise::{self, BinaryImage},
        borders, denoise, deskew, flatten,
        geometry::{Homography, warp},
        ink, lines, page as sheet, rules, scale, variants,
    },
    upright::{self, Turn, Upright},
};

/// The detector looks at a page with its long side at most this many pixels.
const DETECT_SIDE: u32 = 1600;
/// A page turned by more than this is detected again: boxes of level text are tighter.
const REDETECT_SKEW: f32 = 1.0;
/// Sauvola's window in pixels and its weight, low enough for faint print.
const INK_WINDOW: u32 = 41;
const INK_K: f32 = 0.1;

/// Everything that reads pages, opened once and shared by threads.
pub struct Readers {
    /// PP-OCR's detector, when its model is there.
    pub detector: Option<Detector>,
    /// Reads probes for the orientation, when its model is there.
    pub prober: Option<Arc<Paddle>>,
    /// Tesseract's layout analysis as a second detector.
    pub layout: Option<Arc<Tesseract>>,
    /// The recognisers, in the order of the results.
    pub engines: Vec<Arc<dyn OcrEngine>>,
    /// Time for one page, all stages together.
    pub page_time: Duration,
}

/// A page made upright.
pub struct Prepared {
    /// Colour and the way back.
    pub upright: Upright,
    /// Grey, background even and light.
    pub flat: GrayImage,
    /// Its ink without ruled lines and specks.
    pub ink: BinaryImage,
    /// Ruled lines.
    pub rulings: Rulings,
    /// Boxes that the detector found on the way, on the upright page; None when it must look again.
    pub(crate) boxes: Option<Vec<Quad>>,
}

/// The lines of a page.
#[derive(Debug, Serialize, Deserialize)]
pub struct Detected {
    /// On the upright page.
    pub lines: Vec<Quad>,
    /// Of each line, where it has no ink.
    pub gaps: Vec<Vec<[f32; 2]>>,
}

/// What the engines read.
pub struct Recognised {
    /// Of the engines that did.
    pub readings: Vec<Reading>,
    /// Of all engines.
    pub reports: Vec<ReaderReport>,
    /// How long each took.
    pub durations: Vec<(Engine, Duration)>,
}

impl Readers {
    /// Turns a page upright and evens its background.
    ///
    /// # Errors
    /// When the deadline passes; a detector that fails is done without.
    pub fn prepare(&self, raster: &RgbImage, deadline: Instant) -> Result<Prepared, ReadError> {
        let photo = photographed(raster);
        let (page, whole) = match &photo {
            Some((map, w, h)) => (&warp_sheet(raster, map, *w, *h), false),
            None => (raster, true),
        };
        let boxes = self.detect_text(page);
        let orientation = match (&self.prober, boxes.is_empty()) {
            (Some(prober), false) => upright::orientation(page, &boxes, prober, deadline)?,
            _ => Orientation::Upright,
        };
        let grey = image::imageops::grayscale(page);
        let skew_degrees = deskew::skew(&upright::quarter_turned(&grey, orientation));
        let upright = upright::turn(
            raster,
            Turn {
                flat: photo,
                orientation,
                skew_degrees,
            },
        );
        let flat = flatten::flatten(&image::imageops::grayscale(&upright.color));
        let flat = variants::for_grey_readers(flat, &grey);
        let (ink, rulings) = ink_and_rulings(&flat);
        let level =
            orientation == Orientation::Upright && upright.skew_degrees.abs() < REDETECT_SKEW;
        let boxes = (level && whole).then(|| {
            boxes
                .iter()
                .map(|quad| upright.upright_quad(quad))
                .collect()
        });
        Ok(Prepared {
            upright,
            flat,
            ink,
            rulings,
            boxes,
        })
    }

    /// Finds the lines of a page.
    #[must_use]
    pub fn detect(&self, page: &Prepared, deadline: Instant) -> Detected {
        let boxes = page
            .boxes
            .clone()
            .unwrap_or_else(|| self.detect_text(&page.upright.color));
        let mut lines = detect::without_doubles(boxes);
        if let Some(tesseract) = &self.layout {
            match tesseract.layout(&page.flat, deadline) {
                Ok(found) => detect::add_missing(&mut lines, &found, &page.flat),
                Err(error) => tracing::warn!(%error, "Tesseract's layout analysis failed"),
            }
        }
        let found: Vec<BBox> = lines::text_lines(&page.ink)
            .iter()
            .map(Quad::bbox)
            .collect();
        detect::add_missing(&mut lines, &found, &page.flat);
        detect::split::drop_rules(&mut lines, &page.flat, &page.ink);
        let lines = detect::split::join(lines, &page.rulings);
        let gaps = lines
            .iter()
            .map(|line| detect::gaps::gaps(&page.flat, line))
            .collect();
        Detected { lines, gaps }
    }

    fn detect_text(&self, page: &RgbImage) -> Vec<Quad> {
        let Some(detector) = &self.detector else {
            return Vec::new();
        };
        detector.detect(page, DETECT_SIDE).unwrap_or_else(|error| {
            tracing::warn!(%error, "the text detector failed");
            Vec::new()
        })
    }

    /// Lets every engine read the lines, all at the same time.
    #[must_use]
    pub fn recognise(
        &self,
        page: &Prepared,
        lines: &[Quad],
        text_layer: &[(String, Quad)],
        deadline: Instant,
    ) -> Recognised {
        let view = PageView {
            color: &page.upright.color,
            flat: &page.flat,
            lines,
            text_layer,
            deadline,
        };
        let answers: Vec<(Engine, Result<Reading, ReadError>, Duration)> = self
            .engines
            .par_iter()
            .filter(|engine| engine.engine() != Engine::PdfText || !text_layer.is_empty())
            .map(|engine| {
                let start = Instant::now();
                let answer = engine::recognise(engine.as_ref(), &view);
                (engine.engine(), answer, start.elapsed())
            })
            .collect();
        let mut recognised = Recognised {
            readings: Vec::new(),
            reports: Vec::new(),
            durations: Vec::new(),
        };
        for (engine, answer, duration) in answers {
            let (status, error) = match &answer {
                Ok(_) => (ReaderStatus::Ok, None),
                Err(error @ ReadError::Timeout { .. }) => {
                    (ReaderStatus::Timeout, Some(error.to_string()))
                }
                Err(error) => (ReaderStatus::Failed, Some(error.to_string())),
            };
            recognised.reports.push(ReaderReport {
                engine,
                status,
                error,
            });
            recognised.durations.push((engine, duration));
            recognised.readings.extend(answer.ok());
        }
        recognised
    }
}

/// Words of the text layer on the upright page.
#[must_use]
pub fn text_layer(words: &[TextWord], upright: &Upright) -> Vec<(String, Quad)> {
    words
        .iter()
        .map(|word| (word.text.clone(), upright.upright_quad(&word.bbox.quad())))
        .collect()
}

/// The readings of each line, as fusion takes them.
#[must_use]
pub fn by_line<'a>(detected: &'a Detected, readings: &'a [Reading]) -> Vec<LineReadings<'a>> {
    let empty: &'static [ReadLine] = &[];
    detected
        .lines
        .iter()
        .zip(&detected.gaps)
        .enumerate()
        .map(|(i, (quad, gaps))| LineReadings {
            quad: *quad,
            gaps,
            readings: readings
                .iter()
                .filter_map(|r| Some((r.engine, r.lines.get(i).or(empty.first())?)))
                .collect(),
            repertoires: readings.iter().map(|r| (r.engine, &r.repertoire)).collect(),
        })
        .collect()
}

/// Segments with text, ready for the reading order.
#[must_use]
pub fn segments(lines: &[Quad], words: Vec<Vec<FusedWord>>) -> Vec<Segment> {
    lines
        .iter()
        .zip(words)
        .filter(|(_, words)| !words.is_empty())
        .map(|(quad, words)| Segment { quad: *quad, words })
        .collect()
}

/// The map from a photo to the sheet in it, with the sheet's size; None for a scan.
fn photographed(raster: &RgbImage) -> Option<(Homography, u32, u32)> {
    let quad = sheet::page_quad(raster)?;
    let [tl, tr, br, bl] = quad.0;
    let side = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]);
    let width = side(tl, tr).max(side(bl, br)).round().max(1.0) as u32;
    let height = side(tl, bl).max(side(tr, br)).round().max(1.0) as u32;
    Some((Homography::from_quad(&quad, width, height)?, width, height))
}

fn warp_sheet(raster: &RgbImage, map: &Homography, width: u32, height: u32) -> RgbImage {
    warp(raster, map, width, height, flatten::paper_colour(raster))
}

/// The ink of a flattened page without specks and ruled lines, and the ruled lines.
fn ink_and_rulings(flat: &GrayImage) -> (BinaryImage, Rulings) {
    let mut ink = binarise::sauvola(&borders::clear(flat), INK_WINDOW, INK_K);
    denoise::despeckle(&mut ink);
    let x_height = scale::x_height(flat).unwrap_or(f32::NAN);
    let found = rules::take(&mut ink, x_height);
    let boxes = |segments: &[rules::Segment]| {
        segments
            .iter()
            .map(|s| BBox::new(s.from[0], s.from[1], s.to[0], s.to[1]))
            .collect()
    };
    let rulings = Rulings {
        horizontal: boxes(&found.horizontal),
        vertical: boxes(&found.vertical),
    };
    (ink, rulings)
}

/// Share of the text-like ink of an upright page that stands outside every word.
#[must_use]
pub fn unread_ink(page: &Prepared, words: &[Quad]) -> f32 {
    ink::unread_ink(&page.ink, words)
}
