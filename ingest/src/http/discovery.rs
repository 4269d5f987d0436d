//! What an identity provider says of itself (`OpenID` Connect Discovery 1.0): where its keys lie, where people
//! sign in and out, and where a code becomes a token. It is believed for an hour.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::problem::ApiError;

/// For how long it is believed.
const STALE: Duration = Duration::from_hours(1);
/// A provider that did not answer is left alone for so long, whoever asks.
const REST: Duration = Duration::from_secs(5);
/// The longest that a provider may take.
const TIME: Duration = Duration::from_secs(5);
/// What an answer may weigh, in bytes.
const LARGEST: usize = 256 * 1024;

/// Where a provider answers what.
#[derive(Debug, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    /// Its keys.
    pub jwks_uri: Option<Url>,
    /// Where people sign in.
    pub authorization_endpoint: Option<Url>,
    /// Where a code becomes a token.
    pub token_endpoint: Option<Url>,
    /// Where people sign out (`OpenID` Connect RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<Url>,
    /// How a client may prove there who it is.
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Endpoints {
    /// Does the token endpoint take a client's secret in the body alone? In the header unless it says so.
    pub(super) fn wants_secret_in_body(&self) -> bool {
        let has = |method: &str| {
            let methods = &self.token_endpoint_auth_methods_supported;
            methods.iter().any(|given| given == method)
        };
        has("client_secret_post") && !has("client_secret_basic")
    }
}

/// Asks a provider.
pub(super) struct Discovery {
    issuer: String,
    client: reqwest::Client,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    endpoints: Option<(Instant, Arc<Endpoints>)>,
    failed: Option<Instant>,
}

impl Discovery {
    /// Gets ready; the provider is first asked when somebody needs to know.
    ///
    /// # Errors
    /// When no client can be made.
    pub(super) fn new(issuer: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIME)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("the identity provider")?;
        Ok(Self {
            issuer: issuer.to_owned(),
            client,
            found: Mutex::default(),
        })
    }

    /// The provider's name, as its tokens have it.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it says. An old answer is better than none.
    pub(super) async fn endpoints(&self) -> Result<Arc<Endpoints>, ApiError> {
        let mut found = self.found.lock().await;
        let old = found.endpoints.clone();
        if let Some((asked, endpoints)) = &old
            && asked.elapsed() < STALE
        {
            return Ok(Arc::clone(endpoints));
        }
        if found.failed.is_none_or(|at| at.elapsed() >= REST) {
            match self.ask().await {
                Ok(endpoints) => {
                    let endpoints = Arc::new(endpoints);
                    found.endpoints = Some((Instant::now(), Arc::clone(&endpoints)));
                    return Ok(endpoints);
                }
                Err(error) => {
                    found.failed = Some(Instant::now());
                    tracing::warn!(%error, "the identity provider does not say where it answers");
                }
            }
        }
        old.map(|(_, endpoints)| endpoints)
            .ok_or(ApiError::Unavailable("the identity provider"))
    }

    async fn ask(&self) -> anyhow::Result<Endpoints> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let found: Endpoints = self.json(&url).await?;
        // As OpenID Connect Discovery 1.0 demands of who reads it.
        if found.issuer != self.issuer {
            bail!("the discovery document is another issuer's");
        }
        let scheme = Url::parse(issuer)?.scheme().to_owned();
        let named = [
            &found.jwks_uri,
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.end_session_endpoint,
        ];
        if named
            .into_iter()
            .flatten()
            .any(|url| url.scheme() != scheme)
        {
            bail!("the discovery document names addresses of another scheme than the issuer's");
        }
        Ok(found)
    }

    /// The JSON at an address.
    pub(super) async fn json<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        let answer = self.client.get(url).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&body(answer).await?)?)
    }

    /// A form to be sent to an address.
    pub(super) fn form(&self, url: Url, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = "application/x-www-form-urlencoded";
        self.client
            .post(url)
            .header(http::header::CONTENT_TYPE, kind)
            .header(http::header::ACCEPT, "application/json")
            .body(form)
    }
}

/// A body that is not too long.
pub(super) async fn body(mut answer: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > LARGEST {
            bail!("the answer is too long");
        }
    }
    Ok(body)
}

/// Refuses an address on another machine that is spoken to in the clear.
///
/// # Errors
/// When it is one, or none at all.
pub(super) fn private(url: &str, allow_plaintext: bool) -> anyhow::Result<()> {
    let parsed = Url::parse(url).with_context(|| format!("{url} is no URL"))?;
    if parsed.scheme() != "https" && !is_this_machine(&parsed) && !allow_plaintext {
        bail!("an identity provider is spoken to by https: {url}");
    }
    Ok(())
}

/// Does what is sent there stay on this machine?
pub(super) fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
