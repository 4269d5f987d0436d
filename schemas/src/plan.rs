//! What must exist next: the only place that knows which stage follows which.
//!
//! Both functions look at what has settled and say the whole of what must exist by now; asking twice
//! gives the same, and the order in which siblings settled does not matter. Who asks holds the job's
//! row, so that no sibling settles meanwhile.

use crate::{Engine, Outcome, PageStatus, Stage, Step};

/// Passes that a page is read in at most.
pub const PASSES: u8 = 2;

/// A step that exists, with its end if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub step: Step,
    /// None while it waits or runs.
    pub end: Option<End>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It did its work.
    Done(Outcome),
    /// Its last attempt failed.
    Failed,
}

/// What a page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagePlan {
    /// These steps must exist; none when the page waits for those that do.
    Wait(Vec<Step>),
    /// It is fused, by this pass.
    Fused {
        /// The pass whose artefact counts.
        pass: u8,
        /// How reading it went.
        status: PageStatus,
    },
    /// Nothing of it can be read.
    Failed,
}

/// What follows for one page, given the engines of the job and the page's steps.
#[must_use]
pub fn plan_page(page: u32, engines: &[Engine], known: &[Known]) -> PagePlan {
    let next = |stage| PagePlan::Wait(vec![Step::page(stage, page, 1)]);
    let text_layer = match end(known, Step::page(Stage::Decode, page, 1)) {
        Progress::Absent => return next(Stage::Decode),
        Progress::Open => return PagePlan::Wait(vec![]),
        Progress::Ended(End::Done(Outcome::Decoded { text_layer, .. })) => *text_layer,
        Progress::Ended(_) => return PagePlan::Failed,
    };
    for stage in [Stage::Prepare, Stage::Detect] {
        match end(known, Step::page(stage, page, 1)) {
            Progress::Absent => return next(stage),
            Progress::Open => return PagePlan::Wait(vec![]),
            Progress::Ended(End::Done(_)) => {}
            Progress::Ended(End::Failed) => return PagePlan::Failed,
        }
    }
    let first: Vec<Engine> = engines
        .iter()
        .copied()
        .filter(|&engine| engine != Engine::PdfText || text_layer)
        .collect();
    let (status, again) = match read_and_fuse(page, 1, &first, known) {
        Ok(fused) => fused,
        Err(plan) => return plan,
    };
    if again.is_empty() {
        return PagePlan::Fused { pass: 1, status };
    }
    match read_and_fuse(page, PASSES, &again, known) {
        Ok((status, _)) => PagePlan::Fused {
            pass: PASSES,
            status,
        },
        // What the first pass gave still stands.
        Err(PagePlan::Failed) => PagePlan::Fused { pass: 1, status },
        Err(plan) => plan,
    }
}

/// One pass: its engines, then the vote. The fused page, or what is to be done until it is there.
fn read_and_fuse(
    page: u32,
    pass: u8,
    engines: &[Engine],
    known: &[Known],
) -> Result<(PageStatus, Vec<Engine>), PagePlan> {
    let steps = engines
        .iter()
        .map(|&engine| Step::page(Stage::Recognise(engine), page, pass));
    let (mut absent, mut open, mut read) = (Vec::new(), false, false);
    for step in steps {
        match end(known, step) {
            Progress::Absent => absent.push(step),
            Progress::Open => open = true,
            Progress::Ended(End::Done(_)) => read = true,
            // An engine that fails on a page is settled: the others go on.
            Progress::Ended(End::Failed) => {}
        }
    }
    if open || !absent.is_empty() {
        return Err(PagePlan::Wait(absent));
    }
    if !read {
        return Err(PagePlan::Failed);
    }
    let fuse = Step::page(Stage::Fuse, page, pass);
    match end(known, fuse) {
        Progress::Absent => Err(PagePlan::Wait(vec![fuse])),
        Progress::Open => Err(PagePlan::Wait(vec![])),
        Progress::Ended(End::Done(Outcome::Fused { status, again })) => {
            Ok((*status, again.clone()))
        }
        Progress::Ended(_) => Err(PagePlan::Failed),
    }
}

/// How many pages are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Of the document; none while nobody has counted them.
    pub total: Option<u32>,
    /// Fused.
    pub fused: u32,
    /// Given up.
    pub failed: u32,
}

