//! The same content is one document, and one job as long as that serves.

use std::collections::BTreeSet;

use infra::db::Upload;
use schemas::{DocumentId, Engine, JobId, JobState};

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, reject, upload},
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
