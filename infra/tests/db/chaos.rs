//! Whatever is doubled, lost or late, every job comes to the same end once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use infra::{
    db::{Attempts, Claimed, Settled},
    queue::{Notice, Queue, QueueError, QueueName, Subscription},
};
use schemas::{Engine, JobId, Outcome, PageStatus, Stage, Step, TaskId};
use sqlx::Row as _;

use super::{
    fresh::{Fresh, with_database},
    run::{Dice, LEASE, Said, TENANT, transient, upload, well},
};

const DOCUMENTS: usize = 200;
const WORKERS: u64 = 8;
const SEED: u64 = 7;
/// So many that even here nothing is given up.
const ATTEMPTS: Attempts = Attempts {
    most: 1000,
    rest_seconds: 0.0,
};

/// A queue that doubles a quarter of the notices, forgets some, and sometimes does not confirm.
struct Unreliable {
    notices: Mutex<(Vec<TaskId>, Dice)>,
}

#[async_trait]
impl Queue for Unreliable {
    async fn publish(
        &self,
        sent: &[(QueueName, Notice)],
        _time: Duration,
    ) -> Result<Vec<bool>, QueueError> {
        let mut guard = self.notices.lock().unwrap();
        let (notices, dice) = &mut *guard;
        let mut confirmed = Vec::new();
        for (_, notice) in sent {
            if !dice.percent(3) {
                notices.push(notice.task);
            }
            if dice.percent(25) {
                notices.push(notice.task);
            }
            confirmed.push(!dice.percent(5));
        }
        Ok(confirmed)
    }

    async fn subscribe(
        &self,
        _: &[QueueName],
        _: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        Err(QueueError::new("workers here take from it themselves"))
    }