/// What a document needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentPlan {
    /// These steps must exist; none when the document waits for those that do.
    Wait(Vec<Step>),
    /// The result is there.
    Finished {
        /// A person should look.
        needs_review: bool,
    },
    /// No page can be read, or a step of the whole document failed.
    Failed,
}

/// What follows for the document. `known` holds its steps without a page.
#[must_use]
pub fn plan_document(pages: PageCounts, known: &[Known]) -> DocumentPlan {
    let Some(total) = pages.total else {
        // The first page's decode counts them; when it fails there is nothing to count.
        return if pages.failed > 0 {
            DocumentPlan::Failed
        } else {
            DocumentPlan::Wait(vec![])
        };
    };
    if pages.fused + pages.failed < total {
        return DocumentPlan::Wait(vec![]);
    }
    if pages.fused == 0 {
        return DocumentPlan::Failed;
    }
    let mut needs_review = pages.failed > 0;
    for stage in [Stage::Extract, Stage::Index] {
        match end(known, Step::document(stage)) {
            Progress::Absent => return DocumentPlan::Wait(vec![Step::document(stage)]),
            Progress::Open => return DocumentPlan::Wait(vec![]),
            Progress::Ended(End::Done(outcome)) => {
                needs_review |= matches!(outcome, Outcome::Extracted { needs_review: true });
            }
            Progress::Ended(End::Failed) => return DocumentPlan::Failed,
        }
    }
    DocumentPlan::Finished { needs_review }
}

enum Progress<'a> {
    Absent,
    Open,
    Ended(&'a End),
}

