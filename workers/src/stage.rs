//! One stage of one job: a synchronous function from artefacts to artefacts and a small outcome.
//!
//! What runs a stage, and where its artefacts lie, is not known here: `medbot process` keeps them in
//! memory, a worker in the store. A stage names no other; what follows is `plan`'s.

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use schemas::{
    Artefact, DocumentId, Engine, Entity, JobId, Outcome, Page, PageStatus, Passage, ReaderReport,
    ReaderStatus, Reading, Reject, RejectKind, Stage, Step, TaskError, TaskErrorKind, Timings,
};

use crate::{
    artefact::{self, Decoded, Stored as _},
    document::{self, DocumentFacts, FusedPage, Pipeline},
    engine::{self, PageView, ReadError},
    page::{Detected, Prepared},
};

/// Artefacts of one document.
pub trait Artefacts {
    /// Reads one.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn get(&self, artefact: Artefact) -> Result<Arc<[u8]>, TaskError>;

    /// Writes one; it is durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    fn put(&self, artefact: Artefact, bytes: Vec<u8>) -> Result<(), TaskError>;
}

/// What a stage is asked to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// Which run.
    pub job: JobId,
    /// Of which document.
    pub document: DocumentId,
    /// Which stage, on which page.
    pub step: Step,
    /// The name that results carry; of it only the extension means anything.
    pub file: String,
    /// For fusion: what became of each engine on the page, with the pass.
    pub readers: Vec<(Engine, u8, Option<TaskError>)>,
    /// For extraction: of each page the pass whose fused page counts, none for a page given up.
    pub pages: Vec<Option<u8>>,
    /// For extraction: how long the stages before took.
    pub timings: Timings,
}

/// What a stage says when it is done.
#[derive(Debug)]
pub struct Said {
    /// For `plan`.
    pub outcome: Outcome,
    /// Of the index stage: the entities to be searched.
    pub entities: Vec<Entity>,
    /// Of the index stage: the passages that the chat searches, with their embeddings where there is an
    /// encoder.
    pub passages: Vec<(Passage, Option<Vec<f32>>)>,
}

impl From<Outcome> for Said {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            entities: Vec::new(),
            passages: Vec::new(),
        }
    }
}

/// Something that can run stages.
pub trait Stages: Send + Sync {
    /// Runs one.
    ///
    /// # Errors
    /// [`TaskError`], with whether another attempt may help.
    fn run(&self, work: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError>;
}

impl Stages for Pipeline {
    fn run(&self, work: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let job = work.job;
        let deadline = Instant::now() + self.readers.page_time;
        match (work.step.stage, work.step.page) {
            (Stage::Decode, Some(page)) => self.decode(work, page, artefacts),
            (Stage::Prepare, Some(page)) => {
                let raster = artefact::raster(&artefacts.get(Artefact::Raster(job, page))?)?;
                let prepared = self
                    .readers
                    .prepare(&raster, deadline)
                    .map_err(|error| failure(&error))?;
                artefacts.put(Artefact::Prepared(job, page), prepared.encode()?)?;
                self.shelf.lay((job, page), prepared);
                Ok(Outcome::Prepared.into())
            }
            (Stage::Detect, Some(page)) => {
                let prepared = self.prepared(job, page, artefacts)?;
                let detected = self.readers.detect(&prepared, deadline);
                artefacts.put(Artefact::Detected(job, page), detected.encode()?)?;
                Ok(Outcome::Detected.into())
            }
            (Stage::Recognise(engine), Some(page)) => {
                let reading = self.read_alone(engine, job, page, artefacts, deadline)?;
                let key = Artefact::Reading(job, page, engine, work.step.pass);
                artefacts.put(key, reading.encode()?)?;
                Ok(Outcome::Read.into())
            }
            (Stage::Fuse, Some(page)) => self.fuse_stored(work, page, artefacts),
            (Stage::Extract, None) => self.extract_stored(work, artefacts),
            (Stage::Index, None) => {
                let document = schemas::Document::decode(&artefacts.get(Artefact::Result(job))?)?;
                Ok(Said {
                    outcome: Outcome::Indexed,
                    passages: self.passages(&document)?,
                    entities: document.entities,
                })
            }
            (stage, _) => Err(TaskError {
                kind: TaskErrorKind::Failed,
                detail: format!("the stage `{stage}` was asked for the wrong part of a document"),
            }),
        }
    }
}

impl Pipeline {
    fn decode(&self, work: &Work, page: u32, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let bytes = artefacts.get(Artefact::Original)?;
        let mut file = self
            .decoder
            .open(Arc::clone(&bytes), Some(&work.file))
            .map_err(rejected)?;
        let raster = file.page(page as usize).map_err(rejected)?;
        let decoded = Decoded::new(&raster, &file, &bytes);
        artefacts.put(
            Artefact::Raster(work.job, page),
            artefact::png(&raster.image)?,
        )?;
        artefacts.put(Artefact::Decoded(work.job, page), decoded.encode()?)?;
        Ok(Outcome::Decoded {
            page_count: file.page_count() as u32,
            media_type: file.media_type().into(),
            text_layer: !raster.text_layer.is_empty(),
        }
        .into())
    }

