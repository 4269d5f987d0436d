//! How often one may ask: a key, a tenant, and an address before it is known who asks. Tokens flow back
//! evenly (GCRA), so a burst may take a minute's share at once. Processes count together where they have a Redis;
//! otherwise, and while it does not answer, every process counts for itself.

mod here;

use std::{fmt::Display, iter, net::IpAddr, num::NonZeroU32, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use here::Here;
use infra::{
    db::Caller,
    together::{Count, Full, Together},
};

use super::{Api, peer, problem::ApiError, refusals};

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
        let of_key = self.rates.key.map(|quota| (Whose::Key, quota));
        let of_tenant = self.rates.tenant.map(|quota| (Whose::Tenant, quota));
        let limits: Vec<(Whose, NonZeroU32)> = of_key.into_iter().chain(of_tenant).collect();
        let counts = limits.iter().map(|(whose, quota)| match whose {
            Whose::Tenant => count(*whose, &caller.tenant, *quota),
            _ => count(*whose, &caller.id, *quota),
        });
        let taken = match self.together(&counts.collect::<Vec<_>>()).await {
            Some(taken) => taken.map(drop).map_err(|full| Waits {
                whose: limits[full.count].0,
                quota: limits[full.count].1,
                wait: full.wait,
            }),
            None => self.here.caller(caller),
        };
        taken.map_err(ApiError::TooMany)
    }

    /// One more question of a guest.
    pub(super) async fn guest(&self, address: IpAddr) -> Result<(), ApiError> {
        let address = peer::counted(address);
        let counts = [count(Whose::Guest, &address, GUESTS)];
        let taken = match self.together(&counts).await {
            Some(taken) => taken.map(drop).map_err(|full| full.wait),
            None => self.here.guest(address),
        };
        taken.map_err(|wait| {
            ApiError::TooMany(Waits {
                whose: Whose::Guest,
                quota: GUESTS,
                wait,
            })
        })
    }

    /// One more request of an address: how many more there is room for, where there is a limit.
    async fn address(&self, address: IpAddr) -> Result<Option<u32>, ApiError> {
        let mut strangers = count(Whose::Stranger, &address, STRANGERS);
        strangers.takes = false;
        let own = self.rates.address;
        let own = own.map(|quota| count(Whose::Address, &address, quota));
        let counts: Vec<Count> = iter::once(strangers).chain(own).collect();
        let left = match self.together(&counts).await {
            Some(taken) => taken
                .map(|left| self.rates.address.map(|_| left))
                .map_err(|full| match self.rates.address {
                    Some(quota) if full.count > 0 => Waits {
                        whose: Whose::Address,
                        quota,
                        wait: full.wait,
                    },
                    _ => Waits::of_stranger(full.wait),
                }),
            None => self.here.address(address),
        };
        left.map_err(ApiError::TooMany)
    }

    /// One more request of an address by nobody who is known.
    async fn stranger(&self, address: IpAddr) {
        let counts = [count(Whose::Stranger, &address, STRANGERS)];
        if self.together(&counts).await.is_none() {
            self.here.stranger(address);
        }
    }

    /// What the processes' common counts say; none where there are none.
    async fn together(&self, counts: &[Count]) -> Option<Result<u32, Full>> {
        match &self.together {
            Some(together) if !counts.is_empty() => together.take(counts).await,
            _ => None,
        }
    }
}

/// Whose requests a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Address,
    Key,
    Tenant,
    Stranger,
    Guest,
}

impl Whose {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::Tenant => "tenant",
            Self::Stranger => "stranger",
            Self::Guest => "guest",
        }
    }

    /// As the audit log says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Address => "limit address",
            Self::Key => "limit key",
            Self::Tenant => "limit tenant",
            Self::Stranger => "limit stranger",
            Self::Guest => "limit guest",
        }
    }
}

/// A limit that has no room, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    pub(super) whose: Whose,
    /// Requests a minute.
    pub(super) quota: NonZeroU32,
    pub(super) wait: Duration,
}

impl Waits {
    pub(super) fn of_stranger(wait: Duration) -> Self {
        Self {
            whose: Whose::Stranger,
            quota: STRANGERS,
            wait,
        }
    }

