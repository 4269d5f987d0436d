//! One document through every stage, in this process: bytes in, the document result out.
//!
//! This is what `medbot process` runs for each file; the service runs the same stage functions one
//! task at a time. Pages are decoded and read one after the other, so that a file of 700 pages never
//! lies in memory whole.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use extract::{Lexicon, Source, SourceWord, risk::Acceptance};
use fusion::{
    Calibration, Grid, OrderedLine, Tick, Words, assemble, fuse_page, grids, reading_order, ticks,
};
use schemas::{
    Document, DocumentInfo, Engine, EngineInfo, Page, PageStatus, Quad, ReaderReport, ReaderStatus,
    Reading, Reject, RejectKind, SCHEMA_ID, Timings,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    adaptive::{self, Mode},
    decode::{DecodedPage, Decoder},
    encoder::Encoder,
    page::{self, Detected, Lines, Prepared, Readers, Recognised},
    stage::Shelf,
};

/// All that documents are processed with, opened once and shared by threads.
pub struct Pipeline {
    /// Bytes to pages.
    pub decoder: Decoder,
    /// Pages to readings.
    pub readers: Readers,
    /// Words that extraction knows.
    pub lexicon: Lexicon,
    /// What the chat's search compares passages by; only the index stage asks it.
    pub encoder: Option<Arc<Encoder>>,
    /// Words that fusion expects.
    pub words: Words,
    /// Pages that are needed again soon.
    pub shelf: Shelf,
    /// How pages are read.
    pub mode: Mode,
    /// What stages accept of dangerous facts; none: whatever no rule doubts.
    pub acceptance: Option<Mutex<Acceptance>>,
}

/// What is known of a document before its pages are read.
pub struct DocumentFacts {
    /// Its id in results.
    pub id: String,
    /// The name that results carry.
    pub file: String,
    /// Of the bytes as given, lower-case hexadecimal.
    pub sha256: String,
    /// By magic bytes.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A page after the vote, before the document numbers its words.
#[derive(Debug, Serialize, Deserialize)]
pub struct FusedPage {
    /// All but lines, tables and check boxes.
    pub page: Page,
    /// Its lines in reading order.
    pub lines: Vec<OrderedLine>,
    /// Its tables.
    pub grids: Vec<Grid>,
    /// Its check boxes.
    pub ticks: Vec<Tick>,
}

impl FusedPage {
    /// A page that cannot be read.
    #[must_use]
    pub fn failed(index: usize) -> Self {
        Self {
            page: Page {
                status: PageStatus::Failed,
                ..empty_page(index, 0, 0, None)
            },
            lines: Vec::new(),
            grids: Vec::new(),
            ticks: Vec::new(),
        }
    }
}

impl Pipeline {
    /// Processes one document. `file` is the name that results carry; `seen` is shown each page
    /// that can be decoded, with its position from 0, while it is in memory.
    ///
    /// # Errors
    /// A [`Reject`] when the bytes cannot be decoded or no page can be read.
    pub fn process(
        &self,
        file: &str,
        bytes: &Arc<[u8]>,
        seen: &mut dyn FnMut(usize, &DecodedPage),
    ) -> Result<Document, Reject> {
        let start = Instant::now();
        let mut timings = Timings::default();
        let sha256 = Sha256::digest(bytes);
        let mut decoded = timed(&mut timings.decode, || {
            self.decoder.open(Arc::clone(bytes), Some(file))
        })?;
        let mut pages = Vec::new();
        let mut first_reject = None;
        for index in 0..decoded.page_count() {
            pages.push(match timed(&mut timings.decode, || decoded.page(index)) {
                Ok(raster) => {
                    seen(index, &raster);
                    self.page(index, &raster, &mut timings)
                }
                Err(reject) => {
                    tracing::warn!(
                        page = index,
                        kind = reject.kind.slug(),
                        "a page is not readable"
                    );
                    first_reject.get_or_insert(reject);
                    FusedPage::failed(index)
                }
            });
        }
        if pages
            .iter()
            .all(|fused| fused.page.status == PageStatus::Failed)
        {
            return Err(first_reject
                .unwrap_or_else(|| Reject::new(RejectKind::Unprocessable, failures(&pages))));
        }
        let facts = DocumentFacts {
            id: document_id(&sha256, file),
            file: file.into(),
            sha256: hex(&sha256),
            media_type: decoded.media_type().into(),
            bytes: bytes.len() as u64,
        };
        let mut document = self.compile(facts, pages, timings, Instant::now());
        document.timings_ms.total = milliseconds(start.elapsed());
        Ok(document)
    }

