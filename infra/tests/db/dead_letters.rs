//! What was given up can be tried once more, and what was concluded from its failure is taken back.

use infra::db::{Cancelled, EntityRow};
use schemas::{Engine, JobState, Stage, Step, TaskId, TenantId};
use uuid::Uuid;

use super::{
    entities::lab,
    fresh::with_database,
    run::{ENGINES, TENANT, page_task, reject, well},
};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn a_replay_runs_what_follows_anew_and_nothing_else() {
    let engine = Stage::Recognise(Engine::Paddle);
    let all = |stages: &[Stage], page: u32| -> Vec<Step> {
        stages
            .iter()
            .map(|&stage| Step::page(stage, page, 1))
            .collect()
    };
    let whole: Vec<Step> = [Stage::Extract, Stage::Index].map(Step::document).into();
    let join = |mut page: Vec<Step>| {
        page.extend(&whole);
        page
    };
    let mut from_prepare = vec![Stage::Prepare, Stage::Detect];
    from_prepare.extend(ENGINES.map(Stage::Recognise));
    from_prepare.push(Stage::Fuse);
    let cases: Vec<(&str, Step, JobState, Vec<Step>)> = vec![
        (
            "an engine",
            Step::page(engine, 1, 1),
            JobState::Succeeded,
            join(all(&[engine, Stage::Fuse], 1)),
        ),
        (
            "a fusion",
            Step::page(Stage::Fuse, 1, 1),
            JobState::NeedsReview,
            join(all(&[Stage::Fuse], 1)),
        ),
        (
            "a page's preparation",
            Step::page(Stage::Prepare, 0, 1),
            JobState::NeedsReview,
            join(all(&from_prepare, 0)),
        ),
        (
            "the extraction",
            Step::document(Stage::Extract),
            JobState::Failed,
            whole.clone(),
        ),
        (
            "the index",
            Step::document(Stage::Index),
            JobState::Failed,
            vec![Step::document(Stage::Index)],
        ),
    ];
    with_database(async |fresh| {
        for (case, failing, state, anew) in cases {
            let job = fresh.job().await;
            let fails = |step: Step| step == failing;
            let (ended, _) = fresh
                .run(job, |c| {
                    if fails(c.step) {
                        reject()
                    } else {
                        well(c.step, 2)
                    }
                })
                .await;
            assert_eq!(ended, state, "{case}");
            let task = failing.task_id(job);
            let letters = fresh
                .db
                .dead_letters(Some(TENANT), Some(task), 9)
                .await
                .unwrap();
            assert_eq!(letters.len(), 1, "{case}");
            assert_eq!(
                (letters[0].step, letters[0].job, letters[0].attempts),
                (failing, job, 1),
                "{case}"
            );
            assert_eq!(letters[0].error, reject().err(), "{case}");

            assert!(fresh.db.replay(Some(TENANT), task).await.unwrap(), "{case}");
            assert!(
                !fresh.db.replay(Some(TENANT), task).await.unwrap(),
                "{case}: it is no dead letter now"
            );
            assert_eq!(fresh.state(job).await, JobState::Running, "{case}");
            let (ended, mut steps) = fresh.run(job, |c| well(c.step, 2)).await;
            assert_eq!(ended, JobState::Succeeded, "{case}");
            let mut anew = anew;
            anew.sort();
            steps.sort();
            assert_eq!(steps, anew, "{case}: what ran again");
            let seen = fresh.db.job(TENANT, job).await.unwrap().unwrap();
            assert_eq!(
                (seen.pages, seen.pages_failed, seen.error),
                (Some(2), 0, None),
                "{case}"
            );
        }
        assert!(
            fresh
                .db
                .dead_letters(None, None, 9)
                .await
                .unwrap()
                .is_empty()
        );
        let wrong = "SELECT count(*) FROM jobs WHERE pages_fused <> 2";
        assert_eq!(fresh.count(wrong).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_could_not_be_decoded_gets_its_pages_from_a_replay() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        assert_eq!(fresh.run(job, |_| reject()).await.0, JobState::Failed);
        let decode = page_task(job, Stage::Decode, 0);
        assert!(fresh.db.replay(None, decode).await.unwrap());
        let lab = EntityRow::of(job, lab("e0", "Glucose"));
        let (state, steps) = fresh.run_with(job, &[lab], |c| well(c.step, 3)).await;
        assert_eq!((state, steps.len()), (JobState::Succeeded, 3 * 7 + 2));
        assert_eq!(fresh.count("SELECT count(*) FROM entities").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_pass_that_is_replayed_counts() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let ocrs = Stage::Recognise(Engine::Ocrs);
        let again = |step: Step| match well(step, 1) {
            Ok(schemas::Outcome::Fused { status, .. }) if step.pass == 1 => {
                let again = vec![Engine::Ocrs];
                Ok(schemas::Outcome::Fused { status, again })
            }
            said => said,
        };
        let (state, _) = fresh
            .run(job, |c| {
                if c.step.stage == ocrs {
                    reject()
                } else {
                    again(c.step)
                }
            })
            .await;
        assert_eq!(state, JobState::Succeeded, "the first pass stands");
        assert_eq!(fresh.count("SELECT pass::int8 FROM pages").await, 1);
        let dead = Step::page(ocrs, 0, 2).task_id(job);
        assert!(fresh.db.replay(None, dead).await.unwrap());
        assert_eq!(
            fresh.run(job, |c| again(c.step)).await.0,
            JobState::Succeeded
        );
        assert_eq!(fresh.count("SELECT pass::int8 FROM pages").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed() {
    with_database(async |fresh| {
        let job = fresh.job().await;
        let engine = page_task(job, Stage::Recognise(Engine::Paddle), 0);
        while let Some(&task) = fresh.due(job).await.first() {
            let claimed = fresh.claim(task).await;
            let said = if task == engine {
                reject()
            } else {
                well(claimed.step, 1)
            };
            fresh.settle(&claimed, said).await;
            if claimed.step.stage == Stage::Fuse {
                break;
            }
        }
        let other = Some(TenantId(Uuid::from_u128(5)));
        let done = page_task(job, Stage::Decode, 0);
        let nothing = TaskId(Uuid::nil());
        for (case, tenant, task) in [
            ("another tenant's", other, engine),
            ("a task that did its work", None, done),
            ("no task", None, nothing),
        ] {
            assert!(!fresh.db.replay(tenant, task).await.unwrap(), "{case}");
        }
        assert_eq!(
            fresh.db.cancel(TENANT, job).await.unwrap(),
            Some(Cancelled::Now)
        );
        assert!(
            !fresh.db.replay(None, engine).await.unwrap(),
            "its job was cancelled"
        );
        assert_eq!(fresh.state(job).await, JobState::Cancelled);
        assert!(
            fresh
                .db
                .dead_letters(other, None, 9)
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}
