//! Asks the database what waits, for the gauges. Every process that answers HTTP does so: a gauge of one of
//! them is as good as another's, and alerts take the largest.

use std::time::Duration;

use tokio::{
    sync::watch as signal,
    time::{Instant, MissedTickBehavior, interval},
};

use super::metrics;
use crate::db::Db;

const LOOK: Duration = Duration::from_secs(10);
/// Reviews change slowly, and are many.
const LOOK_AT_REVIEWS: Duration = Duration::from_mins(10);

/// Keeps the gauges true until `stop`. While the database does not answer they stay what they were, and
/// `medbot_backlog_looked_timestamp_seconds` says since when.
pub async fn watch(db: &Db, mut stop: signal::Receiver<bool>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reviews: Option<Instant> = None;
    while !*stop.borrow() {
        tokio::select! {
            _ = looks.tick() => {}
            _ = stop.changed() => return,
        }
        match db.backlog().await {
            Ok(rows) => metrics::backlog(&rows),
            Err(error) => tracing::warn!(%error, "what waits is not known now"),
        }
        match db.open_jobs().await {
            Ok(rows) => metrics::open_jobs(&rows),
            Err(error) => tracing::warn!(%error, "the open jobs are not known now"),
        }
        if reviews.is_none_or(|last| last.elapsed() >= LOOK_AT_REVIEWS) {
            match db.review_gap().await {
                Ok(found) => {
                    metrics::review_gap(found);
                    reviews = Some(Instant::now());
                }
                Err(error) => tracing::warn!(%error, "what reviewers found is not known now"),
            }
        }
    }
}
