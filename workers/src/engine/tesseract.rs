//! Tesseract 5 (LSTM) through leptess, in sandboxed children.
//!
//! It reads line by line (`--psm 7`): each strip is cut from the flattened page, so that its own
//! binarisation sees one line only, and its layout analysis, which merges form columns, is left out
//! of reading. Layout analysis serves as a line detector instead ([`Tesseract::layout`]).

use std::time::{Duration, Instant};

use image::GrayImage;
use leptess::{LepTess, Variable, capi};
use schemas::{BBox, Confidence, Engine, EngineInfo, Quad, ReadLine, ReadWord, Repertoire};
use serde::{Deserialize, Serialize};

use super::{OcrEngine, PageView, ReadError, crop};
use crate::sandbox::{CallError, Launch, Pool, PoolConfig, Service};

/// Strips are brought to this height: about 30 px capitals, what the LSTM was trained near.
const HEIGHT: u32 = 48;
/// White around a strip; letters at the very edge are misread.
const MARGIN: u32 = 12;

/// What keeps two characters of an East Asian script apart, in heights of the line.
const WIDE: f32 = 0.5;

/// Lines that a child reads in one call: few enough for deadlines to bite.
const LINES_A_CALL: usize = 16;

/// Calls after which a child is replaced, some twenty pages: what it holds grows with what it has read.
const RECYCLE_AFTER: u32 = 100;

/// The Tesseract engine: a pool of children that read.
pub struct Tesseract {
    pool: Pool<TesseractService>,
    repertoire: Repertoire,
    version: String,
}

impl Tesseract {
    /// Starts the first of up to `children` children. `languages` is `eng` or several joined by `+`,
    /// taken from Tesseract's own data folder; `repertoire` is what they
    /// can write, `version` what to report.
    ///
    /// # Errors
    /// When no child can be started or the language data is missing.
    pub fn open(
        launch: Launch,
        children: usize,
        languages: &str,
        repertoire: Repertoire,
        version: String,
    ) -> Result<Self, CallError> {
        let mut pool = PoolConfig::new(launch, children);
        pool.recycle_after = RECYCLE_AFTER;
        let pool = Pool::new(pool, languages.to_owned())?;
        Ok(Self {
            pool,
            repertoire,
            version,
        })
    }

    /// Boxes of text lines as Tesseract's layout analysis sees them on a flattened page.
    ///
    /// # Errors
    /// When the child fails or the deadline passes.
    pub fn layout(&self, page: &GrayImage, deadline: Instant) -> Result<Vec<BBox>, ReadError> {
        let (width, height) = page.dimensions();
        let request = Request {
            width,
            height,
            ask: Ask::Layout,
        };
        match self.ask(&request, page, deadline)? {
            Response::Layout(boxes) => Ok(boxes),
            Response::Failed(cause) => Err(ReadError::Failed(cause)),
            Response::Lines(_) => Err(ReadError::failed("the child answered another question")),
        }
    }

    fn ask(
        &self,
        request: &Request,
        page: &GrayImage,
        deadline: Instant,
    ) -> Result<Response, ReadError> {
        let time = deadline.saturating_duration_since(Instant::now());
        if time < Duration::from_millis(1) {
            return Err(ReadError::Timeout { lines_read: 0 });
        }
        match self.pool.call(request, page.as_raw(), time) {
            Ok((response, _)) => Ok(response),
            Err(CallError::Timeout) => Err(ReadError::Timeout { lines_read: 0 }),
            Err(error) => Err(ReadError::failed(error)),
        }
    }
}

impl OcrEngine for Tesseract {
    fn repertoire(&self) -> Repertoire {
        self.repertoire.clone()
    }

    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: Engine::Tesseract,
            version: self.version.clone(),
            models: Vec::new(),
        }
    }

    fn read(&self, page: &PageView<'_>) -> Result<Vec<ReadLine>, ReadError> {
        let (width, height) = page.flat.dimensions();
        let mut lines = Vec::with_capacity(page.lines.len());
        for quads in page.lines.chunks(LINES_A_CALL) {
            let request = Request {
                width,
                height,
                ask: Ask::Lines(quads.to_vec()),
            };
            let read = match self.ask(&request, page.flat, page.deadline) {
                Ok(Response::Lines(read)) if read.len() == quads.len() => read,
                Ok(Response::Failed(cause)) => return Err(ReadError::Failed(cause)),
                Ok(_) => return Err(ReadError::failed("the child answered another question")),
                Err(ReadError::Timeout { .. }) => {
                    return Err(ReadError::Timeout {
                        lines_read: lines.len(),
                    });
                }
                Err(error) => return Err(error),
            };
            for words in read {
                lines.push(ReadLine {
                    line: lines.len(),
                    words,
                });
            }
        }
        Ok(lines)
    }
}

