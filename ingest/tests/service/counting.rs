//! Processes that share a Redis count requests together. Without it each counts for itself: nobody asks without
//! limit, and nobody is refused for it.

use std::{ops::RangeInclusive, time::Instant};

use reqwest::StatusCode;

use crate::server::{Caller, Medbot, PATIENCE, Service, Shared, folder, turn};

/// Requests a minute of a key; one more may flow back while the test asks.
const QUOTA: &str = "20";
const ALLOWED: RangeInclusive<usize> = 20..=21;

/// How many of thirty requests are answered, each caller asking in turn.
async fn answered(callers: &[&Caller]) -> usize {
    let mut good = 0;
    for n in 0..30 {
        let answer = callers[n % callers.len()].get("/v1/session").await;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            // The key's limit, and not how much room the address has.
            let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(said("ratelimit-policy"), format!("\"key\";q={QUOTA};w=60"));
            let wait = said("retry-after");
            assert_eq!(said("ratelimit"), format!("\"key\";r=0;t={wait}"));
        }
        good += usize::from(status == StatusCode::OK);
        assert!(
            [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS].contains(&status),
            "{status}"
        );
    }
    good
}

/// How many more an address may ask.
async fn left(caller: &Caller) -> u32 {
    let answer = caller.get("/v1/session").await;
    // After the key's limit, when that has no room.
    let last = |name: &str| {
        let items = answer.headers().get_all(name).iter();
        items.last().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(last("ratelimit-policy"), "\"address\";q=6000;w=60");
    let limit = last("ratelimit");
    limit
        .strip_prefix("\"address\";r=")
        .unwrap()
        .parse()
        .unwrap()
}

/// Waits until a process counts with the others again.
async fn together_again(server: &Medbot, caller: &Caller) {
    let start = Instant::now();
    while !server.log().contains("counted together") {
        assert!(start.elapsed() < PATIENCE, "it counts for itself");
        caller.get("/v1/session").await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn processes_share_one_count_and_do_without_redis() {
    let _turn = turn().await;
    let folder = folder();
    let mut redis = Service::start("redis", folder.path());
    let url = redis.variable("MEDBOT_TEST_REDIS_URL").to_owned();
    let settings = [("REDIS_URL", &*url), ("MEDBOT_RATE_KEY", QUOTA)];
    let shared = Shared::in_folder(folder.path(), &settings);
    let ((one, by_one), (other, by_other)) = (shared.serve(&[]), shared.serve(&[]));

    let both = answered(&[&by_one, &by_other]).await;
    assert!(ALLOWED.contains(&both), "{both} by both");
    // A token of the address flows back every ten milliseconds, and each has asked more than that.
    let (before, after) = (left(&by_one).await, left(&by_other).await);
    assert!(before < 5_999 && after < 5_999, "{before} {after}");

    redis.kill();
    for caller in [&by_one, &by_other] {
        let own = answered(&[caller]).await;
        assert!(ALLOWED.contains(&own), "{own} by one alone");
    }
    for server in [&one, &other] {
        let warned = server.log().matches("Redis is away").count();
        assert_eq!(warned, 1, "it warns once");
        assert!(!server.log().contains(&url), "no password in the log");
    }

    redis.again();
    together_again(&one, &by_one).await;
    together_again(&other, &by_other).await;
    let both = answered(&[&by_one, &by_other]).await;
    assert!((10..=21).contains(&both), "{both} by both again");

    // Who guesses at one is left standing at the other, also with a good key.
    let strangers = [&one, &other].map(|server| Caller::new(&server.url, None));
    let mut statuses = Vec::new();
    for n in 0..80 {
        let status = strangers[n % 2].get("/v1/jobs").await.status();
        statuses.push(status.as_u16());
    }
    assert!(statuses[..60].iter().all(|status| *status == 401));
    let refused = statuses[60..].iter().filter(|status| **status == 429);
    assert!(refused.count() >= 15, "{statuses:?}");

    let far = [("REDIS_URL", "redis://redis.example.org")];
    let mut server = Medbot::start(&["serve"], &shared.with(&far), false);
    assert_eq!(server.ended(), Some(1));
    assert!(server.log().contains("needs TLS"), "{}", server.log());
}
