//! Requests that several processes count together, in Redis. Tokens flow back evenly (GCRA), by Redis's own
//! clock, in one script: what two processes ask at once is counted twice.
//!
//! A count is worth less than an answer: Redis that is away or slow is left alone for a second, and whoever asks
//! meanwhile counts for itself.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    Client, ConnectionAddr, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use thiserror::Error;
use tokio::time::timeout;

/// The longest that a request waits for its count.
const TIME: Duration = Duration::from_millis(250);
/// For how long Redis is left alone that did not answer.
const REST: Duration = Duration::from_secs(1);

/// For every key in turn, the quota of a minute and whether one is taken. Gives the number from 1 of the first that has
/// no room and the microseconds to wait, or 0 and what the last has left. What is stored is when all will have flowed
/// back.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local minute, left = 60000000, 0
for i, key in ipairs(KEYS) do
  local step = math.max(math.floor(minute / ARGV[2 * i - 1]), 1)
  local full = math.max(tonumber(redis.call('GET', key) or now), now) + step
  local wait = full - minute - now
  if wait > 0 then return {i, wait} end
  if ARGV[2 * i] == '1' then
    redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
  end
  left = math.floor((now + minute - full) / step)
end
return {0, left}
";

/// Why Redis cannot be asked at all.
#[derive(Debug, Error)]
pub enum TogetherError {
    /// It is no address of a Redis.
    #[error("REDIS_URL is not of the form rediss://:password@host:port/database")]
    Url(#[source] redis::RedisError),
    /// It would be spoken to in the clear.
    #[error("a remote REDIS_URL needs TLS: rediss://…")]
    Plaintext,
}

/// A count that a request is held against.
#[derive(Clone, Debug)]
pub struct Count {
    /// Whose requests of which kind.
    pub name: String,
    /// How many a minute.
    pub quota: NonZeroU32,
    /// Is this one more of them? Otherwise it is only asked whether there is room.
    pub takes: bool,
}

/// A count that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Which of those that were asked, from 0.
    pub count: usize,
    /// For how long.
    pub wait: Duration,
}

/// Counts that processes share.
pub struct Together {
    redis: ConnectionManager,
    take: Script,
    /// Until when Redis is left alone; none while it answers.
    away: Mutex<Option<Instant>>,
}

impl Together {
    /// Counts at this address; it connects when it first counts. Within a runtime.
    ///
    /// # Errors
    /// [`TogetherError`].
    pub fn new(url: &str, allow_plaintext: bool) -> Result<Self, TogetherError> {
        let client = Client::open(url).map_err(TogetherError::Url)?;
        if let ConnectionAddr::Tcp(host, _) = client.get_connection_info().addr() {
            let own = matches!(&**host, "localhost" | "127.0.0.1" | "::1" | "[::1]");
            if !own && !allow_plaintext {
                return Err(TogetherError::Plaintext);
            }
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TIME))
            .set_response_timeout(Some(TIME));
        Ok(Self {
            redis: ConnectionManager::new_lazy_with_config(client, config)
                .map_err(TogetherError::Url)?,
            take: Script::new(TAKE),
            away: Mutex::default(),
        })
    }

    /// Holds a request against counts, one after the other: how many more the last has room for, or which has none. A count that was taken from before one without room is not given back. None when Redis
    /// does not answer.
    pub async fn take(&self, counts: &[Count]) -> Option<Result<u32, Full>> {
        let was_away = {
            let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
            if away.is_some_and(|until| Instant::now() < until) {
                return None;
            }
            // Of many that ask at once, one finds out whether it is back.
            away.as_mut().map(|until| *until = Instant::now() + REST)
        };
        let mut take = self.take.prepare_invoke();
        for count in counts {
            take.key(format!("{{medbot}}:{}", count.name))
                .arg(count.quota.get())
                .arg(u8::from(count.takes));
        }
        let mut redis = self.redis.clone();
        let answer = timeout(TIME, take.invoke_async::<(usize, u64)>(&mut redis)).await;
        let answer = match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} ms", TIME.as_millis())),
        };
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok((full, number)) => {
                *away = None;
                if was_away.is_some() {
                    tracing::info!("requests are counted together with other processes again");
                }
                Some(match full.checked_sub(1) {
                    None => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
                    Some(count) => Err(Full {
                        count,
                        wait: Duration::from_micros(number),
                    }),
                })
            }
            Err(error) => {
                if away.replace(Instant::now() + REST).is_none() {
                    tracing::warn!(
                        error,
                        "Redis is away: this process counts requests for itself"
                    );
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Together;

    #[tokio::test]
    async fn a_count_leaves_this_machine_by_tls_alone_unless_allowed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for (url, allowed, good) in [
            ("redis://127.0.0.1:6379/0", false, true),
            ("redis://:secret@[::1]/0", false, true),
            ("rediss://:secret@redis.example.org", false, true),
            ("redis://redis.example.org", false, false),
            ("redis://redis.example.org", true, true),
            ("http://redis.example.org", true, false),
        ] {
            assert_eq!(Together::new(url, allowed).is_ok(), good, "{url}");
        }
    }
}
