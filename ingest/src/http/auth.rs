//! Who asks: an API key as bearer, or nobody on a loopback address where the operator says so.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use infra::db::{Caller, Role};
use schemas::TenantId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Api, problem::ApiError};

/// How callers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By a key.
    Keys,
    /// Whoever asks is the administrator. Only on a loopback address.
    Off,
}

/// The caller of a request.
pub(crate) struct Known(pub Caller);

impl Known {
    /// Lets only callers of these roles go on, and administrators.
    pub(crate) fn as_one_of(&self, roles: &[Role]) -> Result<Caller, ApiError> {
        let role = self.0.role;
        if role == Role::Admin || roles.contains(&role) {
            Ok(self.0)
        } else {
            Err(ApiError::Forbidden)
        }
    }
}

/// A new key of 256 random bits.
#[must_use]
pub fn new_key() -> String {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let (c, d) = (Uuid::new_v4(), Uuid::new_v4());
    // A version 4 id has 122 random bits, so four have more than enough.
    let bits: [u8; 32] = Sha256::new()
        .chain_update(a)
        .chain_update(b)
        .chain_update(c)
        .chain_update(d)
        .finalize()
        .into();
    format!("mbk_{}", BASE64_URL_SAFE_NO_PAD.encode(bits))
}

/// The digest that a key is known by.
#[must_use]
pub fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl FromRequestParts<Api> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        if api.authentication == Authentication::Off {
            return Ok(Self(Caller {
                id: Uuid::nil(),
                tenant: TenantId::DEFAULT,
                role: Role::Admin,
            }));
        }
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| {
                let (scheme, key) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
            })
            .ok_or(ApiError::Unauthenticated)?;
        api.db
            .caller(&digest(key))
            .await?
            .map(Self)
            .ok_or(ApiError::Unauthenticated)
    }
}
