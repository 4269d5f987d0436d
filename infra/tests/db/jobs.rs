//! Jobs as a list, and what waits of them.

use infra::db::Polled;
use schemas::{JobId, JobState, Stage, TenantId};
use uuid::Uuid;

use super::{
    fresh::with_database,
    run::{TENANT, page_task, reject, upload},
};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_newest_first_a_page_at_a_time() {
    with_database(async |fresh| {
        let mut taken = Vec::new();
        for _ in 0..5 {
            taken.push(fresh.accept(TENANT, &upload()).await.job);
        }
        taken.reverse();
        let mut listed = Vec::new();
        let mut before = None;
        loop {
            let page = fresh.db.jobs(TENANT, None, before, 2).await.unwrap();
            assert!(page.len() <= 2);
            let Some(last) = page.last() else { break };
            before = Some((last.created_at, last.id));
            listed.extend(page.iter().map(|job| job.id));
        }
        assert_eq!(listed, taken);

        let job = &fresh.db.jobs(TENANT, None, None, 1).await.unwrap()[0];
        let alone = fresh.db.job(TENANT, job.id).await.unwrap().unwrap();
        assert_eq!(job.progress, alone.progress, "as one sees it alone");
        assert!(job.progress.contains_key("decode"));

        // Of those that wait, one is given up.
        let waiting = fresh.db.queues(TENANT).await.unwrap();
        assert_eq!(waiting.len(), 1);
        let depth = &waiting[0];
        assert_eq!(
            (depth.stage.as_str(), depth.waiting, depth.dead),
            ("decode", 5, 0)
        );
        assert!(depth.due_since.is_some());
        fresh.run(taken[0], |_| reject()).await;
        let failed = fresh
            .db
            .jobs(TENANT, Some(JobState::Failed), None, 9)
            .await
            .unwrap();
        assert_eq!(
            failed.iter().map(|job| job.id).collect::<Vec<_>>(),
            [taken[0]]
        );
        let dead = fresh.db.dead_letters(Some(TENANT), None, 9).await.unwrap();
        assert_eq!(dead[0].task, page_task(taken[0], Stage::Decode, 0));
        let depth = fresh.db.queues(TENANT).await.unwrap().remove(0);
        assert_eq!((depth.waiting, depth.dead), (4, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_jobs_gets_those_of_the_tenant_and_what_is_new() {
    with_database(async |fresh| {
        let other = TenantId(Uuid::from_u128(0xa));
        fresh.db.found_tenant(other, "other").await.unwrap();
        let own = fresh.accept(TENANT, &upload()).await.job;
        let foreign = fresh.accept(other, &upload()).await.job;
        let asked = [own, foreign, JobId(Uuid::from_u128(0xdead))];

        let mut owned = fresh.db.tenants_of(&asked).await.unwrap();
        owned.sort();
        let mut want = [(own, TENANT), (foreign, other)];
        want.sort();
        assert_eq!(owned, want);
        for (job, tenant) in want {
            let found = fresh.db.jobs_of(tenant, &asked).await.unwrap();
            assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), [job]);
        }

        let poll = async |tenant, version| {
            let is_seen = |now| now == version;
            match fresh.db.poll(tenant, own, is_seen).await.unwrap()? {
                Polled::Seen(version) => Some((version, None)),
                Polled::New(job) => Some((job.version, Some(job.state))),
            }
        };
        assert_eq!(poll(other, 1).await, None);
        let (version, state) = poll(TENANT, -1).await.unwrap();
        assert_eq!(state, Some(JobState::Queued));
        assert_eq!(poll(TENANT, version).await, Some((version, None)));
        fresh.db.cancel(TENANT, own).await.unwrap();
        let (newer, state) = poll(TENANT, version).await.unwrap();
        assert!(newer > version);
        assert_eq!(state, Some(JobState::Cancelled));
    })
    .await;
}
