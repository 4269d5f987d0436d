//! PP-OCRv6 small recognition on ONNX Runtime: an SVTR-style network with CTC output.
//!
//! Strips are 48 px high, BGR, scaled to -1..=1 and padded with zeros to at least 96 px. Each goes
//! alone: a batch costs as much a pixel as its strips do one by one, and its padding on top.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use image::{DynamicImage, RgbImage};
use ndarray::Array4;
use ort::value::TensorRef;
use rayon::prelude::*;
use schemas::{Engine, EngineInfo, ModelInfo, Quad, ReadLine, ReadWord};

use super::{
    OcrEngine, PageView, ReadError, Runtime, crop,
    ctc::{self, CtcChar},
    onnx::{LoadError, Sessions},
    script::{self, Scripts},
};

const HEIGHT: u32 = 48;
const MIN_WIDTH: u32 = 96;
/// A character less sure than this leaves a doubt.
const DOUBT: f32 = 0.9;
/// How far the second look cuts into the line's box, in its heights.
const CLOSER: f32 = -0.08;
/// A line that is read worse than this may be print of the other side that shows through: it is looked at in
/// a mirror, where such a line is read at least so well, and better by so much.
const SHOWS_THROUGH: f32 = 0.93;
const MIRRORED: f32 = 0.85;
const BETTER: f32 = 0.05;
/// Fewer characters than this show no side.
const LEAST_CHARS: usize = 3;
/// Beyond this the network's attention has seen too little of its like; the line is read in parts.
const MAX_WIDTH: u32 = 3200;

/// The PP-OCRv6 recogniser.
pub struct Paddle {
    sessions: Sessions,
    alphabet: Vec<char>,
    /// The classes that a page in Latin script is read with.
    latin: Vec<usize>,
    scripts: Scripts,
    model: ModelInfo,
}

/// A strip as it was read.
struct Strip {
    /// With every class of the network.
    chars: Vec<CtcChar>,
    /// With those of Latin script, where that is something else.
    latin: Option<Vec<CtcChar>>,
}

impl Paddle {
    /// Opens the recognition model; its dictionary is in the model's own metadata.
    ///
    /// # Errors
    /// When the model is missing, damaged or without dictionary.
    pub fn open(
        runtime: &Runtime,
        model: &Path,
        sha256: String,
        scripts: Scripts,
    ) -> Result<Self, LoadError> {
        let session = runtime.session(model)?;
        let dictionary = session
            .metadata()
            .map_err(|cause| LoadError::new(model, cause))?
            .custom("character")
            .ok_or_else(|| LoadError::new(model, "it has no `character` dictionary"))?;
        let mut alphabet = vec!['\0'];
        // An entry of several code points is kept as its first: none is in any Latin text.
        alphabet.extend(
            dictionary
                .lines()
                .map(|entry| entry.chars().next().unwrap_or(' ')),
        );
        alphabet.push(' ');
        let file = model
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            sessions: Sessions::of(session, runtime, model)?,
            latin: script::latin_classes(&alphabet),
            alphabet,
            scripts,
            model: ModelInfo { file, sha256 },
        })
    }

    /// Reads upright strips of 48 px height: the characters of each, and its width in time steps.
    ///
    /// # Errors
    /// When the network fails or `deadline` passes.
    pub fn read_strips(
        &self,
        strips: &[RgbImage],
        deadline: Instant,
    ) -> Result<Vec<(Vec<CtcChar>, f32)>, ReadError> {
        in_time(strips, deadline, |strip| {
            self.look(strip, |values| ctc::greedy(values, &self.alphabet))
        })
    }

    /// What the network makes of a strip: a row of class probabilities a time step, shown to `see`,
    /// and the strip's width in time steps.
    fn look<T>(
        &self,
        strip: &RgbImage,
        see: impl FnOnce(&[f32]) -> T,
    ) -> Result<(T, f32), ReadError> {
        let width = strip.width().max(MIN_WIDTH).next_multiple_of(8);
        let mut input = Array4::<f32>::zeros((1, 3, HEIGHT as usize, width as usize));
        for (x, y, pixel) in strip.enumerate_pixels() {
            for (channel, value) in pixel.0.iter().rev().enumerate() {
                input[[0, channel, y as usize, x as usize]] =
                    (f32::from(*value) / 255.0 - 0.5) / 0.5;
            }
        }
        let tensor = TensorRef::from_array_view(&input).map_err(ReadError::failed)?;
        self.sessions.with(|session, options| {
            let outputs = session
                .run_with_options(ort::inputs![tensor], options)
                .map_err(ReadError::failed)?;
            let (shape, values) = outputs[0]
                .try_extract_tensor::<f32>()
                .map_err(ReadError::failed)?;
            let (steps, classes) = (shape[1] as usize, shape[2] as usize);
            if classes != self.alphabet.len() {
                return Err(ReadError::Failed(format!(
                    "the model has {classes} classes and its dictionary {}",
                    self.alphabet.len()
                )));
            }
            let filled = steps as f32 * strip.width() as f32 / width as f32;
            Ok((see(values), filled))
        })
    }

    /// What class probabilities say, in both alphabets.
    fn decode(&self, values: &[f32]) -> Strip {
        let chars = ctc::greedy(values, &self.alphabet);
        let latin = chars
            .iter()
            .any(|c| !script::is_latin(c.ch))
            .then(|| ctc::greedy_among(values, &self.alphabet, &self.latin));
        Strip { chars, latin }
    }

    /// Reads a line; where that leaves a doubt, a second look counts as much, without colour and closer
    /// up: the mean of what the network makes of both (test-time augmentation).
    fn read_line(&self, page: &PageView<'_>, line: &Quad) -> Result<(Strip, f32), ReadError> {
        let strip = crop::strip(page.color, line, HEIGHT);
        let ((read, values), filled) = self.look(&strip, |values| {
            let read = self.decode(values);
            let doubt = read.chars.iter().any(|c| c.confidence < DOUBT);
            (read, (doubt && page.second_looks).then(|| values.to_vec()))
        })?;
        let Some(mut mean) = values else {
            return Ok((read, filled));
        };
        let closer = crop::sized(page.flat, &crop::grown(line, CLOSER), strip.width(), HEIGHT);
        self.look(&DynamicImage::from(closer).into_rgb8(), |values| {
            for (mean, value) in mean.iter_mut().zip(values) {
                *mean = f32::midpoint(*mean, *value);
            }
        })?;
        let read = self.decode(&mean);
        if self.is_mirrored(&strip, &read)? {
            let nothing = Strip {
                chars: Vec::new(),
                latin: None,
            };
            return Ok((nothing, filled));
        }
        Ok((read, filled))
    }

    /// Does a strip make more sense in a mirror? Then it is print of the other side, and no text of this one.
    fn is_mirrored(&self, strip: &RgbImage, read: &Strip) -> Result<bool, ReadError> {
        let sure = sureness(&read.chars);
        if read.chars.len() < LEAST_CHARS || sure >= SHOWS_THROUGH {
            return Ok(false);
        }
        let mirrored = image::imageops::flip_horizontal(strip);
        let (mirrored, _) = self.look(&mirrored, |values| self.decode(values))?;
        let other = sureness(&mirrored.chars);
        Ok(mirrored.chars.len() >= LEAST_CHARS && other >= MIRRORED && other >= sure + BETTER)
    }
}

