//! Signing in by an identity provider: OAuth 2.0 authorization code (RFC 6749, 4.1) with PKCE (RFC 7636, S256
//! alone), as `OpenID` Connect Core 1.0 makes a sign-in of it.
//!
//! State, nonce and verifier of a sign-in are digests of one random token, which the browser holds in a cookie
//! and the database as another digest. No crate: what is left beside the check of the ID token, which `jwt` does,
//! is an address, a form and an answer.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::{
    discovery::{self, is_this_machine, private},
    jwt::{Said, Tokens},
    problem::ApiError,
};

/// Where the provider sends people back to, below the service's own address.
pub(super) const CALLBACK: &str = "/v1/sign-in/callback";

/// As what medbot is known to the provider.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id there.
    pub id: String,
    /// A file with its secret; a public client has none.
    pub secret_file: Option<PathBuf>,
    /// What is asked for, `openid` among it.
    pub scope: String,
    /// The address at which people reach this service, without a path.
    pub public_url: Url,
}

impl Client {
    /// An address at which browsers reach the page and keep its cookies: with TLS or on this machine, and without
    /// a path.
    #[must_use]
    pub fn public_url(text: &str) -> Option<Url> {
        let url: Url = text.parse().ok()?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
        let bare = url.as_str() == format!("{}/", url.origin().ascii_serialization());
        (secure && bare).then_some(url)
    }
}

/// Signs people in.
pub struct SignIn {
    client: Client,
    secret: Option<String>,
    callback: Url,
    tokens: Arc<Tokens>,
}

/// A sign-in under way.
pub(super) struct Pending<'a>(pub &'a str);

impl Pending<'_> {
    fn derived(&self, what: &str) -> String {
        let digest = Sha256::new()
            .chain_update(what)
            .chain_update(" of sign-in ")
            .chain_update(self.0)
            .finalize();
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    }

    /// What comes back with the browser.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    /// What comes back in the ID token.
    fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// Proves to the provider that who brings the code also asked for it.
    fn verifier(&self) -> String {
        self.derived("verifier")
    }

    fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }
}

/// What a token endpoint answers, as far as it is used.
#[derive(Deserialize)]
struct Tokened {
    id_token: Option<String>,
}

impl SignIn {
    /// Gets ready; the provider is first asked when somebody signs in.
    ///
    /// # Errors
    /// When codes and tokens would go in the clear to another machine, or the secret cannot be read.
    pub fn new(client: Client, tokens: Arc<Tokens>, allow_plaintext: bool) -> anyhow::Result<Self> {
        private(tokens.discovery().issuer(), allow_plaintext)?;
        let secret = client.secret_file.as_ref().map(|path| {
            let secret = fs::read_to_string(path);
            let secret = secret.context("the file of MEDBOT_OIDC_CLIENT_SECRET_FILE")?;
            anyhow::Ok(secret.trim().to_owned())
        });
        Ok(Self {
            callback: client.public_url.join(CALLBACK)?,
            secret: secret.transpose()?,
            client,
            tokens,
        })
    }

