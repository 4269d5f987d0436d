//! One page through prepare, detect and recognise: from a raster to what every engine read.
//!
//! Each stage is one function from artefacts to an artefact. An engine that fails or runs out of time
//! is reported and the others go on; so is a detector.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fusion::{DrawnBox, FusedWord, LineReadings, Rulings};
use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use schemas::{BBox, Engine, Orientation, Point, Quad, ReaderReport, ReaderStatus, Reading};
use serde::{Deserialize, Serialize};

use crate::{
    decode::TextWord,
    detect::{self, checkbox, db::Detector},
    engine::{self, OcrEngine, PageView, ReadError, tesseract::Tesseract},
    prepare::{
        bend::Bend,
        binarise::{self, BinaryImage},
        borders,
        cover::cover,
        denoise, deskew, flatten,
        geometry::{Homography, warp},
        holes, ink, lines, page as sheet,
        rules::{self, Rules, Segment},
        scale,
        show_through::Pale,
        variants::{self, Cure},
    },
    upright::{self, Prober, Turn, Upright},
};

/// Sauvola's window in pixels and its weight, low enough for faint print.
const INK_WINDOW: u32 = 41;
const INK_K: f32 = 0.1;
/// How far grain is smeared: a standard deviation in pixels.
const GRAIN: f32 = 0.75;

/// Everything that reads pages, opened once and shared by threads.
pub struct Readers {
    /// PP-OCR's detector, when its model is there.
    pub detector: Option<Detector>,
    /// To find lines, it looks at a page with its long side at most this many pixels.
    pub detect_side: u32,
    /// Tells which way up a page is, when its models are there.
    pub prober: Option<Prober>,
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
    /// Drawn check boxes; they are painted over in the images above.
    pub checkboxes: Vec<DrawnBox>,
}

/// The lines of a page.
#[derive(Debug, Serialize, Deserialize)]
pub struct Detected {
    /// On the upright page.
    pub lines: Vec<Quad>,
    /// Of each line, where it has no ink.
    pub gaps: Vec<Vec<[f32; 2]>>,
}

/// Which lines of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Every one.
    All,
    /// Every one, but once over, however doubtful.
    Draft,
    /// Those at these places, ascending.
    Some(Vec<usize>),
}

/// What the engines read.
#[derive(Default)]
pub struct Recognised {
    /// Of the engines that did.
    pub readings: Vec<Reading>,
    /// Of all engines.
    pub reports: Vec<ReaderReport>,
    /// How long each took.
    pub durations: Vec<(Engine, Duration)>,
}

impl Recognised {
    /// Adds what others read, in the order of the engines.
    pub fn extend(&mut self, others: Self) {
        self.readings.extend(others.readings);
        self.readings.sort_by_key(|reading| reading.engine);
        self.reports.extend(others.reports);
        self.durations.extend(others.durations);
    }
}

impl Readers {
    /// Turns a page upright and evens its background.
    ///
    /// # Errors
    /// When the deadline passes; a detector that fails is done without.
    pub fn prepare(&self, raster: &RgbImage, deadline: Instant) -> Result<Prepared, ReadError> {
        let cure = variants::cure(&image::imageops::grayscale(raster));
        let smooth = (cure == Some(Cure::Blur)).then(|| without_grain(raster));
        let raster = smooth.as_ref().unwrap_or(raster);
        let photo = photographed(raster);
        let page = match &photo {
            Some((map, w, h)) => &warp_sheet(raster, map, *w, *h),
            None => raster,
        };
        let grey = image::imageops::grayscale(page);
        // Most pages lie as they should, so their skew is measured while that is still asked.
        let (orientation, as_it_lies) = rayon::join(
            || match &self.prober {
                Some(prober) => prober.orientation(page, deadline),
                None => Ok(Orientation::Upright),
            },
            || deskew::skew(&grey),
        );
        let (orientation, skew_degrees) = match orientation? {
            Orientation::Upright => (Orientation::Upright, as_it_lies),
            turn => (turn, deskew::skew(&upright::quarter_turned(&grey, turn))),
        };
        let turn = Turn {
            flat: photo,
            orientation,
            skew_degrees,
            bend: None,
        };
        let median = cure == Some(Cure::Median);
        let mut look = Look::at(raster, turn, median);
        let smooth = variants::is_faint(&look.flat, &look.ink).then(|| without_grain(raster));
        let bend = look.bend();
        if smooth.is_some() || bend.is_some() {
            let raster = smooth.as_ref().unwrap_or(raster);
            look = Look::at(raster, Turn { bend, ..turn }, median);
        }
        let Look {
            mut upright,
            mut flat,
            mut ink,
            mut rules,
            mut x_height,
        } = look;
        if let (Some(prober), Some(pale)) = (&self.prober, Pale::of(&flat, &ink)) {
            let other_side = prober.mirrored(&flat, &pale.lines, pale.contrast, deadline)?;
            if !other_side.is_empty() {
                pale.erase(&other_side, &mut upright.color, &mut flat);
                (ink, rules, x_height) = ink_and_rules(&flat);
            }
        }
        for hole in holes::find(&ink, x_height) {
            cover(&hole, &mut upright.color, &mut flat, &mut ink);
        }
        let checkboxes = checkbox::find(&ink, &flat, x_height);
        checkbox::erase(&checkboxes, &mut upright.color, &mut flat, &mut ink);
        Ok(Prepared {
            upright,
            flat,
            ink,
            rulings: rulings(&rules),
            checkboxes,
        })
    }