impl OcrEngine for Paddle {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::Paddle,
            version: "PP-OCRv6 small".into(),
            models: vec![self.model.clone()],
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let parts: Vec<(usize, Quad)> = page
            .lines
            .iter()
            .enumerate()
            .flat_map(|(line, quad)| split_wide(quad).into_iter().map(move |part| (line, part)))
            .collect();
        let answers = in_time(&parts, page.deadline, |(_, quad)| {
            self.read_line(page, quad)
        })?;
        let latin = match self.scripts {
            Scripts::ByPage => {
                script::is_latin_page(answers.iter().map(|(strip, _)| &*strip.chars))
            }
            Scripts::Latin => true,
            Scripts::All => false,
        };
        let mut lines: Vec<ReadLine> = (0..page.lines.len())
            .map(|line| ReadLine {
                line,
                words: Vec::new(),
            })
            .collect();
        for ((line, quad), (strip, width)) in parts.iter().zip(answers) {
            let chars = match strip.latin {
                Some(chars) if latin => script::without_guesses(chars),
                _ => strip.chars,
            };
            let words: Vec<ReadWord> = ctc::words(&chars, quad, width);
            lines[*line].words.extend(words);
        }
        Ok(lines)
    }
}

/// What `read` makes of each line, several at a time, in their order.
fn in_time<L: Sync, R: Send>(
    lines: &[L],
    deadline: Instant,
    read: impl Fn(&L) -> Result<R, ReadError> + Sync,
) -> Result<Vec<R>, ReadError> {
    let done = AtomicUsize::new(0);
    lines
        .par_iter()
        .map(|line| {
            if Instant::now() > deadline {
                return Err(ReadError::Timeout {
                    lines_read: done.load(Ordering::Relaxed),
                });
            }
            let answer = read(line)?;
            done.fetch_add(1, Ordering::Relaxed);
            Ok(answer)
        })
        .collect()
}

/// Mean confidence of characters.
fn sureness(chars: &[CtcChar]) -> f32 {
    chars.iter().map(|c| c.confidence).sum::<f32>() / chars.len().max(1) as f32
}

/// Parts of equal width, each no wider than the network should see.
fn split_wide(line: &Quad) -> Vec<Quad> {
    let width = line.width() / line.height().max(1.0) * HEIGHT as f32;
    let parts = (width / MAX_WIDTH as f32).ceil().max(1.0);
    (0..parts as u32)
        .map(|i| line.slice(i as f32 / parts, (i + 1) as f32 / parts))
        .collect()
}
