//! Changes and erasures are heard, and are heard again after the session was cut off.

use std::time::Duration;

use infra::db::Change;
use tokio::{sync::broadcast::Receiver, time::timeout};

use super::{
    fresh::with_database,
    run::{TENANT, page_task},
};

async fn hear(changes: &mut Receiver<Change>, what: Change) {
    timeout(Duration::from_secs(20), async {
        while changes.recv().await.expect("it listens") != what {}
    })
    .await
    .unwrap_or_else(|_| panic!("{what:?} was not heard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_erasures_are_heard_also_after_the_session_was_ended() {
    with_database(async |fresh| {
        let mut changes = fresh.db.listen().subscribe();
        hear(&mut changes, Change::Reconnected).await;
        for round in 0..3 {
            let job = fresh.job().await;
            hear(&mut changes, Change::Due).await;
            fresh.claim(page_task(job, schemas::Stage::Decode, 0)).await;
            hear(&mut changes, Change::Job(job)).await;
            fresh.db.cancel(TENANT, job).await.unwrap();
            hear(&mut changes, Change::Job(job)).await;
            let document = fresh.db.job(TENANT, job).await.unwrap().unwrap().document;
            fresh.db.erase(TENANT, document).await.unwrap();
            hear(&mut changes, Change::Erased).await;
            let cut = fresh
                .count(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND query ILIKE 'LISTEN%'",
                )
                .await;
            assert_eq!(cut, 1, "round {round}");
            hear(&mut changes, Change::Reconnected).await;
        }
    })
    .await;
}
