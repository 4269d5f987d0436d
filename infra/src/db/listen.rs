//! PostgreSQL's notifications, heard by one session and told to everyone in this process.
//!
//! A notification may be missed while the session reconnects: whoever waits for one also looks now
//! and then by itself.

use std::time::Duration;

use schemas::JobId;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;

use super::Db;

/// What was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A job has changed.
    Job(JobId),
    /// Tasks or deliveries may have become due.
    Due,
    /// A document was erased.
    Erased,
    /// Something may have been missed.
    Reconnected,
}

/// Where changes are heard.
#[derive(Clone)]
pub struct Changes(broadcast::Sender<Change>);

impl Changes {
    /// From now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

/// Waits until something may be due; all that was announced until then is one.
pub async fn until_due(heard: &mut broadcast::Receiver<Change>) {
    while let Ok(Change::Job(_)) = heard.recv().await {}
    while heard.try_recv().is_ok() {}
}

impl Db {
    /// Starts to listen; ends with the runtime.
    #[must_use]
    pub fn listen(&self) -> Changes {
        let (sender, _) = broadcast::channel(4096);
        let changes = Changes(sender.clone());
        let pool = self.ear().clone();
        tokio::spawn(async move {
            loop {
                let heard = hear(&pool, &sender).await;
                if pool.is_closed() {
                    return;
                }
                if let Err(error) = heard {
                    let error = super::DbError::from(error);
                    tracing::warn!(%error, "notifications are not heard; trying again");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        changes
    }
}

async fn hear(pool: &sqlx::PgPool, sender: &broadcast::Sender<Change>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener
        .listen_all(["medbot_job", "medbot_due", "medbot_erased"])
        .await?;
    let _ = sender.send(Change::Reconnected);
    loop {
        let Some(heard) = listener.try_recv().await? else {
            let _ = sender.send(Change::Reconnected);
            continue;
        };
        let change = match (heard.channel(), heard.payload().parse()) {
            ("medbot_job", Ok(job)) => Change::Job(job),
            ("medbot_erased", _) => Change::Erased,
            _ => Change::Due,
        };
        // Nobody may be listening in this process.
        let _ = sender.send(change);
    }
}