    /// The prepared page, from the shelf if this process has just made or read it.
    fn prepared(
        &self,
        job: JobId,
        page: u32,
        artefacts: &dyn Artefacts,
    ) -> Result<Arc<Prepared>, TaskError> {
        if let Some(prepared) = self.shelf.take((job, page)) {
            return Ok(prepared);
        }
        let prepared = Prepared::decode(&artefacts.get(Artefact::Prepared(job, page))?)?;
        Ok(self.shelf.lay((job, page), prepared))
    }

    fn read_alone(
        &self,
        engine: Engine,
        job: JobId,
        page: u32,
        artefacts: &dyn Artefacts,
        deadline: Instant,
    ) -> Result<Reading, TaskError> {
        let reader = self
            .readers
            .engines
            .iter()
            .find(|reader| reader.engine() == engine)
            .ok_or_else(|| TaskError {
                kind: TaskErrorKind::Failed,
                detail: format!("this worker has no engine `{engine}`"),
            })?;
        let prepared = self.prepared(job, page, artefacts)?;
        let detected = Detected::decode(&artefacts.get(Artefact::Detected(job, page))?)?;
        let text_layer = if engine == Engine::PdfText {
            Decoded::decode(&artefacts.get(Artefact::Decoded(job, page))?)?
                .text_layer_on(&prepared.upright)
        } else {
            Vec::new()
        };
        let view = PageView {
            color: &prepared.upright.color,
            flat: &prepared.flat,
            lines: &detected.lines,
            text_layer: &text_layer,
            second_looks: true,
            deadline,
        };
        engine::recognise(reader.as_ref(), &view).map_err(|error| failure(&error))
    }

    fn fuse_stored(
        &self,
        work: &Work,
        page: u32,
        artefacts: &dyn Artefacts,
    ) -> Result<Said, TaskError> {
        let job = work.job;
        let decoded = Decoded::decode(&artefacts.get(Artefact::Decoded(job, page))?)?;
        let prepared = self.prepared(job, page, artefacts)?;
        let detected = Detected::decode(&artefacts.get(Artefact::Detected(job, page))?)?;
        let (mut readings, mut reports) = (Vec::new(), Vec::new());
        for (engine, pass, error) in &work.readers {
            let status = match error {
                None => {
                    let key = Artefact::Reading(job, page, *engine, *pass);
                    readings.push(Reading::decode(&artefacts.get(key)?)?);
                    ReaderStatus::Ok
                }
                Some(error) if error.kind == TaskErrorKind::Timeout => ReaderStatus::Timeout,
                Some(_) => ReaderStatus::Failed,
            };
            reports.push(ReaderReport {
                engine: *engine,
                status,
                error: error.as_ref().map(|error| error.detail.clone()),
            });
        }
        // In the order of the engines, whoever was first.
        readings.sort_by_key(|reading| reading.engine);
        let fused = self.fuse(
            Page {
                subject: decoded.subject,
                ..document::empty_page(page as usize, decoded.width, decoded.height, decoded.dpi)
            },
            &prepared,
            &detected,
            &readings,
            reports,
        );
        let status = fused.page.status;
        artefacts.put(Artefact::Fused(job, page, work.step.pass), fused.encode()?)?;
        self.shelf.clear((job, page));
        Ok(Outcome::Fused {
            status,
            again: Vec::new(),
        }
        .into())
    }

