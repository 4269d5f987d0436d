//! The `tasks` table keeps the promises of a queue. To be replaced by the suite of the port.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use infra::{
    db::{TableQueue, Upload},
    queue::{Queue as _, QueueName},
};
use schemas::{Priority, Stage, TaskId};
use tokio::{sync::Notify, time::timeout};

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, page_task, upload},
};

const SOON: Duration = Duration::from_secs(10);

fn decode() -> [QueueName; 2] {
    Priority::ALL.map(|priority| QueueName {
        stage: Stage::Decode,
        priority,
    })
}

fn queue(fresh: &Fresh) -> (TableQueue, Arc<Notify>) {
    let wake = Arc::new(Notify::new());
    (TableQueue::new(fresh.db.clone(), Arc::clone(&wake)), wake)
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_come_urgent_first_and_again_until_they_are_acknowledged() {
    with_database(async |fresh| {
        let normal = fresh.job().await;
        let urgent = Upload {
            priority: Priority::Urgent,
            ..upload()
        };
        let urgent = fresh.accept(TENANT, &urgent).await.job;
        let tasks = [urgent, normal].map(|job| page_task(job, Stage::Decode, 0));
        let (queue, _) = queue(&fresh);
        queue.ready().await.unwrap();
        let mut subscription = queue.subscribe(&decode(), 2).await.unwrap();
        let first = timeout(SOON, subscription.next()).await.unwrap().unwrap();
        let second = timeout(SOON, subscription.next()).await.unwrap().unwrap();
        assert_eq!([first.notice.task, second.notice.task], tasks);
        let full = timeout(Duration::from_millis(100), subscription.next()).await;
        assert!(full.is_err(), "both slots are taken");

        drop(first);
        let again = timeout(SOON, subscription.next()).await.unwrap().unwrap();
        assert_eq!(again.notice.task, tasks[0], "nobody acknowledged it");
        fresh.claim(tasks[0]).await;
        again.receipt.ack().await.unwrap();
        let more = timeout(Duration::from_millis(700), subscription.next()).await;
        assert!(more.is_err(), "one is done and one outstanding");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_woken_and_sees_only_its_queues() {
    with_database(async |fresh| {
        let (queue, _) = queue(&fresh);
        let others = [
            QueueName {
                stage: Stage::Decode,
                priority: Priority::Urgent,
            },
            QueueName {
                stage: Stage::Fuse,
                priority: Priority::Normal,
            },
        ];
        let mut other = queue.subscribe(&others, 4).await.unwrap();
        let mut subscription = queue.subscribe(&decode(), 4).await.unwrap();
        let waiting = tokio::spawn(async move { subscription.next().await });
        let job = fresh.job().await;
        assert_eq!(queue.publish(&[], SOON).await.unwrap(), Vec::<bool>::new());
        let got = timeout(SOON, waiting).await.unwrap().unwrap().unwrap();
        assert_eq!(got.notice.task, page_task(job, Stage::Decode, 0));
        drop(got);
        let none = timeout(Duration::from_millis(700), other.next()).await;
        assert!(none.is_err(), "a normal decode is none of these");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_to_wait_in_the_middle_of_taking_loses_nothing() {
    with_database(async |fresh| {
        let task = page_task(fresh.job().await, Stage::Decode, 0);
        let (queue, _) = queue(&fresh);
        let mut first = queue.subscribe(&decode(), 1).await.unwrap();
        let at_once = timeout(Duration::ZERO, first.next()).await;
        assert!(at_once.is_err(), "the database takes longer");
        let later = timeout(SOON, first.next()).await.unwrap().unwrap();
        assert_eq!(later.notice.task, task);
        drop(later);
        first.end().await;

        let mut second = queue.subscribe(&decode(), 1).await.unwrap();
        let at_once = timeout(Duration::ZERO, second.next()).await;
        assert!(at_once.is_err(), "the database takes longer");
        second.end().await;
        let mut third = queue.subscribe(&decode(), 1).await.unwrap();
        let again = timeout(SOON, third.next()).await.unwrap().unwrap();
        assert_eq!(
            again.notice.task, task,
            "it was given back, not left to the sweep"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_that_meet_share_the_work() {
    with_database(async |fresh| {
        let mut tasks = BTreeSet::new();
        for _ in 0..60 {
            tasks.insert(page_task(fresh.job().await, Stage::Decode, 0));
        }
        let (queue, _) = queue(&fresh);
        let taking = (0..6).map(|_| async {
            let mut subscription = queue.subscribe(&decode(), 10).await.unwrap();
            let mut got: Vec<TaskId> = Vec::new();
            for _ in 0..10 {
                let delivery = subscription.next().await.unwrap();
                got.push(delivery.notice.task);
                // Acknowledged though nobody claimed it: only the sweep would send it again.
                delivery.receipt.ack().await.unwrap();
            }
            got
        });
        let begun = std::time::Instant::now();
        let got = timeout(SOON, futures::future::join_all(taking))
            .await
            .unwrap();
        println!(
            "60 notices by 6 subscriptions: {:.0} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
        let all: BTreeSet<TaskId> = got.iter().flatten().copied().collect();
        assert_eq!((all, got.iter().flatten().count()), (tasks, 60));
    })
    .await;
}
