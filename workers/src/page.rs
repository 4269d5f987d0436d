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
use schemas::{Engine, Quad, ReadLine, ReaderReport, ReaderStatus, Reading};

use crate::{
    decode::DecodedPage,
    detect::{self, db::Detector},
    engine::{self, OcrEngine, PageView, Paddle, ReadError, tesseract::Tesseract},
    prepare::{binarise, deskew, flatten},
    upright::{self, Turn, Upright},
};

/// The detector looks at a page with its long side at most this many pixels.
const DETECT_SIDE: u32 = 1600;
/// A page turned by more than this is detected again: boxes of level text are tighter.
const REDETECT_SKEW: f32 = 1.0;

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
    /// Boxes that the detector found on the way, on the upright page; None when it must look again.
    boxes: Option<Vec<Quad>>,
}

/// The lines of a page.
pub struct Detected {
    /// On the upright page.
    pub lines: Vec<Quad>,
    /// Of each line, where it has no ink.
    pub gaps: Vec<Vec<[f32; 2]>>,
    /// Ruled lines.
    pub rulings: Rulings,
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
        let grey = image::imageops::grayscale(raster);
        let boxes = self.detect_text(raster);
        let orientation = match (&self.prober, boxes.is_empty()) {
            (Some(prober), false) => upright::orientation(raster, &boxes, prober, deadline)?,
            _ => schemas::Orientation::Upright,
        };
        let skew_degrees = deskew::skew(&upright::quarter_turned(&grey, orientation));
        let upright = upright::turn(raster, Turn { flat: None, orientation, skew_degrees });
        let flat = flatten::flatten(&image::imageops::grayscale(&upright.color));
        let level = orientation == schemas::Orientation::Upright
            && upright.skew_degrees.abs() < REDETECT_SKEW;
        let boxes = level.then(|| boxes.iter().map(|quad| upright.upright_quad(quad)).collect());
        Ok(Prepared { upright, flat, boxes })
    }

    /// Finds the lines of a page.
    #[must_use]
    pub fn detect(&self, page: &Prepared, deadline: Instant) -> Detected {
        let boxes =
            page.boxes.clone().unwrap_or_else(|| self.detect_text(&page.upright.color));
        let mut lines = detect::without_doubles(boxes);
        if let Some(tesseract) = &self.layout {
            match tesseract.layout(&page.flat, deadline) {
                Ok(found) => detect::add_missing(&mut lines, &found, &page.flat),
                Err(error) => tracing::warn!(%error, "Tesseract's layout analysis failed"),
            }
        }
        let gaps = lines.iter().map(|line| detect::gaps::gaps(&page.flat, line)).collect();
        Detected { lines, gaps, rulings: Rulings::default() }
    }

    fn detect_text(&self, page: &RgbImage) -> Vec<Quad> {
        let Some(detector) = &self.detector else { return Vec::new() };
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
        let mut recognised =
            Recognised { readings: Vec::new(), reports: Vec::new(), durations: Vec::new() };
        for (engine, answer, duration) in answers {
            let (status, error) = match &answer {
                Ok(_) => (ReaderStatus::Ok, None),
                Err(error @ ReadError::Timeout { .. }) => {
                    (ReaderStatus::Timeout, Some(error.to_string()))
                }
                Err(error) => (ReaderStatus::Failed, Some(error.to_string())),
            };
            recognised.reports.push(ReaderReport { engine, status, error });
            recognised.durations.push((engine, duration));
            recognised.readings.extend(answer.ok());
        }
        recognised
    }
}

/// Words of the text layer on the upright page.
#[must_use]
pub fn text_layer(page: &DecodedPage, upright: &Upright) -> Vec<(String, Quad)> {
    page.text_layer
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

/// Share of the ink of an upright page that stands outside every word.
#[must_use]
pub fn unread_ink(flat: &GrayImage, words: &[Quad]) -> f32 {
    let ink = binarise::sauvola(flat, 25, 0.3);
    let mut read = vec![false; ink.width() * ink.height()];
    for word in words {
        let b = word.bbox();
        let (x0, x1) = (b.x0.max(0.0) as usize, (b.x1.max(0.0) as usize).min(ink.width()));
        for y in b.y0.max(0.0) as usize..(b.y1.max(0.0) as usize).min(ink.height()) {
            read[y * ink.width()..][x0.min(x1)..x1].fill(true);
        }
    }
    let (mut all, mut unread) = (0_u32, 0_u32);
    for y in 0..ink.height() {
        for (x, is_ink) in ink.row(y).iter().enumerate() {
            all += u32::from(*is_ink);
            unread += u32::from(*is_ink && !read[y * ink.width() + x]);
        }
    }
    if all == 0 { 0.0 } else { unread as f32 / all as f32 }
}
