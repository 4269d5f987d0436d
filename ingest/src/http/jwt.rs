//! Tokens of an identity provider (Keycloak, Auth0, Entra, Supabase): JWT (RFC 7519) signed with RS256 or
//! ES256 by a key of its JWKS (RFC 7517), or with HS256 by a secret that both know.
//!
//! The algorithm is never taken on the token's word (RFC 8725): a symmetric one is for the secret alone,
//! an asymmetric one for a public key of its own kind. Tenant and role stand in claims that settings name.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infra::db::{Caller, Role, Token};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use schemas::TenantId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    discovery::{Discovery, private},
    problem::ApiError,
};

/// The keys of a provider are asked for again no more often, whatever tokens say.
const PATIENCE: Duration = Duration::from_mins(1);
/// And as often at least.
const STALE: Duration = Duration::from_hours(1);

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
    /// The claim with the role or a list of roles: its name, or a path with dots.
    pub role_claim: String,
    /// The claim with the tenant's id: its name, or a path with dots.
    pub tenant_claim: String,
}

/// Checks tokens.
pub struct Tokens {
    provider: Provider,
    discovery: Discovery,
    keys: Mutex<Keys>,
}

/// What a good token says.
pub(super) struct Said {
    /// Whom it speaks for.
    pub caller: Caller,
    /// When it was made, where it says so.
    pub made_at: Option<DateTime<Utc>>,
    /// What it alone is called: its `jti`, or where it has none a digest of what is signed.
    pub id: String,
}

impl Said {
    /// As the database knows whether it was taken back.
    pub(super) fn token(&self) -> Token<'_> {
        Token {
            caller: &self.caller,
            made_at: self.made_at,
            id: &self.id,
        }
    }
}

/// The longest `jti` that a token is known by, in bytes.
pub(super) const LONGEST_ID: usize = 1000;

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
        Ok(Self {
            discovery: Discovery::new(&provider.issuer)?,
            provider,
            keys: Mutex::default(),
        })
    }

    /// Where the provider answers what.
    pub(super) fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// What a good token says. Whether it was taken back the database knows.
    pub(super) async fn said(&self, token: &str) -> Result<Said, ApiError> {
        let claims = self.claims(token, &self.provider.audience).await?;
        self.person(token, &claims)
    }

    /// What a good ID token says, which this client was given for a sign-in with this nonce (`OpenID`
    /// Connect Core 1.0, 3.1.3.7).
    pub(super) async fn signed_in(
        &self,
        token: &str,
        client: &str,
        nonce: &str,
    ) -> Result<Said, ApiError> {
        let claims = self.claims(token, client).await?;
        let text = |name: &str| {
            claims
                .get(name)
                .map(|claim| claim.as_str().unwrap_or_default())
        };
        let for_several = claims.get("aud").and_then(Value::as_array);
        let for_several = for_several.is_some_and(|all| all.len() > 1);
        if text("azp").map_or(for_several, |party| party != client) {
            return Err(refused("it was made for another client"));
        }
        let given = text("nonce").unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(nonce.as_bytes())) {
            return Err(refused("it belongs to another sign-in"));
        }
        self.person(token, &claims)
    }

    /// What a good token for this audience claims.
    async fn claims(&self, token: &str, audience: &str) -> Result<Value, ApiError> {
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
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        decode::<Value>(token, &key, &validation)
            .map(|token| token.claims)
            .map_err(|_| refused("signature, issuer, audience or time do not hold"))
    }

    /// Whom the claims of a good token name.
    fn person(&self, token: &str, claims: &Value) -> Result<Said, ApiError> {
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.ok_or_else(|| refused("it has no subject"))?;
        let role = claim(claims, &self.provider.role_claim)
            .and_then(only_role)
            .ok_or(ApiError::Forbidden)?;
        let tenant = claim(claims, &self.provider.tenant_claim)
            .and_then(Value::as_str)
            .and_then(|tenant| tenant.parse().ok())
            .ok_or(ApiError::Forbidden)?;
        let made_at = claims.get("iat").and_then(Value::as_f64);
        Ok(Said {
            caller: Caller {
                id: self.id(subject),
                tenant: TenantId(tenant),
                role,
            },
            made_at: made_at.and_then(|at| DateTime::from_timestamp_micros((at * 1e6) as i64)),
            id: id_of(token, claims),
        })
    }

    /// A person's id: the subject itself where it is a UUID, otherwise one that follows from it.
    pub(super) fn id(&self, subject: &str) -> Uuid {
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
        if let Some(url) = &self.provider.jwks_url {
            return self.discovery.json(url).await;
        }
        let endpoints = self.discovery.endpoints().await;
        let endpoints = endpoints.map_err(|_| anyhow!("it does not say where they are"))?;
        let url = endpoints.jwks_uri.as_ref();
        let url = url.context("the discovery document names no keys")?;
        self.discovery.json(url.as_str()).await
    }
}

