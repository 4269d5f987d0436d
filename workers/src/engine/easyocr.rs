//! EasyOCR's `english_g2` recogniser (a CRNN: VGG features, two BiLSTMs, CTC) on rten.
//!
//! Strips are 64 px high, grey, scaled to -1..=1. The flattened page is read, since the network was
//! trained on even backgrounds; narrow strips are padded with their own background.

use std::{path::Path, time::Instant};

use image::GrayImage;
use rten::Model;
use rten_tensor::{AsView, NdTensor, prelude::*};
use schemas::{Engine, EngineInfo, ModelInfo, ReadLine};

use super::{OcrEngine, PageView, ReadError, crop, ctc};

const HEIGHT: u32 = 64;
const BATCH: usize = 8;
/// Classes 1..=96 of the network; class 0 is the blank.
const ALPHABET: &str = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The `english_g2` recogniser.
pub struct EasyOcr {
    network: Model,
    alphabet: Vec<char>,
    model: ModelInfo,
}

/// The model cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("rten cannot load {file}: {cause}; `medbot doctor` shows what is missing")]
pub struct LoadError {
    pub(super) file: String,
    pub(super) cause: String,
}

impl EasyOcr {
    /// Opens the converted model.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn open(model: &Path, sha256: String) -> Result<Self, LoadError> {
        let file = model
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let network = Model::load_file(model).map_err(|cause| LoadError {
            file: file.clone(),
            cause: cause.to_string(),
        })?;
        let alphabet = std::iter::once('\0').chain(ALPHABET.chars()).collect();
        Ok(Self {
            network,
            alphabet,
            model: ModelInfo { file, sha256 },
        })
    }

    /// Class probabilities of each strip, row by row, with the number of time steps.
    fn run(&self, strips: &[&GrayImage]) -> Result<(Vec<f32>, usize), ReadError> {
        let width = strips
            .iter()
            .map(|s| s.width())
            .max()
            .unwrap_or(1)
            .next_multiple_of(16);
        let mut input =
            NdTensor::<f32, 4>::zeros([strips.len(), 1, HEIGHT as usize, width as usize]);
        for (n, strip) in strips.iter().enumerate() {
            for y in 0..HEIGHT {
                for x in 0..width {
                    let pixel = strip.get_pixel(x.min(strip.width() - 1), y);
                    input[[n, 0, y as usize, x as usize]] =
                        (f32::from(pixel[0]) / 255.0 - 0.5) / 0.5;
                }
            }
        }
        let output = self
            .network
            .run_one((&input).into(), None)
            .map_err(ReadError::failed)?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(ReadError::failed)?;
        let [steps, batch, classes] = output.shape();
        if batch != strips.len() || classes != self.alphabet.len() {
            return Err(ReadError::Failed(format!(
                "the network answered {batch} strips of {classes} classes to {} of {}",
                strips.len(),
                self.alphabet.len()
            )));
        }
        // Time comes first in the output; a strip's rows are gathered together.
        let by_strip = output.permuted([1, 0, 2]);
        Ok((by_strip.iter().map(|log_p| log_p.exp()).collect(), steps))
    }
}

impl OcrEngine for EasyOcr {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::Easyocr,
            version: "english_g2".into(),
            models: vec![self.model.clone()],
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let strips: Vec<GrayImage> = page
            .lines
            .iter()
            .map(|line| crop::strip(page.flat, line, HEIGHT))
            .collect();
        let mut order: Vec<usize> = (0..strips.len()).collect();
        order.sort_by_key(|&i| strips[i].width());
        let mut lines: Vec<ReadLine> = (0..strips.len())
            .map(|line| ReadLine {
                line,
                words: Vec::new(),
            })
            .collect();
        let mut lines_read = 0;
        for batch in order.chunks(BATCH) {
            if Instant::now() > page.deadline {
                return Err(ReadError::Timeout { lines_read });
            }
            let images: Vec<&GrayImage> = batch.iter().map(|&i| &strips[i]).collect();
            let width = images
                .iter()
                .map(|s| s.width())
                .max()
                .unwrap_or(1)
                .next_multiple_of(16);
            let (probabilities, steps) = self.run(&images)?;
            let per_strip = steps * self.alphabet.len();
            for (&i, p) in batch.iter().zip(probabilities.chunks_exact(per_strip)) {
                let filled = steps as f32 * strips[i].width() as f32 / width as f32;
                lines[i].words =
                    ctc::words(&ctc::greedy(p, &self.alphabet), &page.lines[i], filled);
            }
            lines_read += batch.len();
        }
        Ok(lines)
    }
}