    /// Finds the lines of a page.
    #[must_use]
    pub fn detect(&self, page: &Prepared, deadline: Instant) -> Detected {
        let (boxes, (layout, inked)) = rayon::join(
            || self.detect_text(&page.upright.color),
            || {
                let layout = self.layout.as_ref().map(|t| t.layout(&page.flat, deadline));
                (layout, lines::text_lines(&page.ink))
            },
        );
        let mut lines = detect::without_doubles(boxes);
        match layout {
            Some(Ok(found)) => detect::add_missing(&mut lines, &found, &page.flat),
            Some(Err(error)) => tracing::warn!(%error, "Tesseract's layout analysis failed"),
            None => {}
        }
        let found: Vec<BBox> = inked.iter().map(Quad::bbox).collect();
        detect::add_missing(&mut lines, &found, &page.flat);
        detect::stamps::add_print_under(&mut lines, &page.flat, &page.ink);
        detect::split::drop_rules(&mut lines, &page.rulings, &page.flat, &page.ink);
        let lines = detect::split::join(lines, &page.rulings);
        let lines = detect::split::cut(&lines, &page.rulings, &page.flat, &page.ink);
        let gaps = lines
            .par_iter()
            .map(|line| detect::gaps::gaps(&page.flat, line))
            .collect();
        Detected { lines, gaps }
    }