/// Tesseract inside a sandboxed child.
pub struct TesseractService(Reader);

/// A question; the grey page travels beside it.
#[derive(Serialize, Deserialize)]
pub struct Request {
    width: u32,
    height: u32,
    ask: Ask,
}

#[derive(Serialize, Deserialize)]
enum Ask {
    Layout,
    Lines(Vec<Quad>),
}

/// An answer.
#[derive(Serialize, Deserialize)]
pub enum Response {
    /// Boxes of text lines.
    Layout(Vec<BBox>),
    /// Words of each line.
    Lines(Vec<Vec<ReadWord>>),
    /// Why there is none.
    Failed(String),
}

impl Service for TesseractService {
    const KIND: &'static str = "tesseract";
    type Config = String;
    type Request = Request;
    type Response = Response;

    fn load(languages: String) -> Result<Self, String> {
        Reader::open(&languages)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn handle(&mut self, request: Request, page: Vec<u8>) -> (Response, Vec<u8>) {
        let Some(page) = GrayImage::from_raw(request.width, request.height, page) else {
            return (
                Response::Failed("the page has too few pixels".into()),
                Vec::new(),
            );
        };
        let answer = match request.ask {
            Ask::Layout => self.0.layout(&page).map(Response::Layout),
            Ask::Lines(quads) => quads
                .iter()
                .map(|quad| self.0.line(&page, quad))
                .collect::<Result<_, _>>()
                .map(Response::Lines),
        };
        (
            answer.unwrap_or_else(|error| Response::Failed(error.to_string())),
            Vec::new(),
        )
    }
}

/// A loaded Tesseract.
struct Reader {
    tess: LepTess,
}

impl Reader {
    fn open(languages: &str) -> Result<Self, ReadError> {
        let tess = LepTess::new(None, languages).map_err(|_| {
            ReadError::Failed(format!(
                "Tesseract has no data for `{languages}`; run infra/setup"
            ))
        })?;
        Ok(Self { tess })
    }

    fn layout(&mut self, page: &GrayImage) -> Result<Vec<BBox>, ReadError> {
        self.set_image(page, 200, "3")?;
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

    fn line(&mut self, page: &GrayImage, line: &Quad) -> Result<Vec<ReadWord>, ReadError> {
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
        let words = tsv
            .lines()
            .filter_map(|row| word(row, line, strip.width() as f32));
        Ok(joined(words, WIDE * line.height()))
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

/// Words, with those made one that an East Asian script sets side by side: the LSTM puts a space between
/// any two of its characters. What is `wide` apart stays so.
fn joined(words: impl Iterator<Item = ReadWord>, wide: f32) -> Vec<ReadWord> {
    let mut joined: Vec<ReadWord> = Vec::new();
    for word in words {
        let before = joined.last_mut().filter(|before| {
            let gap = word.quad.bbox().x0 - before.quad.bbox().x1;
            before.text.ends_with(schemas::is_east_asian)
                && word.text.starts_with(schemas::is_east_asian)
                && gap < wide
        });
        match before {
            Some(before) => {
                let ([top, _, _, bottom], [_, to, end, _]) = (before.quad.0, word.quad.0);
                before.quad = Quad([top, to, end, bottom]);
                before.text.push_str(&word.text);
                before.char_confidences.extend(word.char_confidences);
            }
            None => joined.push(word),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence, ReadWord};

    use super::{joined, word};

    #[test]
    fn characters_of_chinese_stand_side_by_side() {
        let word = |text: &str, from: f32| ReadWord {
            text: text.into(),
            quad: BBox::new(from, 0.0, from + 10.0, 10.0).quad(),
            char_confidences: vec![Confidence::ONE; text.chars().count()],
        };
        let read = [
            word("\u{6bcf}", 0.0),
            word("\u{65e5}", 12.0),
            word("2", 24.0),
            word("\u{6b21}", 36.0),
            word("\u{996d}", 60.0),
        ];
        let texts: Vec<String> = joined(read.into_iter(), 6.0)
            .into_iter()
            .map(|word| word.text)
            .collect();
        assert_eq!(texts, ["\u{6bcf}\u{65e5}", "2", "\u{6b21}", "\u{996d}"]);
    }

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
