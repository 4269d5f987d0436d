//! What the queue did not take stays due, tenants share it, and nothing is sent twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use infra::{
    db::{Swept, Upload},
    queue::{Notice, Queue, QueueError, QueueName, Subscription},
};
use schemas::{Priority, TaskId, TenantId};
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::{ATTEMPTS, TENANT, upload},
};

const TIME: Duration = Duration::from_secs(5);
/// As in the outbox.
const SHARE: usize = 64;

/// A queue that keeps what it is sent and confirms what `confirms` says.
pub struct Sink {
    sent: Mutex<Vec<(QueueName, Notice)>>,
    confirms: fn(usize) -> Option<bool>,
    slow: Duration,
}

impl Sink {
    pub fn new(confirms: fn(usize) -> Option<bool>) -> Self {
        Self {
            sent: Mutex::default(),
            confirms,
            slow: Duration::ZERO,
        }
    }

    pub fn take(&self) -> Vec<(QueueName, Notice)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[async_trait]
impl Queue for Sink {
    async fn publish(
        &self,
        notices: &[(QueueName, Notice)],
        _time: Duration,
    ) -> Result<Vec<bool>, QueueError> {
        tokio::time::sleep(self.slow).await;
        self.sent.lock().unwrap().extend_from_slice(notices);
        (0..notices.len())
            .map(self.confirms)
            .collect::<Option<_>>()
            .ok_or_else(|| QueueError::new("it is away"))
    }

    async fn subscribe(
        &self,
        _: &[QueueName],
        _: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        Err(QueueError::new("nobody listens"))
    }

