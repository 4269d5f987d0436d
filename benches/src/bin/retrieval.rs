//! `retrieval`: in how many questions the passage or card that proves the answer is among the first five that
//! search gives, for several weights of meaning and words. It looks into the database of a service to which
//! `chat` has uploaded the fixtures. The weights are chosen by the half `tune`.

use std::collections::HashMap;

use anyhow::Context as _;
use benches::questions::{Row, rows, stands};
use clap::Parser;
use infra::{
    db::{Db, DbSettings},
    search::{Query, Scope, Search as _, Weights},
};
use ingest::compose;
use schemas::{DocumentId, TenantId};

#[derive(Parser)]
#[command(about = "Prints recall at five of the chat's search, by weights of meaning and words")]
struct Arguments {
    /// The service's database.
    #[arg(long)]
    database: String,
}

/// Of the first so many.
const FIRST: i64 = 5;
const WEIGHTS: [(f64, f64); 6] = [
    (1.0, 0.0),
    (0.0, 1.0),
    (1.0, 0.5),
    (1.0, 1.0),
    (1.0, 2.0),
    (1.0, 4.0),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let db = Db::new(&DbSettings {
        url: arguments.database,
        api_sessions: 2,
        worker_sessions: 1,
        allow_plaintext: false,
    })?;
    let encoder = compose::encoder().context("the sentence encoder")?;
    let jobs = db.jobs(TenantId::DEFAULT, None, None, 500).await?;
    let documents: HashMap<String, DocumentId> = jobs
        .into_iter()
        .map(|job| (job.file, job.document))
        .collect();
    println!(
        "meaning words   {:>8} {:>8} {:>8} {:>8}",
        "cards", "", "documents", ""
    );
    println!(
        "                {:>8} {:>8} {:>8} {:>8}",
        "tune", "report", "tune", "report"
    );
    for (meaning, words) in WEIGHTS {
        let mut counts: HashMap<(bool, String), (u32, u32)> = HashMap::new();
        for row in rows()?.into_iter().filter(|row| row.answerable) {
            let query = Query {
                embedding: Some(encoder.encode(&row.question)?),
                text: row.question.clone(),
                weights: Weights { meaning, words },
            };
            let found = found(&db, &documents, &row, &query).await?;
            let count = counts.entry((row.scope == "cards", row.half)).or_default();
            count.0 += u32::from(found);
            count.1 += 1;
        }
        let share = |cards: bool, half: &str| {
            let (held, of) = counts
                .get(&(cards, half.to_owned()))
                .copied()
                .unwrap_or_default();
            format!("{:.3}", f64::from(held) / f64::from(of.max(1)))
        };
        println!(
            "{meaning:>7} {words:>5}   {:>8} {:>8} {:>8} {:>8}",
            share(true, "tune"),
            share(true, "report"),
            share(false, "tune"),
            share(false, "report")
        );
    }
    db.close().await;
    Ok(())
}

async fn found(
    db: &Db,
    documents: &HashMap<String, DocumentId>,
    row: &Row,
    query: &Query,
) -> anyhow::Result<bool> {
    if row.scope == "cards" {
        let hits = db.knowledge(TenantId::DEFAULT, query, FIRST).await?;
        return Ok(hits.iter().any(|hit| hit.card == row.citation));
    }
    let scope = Scope {
        document: documents.get(&row.scope).copied(),
        patient: None,
    };
    let hits = db.documents(TenantId::DEFAULT, scope, query, FIRST).await?;
    Ok(hits
        .iter()
        .any(|hit| stands(&hit.passage.text, &row.citation)))
}
