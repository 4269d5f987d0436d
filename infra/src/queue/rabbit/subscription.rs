//! Receiving: a consumer for each queue on one channel, urgent ones asked first.
//!
//! A slot is taken before a notice is handed out and is free again with its receipt. The broker sends
//! a normal queue's notices up to the slots; of an urgent one twice as many, so that the next lies
//! here already when a slot comes free, and tasks so short that they outrun the broker wait a moment
//! for it. What lies here waits for this worker even if another is idle, so subscribe to few queues
//! with few slots. Dropping the subscription gives back everything that is not acknowledged.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Acker, Channel, Consumer};
use schemas::Priority;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::super::{Delivery, Receipt, Subscription};
use super::link::Line;
use super::{Names, QueueError, QueueName, in_time, message};

/// How long after an urgent notice, and after the start, a normal one waits for another urgent one.
const URGENT_GRACE: Duration = Duration::from_millis(100);

pub(super) async fn open(
    line: &Line,
    names: &Names,
    queues: &[QueueName],
    slots: u16,
    call_time: Duration,
) -> Result<Notices, QueueError> {
    let slots = slots.max(1);
    let channel = line.connection.create_channel().await;
    let channel = channel.map_err(QueueError::new)?;
    let mut consumers: [Vec<Consumer>; 2] = Default::default();
    for (consumers, priority) in consumers.iter_mut().zip(Priority::ALL) {
        for queue in queues.iter().filter(|q| q.priority == priority) {
            let prefetch = match priority {
                Priority::Urgent => slots.saturating_mul(2),
                Priority::Normal => slots,
            };
            let consumer = consume(&channel, names.of(*queue), prefetch).await;
            consumers.push(consumer.map_err(QueueError::new)?);
        }
    }
    Ok(Notices {
        consumers,
        slots: Arc::new(Semaphore::new(usize::from(slots))),
        call_time,
        urgent_first_until: Instant::now() + URGENT_GRACE,
        _channel: channel,
    })
}

async fn consume(channel: &Channel, queue: String, prefetch: u16) -> lapin::Result<Consumer> {
    // Holds for the consumers that come after it on this channel.
    channel
        .basic_qos(prefetch, BasicQosOptions::default())
        .await?;
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    channel
        .basic_consume(queue.into(), "".into(), options, none)
        .await
}

/// Notices of some queues.
pub(super) struct Notices {
    /// Urgent ones, then normal ones.
    consumers: [Vec<Consumer>; 2],
    slots: Arc<Semaphore>,
    call_time: Duration,
    urgent_first_until: Instant,
    /// Closed when it is dropped, which gives back what is not acknowledged.
    _channel: Channel,
}

impl Notices {
    async fn message(&mut self) -> Result<Message, QueueError> {
        let [urgent, normal] = &mut self.consumers;
        if !urgent.is_empty() {
            let more = poll_fn(|context| poll(urgent, context));
            if let Ok(message) = timeout_at(self.urgent_first_until, more).await {
                self.urgent_first_until = Instant::now() + URGENT_GRACE;
                return message;
            }
        }
        let (message, is_urgent) = poll_fn(|context| {
            if let Poll::Ready(message) = poll(urgent, context) {
                return Poll::Ready((message, true));
            }
            poll(normal, context).map(|message| (message, false))
        })
        .await;
        if is_urgent {
            self.urgent_first_until = Instant::now() + URGENT_GRACE;
        }
        message
    }
}

/// The first message of these consumers; the others come first the next time.
fn poll(
    consumers: &mut [Consumer],
    context: &mut Context<'_>,
) -> Poll<Result<Message, QueueError>> {
    for at in 0..consumers.len() {
        if let Poll::Ready(message) = consumers[at].poll_next_unpin(context) {
            consumers.rotate_left(at + 1);
            return Poll::Ready(match message {
                Some(message) => message.map_err(QueueError::new),
                None => Err(QueueError::new("the broker ended the subscription")),
            });
        }
    }
    Poll::Pending
}

#[async_trait]
impl Subscription for Notices {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.map_err(QueueError::new)?;
        loop {
            let message = self.message().await?;
            let Some(notice) = message::read(&message.data, &message.properties) else {
                let size_bytes = message.data.len();
                tracing::warn!(size_bytes, "a message that is no notice was thrown away");
                acknowledge(&message.acker, self.call_time).await?;
                continue;
            };
            let receipt = Slip {
                acker: message.acker,
                call_time: self.call_time,
                _slot: slot,
            };
            return Ok(Delivery {
                notice,
                receipt: Box::new(receipt),
            });
        }
    }
}

/// The receipt of one notice.
struct Slip {
    acker: Acker,
    call_time: Duration,
    _slot: OwnedSemaphorePermit,
}

#[async_trait]
impl Receipt for Slip {
    async fn ack(self: Box<Self>) -> Result<(), QueueError> {
        acknowledge(&self.acker, self.call_time).await
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        // One poll hands the frame over, and what comes of it matters to nobody. After an
        // acknowledgement it does nothing.
        let again = BasicNackOptions {
            requeue: true,
            ..BasicNackOptions::default()
        };
        let _ = self.acker.nack(again).now_or_never();
    }
}

async fn acknowledge(acker: &Acker, time: Duration) -> Result<(), QueueError> {
    let told = async { acker.ack(BasicAckOptions::default()).await };
    let told = in_time(
        Instant::now() + time,
        told.map(|t| t.map_err(QueueError::new)),
    );
    if told.await? {
        return Ok(());
    }
    Err(QueueError::new("the subscription of this notice is gone"))
}
