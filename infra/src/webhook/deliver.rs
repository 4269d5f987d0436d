//! Deliveries that are due, attempted; what came of each stands in the database.

use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use futures::{StreamExt as _, stream};
use tokio::{sync::watch, time::sleep};

use super::{Attempt, Message, Secret, Sender, backoff};
use crate::{
    db::{Changes, Db, DbError, DueDelivery, until_due},
    store::MasterKey,
};

/// What a webhook's secret is sealed for.
pub const SECRET: &str = "webhook-secret";
/// Deliveries of one look at the database, and attempts at once.
const WINDOW: i64 = 64;
const AT_ONCE: usize = 8;
/// For how long a delivery is this process's; longer than an attempt may take.
const LEASE: Duration = Duration::from_mins(1);
/// What becomes due within this time is looked for together.
const GATHERED: Duration = Duration::from_millis(100);
/// How often it looks by itself.
const LOOK: Duration = Duration::from_secs(2);

/// Attempts what is due, until `stop`. Every process may do so.
pub async fn deliver(
    db: &Db,
    master: &MasterKey,
    sender: &Sender,
    changes: &Changes,
    mut stop: watch::Receiver<bool>,
) {
    let mut heard = changes.subscribe();
    while !*stop.borrow() {
        match db.due_deliveries(WINDOW, LEASE).await {
            Ok(due) if !due.is_empty() => {
                stream::iter(due)
                    .for_each_concurrent(AT_ONCE, |delivery| async move {
                        if let Err(error) = one(db, master, sender, &delivery).await {
                            tracing::warn!(%error, "a delivery is attempted again after its lease");
                        }
                    })
                    .await;
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "webhooks are not delivered; trying again"),
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            () = until_due(&mut heard) => sleep(GATHERED).await,
            _ = stop.changed() => {}
        }
    }
}

async fn one(
    db: &Db,
    master: &MasterKey,
    sender: &Sender,
    delivery: &DueDelivery,
) -> Result<(), DbError> {
    let row = delivery.webhook.0;
    let secret: Option<Secret> = master
        .open(SECRET, delivery.tenant, row.as_bytes(), &delivery.secret)
        .ok()
        .and_then(|secret| std::str::from_utf8(&secret).ok()?.parse().ok());
    let Some(secret) = secret else {
        let why = "its secret cannot be opened: another master key sealed it";
        return db.undelivered(delivery.id, None, why).await;
    };
    let message = Message {
        id: delivery.id,
        timestamp: Utc::now(),
        body: Bytes::from(delivery.body.to_string()),
    };
    match sender.send(&delivery.url, &[secret], &message).await {
        Attempt::Delivered => db.delivered(delivery.id).await,
        Attempt::Gone => {
            tracing::info!(webhook = %row, "a receiver wants nothing any more");
            db.disable_webhook(delivery.webhook).await
        }
        Attempt::Retry { after, cause } => {
            // Spread by the message's own bits: no clock and no generator is needed.
            let jitter = f64::from(delivery.id.as_bytes()[15]) / 255.0;
            let rest = backoff(delivery.attempt + 1, jitter)
                .map(|rest| after.map_or(rest, |after| after.max(rest)));
            db.undelivered(delivery.id, rest, &cause.to_string()).await
        }
        Attempt::Refused(refusal) => {
            db.undelivered(delivery.id, None, &refusal.to_string())
                .await
        }
    }
}
