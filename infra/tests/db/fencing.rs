//! Whoever lost a task cannot settle it: the token of the last claim counts, and none comes twice.

use std::time::Duration;

use infra::db::Settled;
use schemas::{Engine, Stage};

use super::{
    fresh::with_database,
    run::{ATTEMPTS, LEASE, TENANT, page_task, transient, well},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_one_holders_until_the_lease_ends() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let task = page_task(job, Stage::Decode, 0);
        let first = fresh.claim(task).await;
        assert_eq!((first.attempt, first.job, first.tenant), (1, job, TENANT));
        assert!(
            fresh.db.claim(task, LEASE).await.unwrap().is_none(),
            "the lease is live"
        );
        assert!(fresh.db.renew(&first, LEASE).await.unwrap());
        fresh.expire(task).await;
        let second = fresh.claim(task).await;
        assert_eq!(second.attempt, 2);
        assert!(second.fence > first.fence);

        assert!(
            !fresh.db.renew(&first, LEASE).await.unwrap(),
            "the task is another's"
        );
        for (case, said) in [
            ("done", well(first.step, 3)),
            ("failed for now", transient()),
            ("rejected", super::run::reject()),
        ] {
            assert_eq!(fresh.settle(&first, said).await, Settled::Stale, "{case}");
            assert_eq!(fresh.task(task).await, ("running".into(), 2), "{case}");
        }
        assert_eq!(
            fresh.settle(&second, well(second.step, 1)).await,
            Settled::Ended
        );
        assert_eq!(
            fresh.settle(&second, well(second.step, 1)).await,
            Settled::Stale,
            "twice"
        );
        assert!(!fresh.db.renew(&second, LEASE).await.unwrap(), "it ended");
        assert!(
            fresh.db.claim(task, LEASE).await.unwrap().is_none(),
            "it ended"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claims_at_once_one_gets_the_task() {
    with_database(async |fresh| {
        let task = page_task(fresh.job().await, Stage::Decode, 0);
        let claims = (0..16).map(|_| fresh.db.claim(task, LEASE));
        let got = futures::future::try_join_all(claims).await.unwrap();
        assert_eq!(got.iter().flatten().count(), 1);
    })
    .await;
}

/// Attempts begin anew with a replay; tokens must not.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_given_up_before_a_replay_cannot_settle_after_it() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let engine = Stage::Recognise(Engine::Paddle);
        let task = page_task(job, engine, 0);
        let mut given_up = Vec::new();
        while fresh.due(job).await != [task] {
            let next = fresh.due(job).await.into_iter().find(|&t| t != task);
            let claimed = fresh.claim(next.expect("a task")).await;
            fresh.settle(&claimed, well(claimed.step, 1)).await;
        }
        for _ in 0..ATTEMPTS.most {
            given_up.push(fresh.claim(task).await);
            fresh.expire(task).await;
            fresh
                .db
                .sweep(ATTEMPTS, Duration::from_mins(1))
                .await
                .unwrap();
        }
        assert_eq!(fresh.task(task).await.0, "failed");
        // The vote was taken without it, by somebody who is slow.
        let fuse = fresh.claim(page_task(job, Stage::Fuse, 0)).await;
        assert!(fresh.db.replay(None, task).await.unwrap());
        let again = fresh.claim(task).await;
        assert_eq!(again.attempt, 1);
        for (n, old) in given_up.iter().enumerate() {
            assert_eq!(
                fresh.settle(old, well(old.step, 1)).await,
                Settled::Stale,
                "attempt {} before the replay",
                n + 1
            );
        }
        fresh.settle(&again, well(again.step, 1)).await;
        let anew = fresh.claim(fuse.task).await;
        assert_eq!(anew.attempt, 1);
        assert_eq!(
            fresh.settle(&fuse, well(fuse.step, 1)).await,
            Settled::Stale,
            "the vote without it"
        );
        assert_eq!(
            fresh.settle(&anew, well(anew.step, 1)).await,
            Settled::Ended
        );
    })
    .await;
}
