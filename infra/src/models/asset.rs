//! The files and trees that code can ask for, by role and not by name.
//!
//! The lock file says what each of them is; a test holds the two lists together.

use serde::Deserialize;

use super::lock::{FileEntry, Lock};

/// One file or folder tree of the lock, named by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asset {
    /// ONNX Runtime's shared library.
    OnnxRuntime,
    /// PP-OCRv6 small, text detection.
    PaddleDetection,
    /// PP-OCRv6 small, text recognition.
    PaddleRecognition,
    /// PP-OCRv6 tiny, text detection.
    PaddleTinyDetection,
    /// PP-OCRv6 tiny, text recognition.
    PaddleTinyRecognition,
    /// `EasyOCR`'s English recogniser, converted to ONNX.
    EnglishG2,
    /// `PDFium`'s shared library.
    Pdfium,
    /// The sentence encoder of the chat's search.
    Minilm,
    /// Its tokenizer.
    MinilmTokenizer,
    /// Drug names: `variant name drugbank mesh brand`, tab-separated with a header.
    DrugNames,
    /// Disease names: `variant name mesh`, tab-separated with a header.
    DiseaseNames,
    /// ICD-10-CM: `code kind text`, tab-separated with a header; kind is `title` or `inclusion`.
    Icd10cm,
    /// A handwriting font for the fixtures' generator.
    FontHomemadeApple,
    /// PostgreSQL with pgvector: a folder tree, whose programs [`crate::db::private`] runs.
    Postgres,
}

impl Asset {
    /// All of them, in the lock's order.
    pub const ALL: [Self; 14] = [
        Self::OnnxRuntime,
        Self::PaddleDetection,
        Self::PaddleRecognition,
        Self::PaddleTinyDetection,
        Self::PaddleTinyRecognition,
        Self::EnglishG2,
        Self::Pdfium,
        Self::Minilm,
        Self::MinilmTokenizer,
        Self::DrugNames,
        Self::DiseaseNames,
        Self::Icd10cm,
        Self::FontHomemadeApple,
        Self::Postgres,
    ];

    /// What the lock says about it.
    ///
    /// # Panics
    /// Never with the embedded lock: a test holds that it names every asset once.
    #[must_use]
    pub fn entry(self) -> &'static FileEntry {
        let entry = Lock::embedded().files.iter().find(|f| f.asset == self);
        entry.expect("the lock names every asset")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_and_list_name_the_same_assets_in_the_same_order() {
        let locked: Vec<Asset> = Lock::embedded().files.iter().map(|f| f.asset).collect();
        assert_eq!(locked, Asset::ALL);
    }
}
