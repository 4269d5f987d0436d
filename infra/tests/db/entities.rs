//! Entities are what the last job of a document found, and are searched a page at a time.

use std::collections::{BTreeMap, BTreeSet};

use infra::db::{EntityFilter, EntityRow, Upload};
use schemas::{
    Assertion, Code, Confidence, Date, DateRole, Entity, EntityId, Fact, JobId, JobState, Lab,
    Medication, Stage, Step, TenantId,
};
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::{ENGINES, TENANT, upload, well},
};

pub fn entity(id: &str, fact: Fact) -> Entity {
    Entity {
        id: id.into(),
        text: "text".into(),
        span: [0, 4],
        page: Some(0),
        words: vec!["p0w0".into()],
        confidence: Confidence::new(0.9),
        field_confidence: BTreeMap::new(),
        needs_review: false,
        reasons: vec![],
        assertion: Assertion::Present,
        codes: vec![],
        candidates: vec![],
        fact,
    }
}

pub fn lab(id: &str, name: &str) -> Entity {
    entity(
        id,
        Fact::Lab(Lab {
            name: Some(name.into()),
            ..Lab::default()
        }),
    )
}

/// A job of a new document that found these.
pub async fn found(fresh: &Fresh, tenant: TenantId, entities: Vec<Entity>) -> JobId {
    let job = fresh.accept(tenant, &upload()).await.job;
    index(fresh, job, entities).await;
    job
}

pub async fn index(fresh: &Fresh, job: JobId, entities: Vec<Entity>) -> JobState {
    let rows: Vec<EntityRow> = entities
        .into_iter()
        .map(|e| EntityRow::of(job, e))
        .collect();
    fresh.run_with(job, &rows, |c| well(c.step, 1)).await.0
}

