//! Where a page of a list ended: a moment and an id, opaque to clients.

use std::{fmt::Display, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

use super::problem::ApiError;

/// As `next_cursor`.
pub(super) fn written(at: DateTime<Utc>, id: impl Display) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{id}", at.timestamp_micros()))
}

/// As it came back.
pub(super) fn parsed<Id: FromStr>(cursor: &str) -> Result<(DateTime<Utc>, Id), ApiError> {
    let parse = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (micros, id) = text.split_once(':')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some((at, id.parse().ok()?))
    };
    parse().ok_or_else(|| ApiError::BadRequest("`cursor` is no `next_cursor` of an answer".into()))
}
