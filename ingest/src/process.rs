//! `medbot process`: documents in flight on threads, results written in the order of the inputs.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Instant, SystemTime},
};

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use schemas::{Document, Problem, Reject, RejectKind};
use tempfile::NamedTempFile;
use workers::{decode::Limits, document::Pipeline, sandbox::Launch};

use extract::risk::{Acceptance, TooFew};

use crate::{
    acceptance,
    cli::{CANNOT_RUN, DONE, Format, ProcessArguments, SOME_REJECTED, WRONG_USAGE, complain},
    compose::{self, Choice},
    inputs::{self, Input, InputError},
    output::{Draft, Results},
};

/// What became of one input.
struct Outcome {
    index: usize,
    seconds: f64,
    result: Result<Read, Reject>,
}

/// A document that was read.
struct Read {
    document: Box<Document>,
    /// The finished PDF, if one was asked for.
    pdf: anyhow::Result<Option<NamedTempFile>>,
}

/// Runs the command to its exit code.
///
/// # Errors
/// When it cannot run at all.
pub(crate) fn run(arguments: &ProcessArguments) -> anyhow::Result<u8> {
    let mut acceptance = match arguments.max_error.map(|bound| accepted(arguments, bound)) {
        None => None,
        Some(Ok(acceptance)) => Some(acceptance?),
        Some(Err(too_few)) => {
            eprintln!("medbot: {too_few}");
            return Ok(WRONG_USAGE);
        }
    };
    let inputs = match inputs::list(&arguments.paths, &arguments.out) {
        Ok(inputs) => inputs,
        Err(InputError::Io(error)) => {
            complain(&error);
            return Ok(CANNOT_RUN);
        }
        Err(error) => {
            complain(&error.into());
            return Ok(WRONG_USAGE);
        }
    };
    let mut results = Results::create(&arguments.out, &arguments.format)?;
    let jobs = usize::from(arguments.jobs).min(inputs.len().max(1));
    let pipeline = compose::pipeline(&Choice {
        engines: &arguments.engines,
        languages: &arguments.lang,
        mode: arguments.mode.into(),
        jobs,
        launch: Launch::this_program(),
    })?;
    let progress = bar(inputs.len());
    let mut rejected = 0;
    let drafts = arguments
        .format
        .contains(&Format::Pdf)
        .then_some(arguments.out.as_path());
    each(&pipeline, &inputs, jobs, drafts, |outcome| {
        let Input { path, file } = &inputs[outcome.index];
        report(&outcome, &progress);
        match outcome.result {
            Ok(mut read) => {
                if let Some(acceptance) = &mut acceptance {
                    acceptance.judge(&mut read.document);
                }
                let recorded = modified(path);
                results.done(&read.document, read.pdf?, &recorded, outcome.seconds)
            }
            Err(reject) => {
                rejected += 1;
                results.rejected(file, &Problem::from(&reject))
            }
        }
    })?;
    results.finish()?;
    progress.finish_and_clear();
    if acceptance.is_some_and(|acceptance| acceptance.is_withdrawn()) {
        eprintln!(
            "medbot: the documents became unlike those that were reviewed: from there on every \
             dangerous fact goes to review"
        );
    }
    eprintln!(
        "medbot: {} documents were read, {rejected} rejected; results are in {}",
        inputs.len() - rejected,
        arguments.out.display()
    );
    if inputs.is_empty() {
        eprintln!("medbot: the folders hold no file, or only hidden ones");
    }
    if rejected > 0 {
        let why = arguments.out.join("rejected.jsonl");
        eprintln!("medbot: why they were rejected stands in {}", why.display());
    }
    Ok(if rejected == 0 { DONE } else { SOME_REJECTED })
}

