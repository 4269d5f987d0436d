//! The sentence encoder of the chat's search: MiniLM on ONNX Runtime. A text becomes 384 numbers of unit
//! length, the mean over its tokens; texts that mean alike lie close. It works without it: search then goes
//! by words alone.

use std::{path::Path, sync::Mutex};

use ndarray::Array2;
use ort::{session::Session, value::TensorRef};
use tokenizers::{Tokenizer, TruncationParams};

use crate::engine::{LoadError, Runtime};

/// Numbers of a text.
pub const DIMENSIONS: usize = 384;
/// Longest text in tokens; what comes after is not looked at. The model was trained on 256 at most.
const TOKENS: usize = 256;

/// A loaded encoder; calls take turns.
pub struct Encoder {
    tokenizer: Tokenizer,
    session: Mutex<Session>,
}

/// A text could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("the sentence encoder failed: {0}")]
pub struct EncodeError(String);

impl EncodeError {
    fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

impl Encoder {
    /// Loads model and tokenizer.
    ///
    /// # Errors
    /// When a file is missing or is not what its name says.
    pub fn open(runtime: &Runtime, model: &Path, tokenizer: &Path) -> Result<Self, LoadError> {
        let mut read =
            Tokenizer::from_file(tokenizer).map_err(|cause| LoadError::new(tokenizer, cause))?;
        let truncation = TruncationParams {
            max_length: TOKENS,
            ..TruncationParams::default()
        };
        read.with_padding(None)
            .with_truncation(Some(truncation))
            .map_err(|cause| LoadError::new(tokenizer, cause))?;
        Ok(Self {
            tokenizer: read,
            session: Mutex::new(runtime.session(model)?),
        })
    }

    /// The numbers of a text, [`DIMENSIONS`] of them, with length 1.
    ///
    /// # Errors
    /// When the network refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<f32>, EncodeError> {
        let tokens = self
            .tokenizer
            .encode(text, true)
            .map_err(EncodeError::new)?;
        let count = tokens.len();
        let row = |of: &[u32]| {
            Array2::from_shape_vec((1, count), of.iter().map(|id| i64::from(*id)).collect())
                .map_err(EncodeError::new)
        };
        let ids = row(tokens.get_ids())?;
        let mask = row(tokens.get_attention_mask())?;
        let types = row(tokens.get_type_ids())?;
        let mut session = self.session.lock().map_err(EncodeError::new)?;
        let wants_types = session.inputs().len() > 2;
        let ids = TensorRef::from_array_view(&ids).map_err(EncodeError::new)?;
        let mask = TensorRef::from_array_view(&mask).map_err(EncodeError::new)?;
        let types = TensorRef::from_array_view(&types).map_err(EncodeError::new)?;
        let outputs = if wants_types {
            session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask, "token_type_ids" => types])
        } else {
            session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask])
        }
        .map_err(EncodeError::new)?;
        let (shape, values) = outputs[0]
            .try_extract_tensor::<f32>()
            .map_err(EncodeError::new)?;
        if shape.last() != Some(&(DIMENSIONS as i64)) || values.len() != count * DIMENSIONS {
            return Err(EncodeError::new("its output has another shape"));
        }
        let mut mean = vec![0.0_f32; DIMENSIONS];
        for token in values.chunks_exact(DIMENSIONS) {
            for (sum, value) in mean.iter_mut().zip(token) {
                *sum += value;
            }
        }
        let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        for value in &mut mean {
            *value /= length.max(f32::MIN_POSITIVE);
        }
        Ok(mean)
    }
}
