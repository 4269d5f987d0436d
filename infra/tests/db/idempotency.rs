//! The same request twice has the effect of one.

use infra::db::Recall;
use serde_json::json;

use super::{fresh::with_database, run::TENANT};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_answers_for_its_request() {
    with_database(async |fresh| {
        let (one, other) = ([1; 32], [2; 32]);
        let recall = async |fingerprint| fresh.db.recall(TENANT, "k", fingerprint).await.unwrap();
        assert_eq!(recall(&one).await, Recall::New);
        assert_eq!(recall(&one).await, Recall::Pending);
        assert_eq!(recall(&other).await, Recall::Other);

        let answer = json!({"jobs": []});
        fresh.db.remember(TENANT, "k", Some(&answer)).await.unwrap();
        assert_eq!(recall(&one).await, Recall::Answered(answer.clone()));
        assert_eq!(recall(&other).await, Recall::Other);

        fresh.db.remember(TENANT, "k", None).await.unwrap();
        assert_eq!(recall(&other).await, Recall::New, "it was freed");

        let age = "UPDATE idempotency_keys SET created_at = now() - interval";
        fresh.execute(&format!("{age} '11 minutes'")).await;
        assert_eq!(recall(&one).await, Recall::New, "its request vanished");
        assert_eq!(recall(&one).await, Recall::Pending);
        fresh.db.remember(TENANT, "k", Some(&answer)).await.unwrap();
        fresh.execute(&format!("{age} '11 minutes'")).await;
        assert_eq!(
            recall(&one).await,
            Recall::Answered(answer),
            "answers are kept longer"
        );
        fresh.db.tidy().await.unwrap();
        assert_eq!(recall(&other).await, Recall::Other);
        fresh.execute(&format!("{age} '25 hours'")).await;
        fresh.db.tidy().await.unwrap();
        assert_eq!(recall(&other).await, Recall::New, "a day is over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_requests_at_once_one_is_new() {
    with_database(async |fresh| {
        let asked = (0..20).map(|_| fresh.db.recall(TENANT, "k", &[1; 32]));
        let mut said = futures::future::try_join_all(asked).await.unwrap();
        said.retain(|recall| *recall != Recall::Pending);
        assert_eq!(said, [Recall::New]);
    })
    .await;
}
