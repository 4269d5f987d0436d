//! A broker that dies, freezes, is not there, or holds what is none of ours.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use infra::queue::rabbit::{Rabbit, RabbitSettings};
use infra::queue::{Notice, Queue, QueueError, QueueName, Subscription};
use lapin::options::{BasicPublishOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use rustix::process::Signal;
use schemas::{Priority, Stage, TaskId};
use tokio::time::timeout;

use super::broker::{Broker, queue, shared};
use super::notices;

const NAME: QueueName = QueueName {
    stage: Stage::Decode,
    priority: Priority::Normal,
};
const PATIENCE: Duration = Duration::from_mins(1);

fn batch(notices: &[Notice]) -> Vec<(QueueName, Notice)> {
    notices.iter().map(|n| (NAME, n.clone())).collect()
}

/// Asks until it succeeds, as a worker does.
async fn until_it_works<T>(what: impl AsyncFn() -> Result<T, QueueError>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match what().await {
            Ok(done) => return done,
            Err(error) => assert!(Instant::now() < end, "it never worked: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn next(subscription: &mut Box<dyn Subscription>) -> Result<TaskId, QueueError> {
    let delivery = timeout(PATIENCE, subscription.next())
        .await
        .expect("a notice or an error")?;
    let task = delivery.notice.task;
    delivery.receipt.ack().await?;
    Ok(task)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_outlives_a_killed_broker() {
    let broker = Broker::start();
    let queue = Arc::new(queue(&broker.url));
    queue.ready().await.expect("ready");
    let mut subscription = queue.subscribe(&[NAME], 16).await.expect("subscribed");

    // One sends batch after batch until it hears of the end; one receives meanwhile.
    let sending = tokio::spawn({
        let queue = queue.clone();
        async move {
            let mut confirmed = HashSet::new();
            loop {
                let notices = notices(300);
                match queue
                    .publish(&batch(&notices), Duration::from_secs(5))
                    .await
                {
                    Ok(taken) => {
                        let taken: Vec<_> = notices.iter().zip(taken).collect();
                        confirmed.extend(taken.iter().filter(|t| t.1).map(|t| t.0.task));
                        if taken.iter().any(|t| !t.1) {
                            return confirmed;
                        }
                    }
                    Err(_) => return confirmed,
                }
            }
        }
    });
    let mut received = HashSet::new();
    while received.len() < 500 {
        received.insert(next(&mut subscription).await.expect("a notice"));
    }
    broker.signal(Signal::KILL);
    let end = loop {
        match next(&mut subscription).await {
            Ok(task) => received.insert(task),
            Err(error) => break error,
        };
    };
    assert!(!end.to_string().is_empty());
    let confirmed = sending.await.expect("the sender ends");
    assert!(confirmed.len() >= 300, "{} were confirmed", confirmed.len());

    let gone = Instant::now();
    queue.ready().await.expect_err("there is no broker");
    assert!(gone.elapsed() < Duration::from_secs(3), "said at once");

    broker.again();
    let mut subscription = until_it_works(async || queue.subscribe(&[NAME], 16).await).await;
    while !confirmed.is_subset(&received) {
        received.insert(next(&mut subscription).await.expect("a confirmed notice"));
    }
    let late = notices(300);
    let taken = until_it_works(async || queue.publish(&batch(&late), PATIENCE).await).await;
    assert_eq!(taken, vec![true; late.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_is_an_error_in_time_and_works_when_it_goes_on() {
    let broker = Broker::start();
    let settings = RabbitSettings {
        heartbeat: Duration::from_secs(2),
        call_time: Duration::from_secs(2),
        ..RabbitSettings::new(&broker.url)
    };
    let queue = Rabbit::new(&settings).expect("a good address");
    let notices = notices(600);
    let sent = batch(&notices);
    let mut subscription = queue.subscribe(&[NAME], 4).await.expect("subscribed");
    queue.ready().await.expect("ready");

    broker.signal(Signal::STOP);
    let limit = Duration::from_secs(4);
    for attempt in 1..=2 {
        let publish = queue.publish(&sent, Duration::from_secs(1));
        let published = timeout(limit, publish).await.expect("in time");
        published.expect_err(&format!("attempt {attempt}: nobody confirms"));
        let ready = timeout(limit, queue.ready()).await.expect("in time");
        ready.expect_err(&format!("attempt {attempt}: nobody answers"));
        let asked = timeout(limit, queue.subscribe(&[NAME], 4)).await;
        assert!(asked.expect("in time").is_err(), "attempt {attempt}");
    }
    // Twice the heartbeat, and what checking it adds.
    let heard = timeout(Duration::from_secs(10), subscription.next()).await;
    assert!(heard.expect("in time").is_err(), "the connection is dead");

    broker.signal(Signal::CONT);
    let taken = until_it_works(async || queue.publish(&sent, PATIENCE).await).await;
    assert_eq!(taken, vec![true; sent.len()]);
    let mut subscription = until_it_works(async || queue.subscribe(&[NAME], 4).await).await;
    let mut missing: HashSet<TaskId> = notices.iter().map(|n| n.task).collect();
    while !missing.is_empty() {
        missing.remove(&next(&mut subscription).await.expect("a notice"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_late_is_found() {
    let broker = Broker::start();
    broker.stop();
    let queue = queue(&broker.url);
    let asked = Instant::now();
    queue.ready().await.expect_err("nobody is there");
    let publish = queue.publish(&batch(&notices(1)), PATIENCE).await;
    publish.expect_err("nobody is there");
    assert!(queue.subscribe(&[NAME], 1).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(3), "said at once");

    broker.again();
    until_it_works(async || queue.ready().await).await;
    let sent = notices(1);
    let taken = queue.publish(&batch(&sent), PATIENCE).await;
    assert_eq!(taken.expect("published"), [true]);
    let mut subscription = queue.subscribe(&[NAME], 1).await.expect("subscribed");
    assert_eq!(next(&mut subscription).await.expect("it"), sent[0].task);
}

#[tokio::test]
async fn tls_against_a_plaintext_port_is_an_error_in_time() {
    let url = shared().replace("amqp://", "amqps://");
    let limit = Duration::from_secs(15);
    let ready = timeout(limit, queue(&url).ready()).await;
    ready.expect("in time").expect_err("no handshake");
}

#[tokio::test]
async fn a_dropped_receipt_is_a_notice_again() {
    let queue = queue(&shared());
    let sent = notices(1);
    queue.publish(&batch(&sent), PATIENCE).await.expect("sent");
    let mut subscription = queue.subscribe(&[NAME], 1).await.expect("subscribed");
    let first = timeout(PATIENCE, subscription.next())
        .await
        .expect("in time");
    drop(first.expect("a notice"));
    assert_eq!(next(&mut subscription).await.expect("again"), sent[0].task);
}

#[tokio::test]
async fn what_is_no_notice_is_thrown_away_and_a_lost_queue_is_made_again() {
    let settings = RabbitSettings {
        prefix: format!("test-{}", notices(1)[0].task),
        ..RabbitSettings::new(shared())
    };
    let queue = Rabbit::new(&settings).expect("a good address");
    queue.ready().await.expect("ready");
    let name = format!("{}.v1.{NAME}", settings.prefix);
    let properties = ConnectionProperties::default();
    let stranger = Connection::connect(&settings.url, properties).await;
    let stranger = stranger.expect("connected");
    let channel = stranger.create_channel().await.expect("a channel");
    let (options, none) = (BasicPublishOptions::default(), BasicProperties::default());
    let sent = channel.basic_publish("".into(), name.as_str().into(), options, b"hello", none);
    sent.await.expect("sent");

    let sent = notices(2);
    queue.publish(&batch(&sent), PATIENCE).await.expect("sent");
    let mut subscription = queue.subscribe(&[NAME], 1).await.expect("subscribed");
    for notice in &sent {
        assert_eq!(next(&mut subscription).await.expect("it"), notice.task);
    }

    let deleted = channel.queue_delete(name.into(), QueueDeleteOptions::default());
    assert_eq!(deleted.await.expect("deleted"), 0, "messages are left");
    assert!(next(&mut subscription).await.is_err(), "its queue is gone");
    let unroutable = queue.publish(&batch(&sent), PATIENCE).await;
    unroutable.expect_err("no queue takes it");
    let taken = queue.publish(&batch(&sent), PATIENCE).await;
    assert_eq!(taken.expect("made again"), [true, true]);
}
