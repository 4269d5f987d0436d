//! The store in an S3 bucket, Amazon's or any other that speaks its protocol.
//!
//! Path-style addresses and checksums only where the protocol demands them, since that is what every
//! such store takes. Objects are removed one by one, many at a time: the request that removes many
//! is not offered everywhere. Two things are the bucket's owner's: a rule that ends unfinished
//! uploads, and no versioning, since an erase would leave the old versions.

mod failure;
mod settings;
mod upload;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::{ArtefactKey, DocumentId, TenantId};

use super::cut::Cut;
use super::{Body, Listed, Listing, Store, StoreError, StoreErrorKind};
use failure::failure;
pub use settings::{S3Settings, S3SettingsError};
use upload::Upload;

/// Bodies up to this size are one request, larger ones go in parts of it.
const PART_BYTES: usize = 8 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The callers retry too, with longer pauses.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How many objects an erase removes at the same time.
const ERASED_AT_ONCE: usize = 16;

/// A store in a bucket.
#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// A store with those settings; it is not asked anything yet.
    ///
    /// # Errors
    /// When the endpoint is not one to talk to.
    pub fn open(settings: &S3Settings) -> Result<Self, S3SettingsError> {
        settings.check()?;
        let mut tls = TlsContext::builder();
        if settings.is_plaintext() {
            // A machine without certificates can still talk to itself.
            tls = tls.with_trust_store(TrustStore::empty());
        }
        let tls = tls.build().map_err(|_| S3SettingsError::Certificates)?;
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls)
            .build_https();
        let credentials = Credentials::new(
            &settings.access_key,
            settings.secret_key.as_str(),
            settings.session_token.as_ref().map(|t| t.to_string()),
            None,
            "medbot",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(settings.attempt_timeout)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_PAUSE)
            .with_max_backoff(10 * FIRST_PAUSE);
        let mut config = Config::builder()
            .region(Region::new(settings.region.clone()))
            .force_path_style(true)
            .credentials_provider(credentials)
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(retries)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let endpoint = settings.endpoint.as_ref();
        config.set_endpoint_url(endpoint.map(|e| e.as_str().trim_end_matches('/').to_owned()));
        let prefix = settings.prefix.trim_matches('/');
        Ok(Self {
            client: Client::from_conf(config.build()),
            bucket: settings.bucket.clone(),
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
        })
    }

    fn name(&self, key: impl std::fmt::Display) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn remove(&self, name: impl Into<String>) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(name);
        match request.send().await.map_err(|error| failure(&error)) {
            Err(error) if error.kind != StoreErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for S3 {
    async fn put(&self, key: ArtefactKey, body: Body) -> Result<u64, StoreError> {
        let (name, content_type) = (self.name(key), key.artefact.content_type());
        let mut cut = Cut::new(body);
        let first = cut.take(PART_BYTES).await?;
        if !cut.is_at_end().await? {
            let upload = Upload::begin(&self.client, &self.bucket, &name, content_type).await?;
            return upload.finish(first, &mut cut).await;
        }
        let size = first.len() as u64;
        let request = self.client.put_object().bucket(&self.bucket).key(name);
        let request = request.content_type(content_type).body(first.into());
        request.send().await.map_err(|error| failure(&error))?;
        Ok(size)
    }

    async fn get(&self, key: ArtefactKey) -> Result<Body, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket);
        let found = request.key(self.name(key)).send().await;
        let found = found.map_err(|error| match failure(&error) {
            error if error.kind == StoreErrorKind::NotFound => StoreError::not_found(key),
            error => error,
        })?;
        let pieces = stream::try_unfold(found.body, async |mut body| {
            let piece = body.try_next().await.map_err(|_| {
                StoreError::new(StoreErrorKind::Unavailable, "an object's body broke off")
            })?;
            Ok(piece.map(|piece| (piece, body)))
        });
        Ok(pieces.boxed())
    }

    async fn delete(&self, key: ArtefactKey) -> Result<(), StoreError> {
        self.remove(self.name(key)).await
    }

    async fn erase(&self, tenant: TenantId, document: DocumentId) -> Result<u64, StoreError> {
        let prefix = self.name(ArtefactKey::prefix(tenant, document));
        let request = self.client.list_objects_v2().bucket(&self.bucket);
        let mut pages = request.prefix(prefix).into_paginator().send();
        let mut erased = 0;
        while let Some(page) = pages.next().await {
            let objects = page.map_err(|error| failure(&error))?.contents;
            let objects = objects.unwrap_or_default();
            erased += objects.len() as u64;
            let names = objects.into_iter().filter_map(|o| o.key);
            stream::iter(names.map(Ok))
                .try_for_each_concurrent(ERASED_AT_ONCE, |name| self.remove(name))
                .await?;
        }
        Ok(erased)
    }

    async fn list(&self) -> Result<Listing, StoreError> {
        let prefix = self.prefix.clone();
        let request = self.client.list_objects_v2().bucket(&self.bucket);
        let pages = request.prefix(&prefix).into_paginator().send();
        let objects = stream::try_unfold(pages, async |mut pages| {
            let Some(page) = pages.next().await else {
                return Ok(None);
            };
            let page = page.map_err(|error| failure(&error))?;
            Ok(Some((page.contents.unwrap_or_default(), pages)))
        });
        let listed = objects.map_ok(move |objects| {
            let listed: Vec<_> = objects
                .into_iter()
                .filter_map(|object| {
                    let key = object.key?;
                    Some(Listed {
                        key: ArtefactKey::parse(key.strip_prefix(&prefix)?)?,
                        bytes: object.size?.cast_unsigned(),
                    })
                })
                .collect();
            stream::iter(listed.into_iter().map(Ok))
        });
        Ok(listed.try_flatten().boxed())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let request = self.client.head_bucket().bucket(&self.bucket);
        match request.send().await {
            Ok(_) => Ok(()),
            // The answer to HEAD has no body, so it does not say what it is that is missing.
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|r| r.status().as_u16() == 404) =>
            {
                let detail = "there is no such bucket";
                Err(StoreError::new(StoreErrorKind::Refused, detail))
            }
            Err(error) => Err(failure(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
