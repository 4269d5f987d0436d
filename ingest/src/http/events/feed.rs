//! What happens to jobs, looked up once for everybody in this process who listens.
//!
//! Changes that fall together are looked up together, and each job is written as an event once; streams
//! pass references to it on. So what a change costs the database does not grow with those who listen.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use futures::{StreamExt as _, stream};
use infra::db::{Change, Changes, Db, Job};
use schemas::{JobId, TenantId};
use tokio::{
    sync::{
        broadcast::{
            self,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::{MissedTickBehavior, interval, sleep},
};

use crate::http::jobs::JobView;

/// The rest between two looks; what changes meanwhile is told together.
const GATHERED: Duration = Duration::from_millis(200);
/// A notification may be missed while the database reconnects; then this is how late one learns.
const LOOK: Duration = Duration::from_secs(15);
/// Pieces that a slow listener of a tenant may be behind before some are missed.
const BEHIND: usize = 64;
/// Tenants that are looked up at once.
const AT_ONCE: usize = 4;

/// Says that some changes were not told.
pub(super) const MISSED: Bytes = Bytes::from_static(b"event: missed\ndata: {}\n\n");

/// A job as it stands, as an event.
#[derive(Clone)]
pub(super) struct Told {
    pub version: i64,
    /// Does nothing come after it?
    pub ended: bool,
    pub event: Bytes,
}

impl Told {
    /// None when it cannot be written as JSON.
    pub fn of(job: Job) -> Option<Self> {
        let (version, ended) = (job.version, job.state.is_final());
        Some(Self::new(version, ended, &json(job)?))
    }

    fn new(version: i64, ended: bool, json: &str) -> Self {
        Self {
            version,
            ended,
            event: format!("event: job\nid: {version}\ndata: {json}\n\n").into(),
        }
    }
}

fn json(job: Job) -> Option<String> {
    serde_json::to_string(&JobView::from(job)).ok()
}

/// Where streams get their events from.
#[derive(Clone)]
pub struct Feed {
    db: Db,
    ears: Arc<Mutex<Ears>>,
}

/// Who listens.
#[derive(Default)]
struct Ears {
    tenants: HashMap<TenantId, broadcast::Sender<Bytes>>,
    jobs: HashMap<(TenantId, JobId), watch::Sender<Option<Told>>>,
    /// Nobody is told anything any more.
    ended: bool,
}

/// What is to be looked at.
#[derive(Default)]
struct Round {
    changed: HashSet<JobId>,
    /// Other jobs may have changed too.
    missed: bool,
    /// Every job that is followed.
    look: bool,
}

impl Round {
    fn hear(&mut self, change: Change) {
        match change {
            Change::Job(job) => _ = self.changed.insert(job),
            Change::Reconnected => self.missed = true,
            Change::Due | Change::Erased => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && !self.missed && !self.look
    }
}

impl Feed {
    /// Starts on the current runtime, until `stop`: then every stream ends.
    #[must_use]
    pub fn start(db: Db, changes: &Changes, stop: watch::Receiver<bool>) -> Self {
        let feed = Self {
            db,
            ears: Arc::default(),
        };
        let telling = feed.clone();
        let changes = changes.subscribe();
        tokio::spawn(async move {
            telling.tell_until(changes, stop).await;
            *telling.ears() = Ears {
                ended: true,
                ..Ears::default()
            };
        });
        feed
    }

    /// Events of all jobs of a tenant from now on; those that fall together are one piece.
    pub(super) fn of_tenant(&self, tenant: TenantId) -> broadcast::Receiver<Bytes> {
        let mut ears = self.ears();
        let new = || broadcast::channel(BEHIND).0;
        if ears.ended {
            return new().subscribe();
        }
        ears.tenants.entry(tenant).or_insert_with(new).subscribe()
    }

    /// A job of a tenant whenever it has changed from now on, at the latest version alone. Closed when it
    /// is gone.
    pub(super) fn of_job(&self, tenant: TenantId, job: JobId) -> watch::Receiver<Option<Told>> {
        let mut ears = self.ears();
        let new = || watch::channel(None).0;
        if ears.ended {
            return new().subscribe();
        }
        let ear = ears.jobs.entry((tenant, job)).or_insert_with(new);
        ear.subscribe()
    }

    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell_until(
        &self,
        mut changes: broadcast::Receiver<Change>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut round = Round::default();
            tokio::select! {
                heard = changes.recv() => match heard {
                    Ok(change) => round.hear(change),
                    Err(RecvError::Lagged(_)) => round.missed = true,
                    Err(RecvError::Closed) => return,
                },
                _ = looks.tick() => round.look = true,
                _ = stop.wait_for(|stop| *stop) => return,
            }
            loop {
                match changes.try_recv() {
                    Ok(change) => round.hear(change),
                    Err(TryRecvError::Lagged(_)) => round.missed = true,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            if !round.is_empty() {
                self.tell(&round).await;
                sleep(GATHERED).await;
            }
        }
    }

    async fn tell(&self, round: &Round) {
        let mut asked: HashMap<TenantId, HashSet<JobId>> = HashMap::new();
        let listening: HashSet<TenantId> = {
            let mut ears = self.ears();
            ears.tenants.retain(|_, ear| ear.receiver_count() > 0);
            ears.jobs.retain(|_, ear| ear.receiver_count() > 0);
            for (tenant, job) in ears.jobs.keys() {
                if round.missed || round.look || round.changed.contains(job) {
                    asked.entry(*tenant).or_default().insert(*job);
                }
            }
            ears.tenants.keys().copied().collect()
        };
        let mut missed = round.missed;
        if !listening.is_empty() && !round.changed.is_empty() {
            let changed: Vec<JobId> = round.changed.iter().copied().collect();
            match self.db.tenants_of(&changed).await {
                Ok(owned) => {
                    for (job, tenant) in owned {
                        if listening.contains(&tenant) {
                            asked.entry(tenant).or_default().insert(job);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "changes of jobs are not told");
                    missed = true;
                }
            }
        }
        if missed {
            for ear in self.ears().tenants.values() {
                let _ = ear.send(MISSED);
            }
        }
        stream::iter(asked)
            .for_each_concurrent(AT_ONCE, |(tenant, jobs)| async move {
                self.tell_of(tenant, &jobs, &round.changed).await;
            })
            .await;
    }

    /// Looks jobs of a tenant up and tells who follows them; who listens to the tenant hears of those
    /// that changed.
    async fn tell_of(&self, tenant: TenantId, jobs: &HashSet<JobId>, changed: &HashSet<JobId>) {
        let ids: Vec<JobId> = jobs.iter().copied().collect();
        let found = match self.db.jobs_of(tenant, &ids).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "changes of jobs are not told");
                if let Some(ear) = self.ears().tenants.get(&tenant) {
                    let _ = ear.send(MISSED);
                }
                return;
            }
        };
        let mut gone = jobs.clone();
        let mut together = String::new();
        for job in found {
            let (id, version, ended) = (job.id, job.version, job.state.is_final());
            gone.remove(&id);
            let Some(json) = json(job) else { continue };
            if changed.contains(&id) {
                let _ = write!(together, "event: job\ndata: {json}\n\n");
            }
            if let Some(ear) = self.ears().jobs.get(&(tenant, id)) {
                ear.send_if_modified(|told| {
                    let is_new = told.as_ref().is_none_or(|told| told.version < version);
                    if is_new {
                        *told = Some(Told::new(version, ended, &json));
                    }
                    is_new
                });
            }
        }
        let mut ears = self.ears();
        for id in gone {
            ears.jobs.remove(&(tenant, id));
        }
        if !together.is_empty()
            && let Some(ear) = ears.tenants.get(&tenant)
        {
            // Whoever listened may have gone meanwhile.
            let _ = ear.send(together.into());
        }
    }
}
