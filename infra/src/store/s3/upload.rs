//! An object in parts, for bodies that are not to be held in memory.
//!
//! One part is on its way while the next is taken from the body, so there are never more than two.
//! Nothing is visible under the key until the last request completes the upload. An upload that
//! fails or is dropped is aborted, but not before the part on its way has arrived: a server may take
//! a late part for a new beginning. When the abort fails too, the server keeps the parts, unseen,
//! until the bucket's rule for unfinished uploads removes them.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::PART_BYTES;
use super::failure::failure;
use crate::store::cut::Cut;
use crate::store::{StoreError, StoreErrorKind};

/// What S3 allows.
const MOST_PARTS: i32 = 10_000;

/// An upload that was begun; dropped unfinished, it is aborted.
pub(super) struct Upload {
    place: Arc<Place>,
    on_its_way: Option<JoinHandle<Result<CompletedPart, StoreError>>>,
    is_open: bool,
}

struct Place {
    client: Client,
    bucket: String,
    key: String,
    id: String,
}

impl Upload {
    pub(super) async fn begin(
        client: &Client,
        bucket: &str,
        key: &str,
        content_type: &str,
    ) -> Result<Self, StoreError> {
        let request = client.create_multipart_upload().bucket(bucket).key(key);
        let begun = request.content_type(content_type).send().await;
        let begun = begun.map_err(|error| failure(&error))?;
        let id = begun.upload_id.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Refused, "it begins an upload without an id")
        })?;
        let place = Place {
            client: client.clone(),
            bucket: bucket.into(),
            key: key.into(),
            id,
        };
        Ok(Self {
            place: Arc::new(place),
            on_its_way: None,
            is_open: true,
        })
    }

    /// Sends the first part and all that follow, and makes them the object. Gives its size.
    pub(super) async fn finish(mut self, first: Bytes, rest: &mut Cut) -> Result<u64, StoreError> {
        let done = self.send_all(first, rest).await;
        if done.is_err()
            && let Some(part) = self.on_its_way.take()
        {
            let _ = part.await;
        }
        self.is_open = false;
        if done.is_err() {
            self.place.abort().await;
        }
        done
    }

    async fn send_all(&mut self, first: Bytes, rest: &mut Cut) -> Result<u64, StoreError> {
        let (mut part, mut size) = (first, 0);
        let mut sent = CompletedMultipartUpload::builder();
        for number in 1..=MOST_PARTS {
            size += part.len() as u64;
            let place = Arc::clone(&self.place);
            let sending = async move { place.send(number, part).await };
            let arrived = self.on_its_way.insert(tokio::spawn(sending));
            let next = rest.take(PART_BYTES).await?;
            let done = arrived.await;
            self.on_its_way = None;
            sent = sent.parts(done.map_err(|_| stopped())??);
            if next.is_empty() {
                self.place.complete(sent.build()).await?;
                return Ok(size);
            }
            part = next;
        }
        let detail = format!("it has more than {MOST_PARTS} parts of {PART_BYTES} bytes");
        Err(StoreError::new(StoreErrorKind::Body, detail))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (place, part) = (Arc::clone(&self.place), self.on_its_way.take());
            runtime.spawn(async move {
                if let Some(part) = part {
                    let _ = part.await;
                }
                place.abort().await;
            });
        }
    }
}

/// The task of a part ended before the part was sent.
fn stopped() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "this process is being stopped")
}

impl Place {
    async fn send(&self, number: i32, part: Bytes) -> Result<CompletedPart, StoreError> {
        let request = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&self.key);
        let request = request.upload_id(&self.id).part_number(number);
        let sent = request.body(part.into()).send().await;
        let sent = sent.map_err(|error| failure(&error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .build())
    }

    async fn complete(&self, parts: CompletedMultipartUpload) -> Result<(), StoreError> {
        let request = self.client.complete_multipart_upload();
        let request = request.bucket(&self.bucket).key(&self.key);
        let request = request.upload_id(&self.id).multipart_upload(parts);
        let completed = request.send().await;
        completed.map(drop).map_err(|error| failure(&error))
    }

    async fn abort(&self) {
        let request = self.client.abort_multipart_upload();
        let request = request.bucket(&self.bucket).key(&self.key);
        if let Err(error) = request.upload_id(&self.id).send().await {
            let error = failure(&error);
            tracing::warn!(%error, "an unfinished upload stays in the bucket");
        }
    }
}