    /// Pages to the document result: words numbered, text put together, entities found.
    #[must_use]
    pub fn compile(
        &self,
        facts: DocumentFacts,
        fused: Vec<FusedPage>,
        mut timings: Timings,
        start: Instant,
    ) -> Document {
        let (mut pages, mut lines, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for page in fused {
            pages.push(page.page);
            lines.push(page.lines);
            found.push((page.grids, page.ticks));
        }
        let text = assemble(lines);
        for ((page, lines), (grids, ticks)) in pages.iter_mut().zip(text.pages).zip(found) {
            page.tables = grids.iter().filter_map(|grid| grid.table(&lines)).collect();
            page.checkboxes = ticks.iter().map(|tick| tick.checkbox(&lines)).collect();
            page.lines = lines;
        }
        let words: Vec<SourceWord<'_>> = pages.iter().flat_map(source_words).collect();
        let mut extraction = extract::extract(
            &Source {
                text: &text.text,
                words: &words,
            },
            &self.lexicon,
        );
        if let Some(subject) = pages.iter().find_map(|page| page.subject.as_ref()) {
            extract::against_header(&mut extraction.entities, subject);
        }
        timings.extract += milliseconds(start.elapsed());
        timings.total += milliseconds(start.elapsed());
        Document {
            schema: SCHEMA_ID.into(),
            document: DocumentInfo {
                id: facts.id,
                file: facts.file,
                sha256: facts.sha256,
                media_type: facts.media_type,
                bytes: facts.bytes,
                page_count: pages.len(),
                kind: extraction.kind,
                kind_confidence: extraction.kind_confidence,
            },
            text: text.text,
            pages,
            entities: extraction.entities,
            engines: self.engines(),
            timings_ms: timings,
        }
    }

    fn engines(&self) -> Vec<EngineInfo> {
        self.readers
            .engines
            .iter()
            .map(|engine| engine.info())
            .collect()
    }

    /// One page through its stages, in memory.
    fn page(&self, index: usize, raster: &DecodedPage, timings: &mut Timings) -> FusedPage {
        let deadline = Instant::now() + self.readers.page_time;
        let (width, height) = raster.image.dimensions();
        let page = Page {
            subject: raster.subject.clone(),
            ..empty_page(index, width, height, raster.dpi)
        };
        let prepared = timed(&mut timings.prepare, || {
            self.readers.prepare(&raster.image, deadline)
        });
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                tracing::warn!(page = index, %error, "a page could not be prepared");
                return FusedPage {
                    page: Page {
                        status: PageStatus::Failed,
                        ..page
                    },
                    ..FusedPage::failed(index)
                };
            }
        };
        let detected = timed(&mut timings.detect, || {
            self.readers.detect(&prepared, deadline)
        });
        let layer = page::text_layer(&raster.text_layer, &prepared.upright);
        let recognised = self.recognise(&prepared, &detected, &layer, deadline);
        for (engine, duration) in &recognised.durations {
            *timings.ocr.entry(*engine).or_default() += milliseconds(*duration);
        }
        timed(&mut timings.fuse, || {
            self.fuse(
                page,
                &prepared,
                &detected,
                &recognised.readings,
                recognised.reports,
            )
        })
    }

