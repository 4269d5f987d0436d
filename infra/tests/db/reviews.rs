//! A person's word changes an entity and keeps what stood there before.

use infra::db::{Caller, Decision, EntityFilter, EntityRow, Review, Role};
use schemas::{
    Assertion, Code, Engine, Entity, EntityId, Fact, JobId, JobState, Lab, Outcome, Stage, TenantId,
};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    entities::lab,
    fresh::{Fresh, with_database},
    run::{TENANT, page_task, reject, well},
};

pub fn caller(tenant: TenantId) -> Caller {
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
#[expect(clippy::too_many_lines, reason = "one story")]
async fn reviews_keep_the_old_value_and_the_last_one_ends_the_doubt() {
    with_database(async |fresh| {
        let doubtful = |id: &str| Entity {
            needs_review: true,
            ..lab(id, "Glucose")
        };
        let job = fresh.job().await;
        let rows = ["a", "b"].map(|id| EntityRow::of(job, doubtful(id)));
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
                .review(&caller(TENANT), id(local), review, &fresh.master)
                .await
                .unwrap()
        };

        let accepted = review(Decision::Accepted, 1, lab("a", "Glucose"));
        let elsewhere = caller(TenantId(Uuid::from_u128(9)));
        assert_eq!(
            fresh
                .db
                .review(&elsewhere, id("a"), &accepted, &fresh.master)
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
        let version = fresh.db.job(TENANT, job).await.unwrap().unwrap().version;
        assert_eq!(
            say("b", &review(Decision::Corrected, 1, right.clone())).await,
            Some(true)
        );
        let ended = fresh.db.job(TENANT, job).await.unwrap().unwrap();
        let (state, later) = (ended.state, ended.version);
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
        let found = fresh.db.review_gap().await.unwrap();
        let stated = f64::from(doubtful("a").confidence.get());
        assert_eq!(found.reviews, 2);
        assert!(
            (found.gap.unwrap() - (stated - 0.5)).abs() < 1e-6,
            "{found:?}"
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
        let said = (0..10).map(|_| fresh.db.review(&who, id, &word, &fresh.master));
        let said = futures::future::try_join_all(said).await.unwrap();
        let counted = said.iter().filter(|said| **said == Some(true)).count();
        assert_eq!(counted, 1, "{said:?}");
        assert_eq!(fresh.count("SELECT count(*) FROM reviews").await, 1);
    })
    .await;
}

/// Runs what is due of a job whose extraction finds these and is in doubt.
async fn find(fresh: &Fresh, job: JobId, found: &[Entity], engine_fails: bool) -> JobState {
    let rows: Vec<EntityRow> = found
        .iter()
        .map(|entity| EntityRow::of(job, entity.clone()))
        .collect();
    let say = |c: &infra::db::Claimed| match c.step.stage {
        Stage::Recognise(Engine::Paddle) if engine_fails => reject(),
        Stage::Extract => Ok(Outcome::Extracted { needs_review: true }),
        _ => well(c.step, 1),
    };
    fresh.run_with(job, &rows, say).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_word_outlives_a_replay_where_the_same_is_read() {
    with_database(async |fresh| {
        let doubtful = |id: &str, name: &str, word: &str| Entity {
            needs_review: true,
            reasons: vec!["the engines differ".into()],
            words: vec![word.into()],
            ..lab(id, name)
        };
        let job = fresh.job().await;
        let [same, other, accepted] = [
            doubtful("e0", "Glucose", "p0w1"),
            doubtful("e1", "Lactate", "p0w2"),
            doubtful("e2", "Glucose", "p0w3"),
        ];
        let first = [same.clone(), other.clone(), accepted.clone()];
        assert_eq!(find(&fresh, job, &first, true).await, JobState::NeedsReview);
        let corrected = Entity {
            needs_review: false,
            ..lab("e0", "Glucagon")
        };
        let corrected = Entity {
            words: same.words.clone(),
            ..corrected
        };
        let quiet = |entity: &Entity| Entity {
            needs_review: false,
            reasons: vec![],
            ..entity.clone()
        };
        for (id, decision, after) in [
            ("e0", Decision::Corrected, corrected.clone()),
            ("e1", Decision::Accepted, quiet(&other)),
            ("e2", Decision::Accepted, quiet(&accepted)),
        ] {
            let id = EntityId(Uuid::new_v5(&job.0, id.as_bytes()));
            let said = review(decision, 1, after);
            assert_eq!(
                fresh
                    .db
                    .review(&caller(TENANT), id, &said, &fresh.master)
                    .await
                    .unwrap(),
                Some(true)
            );
        }
        assert_eq!(fresh.state(job).await, JobState::Succeeded);

        // The engine that failed reads after all: one more entity before the others, and another
        // text at the place of one.
        let dead = page_task(job, Stage::Recognise(Engine::Paddle), 0);
        assert!(fresh.db.replay(Some(TENANT), dead).await.unwrap());
        let moved = |entity: &Entity, id: &str| Entity {
            id: id.into(),
            span: [9, 13],
            ..entity.clone()
        };
        let reread = doubtful("e2", "Lactose", "p0w2");
        let again = [
            doubtful("e0", "Sodium", "p0w0"),
            moved(&same, "e1"),
            reread.clone(),
            moved(&accepted, "e3"),
        ];
        assert_eq!(
            find(&fresh, job, &again, false).await,
            JobState::NeedsReview
        );
        let all = EntityFilter::default();
        let stands = async || -> Vec<Entity> {
            let found = fresh.db.entities(TENANT, &all, None, 9).await.unwrap();
            let mut found: Vec<Entity> = found.into_iter().map(|found| found.entity).collect();
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found
        };
        let want = [
            again[0].clone(),
            moved(&corrected, "e1"),
            reread,
            moved(&quiet(&accepted), "e3"),
        ];
        assert_eq!(stands().await, want);
        let named = EntityFilter {
            name: Some("glucagon".into()),
            ..EntityFilter::default()
        };
        let found = fresh.db.entities(TENANT, &named, None, 9).await.unwrap();
        assert_eq!(found.len(), 1, "the columns are the corrected ones too");
        let reviewed = fresh.db.reviewed(TENANT, found[0].document).await.unwrap();
        assert_eq!(reviewed.len(), 2, "the result shows them");

        // Once more, and only what was reviewed is found: there is no doubt left.
        fresh
            .execute("UPDATE tasks SET state = 'failed' WHERE stage = 'extract'")
            .await;
        let dead = schemas::Step::document(Stage::Extract).task_id(job);
        assert!(fresh.db.replay(Some(TENANT), dead).await.unwrap());
        let again = [moved(&same, "e0"), moved(&accepted, "e1")];
        assert_eq!(find(&fresh, job, &again, false).await, JobState::Succeeded);
        let want = [moved(&corrected, "e0"), moved(&quiet(&accepted), "e1")];
        assert_eq!(stands().await, want);
        assert_eq!(fresh.count("SELECT count(*) FROM reviews").await, 3);
    })
    .await;
}
