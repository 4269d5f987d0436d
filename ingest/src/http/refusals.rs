//! Refusals that anybody can cause as often as they like, written down without filling the log: of an address, a
//! caller and a reason the first at once, then one line a minute that says how many there were.
//!
//! Addresses beyond [`KNOWN`] are counted together, without an address, so that many of them write no more.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use chrono::{SubsecRound as _, Utc};
use infra::{
    audit::{Actor, Extent, Occurrence},
    db::Caller,
};
use schemas::TenantId;
use tokio::{sync::watch, time::interval};

use super::{Api, limits::Whose};

/// One line of the same for so long.
const TOGETHER: Duration = Duration::from_mins(1);
/// Of how many it is known apart.
const KNOWN: usize = 64;
/// What such lines are about when no limit is: a name that is not this machine's.
const NAME: &str = "another name";

/// What was refused whom, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Refusal {
    caller: Option<Caller>,
    address: Option<IpAddr>,
    status: u16,
    why: &'static str,
}

/// What was not written down yet.
struct Run {
    since: Instant,
    more: u64,
}

/// Refusals of this process in the last minute.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Refusal, Run>>);

impl Refusals {
    /// One more. Gives what is to be written down at once, and for how many it stands.
    fn one(&self, mut refusal: Refusal, now: Instant) -> Option<(Refusal, u64)> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= KNOWN && !runs.contains_key(&refusal) {
            (refusal.caller, refusal.address) = (None, None);
        }
        let fresh = Run {
            since: now,
            more: 0,
        };
        let Some(run) = runs.get_mut(&refusal) else {
            runs.insert(refusal.clone(), fresh);
            return Some((refusal, 1));
        };
        run.more += 1;
        if now.duration_since(run.since) < TOGETHER {
            return None;
        }
        let times = run.more;
        *run = fresh;
        Some((refusal, times))
    }

    /// What is to be written down of minutes that have passed, or of all.
    fn ended(&self, now: Instant, all: bool) -> Vec<(Refusal, u64)> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Vec::new();
        runs.retain(|refusal, run| {
            if !all && now.duration_since(run.since) < TOGETHER {
                return true;
            }
            if run.more > 0 {
                ended.push((refusal.clone(), run.more));
            }
            // Who goes on has their next line in a minute.
            let goes_on = run.more > 0;
            (run.since, run.more) = (now, 0);
            goes_on
        });
        ended
    }

    /// Writes down what was counted, once a minute, and at the end.
    pub(crate) async fn keep(api: Api, mut stop: watch::Receiver<bool>) {
        let mut minutes = interval(TOGETHER);
        let mut ends = false;
        while !ends {
            ends = tokio::select! {
                _ = minutes.tick() => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            for (refusal, times) in api.refusals.ended(Instant::now(), ends) {
                write(&api, refusal, times).await;
            }
        }
    }
}

/// Somebody asked too often, and was told by which limit.
pub(super) async fn too_many(
    api: &Api,
    caller: Option<&Caller>,
    address: Option<IpAddr>,
    whose: Option<Whose>,
) {
    let refusal = Refusal {
        caller: caller.copied(),
        address,
        status: StatusCode::TOO_MANY_REQUESTS.as_u16(),
        why: whose.map_or("limit", Whose::words),
    };
    note(api, refusal).await;
}

/// Somebody asked under another name than this machine's.
pub(super) async fn misdirected(api: &Api, address: Option<IpAddr>) {
    let refusal = Refusal {
        caller: None,
        address,
        status: StatusCode::MISDIRECTED_REQUEST.as_u16(),
        why: NAME,
    };
    note(api, refusal).await;
}

async fn note(api: &Api, refusal: Refusal) {
    if let Some((refusal, times)) = api.refusals.one(refusal, Instant::now()) {
        write(api, refusal, times).await;
    }
}

async fn write(api: &Api, refusal: Refusal, times: u64) {
    let what = Occurrence {
        at: Utc::now().trunc_subsecs(6),
        actor: refusal.caller.map(|caller| Actor {
            id: caller.id,
            role: caller.role.name().into(),
            emergency: false,
        }),
        action: "request.refused".into(),
        object: refusal.why.into(),
        outcome: refusal.status,
        address: refusal.address,
        extent: Extent {
            times: Some(times),
            ..Extent::default()
        },
    };
    let tenant = refusal
        .caller
        .map_or(TenantId::DEFAULT, |caller| caller.tenant);
    if let Err(error) = api.audit.record(tenant, what).await {
        tracing::error!(%error, times, "refusals could not be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: u32) -> Refusal {
        Refusal {
            caller: None,
            address: Some(IpAddr::from(address.to_be_bytes())),
            status: 429,
            why: "limit address",
        }
    }

    #[test]
    fn the_first_is_written_at_once_and_a_minute_of_others_together() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(refusals.one(of(1), at(0)), Some((of(1), 1)));
        for second in 1..60 {
            assert_eq!(refusals.one(of(1), at(second)), None);
        }
        assert_eq!(refusals.one(of(2), at(59)), Some((of(2), 1)), "another's");
        assert_eq!(refusals.one(of(1), at(60)), Some((of(1), 60)));
        assert_eq!(refusals.one(of(1), at(61)), None);
        assert_eq!(refusals.ended(at(119), false), []);
        assert_eq!(refusals.ended(at(120), false), [(of(1), 1)]);
        assert_eq!(refusals.ended(at(1000), true), [], "nothing is told twice");
        assert_eq!(refusals.one(of(1), at(1000)), Some((of(1), 1)));
        refusals.one(of(1), at(1001));
        assert_eq!(refusals.ended(at(1002), true), [(of(1), 1)], "at the end");
    }

    #[test]
    fn a_flood_from_many_addresses_is_no_flood_of_lines() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let lines = (0..100_000).filter_map(|n| refusals.one(of(n), begin));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), KNOWN + 1);
        let of_all: u64 = refusals
            .ended(begin, true)
            .iter()
            .map(|(_, times)| times)
            .sum();
        let written: u64 = lines.iter().map(|(_, times)| times).sum();
        assert_eq!(written + of_all, 100_000);
        assert!(lines[KNOWN].0.address.is_none());
    }
}
