//! Counts of this process alone.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
};
use infra::db::Caller;
use uuid::Uuid;

use super::{GUESTS, Rates, STRANGERS, Waits, Whose};

/// What is as good as new is forgotten after so many requests.
const TIDY: u32 = 4096;

pub(super) struct Here {
    address: Option<Meter<IpAddr>>,
    key: Option<Meter<Uuid>>,
    tenant: Option<Meter<Uuid>>,
    strangers: Meter<IpAddr>,
    guests: Meter<IpAddr>,
    /// Addresses that are left standing, and until when.
    standing: Mutex<HashMap<IpAddr, Instant>>,
}

struct Meter<K: Hash + Eq + Clone> {
    a_minute: NonZeroU32,
    limiter: DefaultKeyedRateLimiter<K, StateInformationMiddleware>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Meter<K> {
    fn new(a_minute: NonZeroU32) -> Self {
        Self {
            a_minute,
            limiter: RateLimiter::keyed(Quota::per_minute(a_minute)).with_middleware(),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    fn full(&self, whose: Whose, wait: Duration) -> Waits {
        Waits {
            whose,
            quota: self.a_minute,
            wait,
        }
    }

    /// One more of `key`: how many more there is room for, or how long there is none.
    fn take(&self, key: &K) -> Result<u32, Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY == TIDY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(key) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(not_until) => Err(not_until.wait_time_from(self.clock.now())),
        }
    }
}

impl Here {
    pub(super) fn new(rates: &Rates) -> Self {
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
    pub(super) fn caller(&self, caller: &Caller) -> Result<(), Waits> {
        if let Some(key) = &self.key {
            let taken = key.take(&caller.id);
            taken.map_err(|wait| key.full(Whose::Key, wait))?;
        }
        if let Some(tenant) = &self.tenant {
            let taken = tenant.take(&caller.tenant.0);
            taken.map_err(|wait| tenant.full(Whose::Tenant, wait))?;
        }
        Ok(())
    }

    /// One more question of a guest.
    pub(super) fn guest(&self, address: IpAddr) -> Result<(), Duration> {
        self.guests.take(&address).map(drop)
    }

    /// One more request of an address: how many more there is room for, where there is a limit.
    pub(super) fn address(&self, address: IpAddr) -> Result<Option<u32>, Waits> {
        let now = Instant::now();
        {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            standing.retain(|_, until| *until > now);
            if let Some(until) = standing.get(&address) {
                return Err(Waits::of_stranger(*until - now));
            }
        }
        let taken = |meter: &Meter<IpAddr>| {
            let left = meter.take(&address);
            left.map_err(|wait| meter.full(Whose::Address, wait))
        };
        self.address.as_ref().map(taken).transpose()
    }

    /// One more request of an address by nobody who is known.
    pub(super) fn stranger(&self, address: IpAddr) {
        if let Err(wait) = self.strangers.take(&address) {
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            standing.insert(address, Instant::now() + wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use infra::db::{Caller, Role};
    use schemas::TenantId;
    use uuid::Uuid;

    use super::{Here, Rates, STRANGERS};

    fn limits(address: u32, key: u32, tenant: u32) -> Here {
        let [address, key, tenant] = [address, key, tenant].map(|rate| rate.try_into().ok());
        Here::new(&Rates {
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
