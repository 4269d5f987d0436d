//! The chat's search finds exactly the nearest passages of its own tenant, however many others lie in the table: an
//! index for neighbours would give too few behind row-level security, and say nothing.

use std::collections::BTreeMap;

use infra::search::{Query, Scope, Search as _, Weights};
use schemas::TenantId;
use sqlx::Row as _;
use uuid::Uuid;

use super::fresh::{Fresh, with_database};

/// Tenants that are large, and that are small, with the passages of each.
const LARGE: (usize, usize) = (3, 4000);
const SMALL: (usize, usize) = (30, 25);
/// Passages that the chat looks at.
const BEST: usize = 24;
const QUESTIONS: usize = 8;

fn tenant(n: usize) -> TenantId {
    TenantId(Uuid::from_u128(0xa000 + n as u128))
}

/// Passages whose embeddings are directions of one narrow cone, as those of sentences are: the nearest of all
/// tenants together are mostly the large ones'.
async fn fill(fresh: &Fresh) {
    fresh.execute("SELECT setseed(0.42)").await;
    for n in 0..LARGE.0 + SMALL.0 {
        fresh
            .db
            .found_tenant(tenant(n), "one of many")
            .await
            .unwrap();
        let passages = if n < LARGE.0 { LARGE.1 } else { SMALL.1 };
        let id = tenant(n).0;
        fresh
            .execute(&format!(
                "WITH document AS (
                     INSERT INTO documents (id, tenant_id, file, bytes)
                     VALUES (gen_random_uuid(), '{id}', 'a.png', 1) RETURNING id)
                 INSERT INTO passages (id, tenant_id, document_id, page, position, heading, text, words, embedding,
                                       search)
                 SELECT gen_random_uuid(), '{id}', document.id, 0, n, '', 'a line', '{{}}',
                     ARRAY(SELECT 0.5 + random() + 0 * n FROM generate_series(1, 384))::real[]::vector, ''
                 FROM document, generate_series(1, {passages}) AS n"
            ))
            .await;
    }
    fresh.execute("ANALYZE passages").await;
}

/// The nearest passages of a tenant, by their positions, worked out here from all that it has.
async fn nearest(fresh: &Fresh, tenant: TenantId, asked: &[f32]) -> Vec<(f64, i32)> {
    let rows = sqlx::query("SELECT position, embedding::real[] FROM passages WHERE tenant_id = $1");
    let rows = rows.bind(tenant.0).fetch_all(&fresh.pool).await.unwrap();
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let mut all: Vec<(f64, i32)> = rows
        .iter()
        .map(|row| {
            let embedding: Vec<f32> = row.get(1);
            let length = (dot(asked, asked) * dot(&embedding, &embedding)).sqrt();
            (dot(asked, &embedding) / length, row.get(0))
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(BEST);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_all_that_is_nearest_however_many_tenants_there_are() {
    with_database(async |fresh| {
        fill(&fresh).await;
        let mut dice = super::run::Dice(7);
        let mut recalls = BTreeMap::new();
        for (size, of) in [("large", 1), ("small", LARGE.0 + 17)] {
            let (mut found, mut wanted) = (0, 0);
            for _ in 0..QUESTIONS {
                let asked: Vec<f32> = (0..384)
                    .map(|_| 0.5 + dice.below(1000) as f32 / 1000.0)
                    .collect();
                let want = nearest(&fresh, tenant(of), &asked).await;
                let query = Query {
                    text: String::new(),
                    embedding: Some(asked),
                    weights: Weights {
                        meaning: 1.0,
                        words: 0.0,
                    },
                };
                let hits = fresh
                    .db
                    .documents(tenant(of), Scope::default(), &query, BEST as i64)
                    .await
                    .unwrap();
                assert_eq!(
                    hits.len(),
                    want.len(),
                    "{size}: as many as there are to be had"
                );
                // By their cosines: two that are equally near may stand for one another.
                let last = want.last().expect("passages").0;
                found += hits
                    .iter()
                    .filter(|hit| hit.fit.cosine >= last - 1e-6)
                    .count();
                wanted += want.len();
                let first = hits[0].fit.cosine - want[0].0;
                assert!(first.abs() < 1e-6, "{size}: the nearest comes first");
            }
            recalls.insert(size, (found, wanted));
        }
        println!("found of wanted: {recalls:?}");
        for (size, (found, wanted)) in recalls {
            assert_eq!(found, wanted, "{size}: recall 1.0");
        }
        // Why: such an index would be asked for the nearest of all, and row-level security would then hide most.
        let approximate: i64 = fresh
            .count(
                "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 JOIN pg_am a ON a.oid = c.relam WHERE a.amname IN ('hnsw', 'ivfflat')",
            )
            .await;
        assert_eq!(
            approximate, 0,
            "with one, the search must look on until it has enough"
        );
    })
    .await;
}
