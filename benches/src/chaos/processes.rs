//! Processes of medbot that are started again whenever they end, each the leader of a group of its
//! own, so that nothing of it outlives the campaign.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::task::JoinHandle;

/// How long a process that ended stays away.
const AWAY: Duration = Duration::from_millis(300);

/// A process that is kept alive.
pub(super) struct Kept {
    shared: Arc<Shared>,
    keeping: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    pid: AtomicI32,
    starts: AtomicU32,
    over: AtomicBool,
}

impl Kept {
    /// Starts it; what it says goes to the end of `log`.
    pub fn start(
        log: &Path,
        make: impl Fn() -> Command + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .context("a log")?;
        let shared = Arc::new(Shared::default());
        let keeping = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while !shared.over.load(Ordering::SeqCst) {
                    if let Err(error) = live(&shared, &log, &make).await {
                        eprintln!("chaos: a process does not start: {error:#}");
                    }
                    tokio::time::sleep(AWAY).await;
                }
            }
        });
        Ok(Self { shared, keeping })
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.shared.starts.load(Ordering::SeqCst)
    }

    /// Tells its process whenever it is asked; 0 while there is none.
    pub fn pid(&self) -> impl Fn() -> i32 + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.pid.load(Ordering::SeqCst)
    }

    /// Sends a signal to its whole group; false when it is not running.
    pub fn signal(&self, signal: Signal) -> bool {
        Pid::from_raw(self.shared.pid.load(Ordering::SeqCst))
            .is_some_and(|pid| kill_process_group(pid, signal).is_ok())
    }
}

async fn live(
    shared: &Shared,
    log: &fs::File,
    make: &(impl Fn() -> Command + Sync),
) -> anyhow::Result<()> {
    let mut command = tokio::process::Command::from(make());
    command
        .process_group(0)
        .kill_on_drop(true)
        // A process that reads to the end of this pipe learns that the campaign is gone.
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    let mut child = command.spawn()?;
    let _pipe = child.stdin.take();
    shared
        .pid
        .store(child.id().unwrap_or_default() as i32, Ordering::SeqCst);
    shared.starts.fetch_add(1, Ordering::SeqCst);
    child.wait().await?;
    shared.pid.store(0, Ordering::SeqCst);
    Ok(())
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.signal(Signal::KILL);
        self.keeping.abort();
    }
}
