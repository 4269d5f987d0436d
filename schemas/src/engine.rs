use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reader of text. Names are part of the contract (`--engines`, `votes[].engine`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Tesseract 5 (LSTM), through leptess.
    Tesseract,
    /// PP-OCRv6 recognition on ONNX Runtime.
    Paddle,
    /// EasyOCR's `english_g2` recogniser on rten.
    Easyocr,
    /// The ocrs crate with weights that the user gives.
    Ocrs,
    /// The visible part of a PDF page's own text layer.
    PdfText,
    /// An encoder-decoder model with weights that the user gives.
    Seq2seq,
}

impl Engine {
    /// Every name that the contract knows.
    pub const ALL: [Self; 6] = [
        Self::Tesseract,
        Self::Paddle,
        Self::Easyocr,
        Self::Ocrs,
        Self::PdfText,
        Self::Seq2seq,
    ];

    /// The name on the command line and in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tesseract => "tesseract",
            Self::Paddle => "paddle",
            Self::Easyocr => "easyocr",
            Self::Ocrs => "ocrs",
            Self::PdfText => "pdf_text",
            Self::Seq2seq => "seq2seq",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.name() == name)
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.iter().map(|engine| engine.name()).collect();
                format!(
                    "no engine is called `{name}`; the engines are {}",
                    known.join(", ")
                )
            })
    }
}