    /// Whole seconds, at least one.
    pub(super) fn seconds(&self) -> u32 {
        u32::try_from(self.wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// Says it in the header fields of an answer.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        tell(headers, self.whose, self.quota, 0, Some(self.seconds()));
    }
}

/// `RateLimit` header fields for HTTP, draft 10 of the IETF's working group: one more item of both lists.
fn tell(headers: &mut HeaderMap, whose: Whose, quota: NonZeroU32, left: u32, wait: Option<u32>) {
    let name = whose.name();
    let wait = wait.map(|seconds| format!(";t={seconds}"));
    let limit = format!("\"{name}\";r={left}{}", wait.unwrap_or_default());
    let policy = HeaderValue::from_str(&format!("\"{name}\";q={quota};w=60"));
    if let (Ok(policy), Ok(limit)) = (policy, HeaderValue::from_str(&limit)) {
        headers.append("ratelimit-policy", policy);
        headers.append("ratelimit", limit);
    }
}

/// One more request, of these requests a minute.
fn count(whose: Whose, of: &dyn Display, quota: NonZeroU32) -> Count {
    Count {
        name: format!("{}:{of}", whose.name()),
        quota,
        takes: true,
    }
}

/// Counts a request of an address; the answer says how many more it may send, after another limit that has no
/// room.
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
    let address = peer::counted(address);
    let left = match api.limits.address(address).await {
        Ok(left) => left,
        Err(error) => {
            let answer = error.into_response();
            let whose = answer.extensions().get().copied();
            refusals::too_many(&api, None, Some(address), whose).await;
            return answer;
        }
    };
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        api.limits.stranger(address).await;
    }
    if let Some((quota, rest)) = api.limits.rates.address.zip(left) {
        let headers = response.headers_mut();
        tell(headers, Whose::Address, quota, rest, None);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use infra::db::{Caller, Role};
    use schemas::TenantId;
    use uuid::Uuid;

    use super::{GUESTS, Limits, Rates, STRANGERS};
    use crate::http::problem::ApiError;

    fn limits(address: u32, key: u32, tenant: u32) -> Limits {
        let [address, key, tenant] = [address, key, tenant].map(|rate| rate.try_into().ok());
        let rates = Rates {
            address,
            key,
            tenant,
        };
        Limits::new(&rates, None)
    }

    fn said(refused: ApiError) -> [String; 3] {
        let answer = refused.into_response();
        assert_eq!(answer.status().as_u16(), 429);
        ["ratelimit-policy", "ratelimit", "retry-after"]
            .map(|name| answer.headers()[name].to_str().unwrap().to_owned())
    }

    /// The names and numbers, with the same wait in both fields.
    fn refused(error: ApiError, whose: &str, quota: u32) {
        let [policy, limit, after] = said(error);
        assert_eq!(policy, format!("\"{whose}\";q={quota};w=60"));
        assert_eq!(limit, format!("\"{whose}\";r=0;t={after}"));
        assert!(matches!(after.parse(), Ok(1..=61)), "{after}");
    }

    #[tokio::test]
    async fn every_refusal_says_which_limit_it_was() {
        let caller = |id: u128| Caller {
            id: Uuid::from_u128(id),
            tenant: TenantId::DEFAULT,
            role: Role::Admin,
        };
        let limits = limits(100, 2, 3);
        for id in [1, 1, 2] {
            limits.caller(&caller(id)).await.unwrap();
        }
        refused(limits.caller(&caller(1)).await.unwrap_err(), "key", 2);
        refused(limits.caller(&caller(3)).await.unwrap_err(), "tenant", 3);

        let address = |text: &str| crate::http::peer::counted(text.parse().unwrap());
        for n in 0..100 {
            // Another address of the same customer each time.
            let asked = limits.address(address(&format!("2001:db8::{n:x}"))).await;
            asked.unwrap();
        }
        let more = limits.address(address("2001:db8::ffff")).await;
        refused(more.unwrap_err(), "address", 100);
        limits.address(address("2001:db8:0:1::1")).await.unwrap();

        let guessing = address("192.0.2.1");
        for _ in 0..=STRANGERS.get() {
            limits.stranger(guessing).await;
        }
        let more = limits.address(guessing).await;
        refused(more.unwrap_err(), "stranger", STRANGERS.get());

        for n in 0..GUESTS.get() {
            let guest = format!("2001:db8:7::{n:x}").parse().unwrap();
            limits.guest(guest).await.unwrap();
        }
        let more = limits.guest("2001:db8:7::ffff".parse().unwrap()).await;
        refused(more.unwrap_err(), "guest", GUESTS.get());
    }
}
