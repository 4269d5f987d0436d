//! `retrieval`: in how many questions the passage or card that proves the answer is among the first five that
//! search gives, for several weights of meaning and words. It looks into the database of a service to which
//! `chat` has uploaded the fixtures. The weights are chosen by the half `tune`. `--fit` fits what ranks lines
//! and cards for an answer, prints its cross-validation and writes the weights, `--embed` the embeddings that
//! ship; build again to see either at work.

use std::{collections::HashMap, fs, path::PathBuf};

use anyhow::Context as _;
use benches::{
    questions::{ASIDE, Row, TUNED, Verdict, rows, stands},
    ranking::{self, Sample},
};
use clap::Parser;
use infra::{
    db::{Db, DbError, DbSettings},
    search::{Query, Scope, Search as _, Weights},
};
use ingest::{
    chat::{Among, Call, CallLog, Chat, Country, Question, known, rank},
    compose, vocabularies,
};
use schemas::{DocumentId, TenantId};
use tokio::sync::mpsc;
use workers::encoder::Encoder;

#[derive(Parser)]
#[command(about = "Prints recall at five of the chat's search, by weights of meaning and words")]
struct Arguments {
    /// The service's database.
    #[arg(long, required_unless_present = "embed")]
    database: Option<String>,
    /// Writes the embeddings of the cards and wordings that ship, and asks no database.
    #[arg(long)]
    embed: bool,
    /// Fits the ranking of the chat and writes its weights.
    #[arg(long)]
    fit: bool,
    /// Asks the chat itself, without a service: prints what share of each half is right and cited, and refused,
    /// and the rows of this half that fail, with what decided.
    #[arg(long)]
    ask: Option<String>,
    /// Weights of the ranking that --fit wrote, in the place of those that were built in.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// The share of the questions without an answer that is refused at least, of those to documents, with --fit.
    #[arg(long, default_value_t = 0.95)]
    refused: f64,
    /// The same of those to cards.
    #[arg(long, default_value_t = 0.85)]
    refused_of_cards: f64,
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
    if let Some(path) = &arguments.weights {
        rank::use_weights(fs::read_to_string(path)?);
    }
    let encoder = compose::encoder().context("the sentence encoder")?;
    if arguments.embed {
        return embed(&encoder);
    }
    let db = Db::new(&DbSettings {
        url: arguments.database.context("a database")?,
        api_sessions: 2,
        worker_sessions: 1,
        allow_plaintext: false,
    })?;
    let jobs = db.jobs(TenantId::DEFAULT, None, None, 500).await?;
    let documents: HashMap<String, DocumentId> = jobs
        .into_iter()
        .map(|job| (job.file, job.document))
        .collect();
    if let Some(half) = &arguments.ask {
        ask(&db, &documents, half).await?;
        db.close().await;
        return Ok(());
    }
    if arguments.fit {
        let refused = [arguments.refused, arguments.refused_of_cards];
        fit(&db, &documents, refused).await?;
        db.close().await;
        return Ok(());
    }
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

fn embed(encoder: &Encoder) -> anyhow::Result<()> {
    let path = of_chat("known.bin");
    fs::write(&path, known::file(encoder)?).with_context(|| path.display().to_string())?;
    println!("{} texts embedded; build again", known::texts().len());
    Ok(())
}

/// A file that the chat's build reads.
fn of_chat(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../ingest/src/chat")
        .join(name)
}

fn chat(db: &Db) -> Chat {
    Chat::new(
        db.clone(),
        compose::encoder,
        vocabularies::lexicon,
        Country::default(),
        None,
    )
}

/// A row as the chat is asked it.
fn question(row: &Row, documents: &HashMap<String, DocumentId>) -> Question {
    Question {
        text: row.question.clone(),
        scope: Scope {
            document: documents.get(&row.scope).copied(),
            patient: None,
        },
        among: match row.scope.as_str() {
            "cards" => Among::Knowledge,
            "all" => Among::Documents,
            _ => Among::Both,
        },
        history: before(row),
        cited: Vec::new(),
    }
}

/// No model is asked, so nothing is written down.
struct NoModel;

impl CallLog for NoModel {
    async fn note(&self, _: Call) -> Result<(), DbError> {
        Ok(())
    }
}

async fn ask(db: &Db, documents: &HashMap<String, DocumentId>, half: &str) -> anyhow::Result<()> {
    let chat = chat(db);
    let mut counts: HashMap<(String, bool), (u32, u32)> = HashMap::new();
    for row in rows()? {
        let question = question(&row, documents);
        let (sentences, mut said) = mpsc::channel(16);
        let (told, ()) = tokio::join!(
            async {
                let told = chat
                    .ask(TenantId::DEFAULT, &question, &sentences, &NoModel)
                    .await;
                drop(sentences);
                told
            },
            async { while said.recv().await.is_some() {} }
        );
        let answer = serde_json::to_value(told?.answer)?;
        let verdict = Verdict::of(&row, &answer);
        let holds = if row.answerable {
            verdict.right && verdict.proven
        } else {
            verdict.refused
        };
        let count = counts
            .entry((row.half.clone(), row.answerable))
            .or_default();
        count.0 += u32::from(holds);
        count.1 += 1;
        let is_shown = !ASIDE.contains(&half) && (row.half == half || half == "all");
        if holds || !is_shown || ASIDE.contains(&row.half.as_str()) {
            continue;
        }
        println!(
            "{} {} | {} {}",
            row.id,
            row.scope,
            row.before.join(" >> "),
            row.question
        );
        println!(
            "   wanted {} <{}> {verdict:?}",
            row.facts.join(" | "),
            row.citation
        );
        if let Some(candidates) = chat.candidates(TenantId::DEFAULT, &question, &[]).await? {
            let (probability, order) = &candidates.ranked;
            println!(
                "   lacks {} probability {probability:.3}",
                candidates.refused
            );
            for place in order.iter().take(3) {
                println!("      {}", candidates.quotes[*place].0);
            }
        }
        for sentence in answer["sentences"].as_array().into_iter().flatten().take(6) {
            println!("   said   {}", sentence["text"]);
        }
    }
    println!("{:<8} {:>16} {:>16}", "half", "right and cited", "refused");
    for half in TUNED.into_iter().chain(ASIDE) {
        let share = |answerable: bool| {
            let (held, of) = counts
                .get(&(half.to_owned(), answerable))
                .copied()
                .unwrap_or_default();
            format!("{:.3} {held}/{of}", f64::from(held) / f64::from(of.max(1)))
        };
        println!("{half:<8} {:>16} {:>16}", share(true), share(false));
    }
    Ok(())
}

async fn fit(
    db: &Db,
    documents: &HashMap<String, DocumentId>,
    refused: [f64; 2],
) -> anyhow::Result<()> {
    let chat = chat(db);
    let (mut lines, mut cards) = (Vec::new(), Vec::new());
    let mut rng = Sample::rng();
    let rows = rows()?.into_iter();
    for row in rows.filter(|row| !ASIDE.contains(&row.half.as_str()) && row.scope != "all") {
        let of_cards = row.scope == "cards";
        let question = question(&row, documents);
        let candidates = chat.candidates(TenantId::DEFAULT, &question, &[]).await?;
        let candidates = candidates.with_context(|| format!("no document {}", row.scope))?;
        let mut sample = Sample::new(row, candidates, &mut rng);
        let proofs = sample.proofs();
        // A card answers it, or what was read proves nothing: it tells nothing of lines.
        if proofs.is_empty() && sample.is_answerable() && !of_cards {
            continue;
        }
        let bereft = chat
            .candidates(TenantId::DEFAULT, &question, &proofs)
            .await?;
        if let Some(bereft) = bereft.filter(|_| !proofs.is_empty()) {
            sample = sample.bereft(bereft);
        }
        if of_cards { &mut cards } else { &mut lines }.push(sample);
    }
    let path = of_chat("rank/rank.txt");
    fs::write(
        &path,
        ranking::fit((&lines, refused[0]), (&cards, refused[1])),
    )
    .with_context(|| path.display().to_string())?;
    println!(
        "{} questions fitted; build again",
        lines.len() + cards.len()
    );
    Ok(())
}

/// A conversation in which nothing was answered yet.
fn before(row: &Row) -> Vec<(String, String)> {
    let asked = row.before.iter().cloned();
    asked.map(|question| (question, String::new())).collect()
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
