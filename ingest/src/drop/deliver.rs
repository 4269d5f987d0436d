//! Which file is sent when: one task owns the ledger, the queue and the counts, and starts the uploads.
//!
//! A server that is away holds back everything, longer each time; a file that fails for itself is put
//! back alone. Nothing is given up as long as some answer comes within the patience.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use schemas::Problem;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    backoff::backoff,
    folder::{Found, Growing, Scan, State},
    follow::Followed,
    gate::Gate,
    ledger::{Fate, Ledger, Taken},
    progress::{self, Progress},
    server::Server,
    shift::shift,
    upload::{Attempt, attempt, idempotency_key},
};

/// A key whose request is under way is asked for so often; then it is left to the dead.
const UNDER_WAY: u32 = 3;
/// Times that a file may change while it is sent, or may not be readable.
const TRIES: u32 = 5;

/// What became of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// New to the server.
    pub taken: u64,
    /// In the ledger before this run.
    pub already: u64,
    /// The server had the same bytes.
    pub duplicates: u64,
    pub rejected: u64,
}

/// How files are sent.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub jobs: usize,
    /// Goes on until told; files are taken when they are whole.
    pub watch: bool,
    /// How long a server may be away; none: for ever.
    pub patience: Option<Duration>,
    pub retry_rejected: bool,
    pub move_to: Option<PathBuf>,
}

/// A file that shall be sent.
#[derive(Debug)]
struct Pending {
    file: Found,
    due: Instant,
    /// Failures of its own.
    failures: u32,
    under_way: u32,
}

/// A drop as it goes on.
pub(super) struct Delivery {
    wishes: Wishes,
    server: Arc<Server>,
    ledger: Ledger,
    progress: Progress,
    /// Who is told what was taken.
    follow: Option<mpsc::UnboundedSender<Followed>>,
    counts: Counts,
    queue: VecDeque<Pending>,
    running: JoinSet<(Pending, Instant, Attempt)>,
    /// Files in the queue or on their way.
    busy: HashSet<String>,
    /// Files that are counted already.
    counted: HashMap<String, State>,
    growing: Growing,
    unreadable: u64,
    gate: Gate,
}

impl Delivery {
    pub(super) fn new(
        wishes: Wishes,
        server: Arc<Server>,
        ledger: Ledger,
        progress: Progress,
        follow: Option<mpsc::UnboundedSender<Followed>>,
    ) -> Self {
        let gate = Gate::new(wishes.patience, Instant::now());
        Self {
            wishes,
            server,
            ledger,
            progress,
            follow,
            counts: Counts::default(),
            queue: VecDeque::new(),
            running: JoinSet::new(),
            busy: HashSet::new(),
            counted: HashMap::new(),
            growing: Growing::default(),
            unreadable: 0,
            gate,
        }
    }

