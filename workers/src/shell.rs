//! The only asynchronous part of a worker: takes notices, claims tasks, runs stages on threads, and
//! settles. What a stage does is not its business.
//!
//! A notice is acknowledged last, when the effect is durable. Everything before may be repeated: by
//! another worker when this one vanishes, or by this one when the database does not answer.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use infra::{
    db::{
        Attempts, Changes, Claimed, Db, DbError, DbErrorKind, EntityRow, Findings, PassageRow,
        Settled, until_due,
    },
    queue::{Delivery, Queue, QueueName, Subscription},
    store::{self, MasterKey, Store, StoreErrorKind},
    telemetry,
};
use schemas::{
    Artefact, ArtefactKey, Engine, Outcome, Priority, Stage, TaskError, TaskErrorKind, Timings,
};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::JoinSet,
    time::{interval, sleep, timeout},
};
use tracing::Instrument as _;

use crate::stage::{Artefacts, Said, Stages, Work};

/// How patient a worker is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For how long a claimed task is this worker's without a renewal.
    pub lease: Duration,
    /// After how long a notice that nobody claimed is sent again.
    pub overdue: Duration,
    /// How often it looks for what was left lying.
    pub sweep: Duration,
    /// The longest that the queue may take to confirm.
    pub publish: Duration,
    /// The longest that a stage may take before its thread is given up.
    pub stage: Duration,
    /// How often a task is tried.
    pub attempts: Attempts,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            overdue: Duration::from_mins(5),
            sweep: Duration::from_secs(5),
            publish: Duration::from_secs(10),
            stage: Duration::from_mins(6),
            attempts: Attempts::default(),
        }
    }
}

/// Largest artefact that a stage reads.
const LARGEST: u64 = 1 << 30;
/// Rest after something did not answer.
const REST: Duration = Duration::from_millis(500);

/// What a worker works with.
#[derive(Clone)]
pub struct Shell {
    /// The truth.
    pub db: Db,
    /// Who tells what is due.
    pub queue: Arc<dyn Queue>,
    /// Where artefacts lie.
    pub store: Arc<dyn Store>,
    /// Seals whom documents are about.
    pub master: Arc<MasterKey>,
    /// What is done.
    pub stages: Arc<dyn Stages>,
    /// Notified when tasks may have become due.
    pub due: Arc<Notify>,
    /// How patient it is.
    pub patience: Patience,
}

