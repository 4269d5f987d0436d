//! Jobs as a list, and what waits of them.

use schemas::{JobState, Stage};

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
