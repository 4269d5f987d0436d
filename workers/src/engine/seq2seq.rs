//! An encoder-decoder recogniser on ONNX Runtime, with weights that the user gives: no package ships any.
//!
//! The folder is what exporters make of `TrOCR` and its like: `encoder_model.onnx` (pixels to states),
//! `decoder_model.onnx` (tokens so far and states to logits), `tokenizer.json`, and `config.json` where
//! the first and last token are not `</s>`. Decoding is greedy and ends at a length limit. Such a network
//! knows no places: characters are spread evenly over their line, and its probabilities are of tokens.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

use image::{RgbImage, imageops};
use ndarray::{Array2, Array3, Array4};
use ort::{session::Session, value::TensorRef};
use schemas::{Confidence, Engine, EngineInfo, ModelInfo, Quad, ReadLine, ReadWord};
use serde::Deserialize;

use super::{OcrEngine, PageView, ReadError, Runtime, bytes::Vocabulary, crop, onnx::LoadError};

/// Files of the folder.
pub const ENCODER: &str = "encoder_model.onnx";
/// Files of the folder.
pub const DECODER: &str = "decoder_model.onnx";
/// Files of the folder.
pub const TOKENIZER: &str = "tokenizer.json";
const CONFIG: &str = "config.json";
/// Side of the square that the encoder sees when its model does not say.
const SIDE: usize = 384;
/// Strips are cut at this height before they are stretched to the square.
const STRIP: u32 = 64;
/// A line has no more tokens; a network that finds no end is stopped here.
const MOST_TOKENS: usize = 96;
/// The token that begins and ends a text unless the configuration says otherwise.
const END: &str = "</s>";

/// An encoder-decoder recogniser.
pub struct Seq2seq {
    /// Encoder and decoder; a line goes through both.
    networks: Mutex<(Session, Session)>,
    vocabulary: Vocabulary,
    side: usize,
    first: usize,
    last: usize,
    models: Vec<ModelInfo>,
}

#[derive(Default, Deserialize)]
struct Config {
    decoder_start_token_id: Option<usize>,
    eos_token_id: Option<usize>,
}

impl Seq2seq {
    /// Opens the models of a folder; `models` are their names and hashes, for the results.
    ///
    /// # Errors
    /// When a file is missing or is not what its name says.
    pub fn open(
        runtime: &Runtime,
        folder: &Path,
        models: Vec<ModelInfo>,
    ) -> Result<Self, LoadError> {
        let file = |name: &str| -> PathBuf { folder.join(name) };
        let encoder = runtime.session(&file(ENCODER))?;
        let decoder = runtime.session(&file(DECODER))?;
        let tokenizer = file(TOKENIZER);
        let json =
            fs::read_to_string(&tokenizer).map_err(|cause| LoadError::new(&tokenizer, cause))?;
        let vocabulary =
            Vocabulary::parse(&json).map_err(|cause| LoadError::new(&tokenizer, cause))?;
        let config = file(CONFIG);
        let config: Config = match fs::read_to_string(&config) {
            Ok(json) => {
                serde_json::from_str(&json).map_err(|cause| LoadError::new(&config, cause))?
            }
            Err(_) => Config::default(),
        };
        let token = |id: Option<usize>| {
            id.or_else(|| vocabulary.special(END))
                .filter(|id| *id < vocabulary.len())
                .ok_or_else(|| LoadError::new(&tokenizer, "it has no token that ends a text"))
        };
        let (first, last) = (
            token(config.decoder_start_token_id)?,
            token(config.eos_token_id)?,
        );
        if decoder.inputs().len() != 2 || encoder.inputs().len() != 1 {
            let cause = "it takes other inputs than an encoder-decoder model without cache";
            return Err(LoadError::new(&file(DECODER), cause));
        }
        let shape = encoder.inputs()[0].dtype().tensor_shape();
        let side = shape
            .and_then(|shape| usize::try_from(*shape.last()?).ok())
            .filter(|side| (1..=2048).contains(side))
            .unwrap_or(SIDE);
        Ok(Self {
            networks: Mutex::new((encoder, decoder)),
            vocabulary,
            side,
            first,
            last,
            models,
        })
    }

