//! How many notices a second the broker at `MEDBOT_TEST_AMQP_URL` takes and gives, one table. Depends
//! on the machine and the broker, so nothing is asserted but that all arrive.

use std::time::{Duration, Instant};

use infra::queue::rabbit::{Rabbit, RabbitSettings};
use infra::queue::{Notice, Queue, QueueError, QueueName};
use schemas::{Priority, Stage, TaskId};
use uuid::Uuid;

const COUNT: usize = 5_000;
const TIME: Duration = Duration::from_mins(1);
const NAME: QueueName = QueueName {
    stage: Stage::Decode,
    priority: Priority::Normal,
};

#[tokio::main]
async fn main() -> Result<(), QueueError> {
    let url = std::env::var("MEDBOT_TEST_AMQP_URL").map_err(|_| {
        QueueError::new("MEDBOT_TEST_AMQP_URL is not set: infra/scripts/services/rabbitmq gives it")
    })?;
    let settings = RabbitSettings {
        prefix: format!("bench-{}", Uuid::new_v4().simple()),
        ..RabbitSettings::new(url)
    };
    let queue = Rabbit::new(&settings)?;
    queue.ready().await?;
    let fresh = |_| Notice {
        task: TaskId(Uuid::new_v4()),
        traceparent: None,
    };
    let batch: Vec<_> = (0..COUNT).map(|n| (NAME, fresh(n))).collect();

    println!("| what | notices/s |\n| --- | ---: |");
    let start = Instant::now();
    for notice in batch.chunks(1).take(COUNT / 20) {
        queue.publish(notice, TIME).await?;
    }
    row("publish, one at a time", COUNT / 20, start);
    let start = Instant::now();
    let confirmed = queue.publish(&batch, TIME).await?;
    assert!(confirmed.iter().all(|c| *c), "all are confirmed");
    row("publish, in windows", COUNT, start);
    for slots in [1, 64] {
        let mut subscription = queue.subscribe(&[NAME], slots).await?;
        let start = Instant::now();
        for _ in 0..COUNT / 2 {
            subscription.next().await?.receipt.ack().await?;
        }
        row(
            &format!("receive and acknowledge, {slots} slots"),
            COUNT / 2,
            start,
        );
    }
    Ok(())
}

fn row(what: &str, count: usize, start: Instant) {
    println!(
        "| {what} | {:.0} |",
        count as f64 / start.elapsed().as_secs_f64()
    );
}
