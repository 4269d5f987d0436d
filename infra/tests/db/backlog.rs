//! What waits is counted over all tenants, and whoever scales by it sees nothing else.

use infra::db::{Backlog, OpenJobs, ReviewGap};
use schemas::{Stage, TenantId};
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::{TENANT, page_task, reject, upload},
};

async fn of_decoding(fresh: &Fresh) -> Backlog {
    let mut rows = fresh.db.backlog().await.unwrap();
    rows.retain(|row| row.stage == "decode");
    rows.pop().expect("decoding has open tasks")
}

/// What a role is told, or the SQLSTATE of the refusal.
async fn asked(fresh: &Fresh, role: &str, sql: &'static str) -> Result<i64, String> {
    let mut session = fresh.pool.begin().await.unwrap();
    let set = format!("SET LOCAL ROLE \"{role}\"");
    sqlx::raw_sql(sqlx::AssertSqlSafe(set))
        .execute(&mut *session)
        .await
        .unwrap();
    match sqlx::query_scalar(sql).fetch_one(&mut *session).await {
        Ok(count) => Ok(count),
        Err(sqlx::Error::Database(error)) => Err(error.code().unwrap_or_default().into_owned()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tasks_are_counted_by_what_is_to_be_done_with_them() {
    with_database(async |fresh| {
        assert_eq!(fresh.db.backlog().await.unwrap(), []);
        let other = TenantId(Uuid::from_u128(2));
        fresh.db.found_tenant(other, "another").await.unwrap();
        let job = fresh.job().await;
        fresh.job().await;
        fresh.accept(other, &upload()).await;
        let waiting = of_decoding(&fresh).await;
        assert_eq!((waiting.unsent, waiting.due, waiting.running), (3, 3, 0));
        assert!(waiting.oldest_due_seconds.unwrap() >= 0.0);
        assert_eq!(waiting.oldest_due_seconds, waiting.oldest_unsent_seconds);

        let claimed = fresh.claim(page_task(job, Stage::Decode, 0)).await;
        let begun = of_decoding(&fresh).await;
        assert_eq!((begun.unsent, begun.due, begun.running), (2, 2, 1));

        fresh.settle(&claimed, reject()).await;
        let given_up = of_decoding(&fresh).await;
        assert_eq!((given_up.running, given_up.dead), (0, 1));

        fresh
            .execute("UPDATE tasks SET published_at = now() WHERE state = 'queued'")
            .await;
        let sent = of_decoding(&fresh).await;
        assert_eq!((sent.unsent, sent.sent, sent.due), (0, 2, 2));
        assert!(sent.oldest_unsent_seconds.is_none() && sent.oldest_due_seconds.is_some());
        let none = ReviewGap {
            reviews: 0,
            gap: None,
        };
        assert_eq!(fresh.db.review_gap().await.unwrap(), none);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_not_at_their_end_are_counted_by_state() {
    with_database(async |fresh| {
        assert_eq!(fresh.db.open_jobs().await.unwrap(), []);
        let open = |state: &str, jobs| OpenJobs {
            state: state.to_owned(),
            jobs,
        };
        let begun = fresh.job().await;
        let (ended, stopped) = (fresh.job().await, fresh.job().await);
        fresh.claim(page_task(begun, Stage::Decode, 0)).await;
        let waiting = [open("queued", 2), open("running", 1)];
        assert_eq!(fresh.db.open_jobs().await.unwrap(), waiting);
        fresh.run_well(ended, 1).await;
        fresh.db.cancel(TENANT, stopped).await.unwrap();
        assert_eq!(fresh.db.open_jobs().await.unwrap(), [open("running", 1)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scaler_sees_counts_and_nothing_else() {
    with_database(async |fresh| {
        fresh.job().await;
        let scaler = format!("scaler_{}", Uuid::now_v7().simple());
        fresh.execute(&format!("CREATE ROLE {scaler}")).await;
        fresh
            .execute(&format!("GRANT SELECT ON backlog TO {scaler}"))
            .await;
        let due =
            "SELECT coalesce(sum(due + running), 0)::bigint FROM backlog WHERE stage IN ('decode')";
        assert_eq!(asked(&fresh, &scaler, due).await, Ok(1));
        assert_eq!(asked(&fresh, "medbot_worker", due).await, Ok(1));
        let refused = Err("42501".to_owned());
        assert_eq!(asked(&fresh, "medbot_api", due).await, refused);
        for table in [
            "SELECT count(*) FROM tasks",
            "SELECT count(*) FROM entities",
        ] {
            assert_eq!(asked(&fresh, &scaler, table).await, refused, "{table}");
        }
        fresh.execute(&format!("DROP OWNED BY {scaler}")).await;
        fresh.execute(&format!("DROP ROLE {scaler}")).await;
    })
    .await;
}
