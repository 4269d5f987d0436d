//! What a document must come to: the same stages and the same plan, in one thread, with nothing
//! around them that could fail.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use schemas::{
    Artefact, Document, DocumentId, DocumentPlan, End, Engine, JobId, JobState, Known, Outcome,
    PageCounts, PagePlan, Stage, Step, TaskError, TaskErrorKind, Timings, plan_document, plan_page,
};
use workers::stage::{Artefacts, Stages as _, Work};

use super::stages::{Effect, Synthetic};

/// The end of a calm run.
#[derive(Debug)]
pub struct Calm {
    /// How the job ends.
    pub state: JobState,
    /// The result, if there is one; its timings are zero.
    pub result: Option<Document>,
    /// Pages of the document, once they were counted.
    pub pages: Option<u32>,
    /// Pages that were given up.
    pub pages_failed: u32,
    /// The page rasters that clients can ask for.
    pub rasters: BTreeMap<u32, Arc<[u8]>>,
}

/// Runs a document.
#[must_use]
pub fn run(job: JobId, document: DocumentId, file: &str, bytes: &[u8], engines: &[Engine]) -> Calm {
    let shelf = Memory::default();
    shelf.lay(Artefact::Original, bytes.to_vec());
    let mut run = Run {
        work: Work {
            job,
            document,
            step: Step::document(Stage::Index),
            file: file.into(),
            readers: Vec::new(),
            pages: Vec::new(),
            timings: Timings::default(),
        },
        shelf,
        total: None,
    };
    let mut pages = vec![run.page(0, engines)];
    for page in 1..run.total.unwrap_or(1) {
        pages.push(run.page(page, engines));
    }
    let counts = PageCounts {
        total: run.total,
        fused: pages.iter().flatten().count() as u32,
        failed: pages.iter().filter(|pass| pass.is_none()).count() as u32,
    };
    run.work.pages = pages;
    let mut known = Vec::new();
    let state = loop {
        match plan_document(counts, &known) {
            DocumentPlan::Wait(steps) => known.extend(steps.into_iter().map(|s| run.step(s))),
            DocumentPlan::Finished { needs_review: true } => break JobState::NeedsReview,
            DocumentPlan::Finished { .. } => break JobState::Succeeded,
            DocumentPlan::Failed => break JobState::Failed,
        }
    };
    let shelf = run.shelf.0.borrow();
    let result = shelf
        .get(&Artefact::Result(job))
        .filter(|_| state.has_result())
        .and_then(|bytes| serde_json::from_slice(bytes).ok());
    Calm {
        state,
        result,
        pages: run.total,
        pages_failed: counts.failed,
        rasters: shelf
            .iter()
            .filter_map(|(key, bytes)| match key {
                Artefact::Raster(_, page) => Some((*page, Arc::clone(bytes))),
                _ => None,
            })
            .collect(),
    }
}

struct Run {
    work: Work,
    shelf: Memory,
    total: Option<u32>,
}

impl Run {
    /// The pass whose fused page counts; none for a page given up.
    fn page(&mut self, page: u32, engines: &[Engine]) -> Option<u8> {
        let mut known = Vec::new();
        loop {
            match plan_page(page, engines, &known) {
                PagePlan::Wait(steps) => {
                    for step in steps {
                        if step.stage == Stage::Fuse {
                            self.work.readers = readers(&known);
                        }
                        known.push(self.step(step));
                    }
                }
                PagePlan::Fused { pass, .. } => return Some(pass),
                PagePlan::Failed => return None,
            }
        }
    }

    fn step(&mut self, step: Step) -> Known {
        self.work.step = step;
        let stages = Synthetic {
            poison: Effect::Told,
            pace: Duration::ZERO,
        };
        let end = match stages.run(&self.work, &self.shelf) {
            Ok(said) => {
                if let Outcome::Decoded { page_count, .. } = said.outcome {
                    self.total = Some(page_count);
                }
                End::Done(said.outcome)
            }
            Err(_) => End::Failed,
        };
        Known {
            step,
            end: Some(end),
        }
    }
}

fn readers(known: &[Known]) -> Vec<(Engine, u8, Option<TaskError>)> {
    let failed = || TaskError {
        kind: TaskErrorKind::Failed,
        detail: String::new(),
    };
    known
        .iter()
        .filter_map(|known| match (known.step.stage, &known.end) {
            (Stage::Recognise(engine), Some(End::Done(_))) => Some((engine, known.step.pass, None)),
            (Stage::Recognise(engine), Some(End::Failed)) => {
                Some((engine, known.step.pass, Some(failed())))
            }
            _ => None,
        })
        .collect()
}

#[derive(Default)]
struct Memory(RefCell<HashMap<Artefact, Arc<[u8]>>>);

impl Memory {
    fn lay(&self, artefact: Artefact, bytes: Vec<u8>) {
        self.0.borrow_mut().insert(artefact, bytes.into());
    }
}

impl Artefacts for Memory {
    fn get(&self, artefact: Artefact) -> Result<Arc<[u8]>, TaskError> {
        self.0
            .borrow()
            .get(&artefact)
            .cloned()
            .ok_or_else(|| TaskError {
                kind: TaskErrorKind::Store,
                detail: "it was never written".into(),
            })
    }

    fn put(&self, artefact: Artefact, bytes: Vec<u8>) -> Result<(), TaskError> {
        self.lay(artefact, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use schemas::{DocumentId, Engine, JobId, JobState, PageStatus};
    use uuid::Uuid;

    use super::{super::script::Script, run};

    #[test]
    fn poison_ends_where_it_must_and_nothing_else_does() {
        let engines = [Engine::Tesseract, Engine::Paddle, Engine::PdfText];
        let (job, document) = (JobId(Uuid::from_u128(1)), DocumentId(Uuid::from_u128(2)));
        for number in 0..200 {
            let script = Script::new(7, number);
            let calm = run(job, document, "a.png", &script.bytes(), &engines);
            let poisons = script.pages.iter().filter_map(|page| page.poison);
            let ends_page = poisons
                .clone()
                .any(|(stage, _)| !matches!(stage, schemas::Stage::Recognise(_)));
            let expected = match (script.poison.is_some(), ends_page, script.pages.len()) {
                (true, ..) | (_, true, 1) => JobState::Failed,
                // Nobody counts the pages when the first cannot be opened.
                _ if ends_page
                    && script.pages[0]
                        .poison
                        .is_some_and(|(stage, _)| stage == schemas::Stage::Decode) =>
                {
                    JobState::Failed
                }
                _ if poisons.count() > 0 || script.pages.iter().any(|page| page.doubtful) => {
                    JobState::NeedsReview
                }
                _ => JobState::Succeeded,
            };
            assert_eq!(calm.state, expected, "document {number}: {script:?}");
            assert_eq!(calm.result.is_some(), expected.has_result(), "{number}");
            if let Some(result) = calm.result {
                let failed = result
                    .pages
                    .iter()
                    .filter(|p| p.status == PageStatus::Failed);
                assert_eq!(failed.count(), calm.pages_failed as usize, "{number}");
            }
        }
    }
}