    /// Sends what the scans show until they end and all is answered, or until `stop`; then what is
    /// on its way is finished.
    ///
    /// # Errors
    /// When it cannot go on; what was taken until then is in the ledger.
    pub(super) async fn run(
        mut self,
        mut scans: mpsc::Receiver<Scan>,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Counts> {
        let (mut scanning, mut stopping) = (true, false);
        let mut next_line = Instant::now() + progress::EVERY;
        loop {
            let now = Instant::now();
            if !stopping {
                self.start(now);
            }
            let idle = self.running.is_empty();
            if idle && (stopping || (!scanning && self.queue.is_empty())) {
                return Ok(self.counts);
            }
            let mut wake = next_line;
            wake = wake.min(self.gate.end().unwrap_or(wake));
            if !stopping && self.running.len() < self.gate.most(self.wishes.jobs) {
                let due = self.queue.iter().map(|pending| pending.due).min();
                wake = wake.min(due.map_or(wake, |due| due.max(self.gate.held_until())));
            }
            tokio::select! {
                Some(ended) = self.running.join_next(), if !idle => {
                    let (pending, started, attempt) = ended.context("an upload broke down")?;
                    self.settle(pending, started, attempt).await?;
                }
                scan = scans.recv(), if scanning && !stopping => match scan {
                    Some(scan) => self.see(scan).await?,
                    None => scanning = false,
                },
                _ = stop.wait_for(|stop| *stop), if !stopping => stopping = true,
                () = sleep_until(wake) => {}
            }
            if Instant::now() >= next_line {
                self.progress.line();
                next_line = Instant::now() + progress::EVERY;
            }
            self.gate.check(Instant::now())?;
        }
    }

    /// Starts what is due, as far as there is room.
    fn start(&mut self, now: Instant) {
        if now < self.gate.held_until() {
            return;
        }
        while self.running.len() < self.gate.most(self.wishes.jobs)
            && let Some(index) = self.queue.iter().position(|pending| pending.due <= now)
            && let Some(pending) = self.queue.remove(index)
        {
            self.progress.starts(&pending.file.name);
            let generation = pending.under_way / UNDER_WAY;
            let key = idempotency_key(self.ledger.id(), &pending.file, generation);
            let (server, progress) = (Arc::clone(&self.server), self.progress.clone());
            self.running.spawn(async move {
                let attempt = attempt(&server, &pending.file, &key, &progress).await;
                (pending, now, attempt)
            });
        }
    }

    /// Takes in what a scan saw.
    async fn see(&mut self, scan: Scan) -> anyhow::Result<()> {
        if scan.unreadable > self.unreadable {
            let count = scan.unreadable;
            self.progress
                .aside(|| tracing::warn!(count, "entries of the folder cannot be looked at"));
            self.counts.rejected += scan.unreadable - self.unreadable;
            self.unreadable = scan.unreadable;
        }
        let mut fresh = Vec::new();
        for file in scan.files {
            if self.busy.contains(&file.name) || self.counted.get(&file.name) == Some(&file.state) {
                continue;
            }
            match self.ledger.fate(&file.name, file.state) {
                Some(Fate::Taken(taken)) => {
                    let taken = *taken;
                    self.counts.already += 1;
                    self.have(file, taken).await;
                }
                Some(Fate::Rejected(_)) if !self.wishes.retry_rejected => {
                    self.counts.rejected += 1;
                    self.counted.insert(file.name, file.state);
                }
                _ => fresh.push(file),
            }
        }
        if self.wishes.watch {
            fresh = self.growing.whole(fresh);
        }
        let now = Instant::now();
        for file in fresh {
            self.busy.insert(file.name.clone());
            self.progress.expect(file.state.size);
            self.queue.push_back(Pending {
                file,
                due: now,
                failures: 0,
                under_way: 0,
            });
        }
        Ok(())
    }

    /// Goes on from an attempt.
    async fn settle(
        &mut self,
        mut pending: Pending,
        started: Instant,
        attempt: Attempt,
    ) -> anyhow::Result<()> {
        let now = Instant::now();
        let mut went_away = false;
        match &attempt {
            Attempt::Taken(_) | Attempt::Refused(_) | Attempt::UnderWay(_) => self.gate.answered(),
            Attempt::Broken => self.gate.broke(started),
            Attempt::Later(after) => went_away = self.gate.away(started, now, *after),
            Attempt::Unreached => went_away = self.gate.away(started, now, None),
            _ => {}
        }
        if went_away {
            self.progress.aside(|| {
                if matches!(attempt, Attempt::Unreached) {
                    tracing::warn!("nothing answers at the server's address: is it right, and does the service run? It is asked again and again");
                } else {
                    tracing::warn!("the server takes nothing now; it is asked again and again");
                }
            });
        }
        match attempt {
            Attempt::Taken(taken) => {
                self.write(&pending.file, Fate::Taken(taken))?;
                if taken.duplicate {
                    self.counts.duplicates += 1;
                } else {
                    self.counts.taken += 1;
                }
                self.progress.finished(0);
                self.busy.remove(&pending.file.name);
                self.have(pending.file, taken).await;
                return Ok(());
            }
            Attempt::Refused(problem) => {
                self.write(&pending.file, Fate::Rejected(problem))?;
                self.reject(pending.file);
                return Ok(());
            }
            // The next scans tell when it is whole.
            Attempt::Changed if self.wishes.watch => return self.forget(&pending.file),
            Attempt::Gone => return self.forget(&pending.file),
            Attempt::Changed => {
                pending.failures += 1;
                pending.due = now + backoff(pending.failures);
                let path = pending.file.path.clone();
                match std::fs::symlink_metadata(path) {
                    Ok(metadata) if metadata.is_file() && pending.failures < TRIES => {
                        pending.file.state = State::from(&metadata);
                    }
                    Ok(metadata) if metadata.is_file() => {
                        let problem = local("changing", "It is written to whenever it is sent");
                        self.write(&pending.file, Fate::Rejected(problem))?;
                        self.reject(pending.file);
                        return Ok(());
                    }
                    _ => return self.forget(&pending.file),
                }
            }
            Attempt::Unreadable(kind) => {
                pending.failures += 1;
                pending.due = now + backoff(pending.failures);
                if pending.failures >= TRIES || kind == io::ErrorKind::PermissionDenied {
                    // Not in the ledger: to make it readable does not change the file.
                    self.progress
                        .aside(|| tracing::warn!(%kind, "a file cannot be read"));
                    self.reject(pending.file);
                    return Ok(());
                }
            }
            Attempt::UnderWay(after) => {
                pending.under_way += 1;
                pending.due = now + after.unwrap_or(Duration::from_secs(1));
            }
            Attempt::Later(_) | Attempt::Unreached => {}
            Attempt::Broken => {
                pending.failures += 1;
                pending.due = now + backoff(pending.failures);
            }
            Attempt::Never(words) => bail!("{words}"),
        }
        self.queue.push_back(pending);
        Ok(())
    }

    /// A file that the server has: its job may be followed, and it may leave the folder.
    async fn have(&mut self, file: Found, taken: Taken) {
        self.counted.insert(file.name.clone(), file.state);
        if let Some(follow) = &self.follow {
            // Whoever followed has given up.
            let _ = follow.send(Followed {
                job: taken.job,
                document: taken.document,
                relative: file.relative.clone(),
            });
        }
        if let Some(to) = self.wishes.move_to.clone() {
            let moved = tokio::task::spawn_blocking(move || shift(&file, &to)).await;
            match moved.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
                // A scan from before the move may show it once more: it stays counted.
                Ok(_) => {}
                Err(error) => {
                    let kind = error.kind();
                    self.progress
                        .aside(|| tracing::warn!(%kind, "a file that was taken cannot be moved"));
                }
            }
        }
    }

    fn write(&mut self, file: &Found, fate: Fate) -> anyhow::Result<()> {
        self.ledger
            .write(&file.name, file.state, fate)
            .context("the ledger cannot be written")
    }

    fn reject(&mut self, file: Found) {
        self.counts.rejected += 1;
        self.progress.finished(file.state.size);
        self.busy.remove(&file.name);
        self.counted.insert(file.name, file.state);
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "an arm of `settle`, where others fail"
    )]
    fn forget(&mut self, file: &Found) -> anyhow::Result<()> {
        self.progress.finished(file.state.size);
        self.busy.remove(&file.name);
        Ok(())
    }
}

/// A refusal of our own.
fn local(slug: &str, title: &str) -> Problem {
    Problem {
        kind: format!("urn:medbot:drop:{slug}"),
        title: title.into(),
        detail: "it was not sent whole".into(),
    }
}