async fn local_ids(fresh: &Fresh, filter: &EntityFilter) -> Vec<String> {
    let found = fresh.db.entities(TENANT, filter, None, 100).await.unwrap();
    let mut ids: Vec<String> = found.into_iter().map(|found| found.entity.id).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn each_filter_finds_what_it_says() {
    let day = |text: &str| Some(text.parse().unwrap());
    let code = Code {
        system: "http://loinc.org".into(),
        code: "2345-7".into(),
        display: "Glucose".into(),
    };
    let dob = Date {
        iso: Some("1960-02-29".into()),
        role: Some(DateRole::Dob),
    };
    let drug = Medication {
        name: Some("Digoxin".into()),
        ..Medication::default()
    };
    let entities = vec![
        Entity {
            codes: vec![code],
            ..lab("lab", "Glucose")
        },
        entity("date", Fact::Date(dob)),
        Entity {
            needs_review: true,
            confidence: Confidence::new(0.4),
            ..entity("drug", Fact::Medication(drug))
        },
        Entity {
            assertion: Assertion::Family,
            ..lab("family", "Glucose")
        },
    ];
    with_database(async |fresh| {
        let job = found(&fresh, TENANT, entities).await;
        let document = fresh.db.job(TENANT, job).await.unwrap().unwrap().document.0;
        let today = chrono::Utc::now().date_naive();
        let any = EntityFilter::default;
        let cases: Vec<(&str, EntityFilter, &[&str])> = vec![
            (
                "nothing but what is present",
                any(),
                &["date", "drug", "lab"],
            ),
            (
                "type",
                EntityFilter {
                    kind: Some("lab".into()),
                    ..any()
                },
                &["lab"],
            ),
            (
                "code",
                EntityFilter {
                    code: Some("2345-7".into()),
                    ..any()
                },
                &["lab"],
            ),
            (
                "system and code",
                EntityFilter {
                    code: Some("http://loinc.org|2345-7".into()),
                    ..any()
                },
                &["lab"],
            ),
            (
                "part of a code",
                EntityFilter {
                    code: Some("2345".into()),
                    ..any()
                },
                &[],
            ),
            (
                "to",
                EntityFilter {
                    to: day("1960-02-29"),
                    ..any()
                },
                &["date"],
            ),
            (
                "to the day before",
                EntityFilter {
                    to: day("1960-02-28"),
                    ..any()
                },
                &[],
            ),
            (
                "from",
                EntityFilter {
                    from: day("1960-03-01"),
                    ..any()
                },
                &["drug", "lab"],
            ),
            (
                "from today to today",
                EntityFilter {
                    from: Some(today),
                    to: Some(today),
                    ..any()
                },
                &["drug", "lab"],
            ),
            (
                "confidence",
                EntityFilter {
                    min_confidence: Some(0.9),
                    ..any()
                },
                &["date", "lab"],
            ),
            (
                "assertion",
                EntityFilter {
                    assertion: Some(Assertion::Family),
                    ..any()
                },
                &["family"],
            ),
            (
                "in review",
                EntityFilter {
                    needs_review: Some(true),
                    ..any()
                },
                &["drug"],
            ),
            (
                "not in review",
                EntityFilter {
                    needs_review: Some(false),
                    ..any()
                },
                &["date", "lab"],
            ),
            (
                "document",
                EntityFilter {
                    document: Some(document),
                    ..any()
                },
                &["date", "drug", "lab"],
            ),
            (
                "another document",
                EntityFilter {
                    document: Some(Uuid::nil()),
                    ..any()
                },
                &[],
            ),
            (
                "name in any case",
                EntityFilter {
                    name: Some("dIgOxIn".into()),
                    ..any()
                },
                &["drug"],
            ),
            (
                "patient",
                EntityFilter {
                    patient: Some(Uuid::nil()),
                    ..any()
                },
                &[],
            ),
            (
                "type and confidence",
                EntityFilter {
                    kind: Some("medication".into()),
                    min_confidence: Some(0.5),
                    ..any()
                },
                &[],
            ),
        ];
        for (case, filter, want) in cases {
            assert_eq!(local_ids(&fresh, &filter).await, want, "{case}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_give_each_entity_once_while_others_are_added() {
    with_database(async |fresh| {
        for n in 0..6 {
            let five = (0..5)
                .map(|e| lab(&format!("e{n}{e}"), "Glucose"))
                .collect();
            found(&fresh, TENANT, five).await;
        }
        let filter = EntityFilter::default();
        let mut seen = BTreeSet::new();
        let mut after = None;
        let mut added = 0;
        loop {
            let page = fresh.db.entities(TENANT, &filter, after, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            for entity in &page {
                assert!(seen.insert(entity.id), "{} came twice", entity.entity.id);
            }
            if added < 3 {
                found(&fresh, TENANT, vec![lab(&format!("new{added}"), "Sodium")]).await;
                added += 1;
            }
        }
        assert_eq!(seen.len(), 33, "later ones come later");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_job_replaces_what_an_earlier_one_found_and_not_the_other_way_round() {
    with_database(async |fresh| {
        let same = |engine| Upload {
            digest: Some([1; 32]),
            engines: vec![engine],
            ..upload()
        };
        let earlier = fresh.accept(TENANT, &same(ENGINES[0])).await.job;
        let later = fresh.accept(TENANT, &same(ENGINES[1])).await.job;
        let all = EntityFilter::default();
        index(&fresh, later, vec![lab("a", "Glucose"), lab("b", "Sodium")]).await;
        assert_eq!(local_ids(&fresh, &all).await, ["a", "b"]);
        index(&fresh, earlier, vec![lab("old", "Glucose")]).await;
        assert_eq!(
            local_ids(&fresh, &all).await,
            ["a", "b"],
            "the earlier job was slower"
        );
        let last = fresh.accept(TENANT, &same(ENGINES[2])).await.job;
        index(&fresh, last, vec![lab("c", "Glucose")]).await;
        assert_eq!(local_ids(&fresh, &all).await, ["c"]);

        // The same job once more: the same ids, higher versions.
        let id = EntityId(Uuid::new_v5(&last.0, b"c"));
        let version = async || {
            fresh
                .db
                .entity(TENANT, id)
                .await
                .unwrap()
                .map(|e| e.version)
        };
        assert_eq!(version().await, Some(1));
        let index_task = Step::document(Stage::Index).task_id(last);
        fresh
            .execute(&format!(
                "UPDATE tasks SET state = 'failed' WHERE id = '{}'",
                index_task.0
            ))
            .await;
        assert!(fresh.db.replay(None, index_task).await.unwrap());
        index(
            &fresh,
            last,
            vec![lab("c", "Potassium"), lab("d", "Sodium")],
        )
        .await;
        assert_eq!(local_ids(&fresh, &all).await, ["c", "d"]);
        assert_eq!(
            version().await,
            Some(2),
            "a review of the old one fits no more"
        );
    })
    .await;
}

/// Both delete what was there before; neither sees what the other wrote.
#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_of_a_document_that_end_at_once_leave_one_set() {
    with_database(async |fresh| {
        for n in 0..30 {
            let same = |engine| Upload {
                digest: Some([n; 32]),
                engines: vec![engine],
                ..upload()
            };
            let mut claims = Vec::new();
            for engine in [ENGINES[0], ENGINES[1]] {
                let job = fresh.accept(TENANT, &same(engine)).await.job;
                let index = Step::document(Stage::Index).task_id(job);
                while fresh.due(job).await != [index] {
                    let claimed = fresh.claim(fresh.due(job).await[0]).await;
                    fresh.settle(&claimed, well(claimed.step, 1)).await;
                }
                claims.push(fresh.claim(index).await);
            }
            let rows: Vec<[EntityRow; 1]> = claims
                .iter()
                .map(|c| [EntityRow::of(c.job, lab("e0", "Glucose"))])
                .collect();
            let ends = claims
                .iter()
                .zip(&rows)
                .map(|(c, rows)| fresh.settle_with(c, well(c.step, 1), rows));
            futures::future::join_all(ends).await;
            let document = Some(claims[0].document.0);
            let filter = EntityFilter {
                document,
                ..EntityFilter::default()
            };
            let left = fresh.db.entities(TENANT, &filter, None, 9).await.unwrap();
            let jobs: Vec<JobId> = left.iter().map(|entity| entity.job).collect();
            assert_eq!(jobs, [claims[1].job], "round {n}");
        }
    })
    .await;
}
