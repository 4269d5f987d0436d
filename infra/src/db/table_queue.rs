//! The `tasks` table as a queue: taking a due task is being told of it.
//!
//! There is no message that could be lost or doubled, so publishing only wakes whoever waits. A
//! notice that was taken and never claimed, since its process died, is sent again by the sweep.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use schemas::TaskId;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

use super::{Db, DbError};
use crate::queue::{Delivery, Notice, Queue, QueueError, QueueName, Receipt, Subscription};

/// Somebody else may have made a task due without waking this process.
const POLL: Duration = Duration::from_millis(500);

/// The queue of the embedded default.
pub struct TableQueue {
    db: Db,
    wake: Arc<Notify>,
}

impl TableQueue {
    /// `wake` is notified when tasks may have become due.
    #[must_use]
    pub fn new(db: Db, wake: Arc<Notify>) -> Self {
        Self { db, wake }
    }
}

#[async_trait]
impl Queue for TableQueue {
    async fn publish(
        &self,
        notices: &[(QueueName, Notice)],
        _time: Duration,
    ) -> Result<Vec<bool>, QueueError> {
        // They stay due until a subscription takes them.
        self.wake.notify_waiters();
        Ok(vec![false; notices.len()])
    }

    async fn subscribe(
        &self,
        queues: &[QueueName],
        slots: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        let mut queues = queues.to_vec();
        queues.sort_unstable();
        queues.dedup();
        Ok(Box::new(Taking {
            db: self.db.clone(),
            wake: Arc::clone(&self.wake),
            queues,
            slots: Arc::new(Semaphore::new(usize::from(slots))),
            asked: None,
        }))
    }

    fn needs_notices(&self) -> bool {
        false
    }

    async fn ready(&self) -> Result<(), QueueError> {
        self.db.ready().await.map_err(QueueError::new)
    }
}

struct Taking {
    db: Db,
    wake: Arc<Notify>,
    queues: Vec<QueueName>,
    slots: Arc<Semaphore>,
    /// The question for a due task, in a task of its own: who asked may stop to wait in the middle of it.
    asked: Option<JoinHandle<Result<Vec<Notice>, DbError>>>,
}

impl Taking {
    /// A due task that is taken now; none when nothing is due.
    async fn take(&mut self) -> Result<Option<Notice>, QueueError> {
        let asked = self.asked.get_or_insert_with(|| {
            let (db, queues) = (self.db.clone(), self.queues.clone());
            tokio::spawn(async move {
                db.take_due(&queues, 1, async |notices| vec![true; notices.len()])
                    .await
            })
        });
        let taken = asked.await;
        self.asked = None;
        let taken = taken.map_err(QueueError::new)?.map_err(QueueError::new)?;
        Ok(taken.into_iter().next())
    }
}

#[async_trait]
impl Subscription for Taking {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(QueueError::new)?;
        loop {
            let wake = Arc::clone(&self.wake);
            let woken = wake.notified();
            tokio::pin!(woken);
            // From here on no wake is missed.
            woken.as_mut().enable();
            if let Some(notice) = self.take().await? {
                return Ok(Delivery {
                    receipt: Box::new(Taken {
                        task: notice.task,
                        db: Some(self.db.clone()),
                        _slot: slot,
                    }),
                    notice,
                });
            }
            let _ = tokio::time::timeout(POLL, woken).await;
        }
    }

    async fn end(mut self: Box<Self>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        for notice in asked.await.into_iter().flatten().flatten() {
            give_back(&self.db, notice.task).await;
        }
    }
}

/// A task that was taken. Dropped without an acknowledgement it becomes due again.
struct Taken {
    task: TaskId,
    db: Option<Db>,
    _slot: OwnedSemaphorePermit,
}

#[async_trait]
impl Receipt for Taken {
    async fn ack(mut self: Box<Self>) -> Result<(), QueueError> {
        self.db = None;
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (Some(db), Ok(runtime)) = (self.db.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let task = self.task;
        runtime.spawn(async move { give_back(&db, task).await });
    }
}

async fn give_back(db: &Db, task: TaskId) {
    if let Err(error) = db.give_back(task).await {
        tracing::warn!(%error, "a task is due again only after the sweep");
    }
}

impl Db {
    async fn give_back(&self, task: TaskId) -> Result<(), DbError> {
        sqlx::query!(
            "UPDATE tasks SET published_at = NULL WHERE id = $1 AND state = 'queued'",
            task.0
        )
        .execute(self.worker())
        .await?;
        Ok(())
    }
}
