//! The same content is one document, and one job as long as that serves.

use std::collections::BTreeSet;

use infra::{
    db::{Accepted, Upload},
    queue::QueueName,
};
use schemas::{DocumentId, Engine, JobId, JobState, Priority, Stage, WebhookId};
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    outbox::Sink,
    run::{LEASE, TENANT, page_task, reject, upload, well},
    webhooks::hook,
};

fn same() -> Upload {
    Upload {
        digest: Some([9; 32]),
        ..upload()
    }
}

/// So many at once: the documents, the jobs, and how many were new.
async fn together(
    fresh: &Fresh,
    make: impl Fn() -> Upload,
) -> (BTreeSet<DocumentId>, BTreeSet<JobId>, usize) {
    let uploads: Vec<Upload> = (0..20).map(|_| make()).collect();
    let accepting = uploads.iter().map(|upload| fresh.accept(TENANT, upload));
    let accepted = futures::future::join_all(accepting).await;
    (
        accepted.iter().map(|a| a.document).collect(),
        accepted.iter().map(|a| a.job).collect(),
        accepted.iter().filter(|a| !a.duplicate).count(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn doubles_at_once_share_a_document_and_a_job() {
    with_database(async |fresh| {
        let (documents, jobs, new) = together(&fresh, same).await;
        assert_eq!((documents.len(), jobs.len(), new), (1, 1, 1));
        assert_eq!(fresh.count("SELECT count(*) FROM tasks").await, 1);
        let first = *jobs.first().unwrap();

        // It fails: the doubles of a failed job share one new job.
        assert_eq!(fresh.run(first, |_| reject()).await.0, JobState::Failed);
        let (_, jobs, new) = together(&fresh, same).await;
        assert_eq!((jobs.len(), new), (1, 0));
        let second = *jobs.first().unwrap();
        assert_ne!(second, first);

        // So do those of a cancelled one.
        fresh.db.cancel(TENANT, second).await.unwrap();
        let (_, jobs, _) = together(&fresh, same).await;
        assert_eq!(jobs.len(), 1);
        let third = *jobs.first().unwrap();
        assert_eq!(fresh.run_well(third, 1).await, JobState::Succeeded);
        let again = fresh.accept(TENANT, &same()).await;
        assert_eq!((again.job, again.state), (third, JobState::Succeeded));

        let ocrs = || Upload {
            engines: vec![Engine::Ocrs],
            ..same()
        };
        let (documents, jobs, _) = together(&fresh, ocrs).await;
        assert_eq!(
            (documents.len(), jobs.len()),
            (1, 1),
            "other engines, another job"
        );
        assert!(!jobs.contains(&third));

        let seen = fresh
            .db
            .document(TENANT, again.document)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (seen.job, seen.result),
            (*jobs.first().unwrap(), Some(third))
        );
        assert_eq!(seen.media_type.as_deref(), Some("image/png"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_digest_every_upload_is_a_document() {
    with_database(async |fresh| {
        let (documents, jobs, new) = together(&fresh, upload).await;
        assert_eq!((documents.len(), jobs.len(), new), (20, 20, 20));
    })
    .await;
}

async fn naming(fresh: &Fresh, webhook: Option<WebhookId>) -> Accepted {
    let upload = Upload { webhook, ..same() };
    fresh.accept(TENANT, &upload).await
}

/// Who is told what of a job, in their order.
async fn told(fresh: &Fresh, job: JobId) -> Vec<(WebhookId, String)> {
    let due = fresh.db.due_deliveries(99, LEASE).await.unwrap();
    let mut told: Vec<(WebhookId, String)> = due
        .into_iter()
        .map(|due| {
            assert_eq!(due.body["data"]["job_id"], job.to_string());
            (due.webhook, due.body["type"].as_str().unwrap().to_owned())
        })
        .collect();
    told.sort_by_key(|(webhook, _)| webhook.0);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhooks_of_doubles_are_told_once_each() {
    with_database(async |fresh| {
        let [a, b, c, late] = [
            hook(&fresh).await,
            hook(&fresh).await,
            hook(&fresh).await,
            hook(&fresh).await,
        ];
        let job = naming(&fresh, Some(a)).await.job;
        for webhook in [Some(a), None, Some(b), Some(c), Some(b)] {
            assert_eq!(naming(&fresh, webhook).await.job, job);
        }
        assert!(told(&fresh, job).await.is_empty(), "it has not ended");
        fresh.run_well(job, 1).await;
        let end = |webhook| (webhook, "job.succeeded".to_owned());
        assert_eq!(told(&fresh, job).await, [end(a), end(b), end(c)]);

        // It has ended: who comes now is told at once, and nobody again.
        let answer = naming(&fresh, Some(late)).await;
        assert_eq!((answer.job, answer.state), (job, JobState::Succeeded));
        assert_eq!(told(&fresh, job).await, [end(late)]);
        for webhook in [a, b, late] {
            naming(&fresh, Some(webhook)).await;
        }
        assert!(told(&fresh, job).await.is_empty());
        let nobodys = WebhookId(Uuid::now_v7());
        naming(&fresh, Some(nobodys)).await;
        fresh.db.disable_webhook(b).await.unwrap();
        assert!(told(&fresh, job).await.is_empty());
    })
    .await;
}

/// The end of a job and the double that wants to be told of it come at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_double_at_the_end_of_its_job_is_told_of_it_once() {
    with_database(async |fresh| {
        for round in 0..20_u8 {
            let same = |webhook| Upload {
                digest: Some([round; 32]),
                webhook,
                ..upload()
            };
            let webhook = hook(&fresh).await;
            let job = fresh.accept(TENANT, &same(None)).await.job;
            let last = async {
                fresh.run(job, |claimed| well(claimed.step, 1)).await;
            };
            let double = same(Some(webhook));
            let joining = async {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                fresh.accept(TENANT, &double).await
            };
            let ((), double) = futures::join!(last, joining);
            assert_eq!(double.job, job);
            let told = told(&fresh, job).await;
            assert_eq!(told, [(webhook, "job.succeeded".to_owned())], "{round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_double_puts_its_job_before_others() {
    with_database(async |fresh| {
        let job = fresh.accept(TENANT, &same()).await.job;
        let sink = Sink::new(|_| Some(true));
        let send = async || {
            fresh.db.publish_due(&sink, LEASE).await.unwrap();
            let sent = sink.take().into_iter();
            sent.map(|(queue, notice)| (queue, notice.task))
                .collect::<Vec<_>>()
        };
        let at = |stage, priority| (QueueName { stage, priority }, page_task(job, stage, 0));
        assert_eq!(send().await, [at(Stage::Decode, Priority::Normal)]);
        let urgent = || Upload {
            priority: Priority::Urgent,
            ..same()
        };
        assert_eq!(fresh.accept(TENANT, &urgent()).await.job, job);
        assert_eq!(send().await, [at(Stage::Decode, Priority::Urgent)]);
        // Asked again, also for less, nothing changes.
        fresh.accept(TENANT, &urgent()).await;
        fresh.accept(TENANT, &same()).await;
        assert!(send().await.is_empty());

        let claimed = fresh.claim(page_task(job, Stage::Decode, 0)).await;
        fresh.settle(&claimed, well(claimed.step, 1)).await;
        assert_eq!(send().await, [at(Stage::Prepare, Priority::Urgent)]);
        assert_eq!(fresh.run_well(job, 1).await, JobState::Succeeded);
    })
    .await;
}