/// What a token alone is called. Without a `jti` (RFC 7519, 4.1.7) it is told by what is signed: the signature itself
/// may be written in several ways.
fn id_of(token: &str, claims: &Value) -> String {
    let named = claims.get("jti").and_then(Value::as_str);
    let named = named.filter(|id| (1..=LONGEST_ID).contains(&id.len()));
    named.map_or_else(
        || {
            let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
            let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(signed));
            format!("sha256:{digest}")
        },
        str::to_owned,
    )
}

/// The claim of this name, or at this path with dots. A name may have dots itself: Auth0's are URLs, and
/// Keycloak's clients may be called so.
fn claim<'a>(within: &'a Value, path: &str) -> Option<&'a Value> {
    within.get(path).or_else(|| {
        let mut dots = path.match_indices('.');
        dots.find_map(|(dot, _)| claim(within.get(&path[..dot])?, &path[dot + 1..]))
    })
}

/// The role of a text, or the one of a list that is a role here: Keycloak and Entra list other roles beside it.
/// None of several, of which nobody could say which is meant.
fn only_role(claim: &Value) -> Option<Role> {
    let names = claim
        .as_array()
        .map_or(std::slice::from_ref(claim), Vec::as_slice);
    let mut roles = names.iter().filter_map(Value::as_str).filter_map(Role::of);
    let role = roles.next()?;
    roles.all(|other| other == role).then_some(role)
}

fn refused(why: &str) -> ApiError {
    tracing::info!(why, "a token is refused");
    ApiError::Unauthenticated
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
    // RFC 7517, 4.2: a key that is for encryption signs nothing.
    let signs = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    said && kind && signs
}

#[cfg(test)]
mod tests {
    use infra::db::Role;
    use serde_json::json;

    use super::{LONGEST_ID, claim, id_of, only_role};

    #[test]
    fn a_token_is_called_by_its_id_or_by_what_is_signed() {
        let id = |token: &str, jti: serde_json::Value| id_of(token, &json!({"jti": jti}));
        assert_eq!(id("a.b.c", json!("one")), "one");
        let nameless = id("a.b.c", json!(null));
        assert!(nameless.starts_with("sha256:"), "{nameless}");
        for jti in [json!(""), json!(7), json!("x".repeat(LONGEST_ID + 1))] {
            assert_eq!(id("a.b.c", jti), nameless);
        }
        assert_eq!(
            id_of("a.b.d", &json!({})),
            nameless,
            "signed once, written anew"
        );
        assert_ne!(id_of("a.c.c", &json!({})), nameless);
    }

    #[test]
    fn a_role_is_found_in_the_claims_of_every_provider() {
        let keycloak = json!({
            "realm_access": {"roles": ["offline_access", "reviewer", "uma_authorization"]},
            "resource_access": {"medbot.example.org": {"roles": ["analyst"]}},
        });
        let auth0 = json!({
            "https://medbot.example.org/role": "admin",
            "https://medbot.example.org/roles": ["billing", "uploader"],
        });
        let entra = json!({"roles": ["reviewer", "reviewer"], "role": {"s": ["admin"]}});
        for (claims, path, want) in [
            (&keycloak, "realm_access.roles", Some(Role::Reviewer)),
            (
                &keycloak,
                "resource_access.medbot.example.org.roles",
                Some(Role::Analyst),
            ),
            (&keycloak, "realm_access", None),
            (&keycloak, "realm_access.roles.0", None),
            (&auth0, "https://medbot.example.org/role", Some(Role::Admin)),
            (
                &auth0,
                "https://medbot.example.org/roles",
                Some(Role::Uploader),
            ),
            (&auth0, "https://medbot.example.org", None),
            (&entra, "roles", Some(Role::Reviewer)),
            (&entra, "role", None),
            (&entra, "", None),
        ] {
            assert_eq!(claim(claims, path).and_then(only_role), want, "{path}");
        }
        // A name counts before a path that reads the same.
        let both = json!({"a.b": "uploader", "a": {"b": "admin"}});
        assert_eq!(
            claim(&both, "a.b").and_then(only_role),
            Some(Role::Uploader)
        );
        for several in [
            json!(["reviewer", "admin"]),
            json!(["uploader", "x", "analyst"]),
            json!([]),
            json!(["owner"]),
            json!([["admin"]]),
            json!(null),
            json!(1),
        ] {
            assert_eq!(only_role(&several), None, "{several}");
        }
    }
}
