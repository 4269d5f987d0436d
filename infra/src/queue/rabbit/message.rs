//! A notice as it travels: the task's id as 16 bytes, the trace as header.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use schemas::TaskId;
use uuid::Uuid;

use super::Notice;

const TRACEPARENT: &str = "traceparent";

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// The longest value of the header that is taken: four times what the standard's version 0 needs.
const LONGEST_TRACEPARENT: usize = 220;

pub(super) fn properties(notice: &Notice) -> BasicProperties {
    let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
    let Some(traceparent) = &notice.traceparent else {
        return properties;
    };
    let mut headers = FieldTable::default();
    let value = AMQPValue::LongString(traceparent.as_str().into());
    headers.insert(TRACEPARENT.into(), value);
    properties.with_headers(headers)
}

pub(super) fn body(notice: &Notice) -> [u8; 16] {
    *notice.task.0.as_bytes()
}

/// The notice in a message; none when somebody else's message came here.
pub(super) fn read(body: &[u8], properties: &BasicProperties) -> Option<Notice> {
    let headers = properties.headers().as_ref();
    let traceparent = headers.and_then(|headers| match headers.inner().get(TRACEPARENT) {
        Some(AMQPValue::LongString(value)) => Some(value.as_bytes()),
        _ => None,
    });
    Notice::of_message(body, traceparent)
}

impl Notice {
    /// The notice in a message's body and in its header `traceparent`; none when the body is no task's id. An id
    /// may also stand as text, which is what a person sends by hand. A header that is too long or no text is passed
    /// over.
    #[must_use]
    pub fn of_message(body: &[u8], traceparent: Option<&[u8]>) -> Option<Self> {
        let task = match <[u8; 16]>::try_from(body) {
            Ok(bytes) => Uuid::from_bytes(bytes),
            Err(_) => Uuid::try_parse_ascii(body).ok()?,
        };
        let traceparent = traceparent
            .filter(|value| value.len() <= LONGEST_TRACEPARENT)
            .and_then(|value| std::str::from_utf8(value).ok());
        Some(Self {
            task: TaskId(task),
            traceparent: traceparent.map(str::to_owned),
        })
    }
}
