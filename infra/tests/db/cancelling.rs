//! Cancelling and erasing in the middle of everything else: nobody waits in a circle, and what was
//! stopped stays stopped.

use std::time::{Duration, Instant};

use infra::db::{Cancelled, Settled, Upload};
use schemas::{JobState, Stage};

use super::{
    fresh::{Fresh, with_database},
    run::{ATTEMPTS, Dice, LEASE, TENANT, page_task, reject, upload, well},
};

const RACES: usize = 500;
const SEED: u64 = 11;

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stays_so() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let claimed = fresh.claim(page_task(job, Stage::Decode, 0)).await;
        let cancel = || fresh.db.cancel(TENANT, job);
        assert_eq!(cancel().await.unwrap(), Some(Cancelled::Yes));
        assert_eq!(cancel().await.unwrap(), Some(Cancelled::Yes), "twice");
        assert!(!fresh.db.renew(&claimed, LEASE).await.unwrap());
        for said in [well(claimed.step, 2), reject()] {
            assert_eq!(fresh.settle(&claimed, said).await, Settled::Stale);
        }
        assert_eq!(fresh.state(job).await, JobState::Cancelled);
        assert_eq!(fresh.count("SELECT count(*) FROM tasks").await, 1);

        let other = fresh.job().await;
        fresh.run_well(other, 1).await;
        assert_eq!(
            fresh.db.cancel(TENANT, other).await.unwrap(),
            Some(Cancelled::TooLate(JobState::Succeeded))
        );
    })
    .await;
}

/// What is done to the job, all at the same moment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stroke {
    Cancel,
    Erase,
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_erases_race_with_settles_claims_sweeps_and_doubles() {
    with_database(async |fresh| {
        let begun = Instant::now();
        let mut dice = Dice(SEED);
        let mut won = [0; 2];
        for n in 0..RACES {
            let stroke = if dice.percent(50) {
                Stroke::Cancel
            } else {
                Stroke::Erase
            };
            let before = race(&fresh, stroke, n, &mut dice).await;
            won[usize::from(before)] += 1;
        }
        println!(
            "{RACES} races, seed {SEED}: {:.1} s; the settle came first in {}",
            begun.elapsed().as_secs_f64(),
            won[1]
        );
        assert!(won.iter().all(|&n| n > 0), "one side always wins: {won:?}");
    })
    .await;
}

