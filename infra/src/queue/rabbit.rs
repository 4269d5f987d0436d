//! RabbitMQ as queue: a durable quorum queue for each stage and priority.
//!
//! What is sent is the task's id, 16 bytes, and a traceparent. Publishing and consuming have a
//! connection each, so that a broker that holds publishers back still takes acknowledgements. lapin's
//! own recovery is off: it hung on pending confirms. Instead every call has a deadline, and a broken
//! connection is opened again by the next call. Queues are versioned by name, because a broker
//! refuses to declare one again with other arguments. Nothing is dead-lettered: PostgreSQL holds what
//! failed.

mod address;
mod link;
mod message;
mod publish;
mod subscription;

use std::time::Duration;

use async_trait::async_trait;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use schemas::{Priority, Stage};
use tokio::time::Instant;

use super::{Notice, Queue, QueueError, QueueName, Subscription};
use link::Link;

/// How the broker is reached.
#[derive(Clone)]
pub struct RabbitSettings {
    /// `amqp://` or `amqps://`, with user and password. Never printed.
    pub url: String,
    /// What the names of the queues begin with.
    pub prefix: String,
    /// Lets a plaintext connection leave this machine.
    pub allow_plaintext: bool,
    /// A broker that is silent for twice this long is taken for dead. Whole seconds.
    pub heartbeat: Duration,
    /// How long subscribing, acknowledging and asking whether it is ready may take.
    pub call_time: Duration,
}

impl RabbitSettings {
    /// The settings of the service for a broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "medbot".to_owned(),
            allow_plaintext: false,
            heartbeat: Duration::from_secs(10),
            call_time: Duration::from_secs(10),
        }
    }
}

/// The queue on RabbitMQ.
pub struct Rabbit {
    names: Names,
    call_time: Duration,
    publishing: Link,
    consuming: Link,
}

impl Rabbit {
    /// A queue at this address. Connects when it is first used: [`Queue::ready`] says whether the
    /// broker is there.
    ///
    /// # Errors
    /// When the URL is none of a broker, or would send plaintext to another machine.
    pub fn new(settings: &RabbitSettings) -> Result<Self, QueueError> {
        let address = address::parse(settings)?;
        let names = Names(format!("{}.v1", settings.prefix));
        Ok(Self {
            publishing: Link::new("publishing", address.clone(), names.clone()),
            consuming: Link::new("consuming", address, names.clone()),
            call_time: settings.call_time,
            names,
        })
    }
}

#[async_trait]
impl Queue for Rabbit {
    async fn publish(
        &self,
        notices: &[(QueueName, Notice)],
        time: Duration,
    ) -> Result<Vec<bool>, QueueError> {
        publish::publish(
            &self.publishing,
            &self.names,
            notices,
            Instant::now() + time,
        )
        .await
    }

    async fn subscribe(
        &self,
        queues: &[QueueName],
        slots: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        let deadline = Instant::now() + self.call_time;
        let line = self.consuming.line(deadline).await?;
        let opened = subscription::open(&line, &self.names, queues, slots, self.call_time);
        match in_time(deadline, opened).await {
            Ok(subscription) => Ok(Box::new(subscription)),
            Err(error) => {
                self.consuming.give_up(&line);
                Err(error)
            }
        }
    }

    async fn ready(&self) -> Result<(), QueueError> {
        let deadline = Instant::now() + self.call_time;
        let line = self.publishing.line(deadline).await?;
        if line.connection.status().blocked() {
            return Err(QueueError::new(
                "the broker is short of memory or disk and takes no messages",
            ));
        }
        let name = self.names.of(QueueName {
            stage: Stage::ALL[0],
            priority: Priority::Urgent,
        });
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::durable()
        };
        let asked = line
            .channel
            .queue_declare(name.into(), options, FieldTable::default());
        match in_time(deadline, async { asked.await.map_err(QueueError::new) }).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.publishing.give_up(&line);
                Err(error)
            }
        }
    }
}

/// What queues are called at the broker.
#[derive(Clone)]
struct Names(String);

impl Names {
    fn of(&self, queue: QueueName) -> String {
        format!("{}.{queue}", self.0)
    }

    fn all(&self) -> impl Iterator<Item = String> {
        Stage::ALL
            .into_iter()
            .flat_map(|stage| Priority::ALL.map(|priority| self.of(QueueName { stage, priority })))
    }
}

/// The answer, or an error when there is none at the deadline.
async fn in_time<T>(
    deadline: Instant,
    answer: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    tokio::time::timeout_at(deadline, answer)
        .await
        .unwrap_or_else(|_| Err(QueueError::new("the broker gave no answer in time")))
}

#[cfg(test)]
mod tests;
