//! Cancelling and erasing in the middle of everything else: nobody waits in a circle, and what was
//! stopped stays stopped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use infra::db::{Accepted, Cancelled, Claimed, Settled, Upload};
use schemas::{Engine, JobState, Stage};

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
        assert_eq!(cancel().await.unwrap(), Some(Cancelled::Now));
        assert_eq!(cancel().await.unwrap(), Some(Cancelled::Before), "twice");
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

/// A job that has come so far by chance, with a task that somebody holds.
struct Field {
    fresh: Fresh,
    n: usize,
    uploaded: Upload,
    accepted: Accepted,
    held: Claimed,
    /// Of a worker that vanished.
    lost: Option<Claimed>,
}

async fn prepare(fresh: &Fresh, n: usize, dice: &mut Dice) -> Field {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    let uploaded = Upload {
        digest: Some(digest),
        ..upload()
    };
    let accepted = fresh.accept(TENANT, &uploaded).await;
    // A job of two pages has 16 tasks: one is always left.
    for _ in 0..dice.below(12) {
        let due = fresh.due(accepted.job).await;
        let claimed = fresh.claim(due[dice.below(due.len())]).await;
        fresh.settle(&claimed, well(claimed.step, 2)).await;
    }
    let due = fresh.due(accepted.job).await;
    let held = fresh.claim(due[0]).await;
    let lost = match due.get(1) {
        Some(&task) => fresh.db.claim(task, Duration::ZERO).await.unwrap(),
        None => None,
    };
    Field {
        fresh: fresh.clone(),
        n,
        uploaded,
        accepted,
        held,
        lost,
    }
}

/// One race. Gives whether the settle came first.
async fn race(fresh: &Fresh, stroke: Stroke, n: usize, dice: &mut Dice) -> bool {
    let field = Arc::new(prepare(fresh, n, dice).await);
    let mut go = || Duration::from_micros(dice.below(3000) as u64);
    let settle = at(&field, go(), async |field| {
        let said = well(field.held.step, 2);
        field.fresh.settle(&field.held, said).await
    });
    let stop = at(&field, go(), async move |field| match stroke {
        Stroke::Cancel => {
            let cancelled = field.fresh.db.cancel(TENANT, field.accepted.job).await;
            cancelled.expect("cancelled");
        }
        Stroke::Erase => {
            let erased = field.fresh.db.erase(TENANT, field.accepted.document).await;
            assert!(erased.expect("erased").is_some());
        }
    });
    let claim = at(&field, go(), async |field| {
        if let Some(lost) = &field.lost {
            let claimed = field.fresh.db.claim(lost.task, LEASE).await;
            claimed.expect("no claim fails");
        }
    });
    let sweep = at(&field, go(), async |field| {
        let overdue = Duration::from_mins(1);
        field
            .fresh
            .db
            .sweep(ATTEMPTS, overdue)
            .await
            .expect("swept");
    });
    let double = at(&field, go(), async |field| {
        // It asks for other engines, so it always starts a job of its own.
        let double = Upload {
            engines: vec![Engine::Ocrs],
            document: upload().document,
            ..field.uploaded.clone()
        };
        field.fresh.accept(TENANT, &double).await
    });
    let settled = settle.await.expect("no settle fails");
    for other in [stop, claim, sweep] {
        other
            .await
            .unwrap_or_else(|error| panic!("race {n}, {stroke:?}: {error}"));
    }
    let double = double.await.expect("no double fails");
    if let Some(lost) = &field.lost {
        let late = fresh.settle(lost, well(lost.step, 2)).await;
        assert_eq!(late, Settled::Stale, "race {n}: its worker vanished");
    }
    match stroke {
        Stroke::Cancel => is_cancelled(&field).await,
        Stroke::Erase => is_erased(&field, &double).await,
    }
    settled != Settled::Stale
}

/// Does something after a pause.
fn at<T, F>(
    field: &Arc<Field>,
    pause: Duration,
    act: impl FnOnce(Arc<Field>) -> F + Send + 'static,
) -> tokio::task::JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let field = Arc::clone(field);
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        act(field).await
    })
}

async fn is_cancelled(field: &Field) {
    let (fresh, n) = (&field.fresh, field.n);
    let look = async || -> (String, i64, i64) {
        sqlx::query_as(
            "SELECT state, (SELECT count(*) FROM tasks WHERE job_id = j.id
                            AND state IN ('queued', 'running')),
                 (SELECT count(*) FROM tasks WHERE job_id = j.id)
             FROM jobs j WHERE id = $1",
        )
        .bind(field.accepted.job.0)
        .fetch_one(&fresh.pool)
        .await
        .unwrap()
    };
    let (state, open, all) = look().await;
    assert_eq!((state.as_str(), open), ("cancelled", 0), "race {n}");
    let late = fresh.settle(&field.held, well(field.held.step, 2)).await;
    assert_eq!(late, Settled::Stale, "race {n}");
    assert_eq!(look().await.2, all, "race {n}: a task came after the end");
}

async fn is_erased(field: &Field, double: &Accepted) {
    let (fresh, n) = (&field.fresh, field.n);
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM documents WHERE id = $1)
              + (SELECT count(*) FROM jobs WHERE document_id = $1)
              + (SELECT count(*) FROM tasks WHERE job_id = $2)
              + (SELECT count(*) FROM pages WHERE job_id = $2)",
    )
    .bind(field.accepted.document.0)
    .bind(field.accepted.job.0)
    .fetch_one(&fresh.pool)
    .await
    .unwrap();
    assert_eq!(left, 0, "race {n}");
    let alive = fresh.db.job(TENANT, double.job).await.unwrap().is_some();
    assert_eq!(
        alive, !double.duplicate,
        "race {n}: a double came before the erase or after it"
    );
}
