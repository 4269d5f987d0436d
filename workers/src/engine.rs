//! The narrow seam behind which every reader of text stands, and the one explicit list of them.
//!
//! A recogniser is given the upright page and the lines that detection found, and answers with words.
//! It decides nothing about other engines: comparing is fusion's work. Adding one is a file in
//! `engine/` and a line in [`open`].

use std::time::Instant;

use image::{GrayImage, RgbImage};
use schemas::{Engine, EngineInfo, Quad, ReadLine, Reading, Repertoire};

mod bytes;
pub mod crop;
pub mod ctc;
mod easyocr;
mod ocrs;
mod onnx;
mod paddle;
mod pdf_text;
mod script;
pub mod seq2seq;
pub mod tesseract;

pub use easyocr::EasyOcr;
pub use ocrs::Ocrs;
pub(crate) use onnx::AT_ONCE;
pub use onnx::{LoadError, Runtime};
pub use paddle::Paddle;
pub use pdf_text::PdfText;
pub use script::Scripts;
pub use seq2seq::Seq2seq;

/// One upright page as the recognisers see it. Quads are in pixels of these images.
pub struct PageView<'a> {
    /// Colour, turned and deskewed.
    pub color: &'a RgbImage,
    /// Grey with an even, light background, same size as `color`.
    pub flat: &'a GrayImage,
    /// The lines to read.
    pub lines: &'a [Quad],
    /// Words of the page's own visible text layer, none for a scan.
    pub text_layer: &'a [(String, Quad)],
    /// May a reader look again where it has a doubt?
    pub second_looks: bool,
    /// Reading stops here.
    pub deadline: Instant,
}

/// Why an engine did not read a page.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It ran out of time.
    #[error("the time limit for a page passed after {lines_read} lines")]
    Timeout {
        /// Lines that were done by then.
        lines_read: usize,
    },
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

impl ReadError {
    /// A failure with its cause in words; never with text of the document.
    pub fn failed(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// A reader of text lines.
pub trait OcrEngine: Send + Sync {
    /// Which engine, with version and model files.
    fn info(&self) -> EngineInfo;

    /// Reads every line of the page; the answer has one entry a line, in order.
    ///
    /// # Errors
    /// When the engine fails or the page's deadline passes.
    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError>;

    /// The characters that it can write; by default whatever is printed.
    fn repertoire(&self) -> Repertoire {
        Repertoire::whole()
    }

    /// Which engine.
    fn engine(&self) -> Engine {
        self.info().name
    }
}

/// Runs an engine and labels what it read.
///
/// # Errors
/// As [`OcrEngine::read`].
pub fn recognise(engine: &dyn OcrEngine, page: &PageView<'_>) -> Result<Reading, ReadError> {
    Ok(Reading {
        engine: engine.engine(),
        repertoire: engine.repertoire(),
        lines: engine.read(page)?,
    })
}