impl Shell {
    /// Works on tasks of these stages, `slots` at a time, until `stop`; then ends what it has begun.
    pub async fn work(&self, stages: &[Stage], slots: u16, mut stop: watch::Receiver<bool>) {
        let queues: Vec<QueueName> = Priority::ALL
            .into_iter()
            .flat_map(|priority| {
                stages
                    .iter()
                    .map(move |&stage| QueueName { stage, priority })
            })
            .collect();
        let mut running = JoinSet::new();
        let mut subscription: Option<Box<dyn Subscription>> = None;
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            let delivery = tokio::select! {
                delivery = self.next(&mut subscription, &queues, slots) => delivery,
                _ = stop.changed() => break,
            };
            match delivery {
                Some(delivery) => {
                    let shell = self.clone();
                    running.spawn(async move { shell.take(delivery).await });
                }
                None => sleep(REST).await,
            }
        }
        // No new notices from here on; what was not begun goes back with the subscription.
        if let Some(subscription) = subscription {
            subscription.end().await;
        }
        while running.join_next().await.is_some() {}
    }

    async fn next(
        &self,
        subscription: &mut Option<Box<dyn Subscription>>,
        queues: &[QueueName],
        slots: u16,
    ) -> Option<Delivery> {
        let subscribed = match subscription {
            Some(subscribed) => subscribed,
            None => match self.queue.subscribe(queues, slots).await {
                Ok(subscribed) => subscription.insert(subscribed),
                Err(error) => {
                    tracing::warn!(%error, "no tasks are taken; trying again");
                    return None;
                }
            },
        };
        match subscribed.next().await {
            Ok(delivery) => Some(delivery),
            Err(error) => {
                tracing::warn!(%error, "no tasks are taken; trying again");
                *subscription = None;
                None
            }
        }
    }

    /// One notice, to its end.
    async fn take(&self, delivery: Delivery) {
        let claimed = match self
            .db
            .claim(delivery.notice.task, self.patience.lease)
            .await
        {
            Ok(Some(claimed)) => claimed,
            // Done already, cancelled, or somebody else's.
            Ok(None) => return acknowledge(delivery).await,
            Err(error) => {
                tracing::warn!(%error, "a task could not be claimed");
                // Not acknowledged, it comes again; not at once, or it would come in circles.
                return sleep(REST).await;
            }
        };
        // The message's trace is the job's, unless somebody sent it by hand.
        let trace = delivery.notice.traceparent.as_deref();
        let trace = trace.or(claimed.traceparent.as_deref());
        let span = telemetry::task_span(claimed.job, claimed.step, claimed.attempt, trace);
        self.finish(claimed, delivery).instrument(span).await;
    }

    /// A claimed task, to its end.
    async fn finish(&self, claimed: Claimed, delivery: Delivery) {
        let start = Instant::now();
        let (said, entities, passages) = match self.run(&claimed).await {
            Ok(said) => (
                Ok(said.outcome),
                said.entities
                    .into_iter()
                    .map(|entity| EntityRow::of(claimed.job, entity))
                    .collect::<Vec<_>>(),
                said.passages
                    .into_iter()
                    .map(|(passage, embedding)| PassageRow { passage, embedding })
                    .collect(),
            ),
            Err(error) => (Err(error), Vec::new(), Vec::new()),
        };
        let found = Findings {
            entities: &entities,
            passages: &passages,
            master: &self.master,
        };
        let took = start.elapsed();
        let settled = self.settle(&claimed, &said, took, found).await;
        report(&claimed, took, settled.as_ref());
        let Some(settled) = settled else { return };
        telemetry::task_ended(claimed.step.stage, took, &said, settled, &entities);
        if let Settled::Finished { state, .. } = settled {
            telemetry::job_ended(state);
        }
        if matches!(settled, Settled::Ended | Settled::Retried) {
            self.due.notify_waiters();
        }
        acknowledge(delivery).await;
        if let Settled::Finished { state, clean: true } = settled
            && state.has_result()
        {
            self.clear(&claimed).await;
        }
    }

    /// Runs the stage on a thread, with the lease renewed meanwhile.
    async fn run(&self, claimed: &Claimed) -> Result<Said, TaskError> {
        let inputs = self.db.inputs(claimed).await.map_err(|error| TaskError {
            kind: TaskErrorKind::Failed,
            detail: error.to_string(),
        })?;
        let mut timings = Timings::default();
        for (stage, duration) in inputs.durations {
            let duration = (duration * 10.0).round() / 10.0;
            timings.total += duration;
            match stage {
                Stage::Decode => timings.decode += duration,
                Stage::Prepare => timings.prepare += duration,
                Stage::Detect => timings.detect += duration,
                Stage::Recognise(engine) => *timings.ocr.entry(engine).or_default() += duration,
                Stage::Fuse => timings.fuse += duration,
                Stage::Extract | Stage::Index => timings.extract += duration,
            }
        }
        let work = Work {
            job: claimed.job,
            document: claimed.document,
            step: claimed.step,
            file: claimed.file.clone(),
            readers: inputs
                .readers
                .into_iter()
                .map(|reader| (reader.engine, reader.pass, reader.error))
                .collect(),
            pages: inputs.pages,
            timings,
        };
        let artefacts = Shelved {
            store: Arc::clone(&self.store),
            claimed: claimed.clone(),
            written: Mutex::default(),
            runtime: Handle::current(),
        };
        let stages = Arc::clone(&self.stages);
        let span = tracing::Span::current();
        let stage =
            tokio::task::spawn_blocking(move || span.in_scope(|| stages.run(&work, &artefacts)));
        let mut renewals = interval(self.patience.lease / 3);
        renewals.tick().await;
        let renewing = async {
            loop {
                renewals.tick().await;
                match self.db.renew(claimed, self.patience.lease).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => tracing::warn!(%error, "a lease was not renewed"),
                }
            }
        };
        tokio::select! {
            ended = timeout(self.patience.stage, stage) => match ended {
                Ok(Ok(said)) => said,
                Ok(Err(_)) => Err(TaskError {
                    kind: TaskErrorKind::Failed,
                    detail: "the stage broke down; the log says where".into(),
                }),
                Err(_) => Err(TaskError {
                    kind: TaskErrorKind::Timeout,
                    detail: format!(
                        "the stage did not end within {} seconds",
                        self.patience.stage.as_secs()
                    ),
                }),
            },
            // Cancelled, or somebody else's by now: what is said here is not heard.
            () = renewing => Err(TaskError {
                kind: TaskErrorKind::Lost,
                detail: "the lease ended before the stage did".into(),
            }),
        }
    }

    /// Settles, however long the database does not answer, unless the lease must have ended.
    async fn settle(
        &self,
        claimed: &Claimed,
        said: &Result<Outcome, TaskError>,
        took: Duration,
        found: Findings<'_>,
    ) -> Option<Settled> {
        let start = Instant::now();
        loop {
            let settled = self
                .db
                .settle(claimed, said.clone(), took, found, self.patience.attempts)
                .await;
            match settled {
                Ok(settled) => return Some(settled),
                Err(error)
                    if worth_another_try(&error) && start.elapsed() < self.patience.lease =>
                {
                    tracing::warn!(%error, "a task could not be settled; trying again");
                    sleep(REST).await;
                }
                Err(error) => {
                    tracing::error!(%error, "a task could not be settled; its lease will end");
                    return None;
                }
            }
        }
    }

    /// Removes what lies between input and result of a job that needs it no more.
    async fn clear(&self, claimed: &Claimed) {
        let Ok(Some(job)) = self.db.job(claimed.tenant, claimed.job).await else {
            return;
        };
        for page in 0..job.pages.unwrap_or(0) {
            let mut artefacts = vec![
                Artefact::Decoded(claimed.job, page),
                Artefact::Prepared(claimed.job, page),
                Artefact::Detected(claimed.job, page),
            ];
            for pass in 1..=schemas::PASSES {
                artefacts.push(Artefact::Fused(claimed.job, page, pass));
                artefacts.extend(
                    Engine::ALL.map(|engine| Artefact::Reading(claimed.job, page, engine, pass)),
                );
            }
            for artefact in artefacts {
                if let Err(error) = self.store.delete(key(claimed, artefact)).await {
                    tracing::warn!(%error, "intermediate artefacts stay");
                    return;
                }
            }
        }
    }

    /// Sends what is due and takes up what was left lying, until `stop`. Every process may do so.
    pub async fn keep_promises(&self, changes: Changes, mut stop: watch::Receiver<bool>) {
        let mut heard = changes.subscribe();
        let mut swept = Instant::now();
        while !*stop.borrow() {
            let mut sent = 0;
            if self.queue.needs_notices() {
                match self
                    .db
                    .publish_due(&*self.queue, self.patience.publish)
                    .await
                {
                    Ok(published) => sent = published,
                    Err(error) => tracing::warn!(%error, "due tasks are not sent; trying again"),
                }
            }
            if swept.elapsed() >= self.patience.sweep {
                swept = Instant::now();
                match self
                    .db
                    .sweep(self.patience.attempts, self.patience.overdue)
                    .await
                {
                    Ok(found) if found != infra::db::Swept::default() => {
                        telemetry::swept(&found);
                        tracing::info!(
                            retried = found.retried,
                            given_up = found.given_up,
                            republished = found.republished,
                            "the sweep found what was left lying"
                        );
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "the sweep failed; trying again"),
                }
            }
            if sent > 0 {
                // More may be due than fits in one go.
                continue;
            }
            let woken = self.due.notified();
            tokio::select! {
                () = woken => {}
                () = until_due(&mut heard) => self.due.notify_waiters(),
                () = sleep(self.patience.sweep.min(REST)) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

fn report(claimed: &Claimed, took: Duration, settled: Option<&Settled>) {
    let (job, stage) = (claimed.job, claimed.step.stage);
    let (page, attempt) = (claimed.step.page, claimed.attempt);
    let duration_ms = took.as_millis() as u64;
    match settled {
        Some(Settled::Ended) => {
            tracing::debug!(%job, %stage, page, attempt, duration_ms, "a task ended");
        }
        Some(Settled::Finished { state, .. }) => {
            let state = state.name();
            tracing::info!(%job, state, "a job ended");
        }
        Some(Settled::Retried) => {
            tracing::warn!(%job, %stage, page, attempt, duration_ms, "a task is tried again");
        }
        Some(Settled::Stale) => {
            tracing::warn!(%job, %stage, page, attempt, duration_ms, "a task was another's");
        }
        None => {}
    }
}

fn worth_another_try(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::Unavailable | DbErrorKind::Conflict)
}

async fn acknowledge(delivery: Delivery) {
    if let Err(error) = delivery.receipt.ack().await {
        // It comes again and is found done.
        tracing::debug!(%error, "a notice was not acknowledged");
    }
}

fn key(claimed: &Claimed, artefact: Artefact) -> ArtefactKey {
    ArtefactKey {
        tenant: claimed.tenant,
        document: claimed.document,
        artefact,
    }
}

/// The store as a stage sees it, from a thread of its own.
struct Shelved {
    store: Arc<dyn Store>,
    claimed: Claimed,
    /// What this attempt has begun to write.
    written: Mutex<HashSet<Artefact>>,
    runtime: Handle,
}

impl Artefacts for Shelved {
    fn get(&self, artefact: Artefact) -> Result<Arc<[u8]>, TaskError> {
        let bytes: Result<Bytes, _> = self.runtime.block_on(async {
            let body = self.store.get(key(&self.claimed, artefact)).await?;
            store::collect(body, LARGEST).await
        });
        bytes
            .map(|bytes| Arc::from(&*bytes))
            .map_err(|error| stored(&error))
    }

    fn put(&self, artefact: Artefact, bytes: Vec<u8>) -> Result<(), TaskError> {
        // A version is one body's alone: two sealed as the same would give their texts away.
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.insert(artefact) {
            return Err(TaskError {
                kind: TaskErrorKind::Failed,
                detail: "the stage wrote an artefact twice".into(),
            });
        }
        drop(written);
        let (key, body) = (key(&self.claimed, artefact), store::body(bytes));
        self.runtime
            .block_on(self.store.put_as(key, body, self.claimed.version))
            .map(drop)
            .map_err(|error| stored(&error))
    }
}

fn stored(error: &infra::store::StoreError) -> TaskError {
    let detail = match error.kind {
        StoreErrorKind::NotFound => "an artefact is not in the store any more".into(),
        _ => error.to_string(),
    };
    let kind = match error.kind {
        StoreErrorKind::Unavailable => TaskErrorKind::Store,
        // No outage: waiting does not make the store take other credentials, nor bring back what is
        // gone or broken. Somebody must look, and may replay it then.
        StoreErrorKind::Refused
        | StoreErrorKind::NotFound
        | StoreErrorKind::Corrupt
        | StoreErrorKind::Body => TaskErrorKind::Failed,
    };
    TaskError { kind, detail }
}
