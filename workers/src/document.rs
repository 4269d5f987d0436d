//! One document through every stage, in this process: bytes in, the document result out.
//!
//! This is what `medbot process` runs for each file; the service runs the same stage functions one
//! task at a time. Pages are decoded and read one after the other, so that a file of 700 pages never
//! lies in memory whole.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use extract::{Lexicon, Source, SourceWord};
use fusion::{Calibration, Grid, OrderedLine, assemble, fuse_page, grids, reading_order};
use schemas::{
    Confidence, Document, DocumentInfo, Engine, EngineInfo, Page, PageStatus, Quad, ReaderReport,
    ReaderStatus, Reject, RejectKind, SCHEMA_ID, Timings, Word,
};
use sha2::{Digest, Sha256};

use crate::{
    decode::{DecodedPage, Decoder},
    page::{self, Readers},
};

/// All that documents are processed with, opened once and shared by threads.
pub struct Pipeline {
    /// Bytes to pages.
    pub decoder: Decoder,
    /// Pages to readings.
    pub readers: Readers,
    /// Words that extraction knows.
    pub lexicon: Lexicon,
}

impl Pipeline {
    /// Processes one document. `file` is the name that results carry.
    ///
    /// # Errors
    /// A [`Reject`] when the bytes cannot be decoded or no page can be read.
    pub fn process(&self, file: &str, bytes: &Arc<[u8]>) -> Result<Document, Reject> {
        let start = Instant::now();
        let mut timings = Timings::default();
        let sha256 = Sha256::digest(bytes);
        let mut decoded = timed(&mut timings.decode, || {
            self.decoder.open(Arc::clone(bytes), Some(file))
        })?;
        let mut pages = Vec::new();
        let (mut lines, mut grids) = (Vec::new(), Vec::new());
        let mut first_reject = None;
        for index in 0..decoded.page_count() {
            match timed(&mut timings.decode, || decoded.page(index)) {
                Ok(raster) => {
                    let (page, ordered, tables) = self.page(index, &raster, &mut timings);
                    pages.push(page);
                    lines.push(ordered);
                    grids.push(tables);
                }
                Err(reject) => {
                    tracing::warn!(
                        page = index,
                        kind = reject.kind.slug(),
                        "a page is not readable"
                    );
                    first_reject.get_or_insert(reject);
                    pages.push(failed_page(index));
                    lines.push(Vec::new());
                    grids.push(Vec::new());
                }
            }
        }
        if pages.iter().all(|page| page.status == PageStatus::Failed) {
            return Err(first_reject.unwrap_or_else(|| {
                Reject::new(
                    RejectKind::Unprocessable,
                    "every engine failed on every page",
                )
            }));
        }
        let text = assemble(lines);
        for ((page, lines), grids) in pages.iter_mut().zip(text.pages).zip(grids) {
            page.tables = grids.iter().filter_map(|grid| grid.table(&lines)).collect();
            page.lines = lines;
        }
        let extraction = timed(&mut timings.extract, || {
            let words: Vec<SourceWord<'_>> = pages.iter().flat_map(source_words).collect();
            extract::extract(
                &Source {
                    text: &text.text,
                    words: &words,
                },
                &self.lexicon,
            )
        });
        timings.total = milliseconds(start.elapsed());
        Ok(Document {
            schema: SCHEMA_ID.into(),
            document: DocumentInfo {
                id: document_id(&sha256, file),
                file: file.into(),
                sha256: hex(&sha256),
                media_type: decoded.media_type().into(),
                bytes: bytes.len() as u64,
                page_count: pages.len(),
                kind: extraction.kind,
                kind_confidence: extraction.kind_confidence,
            },
            text: text.text,
            pages,
            entities: extraction.entities,
            engines: self.engines(),
            timings_ms: timings,
        })
    }

    fn engines(&self) -> Vec<EngineInfo> {
        self.readers
            .engines
            .iter()
            .map(|engine| engine.info())
            .collect()
    }

