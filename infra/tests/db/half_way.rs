//! A request that is given up half way leaves its session as it found it.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{
    fresh::with_database,
    run::{Dice, TENANT, upload},
};

/// Hears what PostgreSQL says besides its answers.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::postgres::notice"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Words(self));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Words<'a>(&'a Ear);

impl Visit for Words<'_> {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0.0.lock().unwrap().push(format!("{value:?}"));
    }
}

#[tokio::test]
async fn requests_that_are_given_up_leave_no_transaction_behind() {
    // One thread, so that everything is heard.
    let ear = Ear::default();
    let _listening = tracing::subscriber::set_default(ear.clone());
    with_database(async |fresh| {
        let document = upload().document;
        fresh.db.begin_upload(TENANT, document).await.unwrap();
        let mut dice = Dice(3);
        let (mut given_up, mut done) = (0, 0);
        for _ in 0..400 {
            // Polled a few times and then dropped, wherever it stands.
            let mut renewing = Box::pin(fresh.db.renew_upload(TENANT, document));
            let polls = dice.below(12);
            let mut left = polls;
            let ended = std::future::poll_fn(|context| {
                let polled = renewing.as_mut().poll(context);
                if polled.is_ready() || left == 0 {
                    return std::task::Poll::Ready(polled.is_ready());
                }
                left -= 1;
                polled.map(|_| true)
            });
            if ended.await {
                done += 1;
            } else {
                given_up += 1;
            }
        }
        println!("{given_up} given up, {done} done");
        assert!(given_up > 50 && done > 20, "both happen");

        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND state LIKE 'idle in transaction%'";
        let deadline = Instant::now() + Duration::from_secs(5);
        while fresh.count(open).await > 0 {
            assert!(
                Instant::now() < deadline,
                "a session stays in a transaction"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let said = ear.0.lock().unwrap().clone();
    let of_transactions = said.iter().filter(|said| said.contains("transaction"));
    assert_eq!(of_transactions.count(), 0, "{said:?}");
}
