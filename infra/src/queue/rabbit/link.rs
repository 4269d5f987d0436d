//! A connection that is opened when it is needed, and again when it broke.
//!
//! There is one attempt at a time and all callers wait for it, each until its own deadline. An attempt
//! outlives a caller that gives up, so that a broker which was only frozen is found as soon as it goes
//! on, and no half-open connections pile up. After an attempt that failed there is none for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::time::Instant;

use super::{Names, QueueError, in_time};

/// The first pause after a failure; it doubles up to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// An attempt that is still under way after this long is left to itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// A notice that came back this often is dropped, which ends a spin; PostgreSQL counts the attempts
/// and the sweeper sends it again. Said here because brokers differ in what they do unasked.
const DELIVERY_LIMIT: i32 = 100;

/// An open connection with a channel on which the queues were declared and confirms are on.
pub(super) struct Line {
    pub connection: Connection,
    pub channel: Channel,
}

impl Line {
    fn is_open(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

type Opening = Shared<BoxFuture<'static, Result<Arc<Line>, QueueError>>>;

struct Attempt {
    started: Instant,
    opening: Opening,
}

pub(super) struct Link {
    purpose: &'static str,
    address: AMQPUri,
    names: Names,
    state: Mutex<State>,
}

struct State {
    attempt: Option<Attempt>,
    pause: Duration,
}

impl Link {
    pub fn new(purpose: &'static str, address: AMQPUri, names: Names) -> Self {
        let state = State {
            attempt: None,
            pause: PAUSES.0,
        };
        Self {
            purpose,
            address,
            names,
            state: Mutex::new(state),
        }
    }

    /// The open line.
    ///
    /// # Errors
    /// When it could not be opened, or not until `deadline`.
    pub async fn line(&self, deadline: Instant) -> Result<Arc<Line>, QueueError> {
        in_time(deadline, self.opening()).await
    }

    /// Something on this line did not answer: the next call opens another. Those who still use it
    /// keep it.
    pub fn give_up(&self, line: &Arc<Line>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let current = state.attempt.as_ref().and_then(|a| a.opening.peek());
        if matches!(current, Some(Ok(current)) if Arc::ptr_eq(current, line)) {
            state.attempt = None;
        }
    }

    fn opening(&self) -> Opening {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Attempt { started, opening }) = &state.attempt {
            let (usable, pause) = match opening.peek() {
                None => (started.elapsed() < PATIENCE, PAUSES.0),
                Some(Ok(line)) => (line.is_open(), PAUSES.0),
                Some(Err(_)) => (
                    started.elapsed() < state.pause,
                    PAUSES.1.min(state.pause * 2),
                ),
            };
            if usable {
                return opening.clone();
            }
            state.pause = pause;
        }
        let opening = open(self.purpose, self.address.clone(), self.names.clone())
            .boxed()
            .shared();
        state.attempt = Some(Attempt {
            started: Instant::now(),
            opening: opening.clone(),
        });
        opening
    }
}

async fn open(
    purpose: &'static str,
    address: AMQPUri,
    names: Names,
) -> Result<Arc<Line>, QueueError> {
    let name = format!("medbot {purpose}");
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let opened = async {
        let connection = Connection::connect_uri(address, properties).await?;
        let channel = connection.create_channel().await?;
        for name in names.all() {
            let options = QueueDeclareOptions::durable();
            channel
                .queue_declare(name.into(), options, arguments())
                .await?;
        }
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(Arc::new(Line {
            connection,
            channel,
        }))
    };
    opened.await.map_err(|e: lapin::Error| QueueError::new(e))
}

fn arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    let kind = AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), kind);
    let limit = AMQPValue::LongInt(DELIVERY_LIMIT);
    arguments.insert("x-delivery-limit".into(), limit);
    arguments
}
