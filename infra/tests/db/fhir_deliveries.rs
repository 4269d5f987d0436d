//! A FHIR server is told of a document when it has succeeded, and again when its content changes.

use std::time::Duration;

use infra::db::{Caller, Decision, DueDocument, EntityRow, Review, Role};
use schemas::{Entity, EntityId, JobState, Outcome};
use uuid::Uuid;

use super::{
    entities::lab,
    fresh::{Fresh, with_database},
    run::{TENANT, reject, well},
};

const MINUTE: Duration = Duration::from_mins(1);

async fn due(fresh: &Fresh) -> Vec<DueDocument> {
    fresh.db.due_documents(10, MINUTE).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_before_its_last_review_and_every_change_is() {
    with_database(async |fresh| {
        fresh.run(fresh.job().await, |_| reject()).await;
        let job = fresh.job().await;
        let doubtful = Entity {
            needs_review: true,
            ..lab("a", "Glucose")
        };
        let (state, _) = fresh
            .run_with(job, &[EntityRow::of(job, doubtful)], |c| {
                match well(c.step, 1) {
                    Ok(Outcome::Extracted { .. }) => Ok(Outcome::Extracted { needs_review: true }),
                    said => said,
                }
            })
            .await;
        assert_eq!(state, JobState::NeedsReview);
        assert!(due(&fresh).await.is_empty(), "it waits for its review");

        let id = EntityId(Uuid::new_v5(&job.0, b"a"));
        let reviewer = Caller {
            id: Uuid::from_u128(77),
            tenant: TENANT,
            role: Role::Reviewer,
        };
        let accept = async |version| {
            let review = Review {
                decision: Decision::Accepted,
                version,
                after: lab("a", "Glucose"),
                reason: None,
            };
            fresh
                .db
                .review(&reviewer, id, &review, &fresh.master)
                .await
                .unwrap()
        };
        assert_eq!(accept(1).await, Some(true));
        let first = due(&fresh).await;
        assert_eq!((first.len(), first[0].version, first[0].attempt), (1, 1, 0));
        assert!(due(&fresh).await.is_empty(), "it is leased");

        // A failure is tried again, and a change while it is told is told as well.
        let away = "the server answered 503";
        fresh
            .db
            .document_untold(&first[0], Some(Duration::ZERO), away)
            .await
            .unwrap();
        let again = due(&fresh).await;
        assert_eq!((again[0].version, again[0].attempt), (1, 1));
        assert_eq!(accept(2).await, Some(true));
        fresh.db.document_told(&again[0]).await.unwrap();
        let changed = due(&fresh).await;
        assert_eq!(
            (changed.len(), changed[0].version, changed[0].attempt),
            (1, 2, 0)
        );
        fresh.db.document_told(&changed[0]).await.unwrap();
        assert!(due(&fresh).await.is_empty());

        // What the server refuses is given up until it changes.
        assert_eq!(accept(3).await, Some(true));
        let refused = due(&fresh).await;
        fresh
            .db
            .document_untold(&refused[0], None, "the server answered 422")
            .await
            .unwrap();
        assert!(due(&fresh).await.is_empty());
        assert_eq!(accept(4).await, Some(true));
        assert_eq!(due(&fresh).await.len(), 1);
    })
    .await;
}
