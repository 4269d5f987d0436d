//! How workers learn that a task is due: one port, two adapters.
//!
//! A message is a notice and nothing more: the id of a task and a trace. PostgreSQL holds the truth,
//! so a notice may come twice, late or never; the sweeper sends lost ones again. There is a queue for
//! each stage, normal and urgent.

pub mod rabbit;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use schemas::{Priority, Stage, TaskId};

/// A queue's name: the stage and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName {
    /// Whose tasks.
    pub stage: Stage,
    /// How soon.
    pub priority: Priority,
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stage, self.priority.name())
    }
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The task that is due.
    pub task: TaskId,
    /// W3C `traceparent` of the request that made the job.
    pub traceparent: Option<String>,
}

/// Why the queue did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the queue does not answer: {0}")]
pub struct QueueError(pub String);

impl QueueError {
    /// An error with its cause in words.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// A queue of notices.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends notices and waits, at most `time`, until the queue has taken charge of them.
    /// Gives for each notice whether it has; the others must be sent again.
    ///
    /// # Errors
    /// When the queue cannot be reached at all: then none was confirmed.
    async fn publish(
        &self,
        notices: &[(QueueName, Notice)],
        time: Duration,
    ) -> Result<Vec<bool>, QueueError>;

    /// Takes notices from queues, urgent ones first, at most `slots` unacknowledged at a time.
    ///
    /// # Errors
    /// When the queue cannot be reached.
    async fn subscribe(
        &self,
        queues: &[QueueName],
        slots: u16,
    ) -> Result<Box<dyn Subscription>, QueueError>;

    /// Must due tasks be published, or does the queue see them by itself?
    fn needs_notices(&self) -> bool {
        true
    }

    /// Does it answer?
    ///
    /// # Errors
    /// [`QueueError`] with what is wrong.
    async fn ready(&self) -> Result<(), QueueError>;
}

/// Notices as they come. Dropped or ended, it gives back what was not acknowledged, receipts in hand included:
/// a worker that stops acknowledges first and drops it last.
#[async_trait]
pub trait Subscription: Send {
    /// The next notice; waits until there is one.
    ///
    /// # Errors
    /// When the connection is lost: subscribe again.
    async fn next(&mut self) -> Result<Delivery, QueueError>;

    /// Ends it, and waits until what [`Self::next`] took for nobody has gone back, so that a process may end
    /// then.
    async fn end(self: Box<Self>) {}
}

/// A notice that somebody must acknowledge, last of all.
pub struct Delivery {
    /// What is due.
    pub notice: Notice,
    /// How the queue is told.
    pub receipt: Box<dyn Receipt>,
}

/// How a delivery is acknowledged. Dropped without a word, the notice comes again or the sweeper
/// sends it again.
#[async_trait]
pub trait Receipt: Send {
    /// The effect is durable, or there is nothing to do: forget the notice.
    ///
    /// # Errors
    /// When the queue cannot be told; the notice then comes again, which is harmless.
    async fn ack(self: Box<Self>) -> Result<(), QueueError>;
}
