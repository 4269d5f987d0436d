//! Queues against real services: the contract that each adapter keeps, and what becomes of RabbitMQ's
//! notices when the broker dies, freezes or is not there.

#[path = "queue/broker.rs"]
mod broker;
#[path = "queue/contract.rs"]
mod contract;
#[path = "queue/outage.rs"]
mod outage;

use async_trait::async_trait;
use infra::queue::rabbit::Rabbit;
use infra::queue::{Notice, Queue, QueueName};
use schemas::TaskId;
use uuid::Uuid;

/// Notices that stand nowhere else.
fn notices(count: usize) -> Vec<Notice> {
    let fresh = |n| Notice {
        task: TaskId(Uuid::new_v4()),
        traceparent: (n % 2 == 0).then(|| format!("00-{n:032x}-{n:016x}-01")),
    };
    (0..count).map(fresh).collect()
}

struct OnRabbit(Rabbit);

#[async_trait]
impl contract::Fixture for OnRabbit {
    fn queue(&self) -> &dyn Queue {
        &self.0
    }

    async fn notices(&self, _: QueueName, count: usize) -> Vec<Notice> {
        notices(count)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbit_keeps_the_contract() {
    let url = broker::shared();
    contract::holds(async || OnRabbit(broker::queue(&url))).await;
}