    /// Where the browser goes to sign in.
    pub(super) async fn address(&self, pending: &Pending<'_>) -> Result<Url, ApiError> {
        let endpoints = self.tokens.discovery().endpoints().await?;
        let Some(mut url) = endpoints.authorization_endpoint.clone() else {
            return Err(unsaid("authorization_endpoint"));
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", self.callback.as_str())
            .append_pair("scope", &self.client.scope)
            .append_pair("state", &pending.state())
            .append_pair("nonce", &pending.nonce())
            .append_pair("code_challenge", &pending.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Is this the provider's name? It comes back with the browser where the provider knows RFC 9207.
    pub(super) fn is_issuer(&self, named: &str) -> bool {
        named == self.tokens.discovery().issuer()
    }

    /// Where the browser goes to sign out at the provider too; none where the provider names no such place, or does
    /// not answer. No ID token goes along, as none is kept: the provider may ask the person first.
    pub(super) async fn end(&self) -> Option<Url> {
        let endpoints = self.tokens.discovery().endpoints().await.ok()?;
        let mut url = endpoints.end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.client.id)
            .append_pair("post_logout_redirect_uri", self.client.public_url.as_str());
        Some(url)
    }

    /// Who has signed in, by the code that the browser came back with.
    pub(super) async fn who(&self, code: &str, pending: &Pending<'_>) -> Result<Said, ApiError> {
        let token = self.exchange(code, pending).await?;
        let (client, nonce) = (&self.client.id, pending.nonce());
        let said = self.tokens.signed_in(&token, client, &nonce).await;
        said.map_err(|error| match error {
            ApiError::Unauthenticated => ApiError::SignIn(
                "what the identity provider says of you does not hold; ask your administrator",
            ),
            ApiError::Forbidden => ApiError::NoPart,
            other => other,
        })
    }

    async fn exchange(&self, code: &str, pending: &Pending<'_>) -> Result<String, ApiError> {
        let discovery = self.tokens.discovery();
        let endpoints = discovery.endpoints().await?;
        let Some(url) = endpoints.token_endpoint.clone() else {
            return Err(unsaid("token_endpoint"));
        };
        let verifier = pending.verifier();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.callback.as_str()),
            ("code_verifier", &verifier),
        ];
        let request = match &self.secret {
            Some(secret) if !endpoints.wants_secret_in_body() => {
                // RFC 6749, 2.3.1: both are encoded before they are joined.
                let [id, secret] = [&self.client.id, secret].map(|part| {
                    form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>()
                });
                discovery.form(url, &fields).basic_auth(id, Some(secret))
            }
            secret => {
                fields.push(("client_id", &self.client.id));
                let secret = secret.as_deref().map(|secret| ("client_secret", secret));
                fields.extend(secret);
                discovery.form(url, &fields)
            }
        };
        let away = |error: &dyn std::fmt::Display| {
            tracing::warn!(%error, "the identity provider gives no token");
            ApiError::Unavailable("the identity provider")
        };
        let answer = request.send().await.map_err(|e| away(&e.without_url()))?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(away(&status));
        }
        let body = discovery::body(answer).await.map_err(|e| away(&e))?;
        if !status.is_success() {
            // What it says besides may quote what it was sent.
            tracing::warn!(%status, "the identity provider refuses a code");
            return Err(ApiError::SignIn(
                "the identity provider does not accept this sign-in; begin again, and ask your \
                 administrator if it stays so",
            ));
        }
        let token = serde_json::from_slice::<Tokened>(&body).ok();
        token.and_then(|token| token.id_token).ok_or_else(|| {
            tracing::warn!("the identity provider gives no ID token: is `openid` in the scope?");
            ApiError::Unavailable("the identity provider")
        })
    }
}

fn unsaid(endpoint: &str) -> ApiError {
    tracing::warn!(
        endpoint,
        "the discovery document does not name what a sign-in needs"
    );
    ApiError::Unavailable("the identity provider")
}

#[cfg(test)]
mod tests {
    use super::{Client, Pending};

    #[test]
    fn a_public_url_is_an_origin_that_keeps_secure_cookies() {
        for (text, good) in [
            ("https://medbot.example.org", true),
            ("https://medbot.example.org:8443/", true),
            ("http://127.0.0.1:8080", true),
            ("http://medbot.example.org", false),
            ("https://medbot.example.org/medbot", false),
            ("https://user@medbot.example.org", false),
            ("https://medbot.example.org/?a=b", false),
            ("ftp://127.0.0.1", false),
            ("medbot.example.org", false),
        ] {
            assert_eq!(Client::public_url(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_sign_in_tells_the_rest() {
        let pending = Pending("token");
        let all = [
            pending.state(),
            pending.nonce(),
            pending.verifier(),
            pending.challenge(),
        ];
        for (n, one) in all.iter().enumerate() {
            // RFC 7636, 4.1: a verifier has 43 characters at least.
            assert_eq!(one.len(), 43);
            assert!(!all[..n].contains(one));
        }
        assert_ne!(pending.state(), Pending("other").state());
    }
}