    /// One page to its lines in reading order, in coordinates of the raster.
    fn page(
        &self,
        index: usize,
        raster: &DecodedPage,
        timings: &mut Timings,
    ) -> (Page, Vec<OrderedLine>, Vec<Grid>) {
        let deadline = Instant::now() + self.readers.page_time;
        let mut page = empty_page(index, raster);
        let prepared = timed(&mut timings.prepare, || {
            self.readers.prepare(&raster.image, deadline)
        });
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                tracing::warn!(page = index, %error, "a page could not be prepared");
                page.status = PageStatus::Failed;
                return (page, Vec::new(), Vec::new());
            }
        };
        page.orientation = prepared.upright.orientation;
        page.skew_degrees = rounded(prepared.upright.skew_degrees);
        let detected = timed(&mut timings.detect, || {
            self.readers.detect(&prepared, deadline)
        });
        let layer = page::text_layer(raster, &prepared.upright);
        let recognised = self
            .readers
            .recognise(&prepared, &detected.lines, &layer, deadline);
        for (engine, duration) in &recognised.durations {
            *timings.ocr.entry(*engine).or_default() += milliseconds(*duration);
        }
        page.readers = self.reports(recognised.reports);
        let start = Instant::now();
        let lines = page::by_line(&detected, &recognised.readings);
        let words = fuse_page(&lines, Calibration::packaged());
        let segments = page::segments(&detected.lines, words);
        let quads: Vec<Quad> = segments
            .iter()
            .flat_map(|s| s.words.iter().map(|word| word.quad))
            .collect();
        page.unread_ink = rounded(page::unread_ink(&prepared, &quads));
        page.status = status(&page.readers, quads.is_empty());
        let mut ordered = reading_order(segments, &prepared.rulings);
        let tables = grids(&ordered);
        for word in words_of(&mut ordered) {
            word.quad = on_raster(&prepared.upright.raster_quad(&word.quad), raster);
        }
        timings.fuse += milliseconds(start.elapsed());
        (page, ordered, tables)
    }

    /// Reports in the order of the engines; who was not asked is said to be skipped.
    fn reports(&self, reports: Vec<ReaderReport>) -> Vec<ReaderReport> {
        self.readers
            .engines
            .iter()
            .map(|engine| {
                let engine = engine.engine();
                reports
                    .iter()
                    .find(|report| report.engine == engine)
                    .cloned()
                    .unwrap_or(ReaderReport {
                        engine,
                        status: ReaderStatus::Skipped,
                        error: None,
                    })
            })
            .collect()
    }
}

fn words_of(lines: &mut [OrderedLine]) -> impl Iterator<Item = &mut fusion::FusedWord> {
    lines
        .iter_mut()
        .flat_map(|line| &mut line.segments)
        .flat_map(|(_, s)| &mut s.words)
}

/// A quad cut to the raster, at a tenth of a pixel.
fn on_raster(quad: &Quad, raster: &DecodedPage) -> Quad {
    let (w, h) = (raster.image.width() as f32, raster.image.height() as f32);
    quad.map(|[x, y]| [tenth(x.clamp(0.0, w)), tenth(y.clamp(0.0, h))])
}

fn tenth(v: f32) -> f32 {
    (v * 10.0).round() / 10.0
}

fn rounded(v: f32) -> f32 {
    (v * 10_000.0).round() / 10_000.0
}

fn empty_page(index: usize, raster: &DecodedPage) -> Page {
    Page {
        width: raster.image.width(),
        height: raster.image.height(),
        dpi: raster.dpi,
        status: PageStatus::Ok,
        ..failed_page(index)
    }
}

fn failed_page(index: usize) -> Page {
    Page {
        index,
        status: PageStatus::Failed,
        width: 0,
        height: 0,
        dpi: None,
        orientation: schemas::Orientation::Upright,
        skew_degrees: 0.0,
        unread_ink: 0.0,
        readers: Vec::new(),
        tables: Vec::new(),
        checkboxes: Vec::new(),
        lines: Vec::new(),
    }
}

fn status(readers: &[ReaderReport], no_text: bool) -> PageStatus {
    let asked = readers.iter().filter(|r| r.status != ReaderStatus::Skipped);
    let read = asked
        .clone()
        .filter(|r| r.status == ReaderStatus::Ok)
        .count();
    match (read, asked.count()) {
        (0, _) => PageStatus::Failed,
        (_, _) if no_text => PageStatus::Blank,
        (read, asked) if read < asked => PageStatus::Partial,
        _ => PageStatus::Ok,
    }
}

/// What the engines said on the first page on which all of them failed.
fn failures(pages: &[Page]) -> String {
    let said: Vec<String> = pages
        .iter()
        .find(|page| page.readers.iter().any(|reader| reader.error.is_some()))
        .into_iter()
        .flat_map(|page| &page.readers)
        .filter_map(|reader| Some(format!("{}: {}", reader.engine, reader.error.as_ref()?)))
        .collect();
    format!("every engine failed on every page; {}", said.join("; "))
}

fn source_words(page: &Page) -> impl Iterator<Item = SourceWord<'_>> {
    page.lines
        .iter()
        .flat_map(|line| &line.words)
        .map(|word| SourceWord {
            id: &word.id,
            page: page.index,
            span: word.span,
            confidence: word.confidence,
            agreed: agreed(word),
        })
}

/// Does every engine that read the word say the same, the text layer of a PDF included?
fn agreed(word: &Word) -> bool {
    let readers: Vec<&schemas::Vote> = word
        .votes
        .iter()
        .filter(|vote| vote.confidence > Confidence::ZERO)
        .collect();
    readers.iter().all(|vote| vote.text == word.text)
        && (readers.len() > 1 || readers.iter().any(|vote| vote.engine == Engine::PdfText))
}

/// Sixteen bytes of the digest of content and name: a re-run gives the same.
fn document_id(sha256: &[u8], file: &str) -> String {
    let digest = Sha256::new()
        .chain_update(sha256)
        .chain_update(file.as_bytes())
        .finalize();
    hex(&digest[..16])
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn timed<T>(sum: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *sum += milliseconds(start.elapsed());
    result
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}
