//! `chat`: asks a service every question of the chat's tables and prints what share is answered right and
//! cited, refused, or found by retrieval. It uploads the fixtures to the service that is named, and waits.
//!
//! Rows of the halves put aside may never be looked at when something is tuned.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use benches::questions::{ASIDE, Row, TUNED, Verdict, rows};
use clap::Parser;
use reqwest::Client;
use serde_json::{Value, json};

#[derive(Parser)]
#[command(
    about = "Prints how many questions about fixtures and cards are answered right and cited"
)]
struct Arguments {
    /// A running service.
    #[arg(long)]
    server: String,
    /// A file with its administrator's key.
    #[arg(long)]
    key: PathBuf,
    /// Also the rows of this half that fail, with what was answered.
    #[arg(long)]
    show: Option<String>,
}

struct Asker {
    client: Client,
    server: String,
    key: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asker = Asker {
        client: Client::builder().no_proxy().build()?,
        server: arguments.server.clone(),
        key: fs::read_to_string(&arguments.key)?.trim().to_owned(),
    };
    let documents = asker.documents().await?;
    let mut counts: HashMap<(String, &str), (u32, u32)> = HashMap::new();
    let mut took: HashMap<&str, Vec<Duration>> = HashMap::new();
    for row in rows()? {
        let started = Instant::now();
        let answer = asker.ask(&row, &documents).await?;
        took.entry(kind(&row)).or_default().push(started.elapsed());
        let verdict = Verdict::of(&row, &answer);
        let mut add = |what, holds: bool| {
            let of_scope = format!("{} {}", row.half, kind(&row));
            for half in [row.half.clone(), "all".to_owned(), of_scope] {
                let count = counts.entry((half, what)).or_default();
                count.0 += u32::from(holds);
                count.1 += 1;
            }
        };
        add("cited or refused", verdict.cited_or_refused);
        if row.answerable {
            add("right and cited", verdict.right && verdict.proven);
            add("right", verdict.right);
            add("refused though answerable", verdict.refused);
        } else {
            add("refused", verdict.refused);
        }
        let fails = if row.answerable {
            !(verdict.right && verdict.proven)
        } else {
            !verdict.refused
        };
        if fails && arguments.show.as_deref() == Some(row.half.as_str()) {
            println!("{} {:?}", row.id, verdict);
            println!(
                "   asked  {} {} [{}]",
                row.before.join(" >> "),
                row.question,
                row.scope
            );
            println!("   wanted {} <{}>", row.facts.join(" | "), row.citation);
            for sentence in answer["sentences"].as_array().into_iter().flatten() {
                println!("   said   {}", sentence["text"]);
                for citation in sentence["citations"].as_array().into_iter().flatten() {
                    println!("          {} {}", citation["id"], citation["quote"]);
                }
            }
        }
    }
    print!("{:<28}", "");
    let halves: Vec<&str> = TUNED.into_iter().chain(ASIDE).collect();
    for half in halves.iter().chain(&["all"]) {
        print!("{half:>8}");
    }
    println!();
    for what in [
        "right and cited",
        "right",
        "refused though answerable",
        "refused",
        "cited or refused",
    ] {
        print!("{what:<28}");
        for half in halves.iter().chain(&["all"]) {
            let (held, of) = count(&counts, half, what);
            print!("{:>8.3}", f64::from(held) / f64::from(of.max(1)));
        }
        println!();
    }
    println!();
    for (what, scope) in ["right and cited", "refused"]
        .into_iter()
        .flat_map(|what| SCOPES.map(|scope| (what, scope)))
    {
        print!("{:<28}", format!("{what}, {scope}"));
        for half in &halves {
            let (held, of) = count(&counts, &format!("{half} {scope}"), what);
            print!("{:>8}", format!("{held}/{of}"));
        }
        println!();
    }
    println!();
    for scope in SCOPES {
        let mut took = took.remove(scope).unwrap_or_default();
        took.sort_unstable();
        let at = |share: usize| {
            took.get(took.len() * share / 100)
                .map_or(0, Duration::as_millis)
        };
        println!(
            "{scope:<12} median {} ms, 95 of 100 within {} ms",
            at(50),
            at(95)
        );
    }
    Ok(())
}

const SCOPES: [&str; 3] = ["document", "all", "cards"];

/// Which of the scopes a row is about.
fn kind(row: &Row) -> &'static str {
    match row.scope.as_str() {
        "all" => "all",
        "cards" => "cards",
        _ => "document",
    }
}

fn count(
    counts: &HashMap<(String, &str), (u32, u32)>,
    half: &str,
    what: &'static str,
) -> (u32, u32) {
    let key = (half.to_owned(), what);
    counts.get(&key).copied().unwrap_or_default()
}

impl Asker {
    /// The fixtures as the service knows them, by name.
    async fn documents(&self) -> anyhow::Result<HashMap<String, String>> {
        let folder = benches::questions::fixtures();
        let mut out = HashMap::new();
        let mut jobs = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.ends_with(".json") || path.is_dir() {
                continue;
            }
            let answer: Value = self
                .client
                .post(format!("{}/v1/documents", self.server))
                .bearer_auth(&self.key)
                .header(
                    "content-disposition",
                    format!("attachment; filename=\"{name}\""),
                )
                .body(fs::read(&path)?)
                .send()
                .await?
                .json()
                .await?;
            let Some(job) = answer["jobs"][0]["job_id"].as_str() else {
                continue;
            };
            let id = answer["jobs"][0]["document_id"]
                .as_str()
                .context("a document's id")?;
            out.insert(name, id.to_owned());
            jobs.push(job.to_owned());
        }
        for job in jobs {
            loop {
                let state: Value = self
                    .client
                    .get(format!("{}/v1/jobs/{job}", self.server))
                    .bearer_auth(&self.key)
                    .send()
                    .await?
                    .json()
                    .await?;
                match state["state"].as_str() {
                    Some("queued" | "running") => {
                        tokio::time::sleep(Duration::from_millis(300)).await
                    }
                    Some("failed" | "cancelled") => bail!("a fixture was not read: {state}"),
                    _ => break,
                }
            }
        }
        Ok(out)
    }

    async fn ask(&self, row: &Row, documents: &HashMap<String, String>) -> anyhow::Result<Value> {
        let mut body = json!({});
        match row.scope.as_str() {
            "cards" => body["among"] = json!("knowledge"),
            "all" => body["among"] = json!("documents"),
            name => {
                body["document"] = json!(
                    documents
                        .get(name)
                        .with_context(|| format!("no fixture {name}"))?
                )
            }
        }
        let mut answer = Value::Null;
        for question in row.before.iter().chain([&row.question]) {
            body["question"] = json!(question);
            let said = self
                .client
                .post(format!("{}/v1/chat", self.server))
                .bearer_auth(&self.key)
                .json(&body)
                .send()
                .await?;
            let status = said.status();
            answer = said.json().await?;
            if !status.is_success() {
                bail!("{} was answered with {status}: {answer}", row.id);
            }
            body["session"] = answer["session"].clone();
        }
        Ok(answer)
    }
}
