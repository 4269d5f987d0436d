//! What every queue promises, whatever it is made of. An adapter's test gives a [`Fixture`] and calls
//! [`holds`]. How fast it is, is no promise.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use infra::queue::{Delivery, Notice, Queue, QueueName, Subscription};
use schemas::{Engine, Priority, Stage, TaskId};
use tokio::time::timeout;

/// A queue under test.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The queue.
    fn queue(&self) -> &dyn Queue;

    /// Fresh notices for this queue, not yet sent. An adapter over a table makes their rows.
    async fn notices(&self, name: QueueName, count: usize) -> Vec<Notice>;

    /// How long anything that must happen may take; longer than it takes until what was taken and
    /// not acknowledged comes again.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }
}

const STAGE: Stage = Stage::Recognise(Engine::Paddle);
const URGENT: QueueName = QueueName {
    stage: STAGE,
    priority: Priority::Urgent,
};
const NORMAL: QueueName = QueueName {
    stage: STAGE,
    priority: Priority::Normal,
};
const OTHER: QueueName = QueueName {
    stage: Stage::Fuse,
    priority: Priority::Normal,
};

/// Long enough for a notice that must not come to show itself.
const QUIET: Duration = Duration::from_millis(500);

/// Every clause, each on a fixture of its own: `make` gives an empty queue each time.
pub async fn holds<F: Fixture>(make: impl AsyncFn() -> F) {
    every_notice_is_delivered(&make().await).await;
    only_the_queues_that_were_asked_for_are_read(&make().await).await;
    urgent_before_normal(&make().await).await;
    no_more_than_the_slots(&make().await).await;
    what_is_not_acknowledged_comes_again(&make().await).await;
    what_is_acknowledged_does_not_come_again(&make().await).await;
    two_subscriptions_share(&make().await).await;
    a_big_batch_is_taken(&make().await).await;
    nothing_is_sent_for_nothing(&make().await).await;
}

async fn every_notice_is_delivered(f: &impl Fixture) {
    let mut sent = send(f, NORMAL, 100).await;
    sent.extend(send(f, URGENT, 100).await);
    sent.extend(send(f, OTHER, 100).await);
    let mut subscription = subscribe(f, &[NORMAL, URGENT, OTHER], 8).await;
    let mut missing = sent.clone();
    while !missing.is_empty() {
        let delivery = next(f, &mut subscription, "every notice is delivered").await;
        assert!(
            sent.contains(&delivery.notice),
            "delivered as it was sent: {:?}",
            delivery.notice
        );
        missing.retain(|n| *n != delivery.notice);
        delivery.receipt.ack().await.expect("acknowledged");
    }
}

async fn only_the_queues_that_were_asked_for_are_read(f: &impl Fixture) {
    send(f, NORMAL, 3).await;
    let other = send(f, OTHER, 1).await;
    let mut subscription = subscribe(f, &[OTHER], 4).await;
    let delivery = next(f, &mut subscription, "the queue that was asked for").await;
    assert_eq!(delivery.notice, other[0]);
    quiet(&mut subscription, "another stage's notice").await;
}

async fn urgent_before_normal(f: &impl Fixture) {
    send(f, NORMAL, 20).await;
    let urgent = ids(&send(f, URGENT, 20).await);
    let mut subscription = subscribe(f, &[NORMAL, URGENT], 1).await;
    let mut order = Vec::new();
    for _ in 0..40 {
        let delivery = next(f, &mut subscription, "urgent before normal").await;
        order.push(urgent.contains(&delivery.notice.task));
        delivery.receipt.ack().await.expect("acknowledged");
    }
    // One may already have been on its way when the urgent ones were asked for, and one more when the
    // machine is busy; without an order there would be twenty.
    let last = order.iter().rposition(|is_urgent| *is_urgent);
    let before = &order[..last.expect("urgent ones")];
    let overtaken = before.iter().filter(|is_urgent| !**is_urgent).count();
    assert!(overtaken <= 2, "urgent before normal: {order:?}");
}

async fn no_more_than_the_slots(f: &impl Fixture) {
    send(f, NORMAL, 6).await;
    send(f, URGENT, 6).await;
    let mut subscription = subscribe(f, &[NORMAL, URGENT], 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(f, &mut subscription, "as many as there are slots").await);
    }
    quiet(&mut subscription, "more than the slots").await;
    let done = held.pop().expect("one in hand");
    done.receipt.ack().await.expect("acknowledged");
    held.push(next(f, &mut subscription, "a slot that came free").await);
    quiet(&mut subscription, "more than the slots").await;
}

