//! What an S3 server's or a connection's failure means to whoever asked the store.
//!
//! The server's own message is not kept, since it may repeat the key.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::{StoreError, StoreErrorKind};

/// The failure of a request in the store's words.
pub(super) fn failure<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    use StoreErrorKind::{Refused, Unavailable};
    match error {
        SdkError::TimeoutError(_) => StoreError::new(Unavailable, "no answer came in time"),
        SdkError::DispatchFailure(failed) if failed.is_timeout() => {
            StoreError::new(Unavailable, "no connection came about in time")
        }
        SdkError::DispatchFailure(failed) => {
            let cause = failed.as_connector_error().map(|e| innermost(e));
            let detail = format!("no connection: {}", cause.unwrap_or_default());
            StoreError::new(Unavailable, detail)
        }
        SdkError::ResponseError(_) => StoreError::new(Unavailable, "the answer broke off"),
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            meaning(status, answer.err().code())
        }
        _ => StoreError::new(Refused, "a request could not be made of the settings"),
    }
}

/// What an answer other than success means.
fn meaning(status: u16, code: Option<&str>) -> StoreError {
    use StoreErrorKind::{NotFound, Refused, Unavailable};
    let answered = format!(
        "it answered {} ({status})",
        code.unwrap_or("without a code")
    );
    let (kind, detail) = match (code, status) {
        (Some("NoSuchKey"), _) => (NotFound, answered),
        (Some("NoSuchBucket"), _) => (Refused, "there is no such bucket".into()),
        (
            Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken"),
            _,
        ) => (
            Refused,
            format!("it does not know the credentials: {answered}"),
        ),
        (Some("RequestTimeTooSkewed"), _) => (Refused, "this machine's clock is wrong".into()),
        // Somebody ended the upload, a part was spoilt on its way, two asked at once, the disks are
        // full: try again.
        (Some("NoSuchUpload" | "BadDigest" | "RequestTimeout" | "SlowDown"), _)
        | (_, 408 | 409 | 429 | 500 | 502..=504 | 507) => (Unavailable, answered),
        (_, 401 | 403) => (Refused, format!("it does not allow that: {answered}")),
        _ => (Refused, answered),
    };
    StoreError::new(kind, detail)
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_meanings() {
        use StoreErrorKind::{NotFound, Refused, Unavailable};
        for (status, code, kind) in [
            (404, Some("NoSuchKey"), NotFound),
            (404, Some("NoSuchBucket"), Refused),
            (404, Some("NoSuchUpload"), Unavailable),
            (404, None, Refused),
            (403, Some("AccessDenied"), Refused),
            (403, Some("SignatureDoesNotMatch"), Refused),
            (400, Some("RequestTimeout"), Unavailable),
            (400, Some("InvalidArgument"), Refused),
            (409, Some("OperationAborted"), Unavailable),
            (429, None, Unavailable),
            (500, Some("InternalError"), Unavailable),
            (501, Some("NotImplemented"), Refused),
            (503, Some("SlowDown"), Unavailable),
            (507, Some("InsufficientStorage"), Unavailable),
        ] {
            assert_eq!(meaning(status, code).kind, kind, "{status} {code:?}");
        }
    }
}
