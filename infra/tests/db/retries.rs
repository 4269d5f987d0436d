//! What fails for now is tried again, what can never succeed is not, and a failure ends no more than
//! it must.

use std::{collections::BTreeMap, time::Duration};

use infra::db::{Attempts, Settled};
use schemas::{Engine, JobState, RejectKind, Stage, Step};
use sqlx::Row as _;

use super::{
    fresh::with_database,
    run::{ATTEMPTS, ENGINES, TENANT, away, page_task, reject, transient, upload, well},
};

#[tokio::test(flavor = "multi_thread")]
async fn transient_errors_back_off_and_end_as_failed() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let task = page_task(job, Stage::Decode, 0);
        let attempts = Attempts {
            most: 4,
            rest_seconds: 100.0,
        };
        for attempt in 1..=attempts.most {
            let claimed = fresh.claim(task).await;
            assert_eq!(claimed.attempt, attempt);
            let settled = fresh
                .db
                .settle(
                    &claimed,
                    transient(),
                    Duration::ZERO,
                    fresh.nothing(),
                    attempts,
                )
                .await
                .unwrap();
            if attempt == attempts.most {
                let state = JobState::Failed;
                assert_eq!(
                    settled,
                    Settled::Finished {
                        state,
                        clean: false
                    }
                );
                break;
            }
            assert_eq!(settled, Settled::Retried);
            assert!(
                fresh
                    .db
                    .claim(task, Duration::ZERO)
                    .await
                    .unwrap()
                    .is_none(),
                "it rests after attempt {attempt}"
            );
            let rest: f64 = sqlx::query(
                "SELECT extract(epoch FROM run_at - updated_at)::float8, published_at IS NULL
                 FROM tasks WHERE id = $1",
            )
            .bind(task.0)
            .fetch_one(&fresh.pool)
            .await
            .unwrap()
            .get(0);
            let want = 100.0 * f64::from(1 << (attempt - 1));
            assert!(
                (rest - want).abs() < 0.25 * want + 1.0,
                "{rest} s after attempt {attempt}"
            );
            fresh.execute("UPDATE tasks SET run_at = now()").await;
        }
        assert_eq!(fresh.task(task).await, ("failed".into(), attempts.most));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_store_costs_no_attempt() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let task = page_task(job, Stage::Decode, 0);
        for _ in 0..3 * ATTEMPTS.most {
            let claimed = fresh.claim(task).await;
            assert_eq!(claimed.attempt, 1, "the others did not count");
            let settled = fresh
                .db
                .settle(&claimed, away(), Duration::ZERO, fresh.nothing(), ATTEMPTS)
                .await
                .unwrap();
            assert_eq!(settled, Settled::Retried);
            fresh.execute("UPDATE tasks SET run_at = now()").await;
        }
    })
    .await;
}