    /// The characters of a strip, each with the probability of its token.
    fn read_strip(&self, strip: &RgbImage, page: &PageView<'_>, line: usize) -> Answer {
        let side = self.side as u32;
        let square = imageops::resize(strip, side, side, imageops::FilterType::Triangle);
        let mut pixels = Array4::<f32>::zeros((1, 3, self.side, self.side));
        for (x, y, pixel) in square.enumerate_pixels() {
            for (channel, value) in pixel.0.iter().enumerate() {
                pixels[[0, channel, y as usize, x as usize]] =
                    (f32::from(*value) / 255.0 - 0.5) / 0.5;
            }
        }
        let mut networks = self.networks.lock().map_err(ReadError::failed)?;
        let (encoder, decoder) = &mut *networks;
        let states = {
            let input = TensorRef::from_array_view(&pixels).map_err(ReadError::failed)?;
            let outputs = encoder
                .run(ort::inputs![input])
                .map_err(ReadError::failed)?;
            let (shape, values) = outputs[0]
                .try_extract_tensor::<f32>()
                .map_err(ReadError::failed)?;
            let &[n, length, width] = &shape[..] else {
                return Err(ReadError::Failed(
                    "the encoder's output is no sequence".into(),
                ));
            };
            let size = (n as usize, length as usize, width as usize);
            Array3::from_shape_vec(size, values.to_vec()).map_err(ReadError::failed)?
        };
        let mut ids = vec![self.first as i64];
        let mut said = Vec::new();
        while said.len() < MOST_TOKENS {
            if Instant::now() > page.deadline {
                return Err(ReadError::Timeout { lines_read: line });
            }
            let (id, probability) = self.next(decoder, &ids, &states)?;
            if id == self.last {
                break;
            }
            said.push((id, probability));
            ids.push(id as i64);
        }
        Ok(self.vocabulary.text(&said))
    }

    /// The likeliest token after `ids` and its probability.
    fn next(
        &self,
        decoder: &mut Session,
        ids: &[i64],
        states: &Array3<f32>,
    ) -> Result<(usize, f32), ReadError> {
        let ids =
            Array2::from_shape_vec((1, ids.len()), ids.to_vec()).map_err(ReadError::failed)?;
        let ids = TensorRef::from_array_view(&ids).map_err(ReadError::failed)?;
        let states = TensorRef::from_array_view(states).map_err(ReadError::failed)?;
        let outputs = decoder
            .run(ort::inputs!["input_ids" => ids, "encoder_hidden_states" => states])
            .map_err(ReadError::failed)?;
        let (shape, logits) = outputs[0]
            .try_extract_tensor::<f32>()
            .map_err(ReadError::failed)?;
        let classes = shape.last().map_or(0, |classes| *classes as usize);
        if classes < self.vocabulary.len() || logits.len() < classes {
            return Err(ReadError::Failed(format!(
                "the decoder has {classes} classes and its vocabulary {}",
                self.vocabulary.len()
            )));
        }
        let last = &logits[logits.len() - classes..];
        let (best, top) = last
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .ok_or_else(|| ReadError::Failed("the decoder said nothing".into()))?;
        let sum: f32 = last.iter().map(|logit| (logit - top).exp()).sum();
        Ok((best, 1.0 / sum))
    }
}

type Answer = Result<Vec<(char, f32)>, ReadError>;

impl OcrEngine for Seq2seq {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::Seq2seq,
            version: "encoder-decoder".into(),
            models: self.models.clone(),
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let read = |(line, quad): (usize, &Quad)| {
            let strip = crop::strip(page.color, quad, STRIP);
            let chars = self.read_strip(&strip, page, line)?;
            Ok(ReadLine {
                line,
                words: words(&chars, quad),
            })
        };
        page.lines.iter().enumerate().map(read).collect()
    }
}

/// The words between white space, each character as wide as the others of its line.
fn words(chars: &[(char, f32)], line: &Quad) -> Vec<ReadWord> {
    let n = chars.len().max(1) as f32;
    let mut at = 0;
    chars
        .split(|(ch, _)| ch.is_whitespace())
        .filter_map(|word| {
            let start = at;
            at += word.len() + 1;
            (!word.is_empty()).then(|| ReadWord {
                text: word.iter().map(|(ch, _)| ch).collect(),
                quad: line.slice(start as f32 / n, (start + word.len()) as f32 / n),
                char_confidences: word.iter().map(|(_, p)| Confidence::new(*p)).collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use schemas::BBox;

    use super::words;

    #[test]
    fn words_are_spread_over_their_line() {
        let line = BBox::new(0.0, 0.0, 70.0, 10.0).quad();
        let chars: Vec<(char, f32)> = " 5  mg ".chars().map(|ch| (ch, 0.5)).collect();
        let found: Vec<_> = words(&chars, &line)
            .into_iter()
            .map(|word| (word.text, word.quad.bbox().x0, word.quad.bbox().x1))
            .collect();
        assert_eq!(
            found,
            [("5".to_owned(), 10.0, 20.0), ("mg".to_owned(), 40.0, 60.0)]
        );
    }
}
