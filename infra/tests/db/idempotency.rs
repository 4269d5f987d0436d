//! The same request twice has the effect of one.

use std::time::Duration;

use infra::db::{HeldKey, Recall};
use serde_json::json;

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, upload},
};

const LEASE: Duration = Duration::from_secs(6);

async fn recall(fresh: &Fresh, fingerprint: u8) -> Recall {
    let fingerprint = [fingerprint; 32];
    let recall = fresh.db.recall(TENANT, "k", &fingerprint, LEASE);
    recall.await.unwrap()
}

/// Takes the key, which must be free.
async fn take(fresh: &Fresh, fingerprint: u8) -> HeldKey {
    match recall(fresh, fingerprint).await {
        Recall::New(held) => held,
        other => panic!("the key is not free: {other:?}"),
    }
}

async fn later(fresh: &Fresh, by: &str) {
    let older = format!("- interval '{by}'");
    let sql = format!(
        "UPDATE idempotency_keys SET created_at = created_at {older}, lease_until = lease_until {older}"
    );
    fresh.execute(&sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_answers_for_its_request() {
    with_database(async |fresh| {
        let held = take(&fresh, 1).await;
        assert_eq!(recall(&fresh, 1).await, Recall::Pending);
        assert_eq!(recall(&fresh, 2).await, Recall::Other);

        let answer = b"sealed".to_vec();
        let kept = Some((&*answer, &[][..]));
        fresh.db.remember(&held, kept).await.unwrap();
        assert_eq!(recall(&fresh, 1).await, Recall::Answered(answer.clone()));
        assert_eq!(recall(&fresh, 2).await, Recall::Other);

        fresh.db.remember(&held, None).await.unwrap();
        let held = take(&fresh, 2).await;
        fresh.db.remember(&held, kept).await.unwrap();
        later(&fresh, "23 hours").await;
        fresh.db.tidy().await.unwrap();
        assert_eq!(
            recall(&fresh, 2).await,
            Recall::Answered(answer),
            "answers outlive leases"
        );
        later(&fresh, "2 hours").await;
        fresh.db.tidy().await.unwrap();
        take(&fresh, 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_gives_no_sign_of_life_loses_its_key() {
    with_database(async |fresh| {
        let first = take(&fresh, 1).await;
        later(&fresh, "5 seconds").await;
        assert!(fresh.db.hold(&first, LEASE).await.unwrap());
        later(&fresh, "5 seconds").await;
        assert_eq!(recall(&fresh, 1).await, Recall::Pending, "it was renewed");
        later(&fresh, "5 seconds").await;
        let second = take(&fresh, 1).await;

        // The first was only frozen. What it says now counts no more.
        assert!(!fresh.db.hold(&first, LEASE).await.unwrap());
        fresh.db.remember(&first, None).await.unwrap();
        let late = Some((&b"late"[..], &[][..]));
        fresh.db.remember(&first, late).await.unwrap();
        assert_eq!(recall(&fresh, 1).await, Recall::Pending);
        let right = Some((&b"right"[..], &[][..]));
        fresh.db.remember(&second, right).await.unwrap();
        assert_eq!(recall(&fresh, 1).await, Recall::Answered(b"right".to_vec()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_with_each_document_that_it_names() {
    with_database(async |fresh| {
        let [one, other] = [
            fresh.accept(TENANT, &upload()).await.document,
            fresh.accept(TENANT, &upload()).await.document,
        ];
        let held = take(&fresh, 1).await;
        let kept = Some((&b"sealed"[..], &[one, other, one][..]));
        fresh.db.remember(&held, kept).await.unwrap();
        assert!(matches!(recall(&fresh, 1).await, Recall::Answered(_)));
        fresh.db.erase(TENANT, one).await.unwrap().unwrap();
        assert_eq!(
            fresh.count("SELECT count(*) FROM idempotency_keys").await,
            0
        );
        // Who is late with an answer about what was erased meanwhile keeps nothing of it either.
        let held = take(&fresh, 1).await;
        fresh.db.remember(&held, kept).await.unwrap();
        let held = take(&fresh, 1).await;
        let kept = Some((&b"sealed"[..], &[other][..]));
        fresh.db.remember(&held, kept).await.unwrap();
        assert!(matches!(recall(&fresh, 1).await, Recall::Answered(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_program_answered_is_answered_again() {
    with_database(async |fresh| {
        take(&fresh, 1).await;
        let answer = json!({"status": 202, "body": {"jobs": []}});
        let set = format!("UPDATE idempotency_keys SET response = '{answer}'");
        fresh.execute(&set).await;
        assert_eq!(recall(&fresh, 1).await, Recall::AnsweredBefore(answer));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_requests_at_once_one_is_new() {
    with_database(async |fresh| {
        for _ in 0..2 {
            let mut said = futures::future::join_all((0..20).map(|_| recall(&fresh, 1))).await;
            said.retain(|recall| *recall != Recall::Pending);
            assert!(matches!(said[..], [Recall::New(_)]), "{said:?}");
            // So it is with the key of one that died.
            later(&fresh, "7 seconds").await;
        }
    })
    .await;
}
