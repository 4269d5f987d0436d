//! `EasyOCR`'s `english_g2` recogniser (a CRNN: VGG features, two bidirectional LSTMs, CTC) on rten.
//!
//! Strips are 64 px high, grey, scaled to -1..=1. The flattened page is read, since the network was
//! trained on even backgrounds; narrow strips are padded with their own background.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use image::GrayImage;
use rayon::prelude::*;
use rten::{Model, NodeId};
use rten_tensor::{AsView, NdTensor, prelude::*};
use schemas::{Engine, EngineInfo, ModelInfo, ReadLine, Repertoire};

use super::{OcrEngine, PageView, ReadError, crop, ctc};

const HEIGHT: u32 = 64;
/// Strips that go through the recurrent layers together, at most.
const BATCH: usize = 8;
/// Share of a strip that may be padding.
const PADDING: f32 = 0.1;
/// The tensor between the convolutions and the recurrent layers, as the conversion names it.
const FEATURES: &str = "sequence";
/// Classes 1..=96 of the network; class 0 is the blank.
const ALPHABET: &str = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The `english_g2` recogniser.
pub struct EasyOcr {
    network: Model,
    input: NodeId,
    features: NodeId,
    output: NodeId,
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
        let error = |cause: &dyn std::fmt::Display| LoadError {
            file: file.clone(),
            cause: cause.to_string(),
        };
        let network = Model::load_file(model).map_err(|cause| error(&cause))?;
        let features = network.node_id(FEATURES).map_err(|cause| error(&cause))?;
        let (&[input], &[output]) = (network.input_ids(), network.output_ids()) else {
            return Err(error(&"it has more than one input or output"));
        };
        let alphabet = std::iter::once('\0').chain(ALPHABET.chars()).collect();
        Ok(Self {
            network,
            input,
            features,
            output,
            alphabet,
            model: ModelInfo { file, sha256 },
        })
    }

    /// What the convolutions see in a strip: a vector a time step, `[steps, 1, FEATURES]`. Each strip
    /// goes through them alone, in its own width, and while what lies between the layers fits a cache.
    fn features(&self, strip: &GrayImage, width: u32) -> Result<NdTensor<f32, 3>, ReadError> {
        let input =
            NdTensor::<f32, 4>::from_fn([1, 1, HEIGHT as usize, width as usize], |[_, _, y, x]| {
                let pixel = strip.get_pixel((x as u32).min(strip.width() - 1), y as u32);
                (f32::from(pixel[0]) / 255.0 - 0.5) / 0.5
            });
        let [features] = self
            .network
            .run_n(vec![(self.input, (&input).into())], [self.features], None)
            .map_err(ReadError::failed)?;
        features.try_into().map_err(ReadError::failed)
    }

    /// Class probabilities of each strip, row by row, with the number of time steps. All features
    /// have as many steps: the recurrent layers cost a strip far less when several go together.
    fn probabilities(&self, features: &[NdTensor<f32, 3>]) -> Result<(Vec<f32>, usize), ReadError> {
        let views: Vec<_> = features.iter().map(NdTensor::view).collect();
        let [steps, _, channels] = views[0].shape();
        let together = NdTensor::<f32, 3>::from_fn([steps, views.len(), channels], |[t, n, c]| {
            views[n][[t, 0, c]]
        });
        let [output] = self
            .network
            .run_n(
                vec![(self.features, (&together).into())],
                [self.output],
                None,
            )
            .map_err(ReadError::failed)?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(ReadError::failed)?;
        let [steps, batch, classes] = output.shape();
        if batch != features.len() || classes != self.alphabet.len() {
            return Err(ReadError::Failed(format!(
                "the network answered {batch} strips of {classes} classes to {} of {}",
                features.len(),
                self.alphabet.len()
            )));
        }
        // Time comes first in the output; a strip's rows are gathered together.
        let by_strip = output.permuted([1, 0, 2]);
        Ok((by_strip.iter().map(|log_p| log_p.exp()).collect(), steps))
    }
}

impl OcrEngine for EasyOcr {
    fn repertoire(&self) -> Repertoire {
        Repertoire::of(ALPHABET.chars())
    }

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
        order.sort_by_key(|&i| std::cmp::Reverse(strips[i].width()));
        let runs: Vec<&[usize]> = of_similar_width(&order, &strips).collect();
        let lines_read = AtomicUsize::new(0);
        let read = |run: &&[usize]| {
            let width = strips[run[0]].width().next_multiple_of(16);
            let mut features = Vec::with_capacity(run.len());
            for &i in *run {
                if Instant::now() > page.deadline {
                    return Err(ReadError::Timeout {
                        lines_read: lines_read.load(Ordering::Relaxed),
                    });
                }
                features.push(self.features(&strips[i], width)?);
            }
            let (probabilities, steps) = self.probabilities(&features)?;
            let per_strip = steps * self.alphabet.len();
            lines_read.fetch_add(run.len(), Ordering::Relaxed);
            let rows = run.iter().zip(probabilities.chunks_exact(per_strip));
            Ok(rows
                .map(|(&i, p)| {
                    let filled = steps as f32 * strips[i].width() as f32 / width as f32;
                    let chars = ctc::greedy(p, &self.alphabet);
                    ReadLine {
                        line: i,
                        words: ctc::words(&chars, &page.lines[i], filled),
                    }
                })
                .collect())
        };
        // Whole runs side by side in the network's own threads: its layers are too small to share well.
        let answers: Vec<Vec<ReadLine>> =
            rten::thread_pool().run(|| runs.par_iter().map(read).collect::<Result<_, _>>())?;
        let mut lines: Vec<ReadLine> = answers.into_iter().flatten().collect();
        lines.sort_by_key(|line| line.line);
        Ok(lines)
    }
}

/// Runs of strips, widest first, that lose little by being padded to the first of their run.
fn of_similar_width<'a>(
    order: &'a [usize],
    strips: &'a [GrayImage],
) -> impl Iterator<Item = &'a [usize]> {
    let mut rest = order;
    std::iter::from_fn(move || {
        let widest = strips[*rest.first()?].width() as f32;
        let similar = rest
            .iter()
            .take(BATCH)
            .take_while(|&&i| strips[i].width() as f32 >= widest * (1.0 - PADDING))
            .count();
        let (run, after) = rest.split_at(similar);
        rest = after;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use image::GrayImage;

    use super::{BATCH, PADDING, of_similar_width};

    #[test]
    fn every_strip_is_in_one_run_and_little_of_it_is_padding() {
        let widths = [900, 880, 500, 499, 480, 100, 1, 1];
        let strips = widths.map(|width| GrayImage::new(width, 1));
        let order: Vec<usize> = (0..widths.len()).collect();
        let runs: Vec<&[usize]> = of_similar_width(&order, &strips).collect();
        assert_eq!(runs.concat(), order);
        for run in &runs {
            let least = widths[run[0]] as f32 * (1.0 - PADDING);
            assert!(run.iter().all(|&i| widths[i] as f32 >= least), "{run:?}");
        }
        assert_eq!(runs.len(), 4);
    }

    #[test]
    fn a_run_is_no_longer_than_a_batch() {
        let strips = vec![GrayImage::new(64, 1); 2 * BATCH + 1];
        let order: Vec<usize> = (0..strips.len()).collect();
        let lengths: Vec<usize> = of_similar_width(&order, &strips)
            .map(<[usize]>::len)
            .collect();
        assert_eq!(lengths, [BATCH, BATCH, 1]);
    }
}