    async fn ready(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

impl Unreliable {
    fn any(&self) -> Option<TaskId> {
        let mut guard = self.notices.lock().unwrap();
        let (notices, dice) = &mut *guard;
        let n = notices.len();
        (n > 0).then(|| notices.swap_remove(dice.below(n)))
    }
}

/// What the settles that counted said: of each task, and of each job.
#[derive(Default)]
struct Tally {
    tasks: BTreeMap<TaskId, u32>,
    jobs: BTreeMap<JobId, u32>,
    vanished: Vec<Claimed>,
    stale: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_ends_once_whatever_is_doubled_lost_or_late() {
    with_database(async |fresh| {
        let begun = Instant::now();
        let mut jobs = BTreeMap::new();
        let mut dice = Dice(SEED);
        for _ in 0..DOCUMENTS {
            let job = fresh.accept(TENANT, &upload()).await.job;
            jobs.insert(job, 1 + dice.below(5) as u32);
        }
        let jobs = Arc::new(jobs);
        let queue = Arc::new(Unreliable {
            notices: Mutex::new((Vec::new(), Dice(SEED))),
        });
        let tally = Arc::new(Mutex::new(Tally::default()));
        let over = Arc::new(AtomicBool::new(false));

        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..WORKERS {
            let (fresh, jobs) = (fresh.clone(), Arc::clone(&jobs));
            let (queue, tally, over) = (Arc::clone(&queue), Arc::clone(&tally), Arc::clone(&over));
            tasks.spawn(async move {
                let mut dice = Dice(SEED + 1 + n);
                while !over.load(Ordering::Relaxed) {
                    work(&fresh, &jobs, &queue, &tally, &mut dice).await;
                }
            });
        }
        let open = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')";
        let deadline = Instant::now() + Duration::from_mins(3);
        while fresh.count(open).await > 0 {
            assert!(Instant::now() < deadline, "the jobs do not end");
            assert!(tasks.try_join_next().is_none(), "a worker stopped");
            let time = Duration::from_secs(5);
            fresh
                .db
                .publish_due(&*queue, time)
                .await
                .expect("published");
            let overdue = Duration::from_millis(500);
            fresh.db.sweep(ATTEMPTS, overdue).await.expect("swept");
        }
        let took = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no worker fails");
        }
        let tally = std::mem::take(&mut *tally.lock().unwrap());
        check(&fresh, &jobs, &tally).await;
        println!(
            "{DOCUMENTS} documents, seed {SEED}: {:.1} s",
            took.as_secs_f64()
        );
    })
    .await;
}

async fn work(
    fresh: &Fresh,
    jobs: &BTreeMap<JobId, u32>,
    queue: &Unreliable,
    tally: &Mutex<Tally>,
    dice: &mut Dice,
) {
    if dice.percent(10) {
        // Somebody comes back who was given up, or will be.
        let late = {
            let vanished = &mut tally.lock().unwrap().vanished;
            let n = vanished.len();
            (n > 0).then(|| vanished[dice.below(n)].clone())
        };
        if let Some(late) = late {
            settle(fresh, jobs, &late, tally, dice).await;
        }
    }
    let Some(task) = queue.any() else {
        tokio::time::sleep(Duration::from_millis(2)).await;
        return;
    };
    let vanishes = dice.percent(8);
    let lease = if vanishes {
        Duration::from_millis(50)
    } else {
        LEASE
    };
    let claimed = fresh.db.claim(task, lease).await.expect("no claim fails");
    let Some(claimed) = claimed else { return };
    if vanishes {
        tally.lock().unwrap().vanished.push(claimed);
        return;
    }
    settle(fresh, jobs, &claimed, tally, dice).await;
}

async fn settle(
    fresh: &Fresh,
    jobs: &BTreeMap<JobId, u32>,
    claimed: &Claimed,
    tally: &Mutex<Tally>,
    dice: &mut Dice,
) {
    let said = say(claimed.step, jobs[&claimed.job], dice);
    let settled = fresh
        .db
        .settle(
            claimed,
            said,
            Duration::from_millis(1),
            fresh.nothing(),
            ATTEMPTS,
        )
        .await
        .expect("no settle fails: neither deadlock nor broken rule");
    let mut tally = tally.lock().unwrap();
    match settled {
        Settled::Stale => tally.stale += 1,
        Settled::Retried => {}
        Settled::Ended => *tally.tasks.entry(claimed.task).or_default() += 1,
        Settled::Finished { .. } => {
            *tally.tasks.entry(claimed.task).or_default() += 1;
            *tally.jobs.entry(claimed.job).or_default() += 1;
        }
    }
}

fn say(step: Step, pages: u32, dice: &mut Dice) -> Said {
    match step.stage {
        _ if dice.percent(5) => transient(),
        Stage::Fuse if step.pass == 1 && step.page == Some(0) => Ok(Outcome::Fused {
            status: PageStatus::Ok,
            again: vec![Engine::Ocrs],
        }),
        _ => well(step, pages),
    }
}

async fn check(fresh: &Fresh, jobs: &BTreeMap<JobId, u32>, tally: &Tally) {
    assert!(
        tally.stale > 0 && !tally.vanished.is_empty(),
        "nothing went wrong"
    );
    assert_eq!(tally.jobs.len(), jobs.len());
    assert!(tally.jobs.values().all(|&n| n == 1), "a job ended twice");
    assert!(tally.tasks.values().all(|&n| n == 1), "a task ended twice");
    let open = "SELECT count(*) FROM tasks WHERE state <> 'done'";
    assert_eq!(fresh.count(open).await, 0, "every task did its work");
    let all = fresh.count("SELECT count(*) FROM tasks").await;
    assert_eq!(all, tally.tasks.len() as i64, "a task ended unseen");
    for (&job, &pages) in jobs {
        let row = sqlx::query(
            "SELECT j.state, j.page_count, j.pages_fused, j.pages_failed,
                 (SELECT count(*) FROM tasks t WHERE t.job_id = j.id AND t.stage = 'fuse' AND t.pass = 1),
                 (SELECT count(*) FROM tasks t WHERE t.job_id = j.id AND t.stage = 'fuse' AND t.pass = 2),
                 (SELECT count(*) FROM tasks t WHERE t.job_id = j.id AND t.stage = 'extract'),
                 (SELECT count(*) FROM tasks t WHERE t.job_id = j.id AND t.stage = 'index'),
                 (SELECT count(*) FROM tasks t WHERE t.job_id = j.id),
                 (SELECT count(*) FROM pages p WHERE p.job_id = j.id AND p.state = 'fused'
                    AND p.pass = CASE page WHEN 0 THEN 2 ELSE 1 END)
             FROM jobs j WHERE j.id = $1",
        )
        .bind(job.0)
        .fetch_one(&fresh.pool)
        .await
        .unwrap();
        let n = i64::from(pages);
        assert_eq!(row.get::<String, _>(0), "succeeded");
        let of_job: [i32; 3] = [row.get(1), row.get(2), row.get(3)];
        assert_eq!(of_job, [pages as i32, pages as i32, 0]);
        let tasks: [i64; 6] = [4, 5, 6, 7, 8, 9].map(|column| row.get(column));
        // Seven a page, two for the second pass of the first, two for the document.
        assert_eq!(tasks, [n, 1, 1, 1, 7 * n + 4, n]);
    }
}
