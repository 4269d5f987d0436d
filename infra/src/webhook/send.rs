//! One attempt to deliver one message. Whether there is another is the caller's decision.
//!
//! Only the status counts: the answer's body is read a little, so that the connection can serve
//! again, and thrown away. Redirects are not followed and no proxy is asked, since either would
//! choose another address than the one that the guard has judged.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use reqwest::{Client, Response, redirect};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Guard, Refusal, Secret, retry_after, signatures};

/// Bytes of an answer's body that are read.
const BODY_BYTES: usize = 4096;

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Until there is a connection.
    pub connect: Duration,
    /// From the look-up of the name to the end of the answer.
    pub whole: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(15),
        }
    }
}

/// What is delivered.
#[derive(Clone, Debug)]
pub struct Message {
    /// Of the event, the same in every attempt.
    pub id: Uuid,
    /// Of this attempt.
    pub timestamp: DateTime<Utc>,
    /// JSON, sent and signed byte for byte.
    pub body: Bytes,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver has it.
    Delivered,
    /// The receiver wants nothing any more: send nothing there again.
    Gone,
    /// Not this time.
    Retry {
        /// The receiver wants to be left alone for so long.
        after: Option<Duration>,
        /// What happened.
        cause: Cause,
    },
    /// The guard let no connection be made; trying again gives the same until the URL is changed.
    Refused(Refusal),
}

/// Why an attempt may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The receiver answered something else than 2xx and 410.
    #[error("the receiver answered {0}")]
    Status(u16),
    /// It took too long.
    #[error("it took too long")]
    Timeout,
    /// The name has no address now.
    #[error("the name has no address now")]
    Unresolved,
    /// No connection, no trusted certificate, or no answer in HTTP.
    #[error("no connection could be made")]
    Connection,
}

/// Delivers messages.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    guard: Guard,
    times: Times,
}

impl Sender {
    /// Needs a process-wide TLS provider, which the binary installs first.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(guard: Guard, times: Times) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("medbot/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(times.connect)
            .build()?;
        Ok(Self {
            client,
            guard,
            times,
        })
    }

    /// Makes one attempt. Every secret signs.
    pub async fn send(&self, url: &str, secrets: &[Secret], message: &Message) -> Attempt {
        let end = Instant::now() + self.times.whole;
        let answer = match timeout_at(end, self.post(url, secrets, message)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(attempt)) => return attempt,
            Err(_) => return retry(Cause::Timeout),
        };
        let attempt = judge(&answer);
        // What the status said holds, however slowly the body comes.
        let _ = timeout_at(end, read_a_little(answer)).await;
        attempt
    }

    async fn post(
        &self,
        url: &str,
        secrets: &[Secret],
        message: &Message,
    ) -> Result<Response, Attempt> {
        let url = self.guard.read(url).map_err(Attempt::Refused)?;
        let (id, timestamp) = (message.id.to_string(), message.timestamp.timestamp());
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                "webhook-signature",
                signatures(secrets, &id, timestamp, &message.body),
            )
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(message.body.clone());
        request.send().await.map_err(|error| explain(&error))
    }
}

async fn read_a_little(mut answer: Response) {
    let mut read = 0;
    while read < BODY_BYTES
        && let Ok(Some(piece)) = answer.chunk().await
    {
        read += piece.len();
    }
}

fn judge(answer: &Response) -> Attempt {
    let status = answer.status();
    if status.is_success() {
        return Attempt::Delivered;
    }
    if status == StatusCode::GONE {
        return Attempt::Gone;
    }
    let after = answer.headers().get(header::RETRY_AFTER);
    Attempt::Retry {
        after: after
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, Utc::now())),
        cause: Cause::Status(status.as_u16()),
    }
}

/// The guard's word comes back as one of the causes of the client's error.
fn explain(error: &reqwest::Error) -> Attempt {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let refusal = causes.filter_map(|cause| cause.downcast_ref::<Refusal>());
    match refusal.last() {
        Some(Refusal::Unresolved) => retry(Cause::Unresolved),
        Some(&refusal) => Attempt::Refused(refusal),
        None if error.is_timeout() => retry(Cause::Timeout),
        None => retry(Cause::Connection),
    }
}

fn retry(cause: Cause) -> Attempt {
    Attempt::Retry { after: None, cause }
}

#[cfg(test)]
mod tests;