async fn what_is_not_acknowledged_comes_again(f: &impl Fixture) {
    let sent = ids(&send(f, NORMAL, 6).await);
    let mut subscription = subscribe(f, &[NORMAL], 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(f, &mut subscription, "the first time").await);
    }
    let acked = held.pop().expect("one in hand");
    let mut missing = sent;
    missing.remove(&acked.notice.task);
    acked.receipt.ack().await.expect("acknowledged");
    drop(subscription);
    drop(held);
    let mut subscription = subscribe(f, &[NORMAL], 3).await;
    while !missing.is_empty() {
        let delivery = next(f, &mut subscription, "not acknowledged, comes again").await;
        missing.remove(&delivery.notice.task);
        delivery.receipt.ack().await.expect("acknowledged");
    }
}

async fn what_is_acknowledged_does_not_come_again(f: &impl Fixture) {
    send(f, NORMAL, 20).await;
    let mut subscription = subscribe(f, &[NORMAL, URGENT], 2).await;
    for _ in 0..20 {
        let delivery = next(f, &mut subscription, "the first time").await;
        delivery.receipt.ack().await.expect("acknowledged");
    }
    drop(subscription);
    let mut subscription = subscribe(f, &[NORMAL, URGENT], 2).await;
    quiet(&mut subscription, "what was acknowledged").await;
}

async fn two_subscriptions_share(f: &impl Fixture) {
    let mut one = subscribe(f, &[NORMAL, URGENT], 2).await;
    let mut two = subscribe(f, &[NORMAL, URGENT], 2).await;
    let sent = ids(&send(f, NORMAL, 200).await);
    let mut acked: [Vec<TaskId>; 2] = Default::default();
    while acked.iter().map(Vec::len).sum::<usize>() < sent.len() {
        let (who, delivery) = tokio::select! {
            delivery = next(f, &mut one, "shared") => (0, delivery),
            delivery = next(f, &mut two, "shared") => (1, delivery),
        };
        acked[who].push(delivery.notice.task);
        delivery.receipt.ack().await.expect("acknowledged");
    }
    assert!(acked.iter().all(|a| !a.is_empty()), "both have work");
    let all: HashSet<TaskId> = acked.concat().into_iter().collect();
    assert_eq!(all, sent, "each notice was acknowledged by one of them");
}

async fn a_big_batch_is_taken(f: &impl Fixture) {
    let sent = ids(&send(f, NORMAL, 5_000).await);
    let mut subscription = subscribe(f, &[NORMAL], 64).await;
    let mut seen = HashSet::new();
    while seen.len() < sent.len() {
        let delivery = next(f, &mut subscription, "a big batch").await;
        seen.insert(delivery.notice.task);
        delivery.receipt.ack().await.expect("acknowledged");
    }
    assert_eq!(seen, sent);
}

async fn nothing_is_sent_for_nothing(f: &impl Fixture) {
    let confirmed = f.queue().publish(&[], f.patience()).await;
    assert_eq!(confirmed.expect("no notices"), Vec::<bool>::new());
    f.queue().ready().await.expect("ready");
}

fn ids(notices: &[Notice]) -> HashSet<TaskId> {
    notices.iter().map(|n| n.task).collect()
}

async fn send(f: &impl Fixture, name: QueueName, count: usize) -> Vec<Notice> {
    let notices = f.notices(name, count).await;
    let batch: Vec<_> = notices.iter().map(|n| (name, n.clone())).collect();
    let confirmed = f.queue().publish(&batch, f.patience()).await;
    assert_eq!(confirmed.expect("published"), vec![true; count]);
    notices
}

async fn subscribe(f: &impl Fixture, names: &[QueueName], slots: u16) -> Box<dyn Subscription> {
    f.queue().subscribe(names, slots).await.expect("subscribed")
}

async fn next(
    f: &impl Fixture,
    subscription: &mut Box<dyn Subscription>,
    clause: &str,
) -> Delivery {
    timeout(f.patience(), subscription.next())
        .await
        .unwrap_or_else(|_| panic!("{clause}: nothing came"))
        .unwrap_or_else(|error| panic!("{clause}: {error}"))
}

async fn quiet(subscription: &mut Box<dyn Subscription>, what: &str) {
    if let Ok(delivery) = timeout(QUIET, subscription.next()).await {
        let delivery = delivery.expect("the subscription lives");
        panic!("{what} came: {:?}", delivery.notice);
    }
}
