//! `chat`: asks a service every question of the chat's tables and prints what share is answered right and
//! cited, refused, or found by retrieval. It uploads the fixtures to the service that is named, and waits.
//!
//! Rows marked `held` may never be looked at when something is tuned.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use benches::questions::{Row, Verdict, rows};
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
    for row in rows()? {
        let answer = asker.ask(&row, &documents).await?;
        let verdict = Verdict::of(&row, &answer);
        let mut count = |what, holds: bool| {
            for half in [row.half.clone(), "all".to_owned()] {
                let count = counts.entry((half, what)).or_default();
                count.0 += u32::from(holds);
                count.1 += 1;
            }
        };
        count("cited or refused", verdict.cited_or_refused);
        if row.answerable {
            count("right and cited", verdict.right && verdict.proven);
            count("right", verdict.right);
            count("refused though answerable", verdict.refused);
        } else {
            count("refused", verdict.refused);
        }
        let fails = if row.answerable {
            !(verdict.right && verdict.proven)
        } else {
            !verdict.refused
        };
        if fails && arguments.show.as_deref() == Some(row.half.as_str()) {
            println!("{} {:?}", row.id, verdict);
            println!("   asked  {} [{}]", row.question, row.scope);
            println!("   wanted {} <{}>", row.facts.join(" | "), row.citation);
            for sentence in answer["sentences"].as_array().into_iter().flatten() {
                println!("   said   {}", sentence["text"]);
                for citation in sentence["citations"].as_array().into_iter().flatten() {
                    println!("          {} {}", citation["id"], citation["quote"]);
                }
            }
        }
    }
    println!(
        "{:<28} {:>8} {:>8} {:>8} {:>8}",
        "", "tune", "report", "held", "all"
    );
    for what in [
        "right and cited",
        "right",
        "refused though answerable",
        "refused",
        "cited or refused",
    ] {
        let share = |half: &str| {
            let (held, of) = counts
                .get(&(half.to_owned(), what))
                .copied()
                .unwrap_or_default();
            format!("{:.3}", f64::from(held) / f64::from(of.max(1)))
        };
        println!(
            "{what:<28} {:>8} {:>8} {:>8} {:>8}",
            share("tune"),
            share("report"),
            share("held"),
            share("all")
        );
    }
    Ok(())
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
        let mut body = json!({"question": row.question});
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
        let answer = self
            .client
            .post(format!("{}/v1/chat", self.server))
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        if !status.is_success() {
            bail!("{} was answered with {status}: {answer}", row.id);
        }
        Ok(answer)
    }
}
