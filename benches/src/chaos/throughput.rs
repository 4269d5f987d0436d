//! The set-up of a campaign in peace: how many documents a second come out, and what each page costs.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use sqlx::PgPool;
use tokio::time::Instant;

use super::{
    check,
    findings::Findings,
    rig::{Rig, Setup},
    upload,
};
use crate::proc::Processes;

/// The longest that all documents may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is sent.
#[derive(Clone, Debug)]
pub enum Documents {
    /// So many for stages that cost nothing, made from a seed.
    Scripted {
        /// How many.
        count: u32,
        /// Of what they are.
        seed: u64,
    },
    /// So many of a folder, the real engines being warm.
    Real {
        /// How many at most.
        count: usize,
        /// Where they lie.
        folder: PathBuf,
    },
}

/// What came out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Documents.
    pub documents: usize,
    /// Their pages.
    pub pages: u32,
    /// From the first upload until the last result.
    pub seconds: f64,
    /// CPU seconds meanwhile.
    pub cpu: Cpu,
}

/// CPU seconds by who used them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// Workers with their sandboxed children.
    pub workers: f64,
    /// The API.
    pub api: f64,
    /// PostgreSQL, and broker and store where there are any.
    pub servers: f64,
}

/// Sends documents in peace.
///
/// # Errors
/// When one has no result.
pub async fn throughput(setup: &Setup, documents: &Documents) -> anyhow::Result<Measured> {
    let rig = Arc::new(Rig::start(setup).await?);
    let clients = rig.clients.len();
    let items = match documents {
        Documents::Scripted { count, seed } => upload::clean(*seed, *count, clients),
        Documents::Real { count, folder } => {
            let mut items = upload::calm(folder, clients)?;
            // Engines are opened by pages that are not counted, two for each worker; the same ones are
            // counted however many workers there are.
            let first = (2 * usize::from(setup.workers)).min(items.len() / 2);
            let mut warm_up = items.split_off((*count).min(items.len() - first));
            warm_up.truncate(first);
            send(&rig, warm_up).await?;
            items
        }
    };
    let (sent, before, cpu) = (items.len(), pages(&rig.pool).await?, Cpu::of(&rig)?);
    let start = Instant::now();
    send(&rig, items).await?;
    let (seconds, after) = (start.elapsed().as_secs_f64(), Cpu::of(&rig)?);
    let pages = pages(&rig.pool).await? - before;
    Ok(Measured {
        documents: sent,
        pages: u32::try_from(pages).context("pages")?,
        seconds,
        cpu: Cpu {
            workers: after.workers - cpu.workers,
            api: after.api - cpu.api,
            servers: after.servers - cpu.servers,
        },
    })
}

/// Sends documents and waits for all results.
async fn send(rig: &Arc<Rig>, items: Vec<upload::Item>) -> anyhow::Result<()> {
    let (count, deadline) = (items.len(), Instant::now() + PATIENCE);
    let findings = Arc::new(Findings::default());
    let entries = upload::all(rig, items, deadline, &findings).await?;
    let rested = check::at_rest(rig, deadline).await;
    ensure!(
        rested && entries.len() == count,
        "documents were left over: logs are in {}",
        rig.keep_logs()?.display()
    );
    Ok(())
}

async fn pages(pool: &PgPool) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM pages")
        .fetch_one(pool)
        .await?)
}

impl Cpu {
    fn of(rig: &Rig) -> anyhow::Result<Self> {
        let processes = Processes::now().context("/proc")?;
        let mut cpu = Self::default();
        for (name, pid) in rig.processes() {
            let of = if name == "api" {
                &mut cpu.api
            } else {
                &mut cpu.workers
            };
            *of += processes.cpu_seconds(pid());
        }
        for pid in rig.server_processes()? {
            cpu.servers += processes.cpu_seconds(pid);
        }
        Ok(cpu)
    }
}