type Fails = Box<dyn Fn(Step) -> bool + Sync + Send>;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::type_complexity, reason = "the rows of a table")]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn what_a_failure_does_to_the_job() {
    let engine = Stage::Recognise(Engine::Paddle);
    let malformed = format!("urn:medbot:problem:{}", RejectKind::Malformed.slug());
    let unprocessable = format!("urn:medbot:problem:{}", RejectKind::Unprocessable.slug());
    let pdf_text = vec![Engine::PdfText];
    let on = |stage: Stage, page: u32| -> Fails {
        Box::new(move |step: Step| step.stage == stage && step.page == Some(page))
    };
    let cases: Vec<(
        &str,
        u32,
        Vec<Engine>,
        Fails,
        JobState,
        (i64, i64),
        Option<&str>,
    )> = vec![
        (
            "one engine",
            1,
            ENGINES.to_vec(),
            on(engine, 0),
            JobState::Succeeded,
            (1, 0),
            None,
        ),
        (
            "decode of the first page",
            3,
            ENGINES.to_vec(),
            on(Stage::Decode, 0),
            JobState::Failed,
            (0, 1),
            Some(&malformed),
        ),
        (
            "decode of a later page",
            3,
            ENGINES.to_vec(),
            on(Stage::Decode, 2),
            JobState::NeedsReview,
            (2, 1),
            None,
        ),
        (
            "prepare of one of two",
            2,
            ENGINES.to_vec(),
            on(Stage::Prepare, 0),
            JobState::NeedsReview,
            (1, 1),
            None,
        ),
        (
            "detect of the only page",
            1,
            ENGINES.to_vec(),
            on(Stage::Detect, 0),
            JobState::Failed,
            (0, 1),
            Some(&malformed),
        ),
        (
            "all engines of one of two",
            2,
            ENGINES.to_vec(),
            Box::new(|s: Step| matches!(s.stage, Stage::Recognise(_)) && s.page == Some(1)),
            JobState::NeedsReview,
            (1, 1),
            None,
        ),
        (
            "all engines everywhere",
            2,
            ENGINES.to_vec(),
            Box::new(|s: Step| matches!(s.stage, Stage::Recognise(_))),
            JobState::Failed,
            (0, 2),
            Some(&malformed),
        ),
        (
            "extraction",
            1,
            ENGINES.to_vec(),
            Box::new(|s: Step| s.stage == Stage::Extract),
            JobState::Failed,
            (1, 0),
            Some(&malformed),
        ),
        (
            "index",
            1,
            ENGINES.to_vec(),
            Box::new(|s: Step| s.stage == Stage::Index),
            JobState::Failed,
            (1, 0),
            Some(&malformed),
        ),
        (
            "nobody reads such a page",
            1,
            pdf_text,
            Box::new(|_| false),
            JobState::Failed,
            (0, 1),
            Some(&unprocessable),
        ),
    ];
    with_database(async |fresh| {
        for (case, pages, engines, fails, state, counts, problem) in cases {
            let job = fresh
                .accept(TENANT, &infra::db::Upload { engines, ..upload() })
                .await
                .job;
            let mut tried: BTreeMap<Step, u32> = BTreeMap::new();
            let (ended, _) = fresh
                .run(job, |claimed| {
                    *tried.entry(claimed.step).or_default() += 1;
                    if fails(claimed.step) { reject() } else { well(claimed.step, pages) }
                })
                .await;
            assert_eq!(ended, state, "{case}");
            assert!(tried.values().all(|&n| n == 1), "{case}: a reject is final");
            let row = sqlx::query(
                "SELECT j.pages_fused::int8, j.pages_failed::int8,
                     (SELECT count(*) FROM pages p WHERE p.job_id = j.id AND p.state = 'fused'),
                     (SELECT count(*) FROM pages p WHERE p.job_id = j.id AND p.state = 'failed' AND p.error IS NOT NULL)
                 FROM jobs j WHERE id = $1",
            )
            .bind(job.0)
            .fetch_one(&fresh.pool)
            .await
            .unwrap();
            assert_eq!((row.get(0), row.get(1)), counts, "{case}: counters");
            assert_eq!((row.get(2), row.get(3)), counts, "{case}: pages");
            let seen = fresh.db.job(TENANT, job).await.unwrap().expect("a job");
            assert_eq!(seen.error.as_ref().map(|e| e.kind.as_str()), problem, "{case}");
            assert_eq!(seen.pages_failed, counts.1 as u32, "{case}");
            let open = "SELECT count(*) FROM tasks WHERE state IN ('queued', 'running')";
            assert_eq!(fresh.count(open).await, 0, "{case}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_learn_what_became_of_their_siblings() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let failing = Stage::Recognise(Engine::Easyocr);
        let mut readers = Vec::new();
        let mut pages = Vec::new();
        while let Some(&task) = fresh.due(job).await.first() {
            let claimed = fresh.claim(task).await;
            let inputs = fresh.db.inputs(&claimed).await.unwrap();
            match claimed.step.stage {
                Stage::Fuse => readers.push((claimed.step.page, inputs.readers)),
                Stage::Extract => pages = vec![(inputs.pages, inputs.durations)],
                _ => {}
            }
            let step = claimed.step;
            let fails = step.stage == failing || step == Step::page(Stage::Detect, 1, 1);
            let said = if fails { reject() } else { well(step, 3) };
            fresh.settle(&claimed, said).await;
        }
        assert_eq!(readers.len(), 2, "the second page was given up");
        for (page, readers) in readers {
            let failed: Vec<Engine> = readers
                .iter()
                .filter(|reader| reader.error.is_some())
                .map(|reader| reader.engine)
                .collect();
            assert_eq!(
                (readers.len(), failed),
                (3, vec![Engine::Easyocr]),
                "{page:?}"
            );
        }
        let (pages, durations) = pages.pop().expect("an extraction");
        assert_eq!(pages, [Some(1), None, Some(1)]);
        let decode = durations.iter().find(|(stage, _)| *stage == Stage::Decode);
        assert!(
            decode.is_some_and(|(_, ms)| (ms - 3.0).abs() < 1e-3),
            "{durations:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_worker_is_one_attempt() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let task = page_task(job, Stage::Decode, 0);
        let overdue = Duration::from_mins(1);
        for attempt in 1..=ATTEMPTS.most {
            assert_eq!(fresh.claim(task).await.attempt, attempt);
            let swept = fresh.db.sweep(ATTEMPTS, overdue).await.unwrap();
            assert_eq!(swept, infra::db::Swept::default(), "the lease is live");
            fresh.expire(task).await;
            let swept = fresh.db.sweep(ATTEMPTS, overdue).await.unwrap();
            let last = attempt == ATTEMPTS.most;
            assert_eq!(
                (swept.retried, swept.given_up),
                (u64::from(!last), u64::from(last))
            );
            let ended = [JobState::Failed];
            assert_eq!(swept.ended, ended[..usize::from(last)]);
        }
        assert_eq!(fresh.state(job).await, JobState::Failed);
    })
    .await;
}
