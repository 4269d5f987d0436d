//! How often one may ask: a key, a tenant, and an address before it is known who asks. Tokens flow back
//! evenly (GCRA), so a burst may take a minute's share at once. Limit: every process counts for itself.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
};
use infra::db::Caller;
use uuid::Uuid;

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
/// What is as good as new is forgotten after so many requests.
const TIDY: u32 = 4096;

/// Counts requests.
pub struct Limits {
    address: Option<Meter<IpAddr>>,
    key: Option<Meter<Uuid>>,
    tenant: Option<Meter<Uuid>>,
    strangers: Meter<IpAddr>,
    guests: Meter<IpAddr>,
    /// Addresses that are left standing, and until when.
    standing: Mutex<HashMap<IpAddr, Instant>>,
}

/// What one may still ask.
#[derive(Clone, Copy)]
struct Left {
    quota: u32,
    rest: u32,
}

struct Meter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K, StateInformationMiddleware>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Meter<K> {
    fn new(a_minute: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(a_minute)).with_middleware(),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// One more of `key`; or for how long there is no room.
    fn take(&self, key: &K) -> Result<Left, Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY == TIDY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(key) {
            Ok(state) => Ok(Left {
                quota: state.quota().burst_size().get(),
                rest: state.remaining_burst_capacity(),
            }),
            Err(not_until) => Err(not_until.wait_time_from(self.clock.now())),
        }
    }
}

impl Limits {
    /// Limits that were never touched.
    #[must_use]
    pub fn new(rates: &Rates) -> Self {
        Self {
            address: rates.address.map(Meter::new),
            key: rates.key.map(Meter::new),
            tenant: rates.tenant.map(Meter::new),
            strangers: Meter::new(STRANGERS),
            guests: Meter::new(GUESTS),
            standing: Mutex::default(),
        }
    }

    /// One more request of somebody who is known.
    pub(super) fn caller(&self, caller: &Caller) -> Result<(), ApiError> {
        let wait = |wait: Duration| ApiError::TooMany(seconds(wait));
        if let Some(key) = &self.key {
            key.take(&caller.id).map_err(wait)?;
        }
        if let Some(tenant) = &self.tenant {
            tenant.take(&caller.tenant.0).map_err(wait)?;
        }
        Ok(())
    }

    /// One more question of a guest.
    pub(super) fn guest(&self, address: IpAddr) -> Result<(), ApiError> {
        let taken = self.guests.take(&address);
        taken
            .map(drop)
            .map_err(|wait| ApiError::TooMany(seconds(wait)))
    }

    /// One more request of an address.
    fn address(&self, address: IpAddr) -> Result<Option<Left>, ApiError> {
        let now = Instant::now();
        {
            let mut standing = self.standing.lock().unwrap_or_else(|e| e.into_inner());
            standing.retain(|_, until| *until > now);
            if let Some(until) = standing.get(&address) {
                return Err(ApiError::TooMany(seconds(*until - now)));
            }
        }
        let left = self.address.as_ref().map(|meter| meter.take(&address));
        left.transpose()
            .map_err(|wait| ApiError::TooMany(seconds(wait)))
    }

    /// One more request of an address by nobody who is known.
    fn stranger(&self, address: IpAddr) {
        if let Err(wait) = self.strangers.take(&address) {
            let mut standing = self.standing.lock().unwrap_or_else(|e| e.into_inner());
            standing.insert(address, Instant::now() + wait);
        }
    }
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
    let left = match api.limits.address(address) {
        Ok(left) => left,
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        api.limits.stranger(address);
    }
    if let Some(Left { quota, rest }) = left {
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

#[cfg(test)]
mod tests {
    use infra::db::{Caller, Role};
    use schemas::TenantId;
    use uuid::Uuid;

    use super::{Limits, Rates, STRANGERS};

    fn limits(address: u32, key: u32, tenant: u32) -> Limits {
        let [address, key, tenant] = [address, key, tenant].map(|rate| rate.try_into().ok());
        Limits::new(&Rates {
            address,
            key,
            tenant,
        })
    }

    #[test]
    fn a_key_and_a_tenant_have_limits_of_their_own() {
        let limits = limits(0, 3, 5);
        let caller = |id: u128| Caller {
            id: Uuid::from_u128(id),
            tenant: TenantId::DEFAULT,
            role: Role::Admin,
        };
        let asked = |id, times| {
            (0..times)
                .filter(|_| limits.caller(&caller(id)).is_ok())
                .count()
        };
        assert_eq!(asked(1, 5), 3, "of one key");
        assert_eq!(asked(2, 5), 2, "what the tenant has left");
    }

    #[test]
    fn an_address_has_a_limit_and_strangers_a_lower_one() {
        let limits = limits(100, 0, 0);
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().unwrap());
        for _ in 0..=STRANGERS.get() {
            assert!(limits.address(one).is_ok());
            limits.stranger(one);
        }
        assert!(limits.address(one).is_err(), "it is left standing");
        let asked = (0..150).filter(|_| limits.address(other).is_ok()).count();
        assert_eq!(asked, 100);
    }
}
