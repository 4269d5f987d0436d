//! Group commit: requests that end at the same time share a transaction, and each is answered only when
//! its line is durable.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use schemas::TenantId;
use tokio::sync::{mpsc, oneshot};

use super::{Anchors, Chain, Occurrence};
use crate::{
    db::{Db, DbError, DbErrorKind},
    store::MasterKey,
};

/// Lines that wait; beyond, who asks waits.
const ROOM: usize = 4096;
/// Lines of one transaction.
const TOGETHER: usize = 256;
/// The head of a tenant is anchored no more often.
const ANCHOR_EVERY: Duration = Duration::from_mins(1);

/// Writes the log.
#[derive(Clone)]
pub struct Recorder {
    waiting: mpsc::Sender<Waiting>,
}

struct Waiting {
    tenant: TenantId,
    what: Occurrence,
    written: oneshot::Sender<Result<(), DbError>>,
}

impl Recorder {
    /// Starts it on the current runtime; it ends when the last clone is gone.
    #[must_use]
    pub fn start(db: Db, master: Arc<MasterKey>, anchors: Option<Anchors>) -> Self {
        let (waiting, queue) = mpsc::channel(ROOM);
        tokio::spawn(write(db, master, anchors, queue));
        Self { waiting }
    }

    /// Writes a line; it is durable when this returns.
    ///
    /// # Errors
    /// [`DbError`]: the line may not have been written.
    pub async fn record(&self, tenant: TenantId, what: Occurrence) -> Result<(), DbError> {
        let gone = || {
            DbError::new(
                DbErrorKind::Unavailable,
                "the audit log is not written any more",
            )
        };
        let (written, answer) = oneshot::channel();
        let waiting = Waiting {
            tenant,
            what,
            written,
        };
        self.waiting.send(waiting).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn write(
    db: Db,
    master: Arc<MasterKey>,
    anchors: Option<Anchors>,
    mut queue: mpsc::Receiver<Waiting>,
) {
    let mut anchored: HashMap<TenantId, Instant> = HashMap::new();
    let mut together = Vec::new();
    while queue.recv_many(&mut together, TOGETHER).await > 0 {
        let mut by_tenant: HashMap<TenantId, Vec<Waiting>> = HashMap::new();
        for waiting in together.drain(..) {
            by_tenant.entry(waiting.tenant).or_default().push(waiting);
        }
        let written = by_tenant.into_iter().map(async |(tenant, waiting)| {
            let chain = Chain::new(&master, tenant);
            let (what, answers): (Vec<_>, Vec<_>) =
                waiting.into_iter().map(|w| (w.what, w.written)).unzip();
            let outcome = db.append_audit(tenant, &chain, what).await;
            for answer in answers {
                // Who asked may have given up.
                let _ = answer.send(outcome.clone().map(|_| ()));
            }
            outcome.ok().map(|head| (tenant, head))
        });
        let heads = futures::future::join_all(written).await;
        let Some(anchors) = &anchors else { continue };
        for (tenant, head) in heads.into_iter().flatten() {
            let due = anchored
                .get(&tenant)
                .is_none_or(|last| last.elapsed() >= ANCHOR_EVERY);
            if due {
                match anchors.add(tenant, &head, Utc::now()) {
                    Ok(()) => _ = anchored.insert(tenant, Instant::now()),
                    Err(error) => {
                        tracing::error!(%error, "a head of the audit log could not be anchored")
                    }
                }
            }
        }
    }
}