    async fn ready(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

/// So many due tasks of a tenant, by one statement.
pub async fn fill(fresh: &Fresh, tenant: TenantId, jobs: usize, pages: usize, state: &str) {
    fresh.db.found_tenant(tenant, "a clinic").await.unwrap();
    fresh
        .execute(&format!(
            "WITH d AS (
                 INSERT INTO documents (id, tenant_id, file, bytes)
                 SELECT gen_random_uuid(), '{tenant}', 'a.png', 1 FROM generate_series(1, {jobs})
                 RETURNING id),
             j AS (
                 INSERT INTO jobs (id, tenant_id, document_id, engines)
                 SELECT gen_random_uuid(), '{tenant}', id, '{{tesseract}}' FROM d RETURNING id)
             INSERT INTO tasks (id, tenant_id, job_id, stage, page, priority, state, published_at)
             SELECT gen_random_uuid(), '{tenant}', j.id, 'prepare', page, 1, '{state}',
                 CASE WHEN '{state}' = 'done' THEN now() END
             FROM j, generate_series(1, {pages}) AS page"
        ))
        .await;
}

/// One round of publishing to a queue that takes all.
pub async fn publish(fresh: &Fresh) -> usize {
    let sink = Sink::new(|_| Some(true));
    fresh.db.publish_due(&sink, TIME).await.expect("published")
}

async fn due(fresh: &Fresh) -> i64 {
    fresh
        .count("SELECT count(*) FROM tasks WHERE state = 'queued' AND published_at IS NULL")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_does_not_confirm_stays_due() {
    with_database(async |fresh| {
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        for _ in 0..10 {
            let traceparent = trace.clone();
            fresh
                .accept(
                    TENANT,
                    &Upload {
                        traceparent,
                        ..upload()
                    },
                )
                .await;
        }
        let away = Sink::new(|_| None);
        assert_eq!(fresh.db.publish_due(&away, TIME).await.unwrap(), 0);
        assert_eq!(due(&fresh).await, 10, "the queue is away");

        let half = Sink::new(|n| Some(n % 2 == 0));
        assert_eq!(fresh.db.publish_due(&half, TIME).await.unwrap(), 5);
        let sent = half.take();
        assert_eq!((sent.len(), due(&fresh).await), (10, 5));
        assert!(sent.iter().all(|(_, notice)| notice.traceparent == trace));

        let whole = Sink::new(|_| Some(true));
        assert_eq!(fresh.db.publish_due(&whole, TIME).await.unwrap(), 5);
        assert_eq!(fresh.db.publish_due(&whole, TIME).await.unwrap(), 0);
        let unconfirmed: BTreeSet<TaskId> =
            sent.iter().skip(1).step_by(2).map(|s| s.1.task).collect();
        let resent: BTreeSet<TaskId> = whole.take().iter().map(|s| s.1.task).collect();
        assert_eq!(resent, unconfirmed);

        // Three notices get lost: nobody claims them.
        fresh
            .execute(
                "UPDATE tasks SET published_at = now() - interval '1 hour'
                 WHERE id IN (SELECT id FROM tasks LIMIT 3)",
            )
            .await;
        let overdue = Duration::from_mins(1);
        let swept = fresh.db.sweep(ATTEMPTS, overdue).await.unwrap();
        assert_eq!(
            swept,
            Swept {
                republished: 3,
                ..Swept::default()
            }
        );
        assert_eq!(fresh.db.publish_due(&whole, TIME).await.unwrap(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_clinic_does_not_starve_a_small_one() {
    with_database(async |fresh| {
        let (large, small) = (TENANT, TenantId(Uuid::from_u128(2)));
        fill(&fresh, large, 100, 100, "queued").await;
        fill(&fresh, small, 1, 10, "queued").await;
        let sink = Sink::new(|_| Some(true));
        let begun = Instant::now();
        fresh.db.publish_due(&sink, TIME).await.unwrap();
        println!("publish_due of 10,010: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
        let sent = sink.take();
        let owners: BTreeMap<Uuid, Uuid> = sqlx::query_as("SELECT id, tenant_id FROM tasks")
            .fetch_all(&fresh.pool)
            .await
            .unwrap()
            .into_iter()
            .collect();
        let of = |tenant: TenantId| {
            sent.iter()
                .filter(|(_, notice)| owners[&notice.task.0] == tenant.0)
                .count()
        };
        assert_eq!((of(large), of(small)), (SHARE, 10));
        let small_last = sent.iter().rposition(|(_, n)| owners[&n.task.0] == small.0);
        assert!(small_last < Some(20), "they take turns: {small_last:?}");
        assert_eq!(fresh.db.publish_due(&sink, TIME).await.unwrap(), 0, "its share stands");

        // An urgent task finds room although the normal share stands, and goes first.
        let urgent = Upload { priority: Priority::Urgent, ..upload() };
        let decode = fresh.accept(large, &urgent).await.job;
        fresh
            .execute(
                "UPDATE tasks SET published_at = NULL WHERE id IN (
                     SELECT id FROM tasks WHERE published_at IS NOT NULL LIMIT 30)",
            )
            .await;
        fresh.execute(&format!("UPDATE tasks SET stage = 'prepare' WHERE job_id = '{decode}'")).await;
        assert_eq!(fresh.db.publish_due(&sink, TIME).await.unwrap(), 31);
        assert_eq!(sink.take()[0].0.priority, Priority::Urgent);
        // What is claimed makes room.
        fresh
            .execute(
                "UPDATE tasks SET state = 'running', lease_until = now() + interval '1 hour'
                 WHERE id IN (SELECT id FROM tasks WHERE published_at IS NOT NULL
                              AND priority = 1 AND tenant_id = '00000000-0000-0000-0000-000000000001'
                              LIMIT 7)",
            )
            .await;
        assert_eq!(fresh.db.publish_due(&sink, TIME).await.unwrap(), 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_never_send_the_same_task() {
    with_database(async |fresh| {
        for n in 0..8 {
            fill(&fresh, TenantId(Uuid::from_u128(10 + n)), 1, 50, "queued").await;
        }
        let mut sink = Sink::new(|_| Some(true));
        sink.slow = Duration::from_millis(20);
        let publishers = (0..4).map(async |_| {
            while due(&fresh).await > 0 {
                fresh.db.publish_due(&sink, TIME).await.unwrap();
            }
        });
        futures::future::join_all(publishers).await;
        let sent = sink.take();
        let distinct: BTreeSet<TaskId> = sent.iter().map(|(_, notice)| notice.task).collect();
        assert_eq!((sent.len(), distinct.len()), (400, 400));
    })
    .await;
}