fn end(known: &[Known], step: Step) -> Progress<'_> {
    match known.iter().find(|known| known.step == step) {
        None => Progress::Absent,
        Some(Known { end: None, .. }) => Progress::Open,
        Some(Known { end: Some(end), .. }) => Progress::Ended(end),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ENGINES: [Engine; 4] = [
        Engine::Tesseract,
        Engine::Paddle,
        Engine::Easyocr,
        Engine::PdfText,
    ];

    fn decoded(text_layer: bool) -> End {
        End::Done(Outcome::Decoded {
            page_count: 1,
            media_type: "image/png".into(),
            text_layer,
        })
    }

    fn fused(again: &[Engine]) -> End {
        End::Done(Outcome::Fused {
            status: PageStatus::Ok,
            again: again.to_vec(),
        })
    }

    /// Settles every step that the plan asks for, in the order that `choose` gives, until the page
    /// ends; `fail` says which steps fail.
    fn run(
        text_layer: bool,
        again: &[Engine],
        fail: impl Fn(Step) -> bool,
        mut choose: impl FnMut(usize) -> usize,
    ) -> (PagePlan, Vec<Step>) {
        let mut ends: BTreeMap<Step, Option<End>> = BTreeMap::new();
        loop {
            let known: Vec<Known> = ends
                .iter()
                .map(|(&step, end)| Known {
                    step,
                    end: end.clone(),
                })
                .collect();
            let steps = match plan_page(0, &ENGINES, &known) {
                PagePlan::Wait(steps) => steps,
                ended => return (ended, ends.into_keys().collect()),
            };
            for step in steps {
                assert!(
                    ends.insert(step, None).is_none(),
                    "{step:?} was planned twice"
                );
            }
            let open: Vec<Step> = ends
                .iter()
                .filter(|(_, end)| end.is_none())
                .map(|(&step, _)| step)
                .collect();
            assert!(!open.is_empty(), "the page waits for nothing");
            let step = open[choose(open.len()) % open.len()];
            let end = match step.stage {
                _ if fail(step) => End::Failed,
                Stage::Decode => decoded(text_layer),
                Stage::Fuse if step.pass == 1 => fused(again),
                Stage::Fuse => fused(&[]),
                _ => End::Done(Outcome::Read),
            };
            ends.insert(step, Some(end));
        }
    }

    #[test]
    fn a_page_runs_through_its_stages() {
        let ok = PagePlan::Fused {
            pass: 1,
            status: PageStatus::Ok,
        };
        let (plan, steps) = run(false, &[], |_| false, |_| 0);
        assert_eq!(
            (plan, steps.len()),
            (ok.clone(), 7),
            "no text layer, three engines"
        );
        let (plan, steps) = run(true, &[], |_| false, |_| 0);
        assert_eq!(
            (plan, steps.len()),
            (ok, 8),
            "the text layer is a fourth reader"
        );
    }

    #[test]
    fn an_engine_that_fails_does_not_stop_the_others_and_a_stage_that_fails_ends_the_page() {
        for (failing, ends_page) in [
            (Stage::Decode, true),
            (Stage::Prepare, true),
            (Stage::Detect, true),
            (Stage::Recognise(Engine::Paddle), false),
            (Stage::Fuse, true),
        ] {
            let (plan, _) = run(false, &[], |step| step.stage == failing, |_| 0);
            assert_eq!(plan == PagePlan::Failed, ends_page, "{failing}");
        }
        let (plan, _) = run(
            false,
            &[],
            |s| matches!(s.stage, Stage::Recognise(_)),
            |_| 0,
        );
        assert_eq!(plan, PagePlan::Failed, "no engine read it");
    }

    #[test]
    fn a_second_pass_is_made_once_and_its_failure_leaves_the_first() {
        let (plan, steps) = run(false, &[Engine::Ocrs], |_| false, |_| 0);
        assert!(matches!(plan, PagePlan::Fused { pass: 2, .. }));
        assert_eq!(steps.iter().filter(|s| s.pass == 2).count(), 2);
        let (plan, _) = run(false, &[Engine::Ocrs], |s| s.pass == 2, |_| 0);
        assert!(matches!(plan, PagePlan::Fused { pass: 1, .. }));
    }

    #[test]
    fn a_document_is_extracted_once_all_pages_ended() {
        let counts = |total, fused, failed| PageCounts {
            total,
            fused,
            failed,
        };
        let known = |stage, end| Known {
            step: Step::document(stage),
            end,
        };
        let extracted = |needs_review| Some(End::Done(Outcome::Extracted { needs_review }));
        let indexed = Some(End::Done(Outcome::Indexed));
        let wait = |steps: &[Stage]| {
            DocumentPlan::Wait(steps.iter().map(|&s| Step::document(s)).collect())
        };
        let finished = |needs_review| DocumentPlan::Finished { needs_review };
        for (case, pages, steps, plan) in [
            ("uncounted", counts(None, 0, 0), vec![], wait(&[])),
            (
                "undecodable",
                counts(None, 0, 1),
                vec![],
                DocumentPlan::Failed,
            ),
            ("one open", counts(Some(3), 1, 1), vec![], wait(&[])),
            (
                "none read",
                counts(Some(2), 0, 2),
                vec![],
                DocumentPlan::Failed,
            ),
            (
                "all ended",
                counts(Some(2), 1, 1),
                vec![],
                wait(&[Stage::Extract]),
            ),
            (
                "extracting",
                counts(Some(1), 1, 0),
                vec![known(Stage::Extract, None)],
                wait(&[]),
            ),
            (
                "extracted",
                counts(Some(1), 1, 0),
                vec![known(Stage::Extract, extracted(false))],
                wait(&[Stage::Index]),
            ),
            (
                "no extraction",
                counts(Some(1), 1, 0),
                vec![known(Stage::Extract, Some(End::Failed))],
                DocumentPlan::Failed,
            ),
            (
                "clean",
                counts(Some(1), 1, 0),
                vec![
                    known(Stage::Extract, extracted(false)),
                    known(Stage::Index, indexed.clone()),
                ],
                finished(false),
            ),
            (
                "doubtful",
                counts(Some(1), 1, 0),
                vec![
                    known(Stage::Extract, extracted(true)),
                    known(Stage::Index, indexed.clone()),
                ],
                finished(true),
            ),
            (
                "a page is missing",
                counts(Some(2), 1, 1),
                vec![
                    known(Stage::Extract, extracted(false)),
                    known(Stage::Index, indexed),
                ],
                finished(true),
            ),
        ] {
            assert_eq!(plan_document(pages, &steps), plan, "{case}");
        }
    }

    proptest! {
        #[test]
        fn the_order_in_which_siblings_settle_does_not_matter(
            picks in proptest::collection::vec(0_usize..8, 32),
            failing in proptest::collection::vec(any::<bool>(), 16),
            text_layer: bool,
            again: bool,
        ) {
            let again: &[Engine] = if again { &[Engine::Ocrs] } else { &[] };
            let fail = |step: Step| {
                let n = step.task_id(crate::JobId(uuid::Uuid::nil())).0.as_bytes()[0];
                failing[usize::from(n % 16)]
            };
            let mut picks = picks.into_iter();
            let any = run(text_layer, again, fail, |_| picks.next().unwrap_or(0));
            let first = run(text_layer, again, fail, |_| 0);
            prop_assert_eq!(any, first);
        }
    }
}
