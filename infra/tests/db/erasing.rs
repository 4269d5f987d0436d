//! An erased document is gone with all that hangs on it, and nobody can bring something of it back.

use std::time::{Duration, Instant};

use infra::db::Upload;

use super::{
    fresh::with_database,
    run::{TENANT, upload},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_sealed_for_an_erased_document() {
    with_database(async |fresh| {
        let accepted = fresh.accept(TENANT, &upload()).await;
        let document = accepted.document;
        let keep = |key: &'static [u8]| fresh.db.keep_wrapped_key(TENANT, document, key);
        assert_eq!(keep(b"first").await.unwrap(), b"first");
        assert_eq!(keep(b"second").await.unwrap(), b"first");
        assert!(fresh.db.erase(TENANT, document).await.unwrap().is_some());
        assert!(
            fresh.db.erase(TENANT, document).await.unwrap().is_none(),
            "twice"
        );
        assert_eq!(fresh.db.wrapped_key(TENANT, document).await.unwrap(), None);
        let late = keep(b"late").await.expect_err("a late worker makes no key");
        assert_eq!(late.kind, infra::db::DbErrorKind::Refused);
        fresh.db.forget_wrapped_key(TENANT, document).await.unwrap();
        assert!(keep(b"later").await.is_err());
        assert!(fresh.db.document(TENANT, document).await.unwrap().is_none());
    })
    .await;
}

/// Whoever adds a job locks the document and then the job, everybody else the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_being_erased_has_no_doubles() {
    with_database(async |fresh| {
        let same = || Upload {
            digest: Some([1; 32]),
            ..upload()
        };
        let first = fresh.accept(TENANT, &same()).await;
        // A settle that takes its time.
        let mut settling = fresh.pool.begin().await.unwrap();
        sqlx::query("SELECT FROM jobs FOR NO KEY UPDATE")
            .execute(&mut *settling)
            .await
            .unwrap();
        let erasing = {
            let fresh = fresh.clone();
            tokio::spawn(async move { fresh.db.erase(TENANT, first.document).await })
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + Duration::from_secs(10);
        while fresh.count(waiting).await == 0 {
            assert!(Instant::now() < deadline, "the erase does not wait");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let double = fresh.accept(TENANT, &same()).await;
        assert!(!double.duplicate, "it is a document of its own");
        settling.commit().await.unwrap();
        assert!(erasing.await.unwrap().unwrap().is_some());
        assert!(fresh.db.job(TENANT, first.job).await.unwrap().is_none());
        assert!(fresh.db.job(TENANT, double.job).await.unwrap().is_some());
    })
    .await;
}