/// What may be accepted at the bound, after saying what that costs.
fn accepted(
    arguments: &ProcessArguments,
    bound: f64,
) -> Result<anyhow::Result<Acceptance>, TooFew> {
    let named = std::env::var_os("MEDBOT_CALIBRATION").map(PathBuf::from);
    let file = arguments.calibration.clone().or(named);
    let set = match acceptance::reviewed(file.as_deref()) {
        Ok(set) => set,
        Err(error) => return Ok(Err(error)),
    };
    let (acceptance, threshold) = acceptance::at(&set, bound)?;
    eprintln!(
        "medbot: an error of {}% by {} reviewed documents: facts of a confidence of at least {:.4} are \
         accepted, {:.1}% of dangerous facts are expected to go to review",
        bound * 100.0,
        threshold.documents,
        threshold.confidence,
        threshold.review * 100.0
    );
    Ok(Ok(acceptance))
}

/// Processes the inputs on `jobs` threads and hands on the outcomes in the order of the inputs. PDFs
/// are drafted in `drafts`.
fn each(
    pipeline: &Pipeline,
    inputs: &[Input],
    jobs: usize,
    drafts: Option<&Path>,
    mut take: impl FnMut(Outcome) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    // A slow document holds back the writing of at most these many others.
    let (sender, outcomes) = mpsc::sync_channel::<Outcome>(jobs);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(index) else {
                        return;
                    };
                    let start = Instant::now();
                    let result = process(pipeline, input, drafts);
                    let seconds = start.elapsed().as_secs_f64();
                    if sender
                        .send(Outcome {
                            index,
                            seconds,
                            result,
                        })
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for outcome in outcomes {
            waiting.insert(outcome.index, outcome);
            while let Some(outcome) = waiting.remove(&due) {
                due += 1;
                take(outcome)?;
            }
        }
        Ok(())
    })
}

/// One document, and its PDF while its pages are at hand.
fn process(pipeline: &Pipeline, input: &Input, drafts: Option<&Path>) -> Result<Read, Reject> {
    let bytes = read(&input.path)?;
    let mut draft = drafts.map(Draft::begin).transpose();
    let document = pipeline.process(&input.file, &bytes, &mut |index, page| {
        if let Ok(Some(draft)) = &mut draft {
            draft.raster(index, &page.image);
        }
    })?;
    let pdf = draft.and_then(|draft| draft.map(|draft| draft.finish(&document)).transpose());
    Ok(Read {
        document: Box::new(document),
        pdf,
    })
}

/// The bytes of a regular file within the limits.
fn read(path: &Path) -> Result<Arc<[u8]>, Reject> {
    let unreadable = |error: io::Error| {
        Reject::new(
            RejectKind::Unreadable,
            format!("it could not be read: {}", error.kind()),
        )
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Reject::new(
            RejectKind::Unreadable,
            "it is not a regular file",
        ));
    }
    let limit = Limits::default().bytes;
    if metadata.len() > limit {
        let detail = format!("it has {} bytes; at most {limit} are read", metadata.len());
        return Err(Reject::new(RejectKind::TooLarge, detail));
    }
    fs::read(path).map(Arc::from).map_err(unreadable)
}

/// When a file was written last, to the second: unlike the time of the run, a second run gives it again.
fn modified(path: &Path) -> String {
    let at = fs::metadata(path).and_then(|metadata| metadata.modified());
    let at = DateTime::<Utc>::from(at.unwrap_or(SystemTime::UNIX_EPOCH));
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// On a terminal a bar; otherwise it stays hidden and log lines tell.
fn bar(documents: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} documents, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(documents as u64).with_style(style)
}

fn report(outcome: &Outcome, progress: &ProgressBar) {
    progress.inc(1);
    if !progress.is_hidden() {
        return;
    }
    let duration_ms = (outcome.seconds * 1000.0).round() as u64;
    match &outcome.result {
        Ok(Read { document, .. }) => tracing::info!(
            document = document.document.id,
            pages = document.pages.len(),
            entities = document.entities.len(),
            duration_ms,
            "done"
        ),
        Err(reject) => {
            tracing::warn!(
                input = outcome.index,
                kind = reject.kind.slug(),
                duration_ms,
                "rejected"
            );
        }
    }
}

/// The results of a run cannot be written.
pub(crate) fn unwritable(path: &Path) -> impl FnOnce() -> String {
    let path = path.display().to_string();
    move || format!("cannot write {path}")
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(unwritable(path))
}
