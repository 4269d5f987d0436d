//! The ocrs crate's recogniser, with weights that the user gives: no package ships them.
//!
//! ocrs reports no confidence, so each character stands at one fixed value that says little; fusion
//! calibrates it like any other engine's.

use std::path::Path;

use image::RgbImage;
use ocrs::{ImageSource, OcrEngineParams, TextItem};
use rten_imageproc::{PointF, RotatedRect, Vec2};
use schemas::{BBox, Confidence, Engine, EngineInfo, ModelInfo, Quad, ReadLine, ReadWord};

use super::{OcrEngine, PageView, ReadError, easyocr::LoadError};

const CONFIDENCE: f32 = 0.5;
const VERSION: &str = "0.13";

/// The ocrs recogniser.
pub struct Ocrs {
    recogniser: ocrs::OcrEngine,
    model: ModelInfo,
}

impl Ocrs {
    /// Opens a recognition model in rten or ONNX form. `alphabet` is the model's own, None for that
    /// of the project's published weights.
    ///
    /// # Errors
    /// When the file is missing or is no model that ocrs understands.
    pub fn open(model: &Path, sha256: String, alphabet: Option<String>) -> Result<Self, LoadError> {
        let file = model
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let fail = |cause: String| LoadError {
            file: file.clone(),
            cause,
        };
        let network = rten::Model::load_file(model).map_err(|cause| fail(cause.to_string()))?;
        let params = OcrEngineParams {
            recognition_model: Some(network),
            alphabet,
            ..Default::default()
        };
        let recogniser = ocrs::OcrEngine::new(params).map_err(|cause| fail(cause.to_string()))?;
        Ok(Self {
            recogniser,
            model: ModelInfo { file, sha256 },
        })
    }
}

impl OcrEngine for Ocrs {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::Ocrs,
            version: VERSION.into(),
            models: vec![self.model.clone()],
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let image: &RgbImage = page.color;
        let source = ImageSource::from_bytes(image.as_raw(), image.dimensions())
            .map_err(ReadError::failed)?;
        let input = self
            .recogniser
            .prepare_input(source)
            .map_err(ReadError::failed)?;
        let lines: Vec<Vec<RotatedRect>> = page
            .lines
            .iter()
            .map(|line| vec![rotated_rect(line)])
            .collect();
        let texts = self
            .recogniser
            .recognize_text(&input, &lines)
            .map_err(ReadError::failed)?;
        Ok(texts
            .iter()
            .enumerate()
            .map(|(line, text)| ReadLine {
                line,
                words: text
                    .iter()
                    .flat_map(ocrs::TextLine::words)
                    .map(|w| read_word(&w))
                    .collect(),
            })
            .collect())
    }
}

fn rotated_rect(line: &Quad) -> RotatedRect {
    let [tl, _, br, bl] = line.0;
    let center = PointF::from_yx((tl[1] + br[1]) / 2.0, (tl[0] + br[0]) / 2.0);
    let up = Vec2::from_yx(tl[1] - bl[1], tl[0] - bl[0]);
    let up = if up.length() > 0.0 {
        up
    } else {
        Vec2::from_yx(-1.0, 0.0)
    };
    RotatedRect::new(center, up, line.width(), line.height())
}

fn read_word(word: &ocrs::TextWord<'_>) -> ReadWord {
    let text: String = word.chars().iter().map(|c| c.char).collect();
    let rect = word.bounding_rect();
    let bbox = BBox::new(
        rect.left() as f32,
        rect.top() as f32,
        rect.right() as f32,
        rect.bottom() as f32,
    );
    ReadWord {
        char_confidences: vec![Confidence::new(CONFIDENCE); text.chars().count()],
        quad: bbox.quad(),
        text,
    }
}
