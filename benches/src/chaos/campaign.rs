//! A campaign from start to verdict.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::time::Instant;

use super::{
    check, faults,
    findings::{Findings, Harm},
    rig::{Rig, Setup},
    slip::BROKEN,
    trace, upload,
};

/// What is done.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What runs.
    pub setup: Setup,
    /// Documents with synthetic stages; not with `real`.
    pub documents: u32,
    /// Of documents and faults.
    pub seed: u64,
    /// For how long harm is done.
    pub time: Duration,
    /// The longest that recovery may take.
    pub recovery: Duration,
    /// A folder of documents for the real pipeline.
    pub real: Option<PathBuf>,
}

/// Share of the time in which documents go in; in the rest only harm is done.
const UPLOADING: f64 = 0.8;
/// How long webhooks may take after the tasks.
const TELLING: Duration = Duration::from_secs(30);

impl Campaign {
    /// Runs it and prints what came of it; the last line is the verdict. True when nothing was lost,
    /// doubled or stuck.
    ///
    /// # Errors
    /// When the campaign itself cannot go on.
    pub async fn run(&self) -> anyhow::Result<bool> {
        let findings = Arc::new(Findings::default());
        let start = Instant::now();
        let rig = Arc::new(Rig::start(&self.setup).await?);
        eprintln!(
            "chaos: all runs after {:.1} s",
            start.elapsed().as_secs_f64()
        );

        let start = Instant::now();
        let (clients, uploading) = (rig.clients.len(), self.time.mul_f64(UPLOADING));
        let items = match &self.real {
            Some(folder) => upload::real(self.seed, folder, clients, uploading)?,
            None => upload::scripted(self.seed, self.documents, clients, uploading),
        };
        let deadline = start + self.time + self.recovery;
        let (entries, harmed) = tokio::join!(
            upload::all(&rig, items, deadline, &findings),
            faults::unleash(&rig, self.seed, self.time, &findings),
        );
        let entries = Self::or_logs(&rig, entries.and_then(|entries| harmed.map(|()| entries)))?;
        let peace = Instant::now();
        eprintln!(
            "chaos: left in peace after {:.1} s",
            start.elapsed().as_secs_f64()
        );
        let rested = check::at_rest(&rig, peace + self.recovery).await;
        let (harm, recovery) = (peace - start, peace.elapsed());
        Self::or_logs(&rig, rig.comes_up().await)?;
        check::all_told(&rig, Instant::now() + TELLING).await?;
        let accepted = entries.len();
        let start = Instant::now();
        let checked = check::all(&rig, entries, &findings).await;
        Self::or_logs(&rig, checked)?;
        Self::look_around(&rig, &findings).await?;
        let checking = start.elapsed().as_secs_f64();
        eprintln!("chaos: all was looked at in {checking:.1} s");

        println!("seed {}", self.seed);
        findings.print();
        println!("{:<44} {:>8.1}", "seconds of harm", harm.as_secs_f64());
        println!(
            "{:<44} {:>8.1}",
            "seconds to recover",
            recovery.as_secs_f64()
        );
        let rate = findings.of("finished") as f64 / (harm + recovery).as_secs_f64();
        println!("{:<44} {rate:>8.1}", "documents a second");
        let (lost, doubled, stuck) = (
            findings.harms(Harm::Lost),
            findings.harms(Harm::Doubled),
            findings.harms(Harm::Stuck),
        );
        let well = rested && lost + doubled + stuck == 0;
        if !well {
            eprintln!("chaos: logs are in {}", rig.keep_logs()?.display());
        }
        // Everything has ended before the verdict, so that it is the last line.
        drop(rig);
        println!(
            "accepted={accepted} finished={} lost={lost} doubled={doubled} stuck={stuck}",
            findings.of("finished")
        );
        Ok(well)
    }

    /// What the database and the logs tell beside the documents.
    async fn look_around(rig: &Rig, findings: &Findings) -> anyhow::Result<()> {
        for (kind, times) in trace::counts(&rig.pool).await? {
            let what = match kind.as_str() {
                "claim" => "claims of tasks",
                "task done" => "tasks done",
                "page fused" => "pages fused",
                "retry: \"lost\"" | "retry: lost" => "retries: the worker vanished",
                "retry: \"timeout\"" | "retry: timeout" => "retries: the stage took too long",
                "retry: \"store\"" | "retry: store" => "retries: the store did not answer",
                "retry: \"failed\"" | "retry: failed" => "retries: the stage failed",
                _ => continue,
            };
            findings.add(what, times.unsigned_abs());
        }
        findings.add("stale settles", rig.said("a task was another's"));
        let starts = rig.workers.iter().map(|worker| u64::from(worker.starts()));
        findings.add("starts of workers", starts.sum());
        for _ in 0..rig.said(BROKEN) {
            findings.harm(Harm::Lost, BROKEN);
        }
        let unaccepted: i64 = sqlx::query_scalar("SELECT count(*) FROM documents")
            .fetch_one(&rig.pool)
            .await?;
        let unaccepted = unaccepted
            .unsigned_abs()
            .checked_sub(findings.of("accepted"));
        match unaccepted {
            Some(count) => findings.add("documents that no client knows of", count),
            None => findings.harm(Harm::Lost, "fewer documents than were accepted"),
        }
        Ok(())
    }

    fn or_logs<T>(rig: &Rig, done: anyhow::Result<T>) -> anyhow::Result<T> {
        done.or_else(|error| {
            let logs = rig.keep_logs()?;
            Err(error).with_context(|| format!("logs are in {}", logs.display()))
        })
    }
}
