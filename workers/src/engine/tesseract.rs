//! Tesseract 5 (LSTM) through leptess.
//!
//! It reads line by line (`--psm 7`): each strip is cut from the flattened page, so that its own
//! binarisation sees one line only, and its layout analysis, which merges form columns, is left out
//! of reading. Layout analysis serves as a line detector instead ([`Reader::layout`]).

use image::GrayImage;
use leptess::{LepTess, Variable, capi};
use schemas::{BBox, Confidence, Quad, ReadWord};

use super::{ReadError, crop};

/// Strips are brought to this height: about 30 px capitals, what the LSTM was trained near.
const HEIGHT: u32 = 48;
/// White around a strip; letters at the very edge are misread.
const MARGIN: u32 = 12;

/// A loaded Tesseract.
pub struct Reader {
    tess: LepTess,
}

impl Reader {
    /// Loads the language data, `eng` or several joined by `+`, from Tesseract's own data folder.
    ///
    /// # Errors
    /// When the language data is missing.
    pub fn open(languages: &str) -> Result<Self, ReadError> {
        let mut tess = LepTess::new(None, languages).map_err(|_| {
            ReadError::Failed(format!(
                "Tesseract has no data for `{languages}`; run infra/setup"
            ))
        })?;
        // Its dictionary turns codes and doses into words; what is printed counts here.
        for (name, value) in [
            (Variable::LoadSystemDawg, "1"),
            (Variable::DebugFile, "/dev/null"),
        ] {
            tess.set_variable(name, value).map_err(ReadError::failed)?;
        }
        Ok(Self { tess })
    }

    /// Version of the library.
    #[must_use]
    pub fn version() -> String {
        leptess::tesseract::TessApi::new(None, "eng").map_or_else(|_| String::new(), |_| "5".into())
    }

    /// Boxes of text lines as Tesseract's layout analysis sees them.
    ///
    /// # Errors
    /// When the image is refused.
    pub fn layout(&mut self, page: &GrayImage, dpi: i32) -> Result<Vec<BBox>, ReadError> {
        self.set_image(page, dpi, "3")?;
        let level = capi::TessPageIteratorLevel_RIL_TEXTLINE;
        let Some(boxes) = self.tess.get_component_boxes(level, true) else {
            return Ok(Vec::new());
        };
        Ok((&boxes)
            .into_iter()
            .map(|b| {
                let g = b.get_geometry();
                let (x, y) = (g.x as f32, g.y as f32);
                BBox::new(x, y, x + g.w as f32, y + g.h as f32)
            })
            .collect())
    }

    /// Reads one line of the page.
    ///
    /// # Errors
    /// When the image is refused or recognition fails.
    pub fn line(&mut self, page: &GrayImage, line: &Quad) -> Result<Vec<ReadWord>, ReadError> {
        let strip = crop::strip(page, line, HEIGHT);
        let (width, height) = (strip.width() + 2 * MARGIN, HEIGHT + 2 * MARGIN);
        let mut framed = GrayImage::from_pixel(width, height, image::Luma([255]));
        image::imageops::replace(&mut framed, &strip, i64::from(MARGIN), i64::from(MARGIN));
        self.set_image(&framed, 300, "7")?;
        if self.tess.recognize() != 0 {
            return Err(ReadError::Failed(
                "Tesseract could not recognise a line".into(),
            ));
        }
        let tsv = self.tess.get_tsv_text(0).map_err(ReadError::failed)?;
        Ok(tsv
            .lines()
            .filter_map(|row| word(row, line, strip.width() as f32))
            .collect())
    }

    fn set_image(&mut self, image: &GrayImage, dpi: i32, mode: &str) -> Result<(), ReadError> {
        let mut pgm = format!("P5\n{} {}\n255\n", image.width(), image.height()).into_bytes();
        pgm.extend_from_slice(image.as_raw());
        self.tess
            .set_variable(Variable::TesseditPagesegMode, mode)
            .map_err(ReadError::failed)?;
        self.tess
            .set_image_from_mem(&pgm)
            .map_err(ReadError::failed)?;
        self.tess.set_source_resolution(dpi);
        Ok(())
    }
}

/// A word row of Tesseract's TSV: level 5, then page, block, paragraph, line, word, left, top, width,
/// height, confidence in percent, text.
fn word(row: &str, line: &Quad, strip_width: f32) -> Option<ReadWord> {
    let fields: Vec<&str> = row.split('\t').collect();
    let [level, _, _, _, _, _, left, _, width, _, confidence, text] = fields[..] else {
        return None;
    };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if level != "5" || text.is_empty() {
        return None;
    }
    let left = left.parse::<f32>().ok()? - MARGIN as f32;
    let right = left + width.parse::<f32>().ok()?;
    let confidence = Confidence::new(confidence.parse::<f32>().ok()? / 100.0);
    let at = |x: f32| (x / strip_width).clamp(0.0, 1.0);
    Some(ReadWord {
        quad: line.slice(at(left), at(right)),
        char_confidences: vec![confidence; text.chars().count()],
        text,
    })
}

#[cfg(test)]
mod tests {
    use schemas::BBox;

    use super::word;

    #[test]
    fn word_rows_are_read_and_others_are_not() {
        let line = BBox::new(0.0, 0.0, 200.0, 20.0).quad();
        for (row, want) in [
            (
                "5\t1\t1\t1\t1\t1\t12\t12\t50\t20\t91.5\t650mg",
                Some("650mg"),
            ),
            ("4\t1\t1\t1\t1\t0\t12\t12\t50\t20\t-1\t", None),
            ("level\tpage_num", None),
            ("5\t1\t1\t1\t1\t1\t12\t12\t50\t20\t10\t ", None),
        ] {
            assert_eq!(
                word(row, &line, 100.0).as_ref().map(|w| w.text.as_str()),
                want,
                "{row}"
            );
        }
        let first = word("5\t1\t1\t1\t1\t1\t12\t12\t50\t20\t91.5\tab", &line, 100.0).unwrap();
        assert_eq!(first.quad.bbox(), BBox::new(0.0, 0.0, 100.0, 20.0));
        assert!((first.confidence().get() - 0.915).abs() < 1e-4);
    }
}