    fn detect_text(&self, page: &RgbImage) -> Vec<Quad> {
        let Some(detector) = &self.detector else {
            return Vec::new();
        };
        detector
            .detect(page, self.detect_side)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the text detector failed");
                Vec::new()
            })
    }

    /// Lets engines read lines of the page, all at the same time; `ask` says which lines an engine
    /// reads. One that has none to read is not asked.
    #[must_use]
    pub fn recognise(
        &self,
        page: &Prepared,
        lines: &[Quad],
        text_layer: &[(String, Quad)],
        deadline: Instant,
        ask: &(dyn Fn(Engine) -> Lines + Sync),
    ) -> Recognised {
        let answers: Vec<(Engine, Result<Reading, ReadError>, Duration)> = self
            .engines
            .par_iter()
            .filter(|engine| engine.engine() != Engine::PdfText || !text_layer.is_empty())
            .filter_map(|engine| {
                let start = Instant::now();
                let read = |lines: &[Quad], second_looks| {
                    let view = PageView {
                        color: &page.upright.color,
                        flat: &page.flat,
                        lines,
                        text_layer,
                        second_looks,
                        deadline,
                    };
                    engine::recognise(engine.as_ref(), &view)
                };
                let answer = match ask(engine.engine()) {
                    Lines::All => read(lines, true),
                    Lines::Draft => read(lines, false),
                    Lines::Some(chosen) if chosen.is_empty() => return None,
                    Lines::Some(chosen) => {
                        let quads: Vec<Quad> = chosen.iter().map(|&line| lines[line]).collect();
                        read(&quads, true).map(|reading| numbered(reading, &chosen))
                    }
                };
                Some((engine.engine(), answer, start.elapsed()))
            })
            .collect();
        let mut recognised = Recognised::default();
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

/// The reading of chosen lines with each line's place on the page.
fn numbered(mut reading: Reading, chosen: &[usize]) -> Reading {
    for line in &mut reading.lines {
        line.line = chosen[line.line];
    }
    reading
}

/// Words of the text layer on the upright page.
#[must_use]
pub fn text_layer(words: &[TextWord], upright: &Upright) -> Vec<(String, Quad)> {
    words
        .iter()
        .map(|word| (word.text.clone(), upright.upright_quad(&word.bbox.quad())))
        .collect()
}

/// The readings of each line, as fusion takes them; an engine that was not asked for a line has none.
#[must_use]
pub fn by_line<'a>(detected: &'a Detected, readings: &'a [Reading]) -> Vec<LineReadings<'a>> {
    let mut lines: Vec<LineReadings<'a>> = detected
        .lines
        .iter()
        .zip(&detected.gaps)
        .map(|(quad, gaps)| LineReadings {
            quad: *quad,
            gaps,
            readings: Vec::new(),
            repertoires: readings.iter().map(|r| (r.engine, &r.repertoire)).collect(),
        })
        .collect();
    for reading in readings {
        for read in &reading.lines {
            if let Some(line) = lines.get_mut(read.line) {
                line.readings.push((reading.engine, read));
            }
        }
    }
    lines
}

/// Segments with text, ready for the reading order.
#[must_use]
pub fn segments(lines: &[Quad], words: Vec<Vec<FusedWord>>) -> Vec<fusion::Segment> {
    lines
        .iter()
        .zip(words)
        .filter(|(_, words)| !words.is_empty())
        .map(|(quad, words)| fusion::Segment { quad: *quad, words })
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

/// Networks take the steps and specks of single pixels for strokes.
fn without_grain(raster: &RgbImage) -> RgbImage {
    image::imageops::blur(raster, GRAIN)
}

/// What a page shows once it is turned.
struct Look {
    upright: Upright,
    flat: GrayImage,
    ink: BinaryImage,
    rules: Rules,
    x_height: f32,
}

impl Look {
    /// With [`denoise::salt_and_pepper`] on the flattened page if that is asked.
    fn at(raster: &RgbImage, turn: Turn, median: bool) -> Self {
        let upright = upright::turn(raster, turn);
        let mut flat = flatten::flatten(&image::imageops::grayscale(&upright.color));
        if median {
            flat = denoise::salt_and_pepper(&flat);
        }
        let (ink, rules, x_height) = ink_and_rules(&flat);
        Self {
            upright,
            flat,
            ink,
            rules,
            x_height,
        }
    }

    /// How its lines of text and its ruled lines curve.
    fn bend(&self) -> Option<Bend> {
        let mut curves = lines::baselines(&self.ink);
        curves.extend(self.rules.horizontal.iter().map(Segment::points));
        Bend::of(&curves, self.upright.color.dimensions(), self.x_height)
    }
}

/// The ink of a flattened page without specks and ruled lines, the ruled lines, and the x-height.
fn ink_and_rules(flat: &GrayImage) -> (BinaryImage, Rules, f32) {
    let (mut ink, x_height) = rayon::join(
        || {
            let mut ink = binarise::sauvola(&borders::clear(flat), INK_WINDOW, INK_K);
            denoise::despeckle(&mut ink);
            ink
        },
        || scale::x_height(flat).unwrap_or(f32::NAN),
    );
    let rules = rules::take(&mut ink, x_height);
    (ink, rules, x_height)
}

/// Ruled lines as the thin boxes that fusion knows.
fn rulings(rules: &Rules) -> Rulings {
    let boxes = |segments: &[Segment]| {
        segments
            .iter()
            .map(|s| BBox::new(s.from[0], s.from[1], s.to[0], s.to[1]))
            .collect()
    };
    Rulings {
        horizontal: boxes(&rules.horizontal),
        vertical: boxes(&rules.vertical),
    }
}

/// Share of the text-like ink of an upright page that stands outside every word.
#[must_use]
pub fn unread_ink(page: &Prepared, words: &[Quad]) -> f32 {
    ink::unread_ink(&page.ink, words)
}
