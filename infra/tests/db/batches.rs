//! What became of files that were uploaded together, and that it is told once when all have ended.

use infra::db::{Accepted, Upload};
use schemas::{BatchId, JobId, JobState, Problem, Reject, RejectKind, Stage, WebhookId};

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, page_task, reject, upload},
    webhooks::hook,
};

const FINISHED: &str =
    "SELECT count(*) FROM webhook_deliveries WHERE body ->> 'type' = 'batch.finished'";

async fn batch(fresh: &Fresh, webhook: Option<WebhookId>, jobs: &[&Accepted]) -> BatchId {
    let batch = fresh.db.open_batch(TENANT, webhook).await.unwrap();
    for (position, accepted) in (0..).zip(jobs) {
        fresh
            .db
            .add_to_batch(TENANT, batch, position, "a.png", Ok(accepted))
            .await
            .unwrap();
    }
    batch
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_counts_jobs_doubles_and_rejects() {
    with_database(async |fresh| {
        let same = || Upload {
            digest: Some([3; 32]),
            ..upload()
        };
        let first = fresh.accept(TENANT, &same()).await;
        let double = fresh.accept(TENANT, &same()).await;
        let failing = fresh.accept(TENANT, &upload()).await;
        let waiting = fresh.accept(TENANT, &upload()).await;
        let id = batch(&fresh, None, &[&first, &double, &failing, &waiting]).await;
        let problem = Problem::from(&Reject::new(RejectKind::Empty, "no bytes"));
        fresh
            .db
            .add_to_batch(TENANT, id, 4, "b.png", Err(&problem))
            .await
            .unwrap();
        fresh.run_well(first.job, 1).await;
        fresh.run(failing.job, |_| reject()).await;

        let seen = fresh.db.batch(TENANT, id).await.unwrap().expect("a batch");
        let states: Vec<(JobState, u64)> = seen.states.into_iter().collect();
        assert_eq!(
            states,
            [
                (JobState::Queued, 1),
                (JobState::Succeeded, 2),
                (JobState::Failed, 1)
            ]
        );
        let jobs: Vec<(JobId, bool)> = seen
            .jobs
            .iter()
            .map(|(_, job, double)| (*job, *double))
            .collect();
        assert_eq!(
            jobs,
            [
                (first.job, false),
                (first.job, true),
                (failing.job, false),
                (waiting.job, false)
            ]
        );
        assert_eq!(seen.rejected.len(), 1);
        assert_eq!(
            (seen.rejected[0].file.as_str(), &seen.rejected[0].error),
            ("b.png", &problem)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_batch_is_told_once_whoever_comes_last() {
    with_database(async |fresh| {
        let hook = Some(hook(&fresh).await);
        let job = async || fresh.accept(TENANT, &upload()).await;
        let told = async |case: &str, want: i64| {
            assert_eq!(fresh.count(FINISHED).await, want, "{case}");
            fresh.execute("DELETE FROM webhook_deliveries").await;
        };

        let (a, b) = (job().await, job().await);
        let id = batch(&fresh, hook, &[&a]).await;
        fresh.run_well(a.job, 1).await;
        told("it is still being filled", 0).await;
        fresh
            .db
            .add_to_batch(TENANT, id, 1, "b.png", Ok(&b))
            .await
            .unwrap();
        fresh.db.close_batch(TENANT, id).await.unwrap();
        told("a job is open", 0).await;
        fresh.run_well(b.job, 1).await;
        told("the last job ended", 1).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        told("closed twice", 0).await;

        let id = batch(&fresh, hook, &[&a, &b]).await;
        told("all jobs ended before, but not closed", 0).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        told("closed after all jobs ended", 1).await;

        let id = batch(&fresh, hook, &[]).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        told("no file was taken", 1).await;

        let c = job().await;
        let id = batch(&fresh, hook, &[&c]).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        fresh.db.cancel(TENANT, c.job).await.unwrap();
        told("its last job was cancelled", 1).await;

        let d = job().await;
        let id = batch(&fresh, hook, &[&a, &d]).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        fresh.db.erase(TENANT, d.document).await.unwrap();
        told("its last open job was erased", 1).await;

        // A job that fails, ends, and ends again after a replay.
        let e = job().await;
        let id = batch(&fresh, hook, &[&e]).await;
        fresh.db.close_batch(TENANT, id).await.unwrap();
        fresh.run(e.job, |_| reject()).await;
        let dead = page_task(e.job, Stage::Decode, 0);
        assert!(fresh.db.replay(None, dead).await.unwrap());
        fresh.run_well(e.job, 1).await;
        told("a replay", 1).await;
    })
    .await;
}

/// Each of two settles does not see the other's end unless one waits for the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_last_jobs_that_end_at_the_same_moment_tell_once() {
    with_database(async |fresh| {
        let hook = Some(hook(&fresh).await);
        for round in 0..25 {
            let mut jobs = Vec::new();
            for _ in 0..4 {
                jobs.push(fresh.accept(TENANT, &upload()).await);
            }
            // Two batches that share jobs, in another order.
            let forth: Vec<&Accepted> = jobs.iter().collect();
            let back: Vec<&Accepted> = jobs.iter().rev().collect();
            let batches = [
                batch(&fresh, hook, &forth).await,
                batch(&fresh, hook, &back).await,
            ];
            let mut claims = Vec::new();
            for job in &jobs {
                claims.push(fresh.claim(page_task(job.job, Stage::Decode, 0)).await);
            }
            let ends = claims.iter().map(|claimed| fresh.settle(claimed, reject()));
            let closes = batches.map(|id| fresh.db.close_batch(TENANT, id));
            let (_, closed) = futures::join!(
                futures::future::join_all(ends),
                futures::future::try_join_all(closes)
            );
            closed.unwrap();
            assert_eq!(
                fresh.count(FINISHED).await,
                2 * (round + 1),
                "round {round}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_refused_files_go_after_a_week_and_others_with_their_document() {
    with_database(async |fresh| {
        let taken = fresh.accept(TENANT, &upload()).await;
        let (old, young) = (
            batch(&fresh, None, &[&taken]).await,
            batch(&fresh, None, &[&taken]).await,
        );
        let problem = Problem::from(&Reject::new(RejectKind::Empty, "no bytes"));
        for id in [old, young] {
            let refused = fresh
                .db
                .add_to_batch(TENANT, id, 1, "Jane Doe.png", Err(&problem));
            refused.await.unwrap();
        }
        for (age, left) in [("6 days", [1, 1]), ("8 days", [0, 1])] {
            let set = format!(
                "UPDATE batches SET created_at = now() - interval '{age}' WHERE id = '{old}'"
            );
            fresh.execute(&set).await;
            fresh.db.tidy().await.unwrap();
            for (id, left) in [old, young].into_iter().zip(left) {
                let found = fresh.db.batch(TENANT, id).await.unwrap().unwrap();
                assert_eq!(found.rejected.len(), left, "{age}");
                assert_eq!(found.jobs.len(), 1, "what was taken stays");
            }
        }
        fresh.db.erase(TENANT, taken.document).await.unwrap();
        let named = "SELECT count(*) FROM batch_items WHERE job_id IS NOT NULL";
        assert_eq!(fresh.count(named).await, 0, "it goes with its document");
    })
    .await;
}
