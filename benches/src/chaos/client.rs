//! A client of the API that has seen it die before.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode, header};
use schemas::{DocumentId, JobId, TenantId};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Between two attempts.
const REST: Duration = Duration::from_millis(200);

/// One clinic's client.
#[derive(Clone)]
pub(super) struct Client {
    pub tenant: TenantId,
    pub webhook: Option<Uuid>,
    base: String,
    key: String,
    http: reqwest::Client,
}

/// A 202.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub job: JobId,
    pub document: DocumentId,
    pub duplicate: bool,
}

/// Attributes of an upload.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub file: String,
    pub urgent: bool,
    pub idempotency_key: Option<String>,
    pub webhook: bool,
}

/// What an upload that was not taken was answered.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// No answer, or a 5xx: nobody knows whether it was taken.
    Unanswered,
    /// A request with the same key is under way, or was when its process died.
    Pending,
    /// Anything else.
    Other(StatusCode),
}

impl Client {
    pub fn new(base: &str, tenant: TenantId, key: String) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .context("an HTTP client")?;
        Ok(Self {
            tenant,
            webhook: None,
            base: base.into(),
            key,
            http,
        })
    }

    /// The secret.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where the API is.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
    }

    pub async fn is_ready(&self) -> bool {
        let said = self.request(Method::GET, "/readyz").send().await;
        said.is_ok_and(|said| said.status().is_success())
    }

    pub async fn add_webhook(&mut self, url: &str) -> anyhow::Result<()> {
        let said = self
            .request(Method::POST, "/v1/webhooks")
            .json(&serde_json::json!({ "url": url }))
            .send()
            .await?
            .error_for_status()?;
        let made: Value = said.json().await?;
        self.webhook = made["id"].as_str().and_then(|id| id.parse().ok());
        Ok(())
    }

    /// Uploads once.
    pub async fn upload(&self, bytes: &[u8], wish: &Wish) -> Result<Taken, NotTaken> {
        let mut query = Vec::new();
        if wish.urgent {
            query.push(("priority", "urgent".to_owned()));
        }
        if let Some(webhook) = self.webhook.filter(|_| wish.webhook) {
            query.push(("webhook", webhook.to_string()));
        }
        let mut request = self
            .request(Method::POST, "/v1/documents")
            .query(&query)
            .header(
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}\"", wish.file),
            )
            .body(bytes.to_vec());
        if let Some(key) = &wish.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let said = request.send().await.map_err(|_| NotTaken::Unanswered)?;
        match said.status() {
            StatusCode::ACCEPTED => taken(said).await.ok_or(NotTaken::Unanswered),
            StatusCode::CONFLICT => Err(NotTaken::Pending),
            status if status.is_server_error() => Err(NotTaken::Unanswered),
            status => Err(NotTaken::Other(status)),
        }
    }

    /// Cancels once; none when nobody knows what came of it.
    pub async fn cancel(&self, job: JobId) -> Option<StatusCode> {
        let said = self.request(Method::DELETE, &format!("/v1/jobs/{job}"));
        let status = said.send().await.ok()?.status();
        (!status.is_server_error()).then_some(status)
    }

    /// Asks until there is an answer other than 5xx, for a while.
    pub async fn get(&self, path: &str) -> anyhow::Result<Response> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let trouble = match self.request(Method::GET, path).send().await {
                Ok(said) if !said.status().is_server_error() => return Ok(said),
                Ok(said) => format!("{}", said.status()),
                Err(error) => error.without_url().to_string(),
            };
            if Instant::now() > deadline {
                anyhow::bail!("no answer: {trouble}");
            }
            sleep(REST).await;
        }
    }
}

async fn taken(said: Response) -> Option<Taken> {
    let body: Value = said.json().await.ok()?;
    let job = body["jobs"].get(0)?;
    Some(Taken {
        job: job["job_id"].as_str()?.parse().ok()?,
        document: job["document_id"].as_str()?.parse().ok()?,
        duplicate: job["duplicate"].as_bool()?,
    })
}
