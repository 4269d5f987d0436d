//! A person's word changes an entity and keeps what stood there before.

use infra::db::{Caller, Decision, EntityFilter, Review, Role};
use schemas::{Assertion, Code, Entity, EntityId, Fact, JobState, Lab, Outcome, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    entities::lab,
    fresh::with_database,
    run::{TENANT, well},
};

fn caller(tenant: TenantId) -> Caller {
    Caller {
        id: Uuid::from_u128(77),
        tenant,
        role: Role::Reviewer,
    }
}

fn review(decision: Decision, version: i32, after: Entity) -> Review {
    Review {
        decision,
        version,
        after,
        reason: Some("the print says so".into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_keep_the_old_value_and_the_last_one_ends_the_doubt() {
    with_database(async |fresh| {
        let doubtful = |id: &str| Entity {
            needs_review: true,
            ..lab(id, "Glucose")
        };
        let job = fresh.job().await;
        let rows = ["a", "b"].map(|id| infra::db::EntityRow::of(job, doubtful(id)));
        let (state, _) = fresh
            .run_with(job, &rows, |c| match well(c.step, 1) {
                Ok(Outcome::Extracted { .. }) => Ok(Outcome::Extracted { needs_review: true }),
                said => said,
            })
            .await;
        assert_eq!(state, JobState::NeedsReview);
        let id = |local: &str| EntityId(Uuid::new_v5(&job.0, local.as_bytes()));
        let say = async |local: &str, review: &Review| {
            fresh
                .db
                .review(&caller(TENANT), id(local), review)
                .await
                .unwrap()
        };

        let accepted = review(Decision::Accepted, 1, lab("a", "Glucose"));
        let elsewhere = caller(TenantId(Uuid::from_u128(9)));
        assert_eq!(
            fresh
                .db
                .review(&elsewhere, id("a"), &accepted)
                .await
                .unwrap(),
            None
        );
        assert_eq!(say("none", &accepted).await, None);
        assert_eq!(say("a", &accepted).await, Some(true));
        assert_eq!(
            say("a", &accepted).await,
            Some(false),
            "it has changed since"
        );
        assert_eq!(fresh.state(job).await, JobState::NeedsReview, "one is left");

        let code = Code {
            system: "s".into(),
            code: "c".into(),
            display: "d".into(),
        };
        let fact = Fact::Lab(Lab {
            name: Some("Lactate".into()),
            ..Lab::default()
        });
        let right = Entity {
            codes: vec![code],
            fact,
            assertion: Assertion::Possible,
            ..lab("b", "")
        };
        let version = fresh.db.job_version(TENANT, job).await.unwrap().unwrap().1;
        assert_eq!(
            say("b", &review(Decision::Corrected, 1, right.clone())).await,
            Some(true)
        );
        let (state, later) = fresh.db.job_version(TENANT, job).await.unwrap().unwrap();
        assert_eq!(state, JobState::Succeeded);
        assert!(later > version, "who waits for the job must see it");

        let now = fresh.db.entity(TENANT, id("b")).await.unwrap().unwrap();
        assert_eq!((now.version, &now.entity), (2, &right));
        let by = |name: &str, code: &str| EntityFilter {
            name: Some(name.into()),
            code: Some(code.into()),
            assertion: Some(Assertion::Possible),
            ..EntityFilter::default()
        };
        let found = fresh
            .db
            .entities(TENANT, &by("lactate", "s|c"), None, 9)
            .await
            .unwrap();
        assert_eq!(found.len(), 1, "it is found as it stands now");

        let rows = sqlx::query(
            "SELECT decision, before, after, reviewer FROM reviews ORDER BY created_at",
        )
        .fetch_all(&fresh.pool)
        .await
        .unwrap();
        let kept: Vec<(String, Entity, Entity)> = rows
            .iter()
            .map(|row| {
                let entity = |column| serde_json::from_value(row.get(column)).unwrap();
                assert_eq!(row.get::<Uuid, _>(3), caller(TENANT).id);
                (row.get(0), entity(1), entity(2))
            })
            .collect();
        assert_eq!(
            kept,
            [
                ("accepted".into(), doubtful("a"), lab("a", "Glucose")),
                ("corrected".into(), doubtful("b"), right),
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_reviews_of_one_version_at_once_one_counts() {
    with_database(async |fresh| {
        let job = super::entities::found(&fresh, TENANT, vec![lab("a", "Glucose")]).await;
        let id = EntityId(Uuid::new_v5(&job.0, b"a"));
        let word = review(Decision::Accepted, 1, lab("a", "Glucose"));
        let who = caller(TENANT);
        let said = (0..10).map(|_| fresh.db.review(&who, id, &word));
        let said = futures::future::try_join_all(said).await.unwrap();
        let counted = said.iter().filter(|said| **said == Some(true)).count();
        assert_eq!(counted, 1, "{said:?}");
        assert_eq!(fresh.count("SELECT count(*) FROM reviews").await, 1);
    })
    .await;
}