/// One race. Gives whether the settle came first.
async fn race(fresh: &Fresh, stroke: Stroke, n: usize, dice: &mut Dice) -> bool {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    let uploaded = Upload {
        digest: Some(digest),
        ..upload()
    };
    let accepted = fresh.accept(TENANT, &uploaded).await;
    let job = accepted.job;
    for _ in 0..dice.below(10) {
        let due = fresh.due(job).await;
        let Some(&task) = due.get(dice.below(due.len().max(1))) else {
            break;
        };
        let claimed = fresh.claim(task).await;
        fresh.settle(&claimed, well(claimed.step, 2)).await;
    }
    let due = fresh.due(job).await;
    let claimed = match due.first() {
        Some(&task) => fresh.claim(task).await,
        None => return false,
    };
    let lost = match due.get(1) {
        Some(&task) => fresh.db.claim(task, Duration::ZERO).await.unwrap(),
        None => None,
    };
    // The double asks for other engines, so it always starts a job of its own.
    let double = Upload {
        engines: vec![schemas::Engine::Ocrs],
        document: upload().document,
        ..uploaded.clone()
    };

    let delay = |dice: &mut Dice| Duration::from_micros(dice.below(3000) as u64);
    let delays: Vec<Duration> = (0..5).map(|_| delay(dice)).collect();
    let go = |n: usize| {
        let pause = delays[n];
        async move { tokio::time::sleep(pause).await }
    };
    let settle = {
        let (fresh, claimed, go) = (fresh.clone(), claimed.clone(), go(0));
        tokio::spawn(async move {
            go.await;
            fresh.settle(&claimed, well(claimed.step, 2)).await
        })
    };
    let stop = {
        let (fresh, go) = (fresh.clone(), go(1));
        tokio::spawn(async move {
            go.await;
            match stroke {
                Stroke::Cancel => {
                    fresh.db.cancel(TENANT, job).await.expect("cancelled");
                }
                Stroke::Erase => {
                    let document = accepted.document;
                    assert!(fresh.db.erase(TENANT, document).await.expect("erased"));
                }
            }
        })
    };
    let claim = {
        let (fresh, go) = (fresh.clone(), go(2));
        let task = due.last().copied().expect("some were due");
        tokio::spawn(async move {
            go.await;
            fresh.db.claim(task, LEASE).await.expect("no claim fails");
        })
    };
    let sweep = {
        let (fresh, go) = (fresh.clone(), go(3));
        tokio::spawn(async move {
            go.await;
            let overdue = Duration::from_secs(60);
            fresh.db.sweep(ATTEMPTS, overdue).await.expect("swept");
        })
    };
    let again = {
        let (fresh, go) = (fresh.clone(), go(4));
        tokio::spawn(async move {
            go.await;
            fresh.db.accept(TENANT, &double).await.expect("accepted")
        })
    };
    let settled = settle.await.expect("no settle fails");
    for other in [stop, claim, sweep] {
        other
            .await
            .unwrap_or_else(|error| panic!("race {n}, {stroke:?}: {error}"));
    }
    let again = again.await.expect("no double fails");

    if let Some(lost) = lost {
        let late = fresh.settle(&lost, well(lost.step, 2)).await;
        assert_eq!(late, Settled::Stale, "race {n}: its worker vanished");
    }
    match stroke {
        Stroke::Cancel => {
            let row: (String, i64, i64) = sqlx::query_as(
                "SELECT state, (SELECT count(*) FROM tasks WHERE job_id = j.id
                                AND state IN ('queued', 'running')),
                     (SELECT count(*) FROM tasks WHERE job_id = j.id)
                 FROM jobs j WHERE id = $1",
            )
            .bind(job.0)
            .fetch_one(&fresh.pool)
            .await
            .unwrap();
            assert_eq!((row.0.as_str(), row.1), ("cancelled", 0), "race {n}");
            let late = fresh.settle(&claimed, well(claimed.step, 2)).await;
            assert_eq!(late, Settled::Stale, "race {n}");
            let after: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE job_id = $1")
                .bind(job.0)
                .fetch_one(&fresh.pool)
                .await
                .unwrap();
            assert_eq!(after, row.2, "race {n}: a task came after the end");
        }
        Stroke::Erase => {
            let left: i64 = sqlx::query_scalar(
                "SELECT (SELECT count(*) FROM documents WHERE id = $1)
                      + (SELECT count(*) FROM jobs WHERE document_id = $1)
                      + (SELECT count(*) FROM tasks WHERE job_id = $2)
                      + (SELECT count(*) FROM pages WHERE job_id = $2)",
            )
            .bind(accepted.document.0)
            .bind(job.0)
            .fetch_one(&fresh.pool)
            .await
            .unwrap();
            assert_eq!(left, 0, "race {n}");
            let alive = fresh.db.job(TENANT, again.job).await.unwrap().is_some();
            assert_eq!(
                alive, !again.duplicate,
                "race {n}: a double came before the erase or after it"
            );
        }
    }
    settled != Settled::Stale
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_sealed_for_an_erased_document() {
    with_database(async |fresh| {
        let accepted = fresh.accept(TENANT, &upload()).await;
        let document = accepted.document;
        let keep = |key: &'static [u8]| fresh.db.keep_wrapped_key(TENANT, document, key);
        assert_eq!(keep(b"first").await.unwrap(), b"first");
        assert_eq!(keep(b"second").await.unwrap(), b"first");
        assert!(fresh.db.erase(TENANT, document).await.unwrap());
        assert!(!fresh.db.erase(TENANT, document).await.unwrap(), "twice");
        assert_eq!(fresh.db.wrapped_key(TENANT, document).await.unwrap(), None);
        let late = keep(b"late").await.expect_err("a late worker makes no key");
        assert_eq!(late.kind, infra::db::DbErrorKind::Refused);
        fresh.db.forget_wrapped_key(TENANT, document).await.unwrap();
        assert!(keep(b"later").await.is_err());
        assert!(fresh.db.document(TENANT, document).await.unwrap().is_none());
    })
    .await;
}
