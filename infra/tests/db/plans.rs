//! No query reads all tasks or all jobs: checked on what PostgreSQL plans for each recorded query.

use std::{fs, path::Path, time::Instant};

use sqlx::Row as _;

use super::{
    fresh::with_database,
    outbox::{fill, publish},
    run::TENANT,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_query_scans_the_tables_of_tasks_and_jobs() {
    with_database(async |fresh| {
        fill(&fresh, TENANT, 20_000, 1, "done").await;
        fill(&fresh, TENANT, 1000, 100, "done").await;
        fill(&fresh, TENANT, 200, 100, "queued").await;
        fresh.execute("VACUUM ANALYZE").await;

        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
        let tables = ["tasks", "jobs"];
        let mut asked = 0;
        for entry in fs::read_dir(folder).expect("recorded queries") {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
            let query = recorded["query"].as_str().expect("a query");
            if !tables.iter().any(|table| query.contains(table)) {
                continue;
            }
            let explain = format!("EXPLAIN (GENERIC_PLAN) {query}");
            let plan: Vec<String> = sqlx::raw_sql(sqlx::AssertSqlSafe(explain))
                .fetch_all(&fresh.pool)
                .await
                .unwrap_or_else(|error| panic!("{query}: {error}"))
                .iter()
                .map(|row| row.get(0))
                .collect();
            let plan = plan.join("\n");
            for table in tables {
                let scan = format!("Seq Scan on {table}");
                assert!(!plan.contains(&scan), "{query}\n\n{plan}");
            }
            asked += 1;
        }
        assert!(asked > 10, "{asked} queries name them");

        let begun = Instant::now();
        let sent = publish(&fresh).await;
        println!(
            "publish_due with 20,000 due and 120,000 done tasks: {sent} in {:.1} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
    })
    .await;
}
