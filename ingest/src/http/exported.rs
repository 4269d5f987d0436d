//! The end of an export that streams: a second line of the audit log says how many rows were given, and whether
//! whoever asked took all of it. The first, without which nothing leaves, stands before.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{SubsecRound as _, Utc};
use futures::{Stream, StreamExt as _, stream};
use infra::audit::Occurrence;
use schemas::TenantId;
use tokio::runtime::Handle;

use super::{Api, auth::Known};

/// What the log calls it.
const ACTION: &str = "entity.export";
const OBJECT: &str = "/v1/entities";
/// Whoever asked went away, as nginx says it; it broke off here; all of it left.
const LEFT: u16 = 499;
const BROKEN: u16 = 500;
const WHOLE: u16 = 200;

/// Writes the line when it is dropped, which is when the last byte has left, or nobody takes any more.
pub(super) struct End {
    api: Api,
    runtime: Handle,
    tenant: TenantId,
    what: Option<Occurrence>,
    rows: Arc<AtomicU64>,
}

impl End {
    /// Of an export to this caller; `rows` counts what is written of it.
    pub(super) fn new(api: &Api, known: &Known, rows: Arc<AtomicU64>) -> Self {
        let (tenant, what) = known.does(ACTION, OBJECT, LEFT);
        Self {
            api: Arc::clone(api),
            runtime: Handle::current(),
            tenant,
            what: Some(what),
            rows,
        }
    }

    /// The body, with this end.
    pub(super) fn watch<T, E>(
        self,
        body: impl Stream<Item = Result<T, E>> + Send,
    ) -> impl Stream<Item = Result<T, E>> + Send {
        let body = Box::pin(body);
        stream::unfold((self, body), async |(mut end, mut body)| {
            let next = body.next().await;
            match &next {
                Some(Ok(_)) => {}
                Some(Err(_)) => end.was(BROKEN),
                None => end.was(WHOLE),
            }
            Some((next?, (end, body)))
        })
    }

    fn was(&mut self, outcome: u16) {
        if let Some(what) = &mut self.what
            && what.outcome != BROKEN
        {
            what.outcome = outcome;
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let Some(mut what) = self.what.take() else {
            return;
        };
        what.at = Utc::now().trunc_subsecs(6);
        what.extent.rows = Some(self.rows.load(Ordering::Relaxed));
        let (api, tenant) = (Arc::clone(&self.api), self.tenant);
        let line = async move {
            if let Err(error) = api.audit.record(tenant, what).await {
                tracing::error!(%error, "the end of an export could not be written down");
            }
        };
        self.api.under_way.spawn_on(line, &self.runtime);
    }
}
