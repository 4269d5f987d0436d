//! Sending, until the broker confirms that a majority has each notice on disk.
//!
//! Waiting for every single confirm is slow and waiting for none piles them up, so notices go in
//! windows. A message that no queue took comes back and is then acknowledged all the same: only an
//! acknowledgement without a message is success.

use std::sync::Arc;

use futures::future::join_all;
use lapin::Confirmation;
use lapin::options::BasicPublishOptions;
use tokio::time::{Instant, timeout_at};

use super::link::{Line, Link};
use super::{Names, Notice, QueueError, QueueName, message};

const WINDOW: usize = 256;

pub(super) async fn publish(
    link: &Link,
    names: &Names,
    notices: &[(QueueName, Notice)],
    deadline: Instant,
) -> Result<Vec<bool>, QueueError> {
    let mut confirmed = Vec::with_capacity(notices.len());
    if notices.is_empty() {
        return Ok(confirmed);
    }
    let line = link.line(deadline).await?;
    let mut trouble = None;
    for window in notices.chunks(WINDOW) {
        let sent = window
            .iter()
            .map(|(queue, notice)| send(&line, names.of(*queue), notice, deadline));
        for outcome in join_all(sent).await {
            confirmed.push(outcome.is_ok());
            trouble = trouble.or(outcome.err());
        }
        if trouble.is_some() {
            break;
        }
    }
    confirmed.resize(notices.len(), false);
    let Some(trouble) = trouble else {
        return Ok(confirmed);
    };
    // Whatever it was, a fresh connection declares the queues again.
    link.give_up(&line);
    if confirmed.contains(&true) {
        tracing::warn!(error = %trouble, "some notices were not confirmed");
        return Ok(confirmed);
    }
    Err(trouble)
}

/// Sends one notice and waits for its confirm.
async fn send(
    line: &Arc<Line>,
    queue: String,
    notice: &Notice,
    deadline: Instant,
) -> Result<(), QueueError> {
    let sent = async {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let (body, properties) = (message::body(notice), message::properties(notice));
        let confirm = line
            .channel
            .basic_publish("".into(), queue.into(), options, &body, properties)
            .await?;
        confirm.await
    };
    match timeout_at(deadline, sent).await {
        Ok(Ok(Confirmation::Ack(None))) => Ok(()),
        Ok(Ok(Confirmation::Ack(Some(_)))) => Err(QueueError::new("no queue took the notice")),
        Ok(Ok(_)) => Err(QueueError::new("the broker did not take the notice")),
        Ok(Err(error)) => Err(QueueError::new(error)),
        Err(_) => Err(QueueError::new("the broker did not confirm in time")),
    }
}
