//! An object in parts, for bodies that are not to be held in memory.
//!
//! One part is on its way while the next is taken from the body, so there are never more than two.
//! Nothing is visible under the key until the last request completes the upload. An upload that
//! fails or is dropped is aborted; when that too fails the server keeps its parts, unseen, until the
//! bucket's rule for unfinished uploads removes them.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::PART_BYTES;
use super::failure::failure;
use crate::store::cut::Cut;
use crate::store::{StoreError, StoreErrorKind};

/// What S3 allows.
const MOST_PARTS: i32 = 10_000;

/// An upload that was begun; dropped unfinished, it is aborted.
pub(super) struct Upload {
    place: Option<Place>,
}

#[derive(Clone)]
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
        Ok(Self { place: Some(place) })
    }

    /// Sends the first part and all that follow, and makes them the object. Gives its size.
    pub(super) async fn finish(mut self, first: Bytes, rest: &mut Cut) -> Result<u64, StoreError> {
        let Some(place) = self.place.clone() else {
            return Ok(0);
        };
        let done = place.send_all(first, rest).await;
        // From here on nothing is left for the drop to abort.
        self.place = None;
        if done.is_err() {
            place.abort().await;
        }
        done
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(place), Ok(runtime)) =
            (self.place.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move { place.abort().await });
        }
    }
}

impl Place {
    async fn send_all(&self, first: Bytes, rest: &mut Cut) -> Result<u64, StoreError> {
        let (mut part, mut size) = (first, 0);
        let mut sent = CompletedMultipartUpload::builder();
        for number in 1..=MOST_PARTS {
            size += part.len() as u64;
            let next = rest.take(PART_BYTES);
            let (done, next) = tokio::try_join!(self.send(number, part), next)?;
            sent = sent.parts(done);
            if next.is_empty() {
                self.complete(sent.build()).await?;
                return Ok(size);
            }
            part = next;
        }
        let detail = format!("it has more than {MOST_PARTS} parts of {PART_BYTES} bytes");
        Err(StoreError::new(StoreErrorKind::Body, detail))
    }

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
