//! Tokens of an identity provider (Keycloak, Auth0, Entra, Supabase): JWT (RFC 7519) signed with RS256 or
//! ES256 by a key of its JWKS (RFC 7517), or with HS256 by a secret that both know.
//!
//! The algorithm is never taken on the token's word (RFC 8725): a symmetric one is for the secret alone,
//! an asymmetric one for a public key of its own kind. Tenant and role stand in claims that settings name.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use infra::db::{Caller, Role};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm},
};
use schemas::TenantId;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use super::problem::ApiError;

/// The keys of a provider are asked for again no more often, whatever tokens say.
const PATIENCE: Duration = Duration::from_mins(1);
/// And as often at least.
const STALE: Duration = Duration::from_hours(1);
/// The longest that a provider may take.
const TIME: Duration = Duration::from_secs(5);
/// What a list of keys may weigh.
const LARGEST: usize = 256 * 1024;

/// How tokens are checked.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Who makes them: the claim `iss`.
    pub issuer: String,
    /// For whom: the claim `aud`.
    pub audience: String,
    /// Its keys; found by the issuer's discovery document when it is not said.
    pub jwks_url: Option<String>,
    /// The secret of HS256; then only that is accepted.
    pub secret: Option<Vec<u8>>,
    /// The claim with the role, a path with dots.
    pub role_claim: String,
    /// The claim with the tenant's id, a path with dots.
    pub tenant_claim: String,
}

/// Checks tokens.
pub struct Tokens {
    provider: Provider,
    client: reqwest::Client,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    set: Option<Arc<JwkSet>>,
    asked: Option<Instant>,
}

impl Tokens {
    /// Gets ready; the provider is first asked when a token comes.
    ///
    /// # Errors
    /// When keys would come in the clear from another machine, or no client can be made.
    pub fn new(provider: Provider, allow_plaintext: bool) -> anyhow::Result<Self> {
        for url in [Some(&provider.issuer), provider.jwks_url.as_ref()]
            .into_iter()
            .flatten()
        {
            if provider.secret.is_none() {
                private(url, allow_plaintext)?;
            }
        }
        let client = reqwest::Client::builder()
            .timeout(TIME)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("the identity provider")?;
        Ok(Self {
            provider,
            client,
            keys: Mutex::default(),
        })
    }

    /// Who a good token speaks for.
    pub(super) async fn caller(&self, token: &str) -> Result<Caller, ApiError> {
        let refused = |why: &str| {
            tracing::info!(why, "a token is refused");
            ApiError::Unauthenticated
        };
        let header = decode_header(token).map_err(|_| refused("its header makes no sense"))?;
        let (algorithm, key) = match (&self.provider.secret, header.alg) {
            (Some(secret), Algorithm::HS256) => {
                let key = DecodingKey::from_secret(secret);
                (Algorithm::HS256, key.map_err(|_| ApiError::Internal)?)
            }
            (None, algorithm @ (Algorithm::RS256 | Algorithm::ES256)) => {
                let jwk = self.key(header.kid.as_deref(), algorithm).await?;
                let jwk = jwk.ok_or_else(|| refused("its key is not the provider's"))?;
                let key = DecodingKey::from_jwk(&jwk);
                (algorithm, key.map_err(|_| refused("its key is damaged"))?)
            }
            _ => return Err(refused("its algorithm is not accepted")),
        };
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.provider.issuer]);
        validation.set_audience(&[&self.provider.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        let claims = decode::<Value>(token, &key, &validation)
            .map_err(|_| refused("signature, issuer, audience or time do not hold"))?
            .claims;
        let claim = |path: &str| path.split('.').try_fold(&claims, |at, part| at.get(part));
        let subject = claim("sub").and_then(Value::as_str);
        let subject = subject.ok_or_else(|| refused("it has no subject"))?;
        let role = claim(&self.provider.role_claim)
            .and_then(Value::as_str)
            .and_then(Role::of)
            .ok_or(ApiError::Forbidden)?;
        let tenant = claim(&self.provider.tenant_claim)
            .and_then(Value::as_str)
            .and_then(|tenant| tenant.parse().ok())
            .ok_or(ApiError::Forbidden)?;
        Ok(Caller {
            id: self.id(subject),
            tenant: TenantId(tenant),
            role,
        })
    }

    /// A person's id: the subject itself where it is a UUID, otherwise one that follows from it.
    fn id(&self, subject: &str) -> Uuid {
        subject.parse().unwrap_or_else(|_| {
            let name = format!("{}\n{subject}", self.provider.issuer);
            Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
        })
    }

    /// The provider's key for a token; it is asked again when the key is new.
    async fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Option<Jwk>, ApiError> {
        let mut keys = self.keys.lock().await;
        let found = |set: &JwkSet| {
            let kid = kid?;
            set.find(kid).filter(|jwk| fits(jwk, algorithm)).cloned()
        };
        let age = keys.asked.map(|asked| asked.elapsed());
        if let (Some(set), Some(age)) = (&keys.set, age)
            && age < STALE
            && let Some(jwk) = found(set)
        {
            return Ok(Some(jwk));
        }
        if age.is_none_or(|age| age >= PATIENCE) {
            keys.asked = Some(Instant::now());
            match self.fetch().await {
                Ok(set) => keys.set = Some(Arc::new(set)),
                Err(error) => {
                    tracing::warn!(%error, "the identity provider's keys cannot be had");
                    if keys.set.is_none() {
                        return Err(ApiError::Unavailable("the identity provider"));
                    }
                }
            }
        }
        match &keys.set {
            Some(set) => Ok(found(set)),
            None => Err(ApiError::Unavailable("the identity provider")),
        }
    }

    async fn fetch(&self) -> anyhow::Result<JwkSet> {
        let url = match &self.provider.jwks_url {
            Some(url) => url.clone(),
            None => {
                let issuer = self.provider.issuer.trim_end_matches('/');
                let url = format!("{issuer}/.well-known/openid-configuration");
                let found: Value = self.json(&url).await?;
                // As OpenID Connect Discovery 1.0 demands of who reads it.
                if found["issuer"] != self.provider.issuer.as_str() {
                    bail!("the discovery document is another issuer's");
                }
                let url = found["jwks_uri"].as_str();
                let url = url
                    .context("the discovery document names no keys")?
                    .to_owned();
                if Url::parse(&url)?.scheme() != Url::parse(issuer)?.scheme() {
                    bail!("the keys are not where the issuer is");
                }
                url
            }
        };
        self.json(&url).await
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        let mut answer = self.client.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST {
                bail!("the answer is too long");
            }
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

/// May this key have made a signature by this algorithm?
fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let said = match (algorithm, &jwk.common.key_algorithm) {
        (_, None) => true,
        (Algorithm::RS256, Some(said)) => *said == KeyAlgorithm::RS256,
        (Algorithm::ES256, Some(said)) => *said == KeyAlgorithm::ES256,
        _ => false,
    };
    let kind = match algorithm {
        Algorithm::RS256 => matches!(jwk.algorithm, AlgorithmParameters::RSA(_)),
        Algorithm::ES256 => matches!(jwk.algorithm, AlgorithmParameters::EllipticCurve(_)),
        _ => false,
    };
    said && kind
}

fn private(url: &str, allow_plaintext: bool) -> anyhow::Result<()> {
    let parsed = Url::parse(url).with_context(|| format!("{url} is no URL"))?;
    let own = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if parsed.scheme() != "https" && !own && !allow_plaintext {
        bail!("keys of an identity provider come by https: {url}");
    }
    Ok(())
}
