//! Every end of a job is written down once for whom it concerns, and told until it arrives.

use std::time::Duration;

use infra::db::Upload;
use schemas::{JobState, Stage, WebhookId};
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, page_task, reject, upload},
};

const MINUTE: Duration = Duration::from_mins(1);

/// A webhook of the tenant.
pub async fn hook(fresh: &Fresh) -> WebhookId {
    let id = WebhookId(Uuid::now_v7());
    fresh
        .db
        .add_webhook(TENANT, id, "https://clinic.example/told", b"sealed")
        .await
        .unwrap();
    id
}

async fn told_job(fresh: &Fresh, hook: WebhookId) -> schemas::JobId {
    let webhook = Some(hook);
    fresh
        .accept(
            TENANT,
            &Upload {
                webhook,
                ..upload()
            },
        )
        .await
        .job
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_a_job_is_told_once() {
    with_database(async |fresh| {
        let hook = hook(&fresh).await;
        fresh.run_well(fresh.job().await, 1).await;
        let good = told_job(&fresh, hook).await;
        fresh.run_well(good, 2).await;
        let bad = told_job(&fresh, hook).await;
        fresh.run(bad, |_| reject()).await;
        let stopped = told_job(&fresh, hook).await;
        fresh.db.cancel(TENANT, stopped).await.unwrap();
        fresh.db.cancel(TENANT, stopped).await.unwrap();
        let lost = told_job(&fresh, hook).await;
        let task = page_task(lost, Stage::Decode, 0);
        for _ in 0..3 {
            fresh.claim(task).await;
            fresh.expire(task).await;
            fresh.db.sweep(super::run::ATTEMPTS, MINUTE).await.unwrap();
        }
        let mut due = fresh.db.due_deliveries(10, MINUTE).await.unwrap();
        due.sort_by_key(|d| d.body["data"]["job_id"].to_string());
        let said: Vec<(String, String)> = due
            .iter()
            .map(|d| {
                let text =
                    |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                (text(&d.body["type"]), text(&d.body["data"]["job_id"]))
            })
            .collect();
        let mut want: Vec<(String, String)> = [
            (JobState::Succeeded, good),
            (JobState::Failed, bad),
            (JobState::Cancelled, stopped),
            (JobState::Failed, lost),
        ]
        .map(|(state, job)| (format!("job.{}", state.name()), job.to_string()))
        .into();
        want.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(said, want);
        assert!(
            due.iter()
                .all(|d| d.webhook == hook && d.tenant == TENANT && d.secret == b"sealed")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_leased_tried_again_and_given_up() {
    with_database(async |fresh| {
        let hook = hook(&fresh).await;
        for _ in 0..3 {
            fresh.run(told_job(&fresh, hook).await, |_| reject()).await;
        }
        let take = async |most| fresh.db.due_deliveries(most, MINUTE).await.unwrap();
        let (one, two) = futures::join!(take(2), take(2));
        assert_eq!(one.len() + two.len(), 3, "each is one taker's");
        assert!(take(9).await.is_empty(), "they are leased");
        let later = "UPDATE webhook_deliveries SET run_at = now() WHERE run_at < now() + interval '2 minutes'";
        fresh.execute(later).await;
        let again = take(9).await;
        assert_eq!(again.len(), 3, "their taker vanished");
        assert!(again.iter().all(|d| d.attempt == 1));

        let rest = Duration::from_mins(10);
        fresh.db.delivered(again[0].id).await.unwrap();
        fresh.db.undelivered(again[1].id, Some(rest), "503").await.unwrap();
        fresh.db.undelivered(again[2].id, None, "too often").await.unwrap();
        // Who was slower cannot take it back.
        fresh.db.undelivered(again[0].id, Some(Duration::ZERO), "late").await.unwrap();
        fresh.execute(later).await;
        assert!(take(9).await.is_empty(), "one rests, the others are over");
        fresh.execute("UPDATE webhook_deliveries SET run_at = now() WHERE state = 'waiting'").await;
        let left = take(9).await;
        assert_eq!((left.len(), left[0].id, left[0].attempt), (1, again[1].id, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_disabled_or_removed_is_told_nothing() {
    with_database(async |fresh| {
        for remove in [false, true] {
            let hook = hook(&fresh).await;
            let (ended, open) = (told_job(&fresh, hook).await, told_job(&fresh, hook).await);
            fresh.run(ended, |_| reject()).await;
            if remove {
                assert!(fresh.db.remove_webhook(TENANT, hook).await.unwrap());
                assert!(!fresh.db.remove_webhook(TENANT, hook).await.unwrap());
            } else {
                fresh.db.disable_webhook(hook).await.unwrap();
            }
            let seen = fresh.db.webhooks(TENANT).await.unwrap();
            let disabled = seen
                .iter()
                .find(|w| w.id == hook)
                .map(|w| w.disabled_at.is_some());
            assert_eq!(disabled, (!remove).then_some(true));
            assert_eq!(fresh.run_well(open, 1).await, JobState::Succeeded);
            let due = fresh.db.due_deliveries(9, MINUTE).await.unwrap();
            assert!(due.is_empty(), "removed: {remove}");
        }
    })
    .await;
}

/// Removing locks the webhook and what is to be told; telling locks the job before the webhook.
#[tokio::test(flavor = "multi_thread")]
async fn removing_a_webhook_while_its_jobs_end_is_no_deadlock() {
    with_database(async |fresh| {
        for _ in 0..30 {
            let hook = hook(&fresh).await;
            let mut claims = Vec::new();
            for _ in 0..6 {
                let job = told_job(&fresh, hook).await;
                claims.push(fresh.claim(page_task(job, Stage::Decode, 0)).await);
            }
            let ends = claims.iter().map(|claimed| fresh.settle(claimed, reject()));
            let (_, removed) = futures::join!(
                futures::future::join_all(ends),
                fresh.db.remove_webhook(TENANT, hook)
            );
            assert!(removed.unwrap());
        }
        let open = "SELECT count(*) FROM jobs WHERE state <> 'failed'";
        assert_eq!(fresh.count(open).await, 0);
    })
    .await;
}
