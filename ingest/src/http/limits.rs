//! How often one may ask: a key, a tenant, and an address before it is known who asks. Tokens flow back
//! evenly (GCRA), so a burst may take a minute's share at once. Processes count together where they have a Redis;
//! otherwise, and while it does not answer, every process counts for itself.

mod here;

use std::{fmt::Display, iter, net::IpAddr, num::NonZeroU32, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use here::Here;
use infra::{
    db::Caller,
    together::{Count, Together},
};

use super::{Api, peer, problem::ApiError};

/// Requests a minute; none is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Of an address.
    pub address: Option<NonZeroU32>,
    /// Of a key, with its sessions.
    pub key: Option<NonZeroU32>,
    /// Of a tenant.
    pub tenant: Option<NonZeroU32>,
}

/// Of an address, requests a minute whose sender is not known. Then it is left standing for a while.
const STRANGERS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Of an address, questions a minute of guests.
const GUESTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Counts requests.
pub struct Limits {
    rates: Rates,
    here: Here,
    together: Option<Together>,
}

impl Limits {
    /// Limits that were never touched, with the counts that processes share where they do.
    #[must_use]
    pub fn new(rates: &Rates, together: Option<Together>) -> Self {
        Self {
            rates: *rates,
            here: Here::new(rates),
            together,
        }
    }

    /// One more request of somebody who is known.
    pub(super) async fn caller(&self, caller: &Caller) -> Result<(), ApiError> {
        let key = self.rates.key.map(|quota| count("key", &caller.id, quota));
        let tenant = self.rates.tenant;
        let tenant = tenant.map(|quota| count("tenant", &caller.tenant, quota));
        let counts: Vec<Count> = key.into_iter().chain(tenant).collect();
        let taken = match self.together(&counts).await {
            Some(taken) => taken.map(drop),
            None => self.here.caller(caller),
        };
        taken.map_err(too_many)
    }

    /// One more question of a guest.
    pub(super) async fn guest(&self, address: IpAddr) -> Result<(), ApiError> {
        let taken = match self.together(&[count("guest", &address, GUESTS)]).await {
            Some(taken) => taken.map(drop),
            None => self.here.guest(address),
        };
        taken.map_err(too_many)
    }

    /// One more request of an address: how many more there is room for, where there is a limit.
    async fn address(&self, address: IpAddr) -> Result<Option<u32>, ApiError> {
        let mut strangers = count("stranger", &address, STRANGERS);
        strangers.takes = false;
        let own = self.rates.address;
        let own = own.map(|quota| count("address", &address, quota));
        let counts: Vec<Count> = iter::once(strangers).chain(own).collect();
        let left = match self.together(&counts).await {
            Some(taken) => taken.map(|left| self.rates.address.map(|_| left)),
            None => self.here.address(address),
        };
        left.map_err(too_many)
    }

    /// One more request of an address by nobody who is known.
    async fn stranger(&self, address: IpAddr) {
        let counts = [count("stranger", &address, STRANGERS)];
        if self.together(&counts).await.is_none() {
            self.here.stranger(address);
        }
    }

    /// What the processes' common counts say; none where there are none.
    async fn together(&self, counts: &[Count]) -> Option<Result<u32, Duration>> {
        match &self.together {
            Some(together) if !counts.is_empty() => together.take(counts).await,
            _ => None,
        }
    }
}

/// One more request, of these requests a minute.
fn count(kind: &str, whose: &dyn Display, quota: NonZeroU32) -> Count {
    Count {
        name: format!("{kind}:{whose}"),
        quota,
        takes: true,
    }
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::TooMany(seconds(wait))
}

/// Whole seconds, at least one.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

/// Counts a request of an address; the answer says how many more it may send
/// (`RateLimit` header fields for HTTP, draft 10 of the IETF's working group).
pub(super) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let address = peer::address(
        request.extensions(),
        request.headers(),
        &api.trusted_proxies,
    );
    // Without a connection there is no address: a request within the process.
    let Some(address) = address else {
        return next.run(request).await;
    };
    let left = match api.limits.address(address).await {
        Ok(left) => left,
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        api.limits.stranger(address).await;
    }
    if let Some((quota, rest)) = api.limits.rates.address.zip(left) {
        let headers = response.headers_mut();
        let policy = HeaderValue::from_str(&format!("\"address\";q={quota};w=60"));
        let limit = HeaderValue::from_str(&format!("\"address\";r={rest}"));
        if let (Ok(policy), Ok(limit)) = (policy, limit) {
            headers.insert("ratelimit-policy", policy);
            headers.insert("ratelimit", limit);
        }
    }
    response
}