    fn passages(
        &self,
        document: &schemas::Document,
    ) -> Result<Vec<(Passage, Option<Vec<f32>>)>, TaskError> {
        let encoded = |passage: Passage| match &self.encoder {
            None => Ok((passage, None)),
            Some(encoder) => encoder
                .encode(&passage.indexed())
                .map(|embedding| (passage, Some(embedding)))
                .map_err(|error| TaskError {
                    kind: TaskErrorKind::Failed,
                    detail: error.to_string(),
                }),
        };
        extract::passages(document)
            .into_iter()
            .map(encoded)
            .collect()
    }

    fn extract_stored(&self, work: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let start = Instant::now();
        let mut pages = Vec::with_capacity(work.pages.len());
        let mut facts = None;
        for (page, pass) in (0_u32..).zip(&work.pages) {
            pages.push(match pass {
                Some(pass) => {
                    if facts.is_none() {
                        let key = Artefact::Decoded(work.job, page);
                        facts = Some(Decoded::decode(&artefacts.get(key)?)?);
                    }
                    FusedPage::decode(&artefacts.get(Artefact::Fused(work.job, page, *pass))?)?
                }
                None => FusedPage::failed(page as usize),
            });
        }
        let facts = facts.ok_or_else(|| {
            rejected(Reject::new(
                RejectKind::Unprocessable,
                "no page of it could be read",
            ))
        })?;
        let facts = DocumentFacts {
            id: work.document.to_string(),
            file: work.file.clone(),
            sha256: facts.sha256,
            media_type: facts.media_type,
            bytes: facts.bytes,
        };
        let mut document = self.compile(facts, pages, work.timings.clone(), start);
        document.engines.retain(|engine| {
            let asked = |page: &schemas::Page| page.readers.iter().any(|r| r.engine == engine.name);
            document.pages.iter().any(asked)
        });
        if let Some(acceptance) = &self.acceptance {
            let mut acceptance = acceptance.lock().unwrap_or_else(PoisonError::into_inner);
            acceptance.judge(&mut document);
        }
        let doubtful =
            |page: &schemas::Page| matches!(page.status, PageStatus::Failed | PageStatus::Partial);
        let needs_review = document.entities.iter().any(|entity| entity.needs_review)
            || document.pages.iter().any(doubtful);
        artefacts.put(Artefact::Result(work.job), document.encode()?)?;
        Ok(Outcome::Extracted { needs_review }.into())
    }
}

fn rejected(reject: Reject) -> TaskError {
    // A decoder that crashed or ran out of time may have been unlucky; the file's own faults stay.
    let kind = match reject.kind {
        RejectKind::DecoderCrashed => TaskErrorKind::Failed,
        RejectKind::TooSlow => TaskErrorKind::Timeout,
        kind => TaskErrorKind::Reject(kind),
    };
    TaskError {
        kind,
        detail: reject.detail,
    }
}

fn failure(error: &ReadError) -> TaskError {
    TaskError {
        kind: match error {
            ReadError::Timeout { .. } => TaskErrorKind::Timeout,
            ReadError::Failed(_) => TaskErrorKind::Failed,
        },
        detail: error.to_string(),
    }
}

/// Prepared pages that this process will need again soon: reading one from the store costs as much
/// as a cheap stage.
#[derive(Default)]
pub struct Shelf(std::sync::Mutex<Vec<Shelved>>);

type Shelved = ((JobId, u32), Arc<Prepared>);

/// A4 in colour at 200 dpi takes some 20 MB.
const SHELVED: usize = 6;

impl Shelf {
    fn lay(&self, key: (JobId, u32), prepared: Prepared) -> Arc<Prepared> {
        let prepared = Arc::new(prepared);
        let mut pages = self.pages();
        pages.retain(|(other, _)| *other != key);
        pages.push((key, Arc::clone(&prepared)));
        if pages.len() > SHELVED {
            pages.remove(0);
        }
        prepared
    }

    fn take(&self, key: (JobId, u32)) -> Option<Arc<Prepared>> {
        let mut pages = self.pages();
        let at = pages.iter().position(|(other, _)| *other == key)?;
        let page = pages.remove(at);
        let prepared = Arc::clone(&page.1);
        pages.push(page);
        Some(prepared)
    }

    fn clear(&self, key: (JobId, u32)) {
        self.pages().retain(|(other, _)| *other != key);
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Vec<Shelved>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
