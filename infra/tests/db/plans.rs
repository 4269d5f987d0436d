//! No query reads a table that grows from end to end: checked on what PostgreSQL plans for each recorded query.

use std::{fs, path::Path, time::Instant};

use sqlx::Row as _;

use super::{
    fresh::{Fresh, with_database},
    outbox::{fill, publish},
    run::TENANT,
};

/// Tables that grow with what a clinic sends and does.
const GROWING: [&str; 7] = [
    "tasks",
    "jobs",
    "entities",
    "passages",
    "patient_sightings",
    "audit_events",
    "webhook_deliveries",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_query_scans_a_table_that_grows() {
    with_database(async |fresh| {
        fill(&fresh, TENANT, 20_000, 1, "done").await;
        fill(&fresh, TENANT, 1000, 100, "done").await;
        fill(&fresh, TENANT, 200, 100, "queued").await;
        fill_others(&fresh).await;
        fresh.execute("VACUUM ANALYZE").await;

        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
        let (mut asked, mut scanning) = (0, Vec::new());
        for entry in fs::read_dir(folder).expect("recorded queries") {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
            let query = recorded["query"].as_str().expect("a query");
            if !GROWING.iter().any(|table| query.contains(table)) {
                continue;
            }
            let owners = plan(&fresh, "", query)
                .await
                .unwrap_or_else(|error| panic!("{query}: {error}"));
            // What only the API asks sees one tenant's rows, by their index.
            let plan = if scans(&owners) {
                plan(&fresh, API, query).await.unwrap_or(owners)
            } else {
                owners
            };
            if scans(&plan) {
                scanning.push(format!("{query}\n\n{plan}"));
            }
            asked += 1;
        }
        assert!(scanning.is_empty(), "{}", scanning.join("\n\n---\n\n"));
        assert!(asked > 60, "{asked} queries name them");

        let begun = Instant::now();
        let sent = publish(&fresh).await;
        println!(
            "publish_due with 20,000 due and 120,000 done tasks: {sent} in {:.1} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
    })
    .await;
}

/// As the role that the API uses, for one tenant.
const API: &str =
    "SET LOCAL ROLE medbot_api; SELECT set_config('medbot.tenant', gen_random_uuid()::text, true);";

/// What PostgreSQL would do for a query whose values it does not know yet, after `first` in the same transaction.
async fn plan(fresh: &Fresh, first: &str, query: &str) -> Result<String, sqlx::Error> {
    let mut transaction = fresh.pool.begin().await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(first.to_owned()))
        .execute(&mut *transaction)
        .await?;
    let explain = format!("EXPLAIN (GENERIC_PLAN) {query}");
    let lines = sqlx::raw_sql(sqlx::AssertSqlSafe(explain))
        .fetch_all(&mut *transaction)
        .await?;
    let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
    Ok(lines.join("\n"))
}

fn scans(plan: &str) -> bool {
    GROWING
        .iter()
        .any(|table| plan.contains(&format!("Seq Scan on {table}")))
}

/// Of a hundred clinics: documents with entities, passages and people, lines of the log, messages to a webhook.
async fn fill_others(fresh: &Fresh) {
    fresh
        .execute(
            "CREATE TEMP TABLE clinics ON COMMIT PRESERVE ROWS AS
                 SELECT gen_random_uuid() AS id, number FROM generate_series(1, 100) AS number;
             INSERT INTO tenants (id, name) SELECT id, 'clinic ' || number FROM clinics;
             INSERT INTO documents (id, tenant_id, file, bytes)
                 SELECT gen_random_uuid(), id, 'b.png', 1 FROM clinics, generate_series(1, 20);
             INSERT INTO jobs (id, tenant_id, document_id, engines)
                 SELECT gen_random_uuid(), tenant_id, id, '{tesseract}' FROM documents WHERE file = 'b.png';
             INSERT INTO patient_sightings (document_id, tenant_id, name_key)
                 SELECT id, tenant_id, '#' || id FROM documents WHERE file = 'b.png';
             INSERT INTO entities (id, tenant_id, document_id, job_id, local_id, type, name, assertion, confidence,
                                   needs_review, codes, entity, created_at)
                 SELECT gen_random_uuid(), j.tenant_id, document_id, j.id, 'e' || n, 'lab', 'Sodium', 'present', 0.9,
                     n = 1, '{}', '{}', j.created_at
                 FROM jobs j JOIN documents d ON d.id = j.document_id, generate_series(1, 30) AS n
                 WHERE d.file = 'b.png';
             INSERT INTO passages (id, tenant_id, document_id, page, position, heading, text, words, search)
                 SELECT gen_random_uuid(), tenant_id, id, 0, n, '', 'a line', '{}', ''
                 FROM documents, generate_series(1, 10) AS n WHERE file = 'b.png';
             INSERT INTO audit_events (tenant_id, seq, at, event, hash)
                 SELECT id, n, now(), '{}', '' FROM clinics, generate_series(1, 500) AS n;
             INSERT INTO webhooks (id, tenant_id, url, secret) SELECT gen_random_uuid(), id, 'u', '' FROM clinics;
             INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, body, state)
                 SELECT gen_random_uuid(), tenant_id, id, '{}', 'delivered' FROM webhooks, generate_series(1, 200);",
        )
        .await;
}
