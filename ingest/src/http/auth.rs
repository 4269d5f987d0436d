//! Who asks: an API key or a token of an identity provider as bearer, a session of the page, or nobody on a loopback address where the
//! operator says so.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use infra::{
    audit::{Extent, Occurrence},
    db::{Caller, Role},
};
use schemas::TenantId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Api, audit::Asker, origin, peer, problem::ApiError, sessions};

/// Who may read what documents say.
const READERS: [Role; 2] = [Role::Reviewer, Role::Analyst];

/// How callers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By a key.
    Keys,
    /// Whoever asks is the administrator. Only on a loopback address.
    Off,
}

/// The caller of a request.
pub(crate) struct Known {
    /// Who.
    pub caller: Caller,
    /// When the session ends that the caller is known by; none for a key.
    pub ends_at: Option<DateTime<Utc>>,
    /// Where it is left for the log who asked.
    asker: Asker,
}

impl Known {
    /// Lets callers go on who may read what documents say: by their role, or in an emergency, which the log then says.
    pub(crate) async fn reader(&self, api: &Api) -> Result<Caller, ApiError> {
        match self.as_one_of(&READERS) {
            Err(ApiError::Forbidden) if api.db.is_emergency(&self.caller).await? => {
                self.asker.is_in_emergency();
                Ok(self.caller)
            }
            caller => caller,
        }
    }

    /// Says for the log what was made or changed, where the path does not.
    pub(crate) fn names(&self, id: Uuid) {
        self.asker.names(id);
    }

    /// Something that this caller does, as the log says it, and in whose log.
    pub(crate) fn does(&self, action: &str, object: &str, outcome: u16) -> (TenantId, Occurrence) {
        let what = self.asker.does(action, object.to_owned(), outcome);
        (self.caller.tenant, what)
    }

    /// Says for the log to what a list or a search was narrowed, and how much was given.
    pub(crate) fn was_given(&self, extent: Extent) {
        self.asker.was_given(extent);
    }

    /// Does their role let them read what documents say?
    pub(crate) fn may_read(&self) -> bool {
        self.as_one_of(&READERS).is_ok()
    }

    /// Lets only callers of these roles go on, and administrators.
    pub(crate) fn as_one_of(&self, roles: &[Role]) -> Result<Caller, ApiError> {
        let role = self.caller.role;
        if role == Role::Admin || roles.contains(&role) {
            Ok(self.caller)
        } else {
            Err(ApiError::Forbidden)
        }
    }
}

/// A new key of 256 random bits.
#[must_use]
pub fn new_key() -> String {
    format!("mbk_{}", random())
}

/// 256 random bits as text.
pub(super) fn random() -> String {
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
    BASE64_URL_SAFE_NO_PAD.encode(bits)
}

/// The digest that a token of 256 random bits is known by.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl FromRequestParts<Api> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let asker = parts.extensions.get::<Asker>().cloned();
        let known = Self::of(parts, api, asker.unwrap_or_default()).await?;
        api.limits.caller(&known.caller).await?;
        Ok(known)
    }
}

impl Known {
    /// Who asks. The log is told before anything is refused that depends on more than who it is.
    async fn of(parts: &Parts, api: &Api, asker: Asker) -> Result<Self, ApiError> {
        let known = |caller: Caller, ends_at| {
            asker.is(caller);
            Self {
                caller,
                ends_at,
                asker: asker.clone(),
            }
        };
        let safe = origin::is_safe(&parts.method);
        if api.authentication == Authentication::Off {
            let administrator = Caller {
                id: Uuid::nil(),
                tenant: TenantId::DEFAULT,
                role: Role::Admin,
            };
            let known = known(administrator, None);
            if !safe {
                origin::not_foreign(&parts.headers)?;
            }
            return Ok(known);
        }
        if let Some(given) = parts.headers.get(header::AUTHORIZATION) {
            let key = bearer(given).ok_or(ApiError::Unauthenticated)?;
            // No key of ours has a dot in it.
            let caller = match &api.tokens {
                Some(tokens) if key.contains('.') => {
                    let said = tokens.said(key).await?;
                    if !api.db.is_good_token(said.token()).await? {
                        return Err(ApiError::Unauthenticated);
                    }
                    said.caller
                }
                _ => {
                    let caller = api.keys.caller(&api.db, key).await?;
                    caller.ok_or(ApiError::Unauthenticated)?
                }
            };
            return Ok(known(caller, None));
        }
        let token = sessions::token(&parts.headers).ok_or(ApiError::Unauthenticated)?;
        let session = api.db.session(&digest(token), sessions::LIFE).await?;
        let session = session.ok_or(ApiError::Unauthenticated)?;
        let known = known(session.caller, Some(session.ends_at));
        if !safe {
            origin::own_page(&parts.headers, &sessions::csrf(token))?;
        }
        Ok(known)
    }
}

/// Who asks a route that is open to guests where the site lets them in.
pub(crate) enum Visitor {
    /// Somebody.
    Known(Known),
    /// Nobody in particular, with nothing that could be wrong; counted by address.
    Guest,
}

impl FromRequestParts<Api> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let anonymous =
            !headers.contains_key(header::AUTHORIZATION) && sessions::token(headers).is_none();
        match Known::from_request_parts(parts, api).await {
            Err(ApiError::Unauthenticated) if api.guests && anonymous => {
                let proxies = &api.trusted_proxies;
                if let Some(address) = peer::address(&parts.extensions, &parts.headers, proxies) {
                    api.limits.guest(address).await?;
                }
                Ok(Self::Guest)
            }
            known => known.map(Self::Known),
        }
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
