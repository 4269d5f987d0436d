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

/// The notice in a message; none when somebody else's message came here. An id may also stand as text,
/// which is what a person sends by hand.
pub(super) fn read(body: &[u8], properties: &BasicProperties) -> Option<Notice> {
    let task = match <[u8; 16]>::try_from(body) {
        Ok(bytes) => Uuid::from_bytes(bytes),
        Err(_) => Uuid::try_parse_ascii(body).ok()?,
    };
    let headers = properties.headers().as_ref();
    let traceparent = headers.and_then(|h| match h.inner().get(TRACEPARENT) {
        Some(AMQPValue::LongString(value)) if value.as_bytes().len() <= LONGEST_TRACEPARENT => {
            std::str::from_utf8(value.as_bytes())
                .ok()
                .map(str::to_owned)
        }
        _ => None,
    });
    Some(Notice {
        task: TaskId(task),
        traceparent,
    })
}
