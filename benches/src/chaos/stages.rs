//! Stages that cost nothing and trust nobody: each checks that its inputs are what they must be,
//! writes a small artefact, and suffers what the script says. Never linked into `medbot`.

use std::{thread, time::Duration};

use schemas::{Artefact, Engine, Outcome, PageStatus, RejectKind, Stage, TaskError, TaskErrorKind};
use sha2::{Digest as _, Sha256};
use workers::stage::{Artefacts, Said, Stages, Work};

use super::{
    result,
    script::{Poison, Script},
    slip::{Origin, Reader, broken, hex, open},
};

/// The stages.
#[derive(Clone, Copy, Debug)]
pub struct Synthetic {
    /// What poison does.
    pub poison: Effect,
    /// How long a stage takes.
    pub pace: Duration,
}

/// What poison does.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// What it says; a stage that hangs does so for this long.
    Real(Duration),
    /// The stage fails, which comes to the same in the end.
    Told,
}

impl Stages for Synthetic {
    fn run(&self, work: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        thread::sleep(self.pace);
        let job = work.job;
        match (work.step.stage, work.step.page) {
            (Stage::Decode, Some(page)) => self.decode(work, page, artefacts),
            (Stage::Prepare, Some(page)) => {
                let (origin, _) = open(artefacts, work, page, Artefact::Raster(job, page))?;
                self.suffer(work, origin.script.poison)?;
                artefacts.put(Artefact::Prepared(job, page), origin.prepared())?;
                Ok(Outcome::Prepared.into())
            }
            (Stage::Detect, Some(page)) => {
                let (origin, _) = open(artefacts, work, page, Artefact::Prepared(job, page))?;
                self.suffer(work, origin.script.poison)?;
                artefacts.put(Artefact::Detected(job, page), origin.detected())?;
                Ok(Outcome::Detected.into())
            }
            (Stage::Recognise(engine), Some(page)) => {
                let (origin, _) = open(artefacts, work, page, Artefact::Prepared(job, page))?;
                open(artefacts, work, page, Artefact::Detected(job, page))?;
                self.suffer(work, origin.script.poison)?;
                let pass = work.step.pass;
                let key = Artefact::Reading(job, page, engine, pass);
                artefacts.put(key, origin.reading(engine, pass))?;
                Ok(Outcome::Read.into())
            }
            (Stage::Fuse, Some(page)) => self.fuse(work, page, artefacts),
            (Stage::Extract, None) => self.extract(work, artefacts),
            (Stage::Index, None) => {
                let bytes = artefacts.get(Artefact::Result(job))?;
                let document: schemas::Document =
                    serde_json::from_slice(&bytes).map_err(|_| broken(Artefact::Result(job)))?;
                if document.document.id != work.document.to_string() {
                    return Err(broken(Artefact::Result(job)));
                }
                Ok(Said {
                    outcome: Outcome::Indexed,
                    entities: document.entities,
                    passages: Vec::new(),
                })
            }
            _ => Err(failed("a stage was asked for the wrong part of a document")),
        }
    }
}

impl Synthetic {
    fn decode(&self, work: &Work, page: u32, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let bytes = artefacts.get(Artefact::Original)?;
        let script = Script::read(&bytes).ok_or_else(|| broken(Artefact::Original))?;
        let page_script = script
            .pages
            .get(page as usize)
            .ok_or_else(|| broken(Artefact::Original))?;
        self.suffer(work, page_script.poison)?;
        let origin = Origin {
            job: work.job,
            document: work.document,
            page,
            pages: script.pages.len() as u32,
            sha256: hex(&Sha256::digest(&bytes)),
            bytes: bytes.len() as u64,
            script: page_script.clone(),
        };
        artefacts.put(Artefact::Raster(work.job, page), origin.raster())?;
        artefacts.put(Artefact::Decoded(work.job, page), origin.decoded())?;
        Ok(Outcome::Decoded {
            page_count: origin.pages,
            media_type: "image/png".into(),
            text_layer: page_script.text_layer,
        }
        .into())
    }

    fn fuse(&self, work: &Work, page: u32, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let (job, pass) = (work.job, work.step.pass);
        let (origin, _) = open(artefacts, work, page, Artefact::Decoded(job, page))?;
        open(artefacts, work, page, Artefact::Detected(job, page))?;
        let mut readers: Vec<Reader> = Vec::new();
        for (engine, pass, error) in &work.readers {
            if error.is_none() {
                open(
                    artefacts,
                    work,
                    page,
                    Artefact::Reading(job, page, *engine, *pass),
                )?;
            }
            readers.push((*engine, *pass, error.is_none()));
        }
        readers.sort_unstable();
        // Nobody reads a page twice in one pass.
        if readers
            .windows(2)
            .any(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1)
        {
            return Err(broken(Artefact::Fused(job, page, pass)));
        }
        self.suffer(work, origin.script.poison)?;
        artefacts.put(
            Artefact::Fused(job, page, pass),
            origin.fused(pass, &readers),
        )?;
        let status = if readers.iter().all(|(.., ok)| *ok) {
            PageStatus::Ok
        } else {
            PageStatus::Partial
        };
        let again = if origin.script.again && pass == 1 {
            vec![Engine::Ocrs]
        } else {
            Vec::new()
        };
        Ok(Outcome::Fused { status, again }.into())
    }

    fn extract(&self, work: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let script = Script::read(&artefacts.get(Artefact::Original)?)
            .ok_or_else(|| broken(Artefact::Original))?;
        let mut pages = Vec::new();
        for (page, pass) in (0_u32..).zip(&work.pages) {
            pages.push(match pass {
                Some(pass) => {
                    let key = Artefact::Fused(work.job, page, *pass);
                    let (origin, readers) = open(artefacts, work, page, key)?;
                    if origin.pages as usize != work.pages.len() {
                        return Err(broken(key));
                    }
                    Some((origin, readers))
                }
                None => None,
            });
        }
        self.suffer(work, script.poison)?;
        let document =
            result::compile(work, &pages).ok_or_else(|| failed("no page of it could be read"))?;
        let needs_review = document.entities.iter().any(|entity| entity.needs_review)
            || document
                .pages
                .iter()
                .any(|page| matches!(page.status, PageStatus::Failed | PageStatus::Partial));
        let bytes = serde_json::to_vec(&document).map_err(|_| failed("the result is no JSON"))?;
        artefacts.put(Artefact::Result(work.job), bytes)?;
        Ok(Outcome::Extracted { needs_review }.into())
    }

    /// Does what poison says when it is meant for this stage.
    fn suffer(&self, work: &Work, poison: Option<(Stage, Poison)>) -> Result<(), TaskError> {
        let poison = match poison {
            Some((stage, poison)) if stage == work.step.stage => poison,
            _ => return Ok(()),
        };
        match (self.poison, poison) {
            (_, Poison::Reject) => Err(TaskError {
                kind: TaskErrorKind::Reject(RejectKind::Unprocessable),
                detail: "the script refuses".into(),
            }),
            (Effect::Real(_), Poison::Panic) => panic!("the script panics"),
            (Effect::Real(_), Poison::Abort) => std::process::abort(),
            (Effect::Real(time), Poison::Hang) => {
                thread::sleep(time);
                Err(failed("the script hung"))
            }
            (_, Poison::Fail) | (Effect::Told, _) => Err(failed("the script fails")),
        }
    }
}

fn failed(detail: &str) -> TaskError {
    TaskError {
        kind: TaskErrorKind::Failed,
        detail: detail.into(),
    }
}
