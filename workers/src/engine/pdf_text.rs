//! The visible part of a PDF page's own text layer, as one more reader.
//!
//! Its words go to the detected line that they stand on. The decoder has already left out every
//! glyph that a person cannot see. Words have no model behind them; they are given full confidence
//! and fusion weighs them by calibration like anyone's.

use schemas::{Confidence, Engine, EngineInfo, ReadLine, ReadWord};

use super::{OcrEngine, PageView, ReadError};

/// The text-layer reader.
pub struct PdfText;

impl OcrEngine for PdfText {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::PdfText,
            version: "PDFium".into(),
            models: Vec::new(),
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let mut lines: Vec<ReadLine> = (0..page.lines.len())
            .map(|line| ReadLine {
                line,
                words: Vec::new(),
            })
            .collect();
        let boxes: Vec<_> = page.lines.iter().map(schemas::Quad::bbox).collect();
        for (text, quad) in page.text_layer {
            let word = quad.bbox();
            let best = boxes
                .iter()
                .enumerate()
                .map(|(line, b)| (line, b.intersection(&word)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((line, shared)) = best else { continue };
            if shared < word.area() * 0.3 {
                continue;
            }
            lines[line].words.push(ReadWord {
                text: text.clone(),
                quad: *quad,
                char_confidences: vec![Confidence::ONE; text.chars().count()],
            });
        }
        for line in &mut lines {
            line.words
                .sort_by(|a, b| a.quad.0[0][0].total_cmp(&b.quad.0[0][0]));
        }
        Ok(lines)
    }
}