    /// Lets the engines read, as the mode says.
    #[must_use]
    pub fn recognise(
        &self,
        page: &Prepared,
        detected: &Detected,
        layer: &[(String, Quad)],
        deadline: Instant,
    ) -> Recognised {
        let read = |ask: &(dyn Fn(Engine) -> Lines + Sync)| {
            self.readers
                .recognise(page, &detected.lines, layer, deadline, ask)
        };
        if self.mode == Mode::Full {
            return read(&|_| Lines::All);
        }
        let drafts = |engine| matches!(engine, adaptive::DRAFT | Engine::PdfText);
        let mut draft = read(&|engine| {
            if drafts(engine) {
                Lines::Draft
            } else {
                Lines::Some(Vec::new())
            }
        });
        let drafted = draft.readings.iter().any(|r| r.engine == adaptive::DRAFT);
        let wanted = if drafted {
            let (words, lexicon) = (&self.words, &self.lexicon);
            Lines::Some(adaptive::doubtful(
                detected,
                &draft.readings,
                &page.rulings,
                words,
                lexicon,
            ))
        } else {
            Lines::All
        };
        draft.extend(read(&|engine| {
            if drafts(engine) {
                Lines::Some(Vec::new())
            } else {
                wanted.clone()
            }
        }));
        draft
    }

    /// The readings of a page to its lines in reading order, in coordinates of the raster.
    #[must_use]
    pub fn fuse(
        &self,
        mut page: Page,
        prepared: &Prepared,
        detected: &Detected,
        readings: &[Reading],
        reports: Vec<ReaderReport>,
    ) -> FusedPage {
        page.orientation = prepared.upright.orientation;
        page.skew_degrees = rounded(prepared.upright.skew_degrees);
        page.readers = self.reports(reports);
        let lines = page::by_line(detected, readings);
        let words = fuse_page(&lines, Calibration::packaged(), &self.words);
        let segments = page::segments(&detected.lines, words);
        let quads: Vec<Quad> = segments
            .iter()
            .flat_map(|s| s.words.iter().map(|word| word.quad))
            .collect();
        page.unread_ink = rounded(page::unread_ink(prepared, &quads));
        page.status = status(&page.readers, quads.is_empty());
        let mut lines = reading_order(segments, &prepared.rulings, &self.words);
        let grids = grids(&lines);
        let mut ticks = ticks(&lines, &prepared.checkboxes);
        let place = |quad: &Quad| on_raster(&prepared.upright.raster_quad(quad), &page);
        for word in words_of(&mut lines) {
            word.quad = place(&word.quad);
        }
        for tick in &mut ticks {
            tick.bbox = place(&tick.bbox.quad()).bbox();
        }
        FusedPage {
            page,
            lines,
            grids,
            ticks,
        }
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
fn on_raster(quad: &Quad, page: &Page) -> Quad {
    let (w, h) = (page.width as f32, page.height as f32);
    quad.map(|[x, y]| [tenth(x.clamp(0.0, w)), tenth(y.clamp(0.0, h))])
}

fn tenth(v: f32) -> f32 {
    (v * 10.0).round() / 10.0
}

fn rounded(v: f32) -> f32 {
    (v * 10_000.0).round() / 10_000.0
}

/// A page of which nothing is known but its raster.
pub(crate) fn empty_page(index: usize, width: u32, height: u32, dpi: Option<f32>) -> Page {
    Page {
        index,
        status: PageStatus::Ok,
        width,
        height,
        dpi,
        subject: None,
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
fn failures(pages: &[FusedPage]) -> String {
    let said: Vec<String> = pages
        .iter()
        .map(|fused| &fused.page)
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
            votes: &word.votes,
        })
}

/// Sixteen bytes of the digest of content and name: a re-run gives the same.
fn document_id(sha256: &[u8], file: &str) -> String {
    let digest = Sha256::new()
        .chain_update(sha256)
        .chain_update(file.as_bytes())
        .finalize();
    hex(&digest[..16])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
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
