//! Before anything is answered: what the erasure list says was erased is erased again, where the database still has
//! it. A database that was put back by other means than `medbot restore`, such as a copy of its disk, is older than
//! the list and brings documents and their keys along.
//!
//! A database that does not answer yet keeps nobody from starting: nothing of `/v1` is answered then until it was
//! looked through. What cannot be read is a list that was harmed, which the log says: who may have been erased is
//! then not known, and the service opens.

use std::{sync::atomic::Ordering, time::Duration};

use infra::{
    audit::Occurrence,
    erasure::{self, EraseError},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::http::Api;

/// For how long a start waits for the database.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at a database that does not answer.
const REST: Duration = Duration::from_secs(1);

/// Looks the database through before anybody may ask; goes on in the background where that takes long.
pub(crate) async fn open(api: &Api, told: watch::Receiver<bool>) {
    let looking = tokio::spawn(look_through(Api::clone(api), told));
    if timeout(PATIENCE, looking).await.is_err() {
        tracing::warn!(
            "nothing is answered until the database was looked through for what was erased"
        );
    }
}

async fn look_through(api: Api, mut told: watch::Receiver<bool>) {
    loop {
        match erase_again(&api).await {
            Ok(()) => break,
            Err(EraseError::List(error)) => {
                tracing::error!(%error, "what was erased is not known: nothing is erased again");
                break;
            }
            Err(EraseError::Db(error)) => {
                tracing::warn!(%error, "the database cannot be looked through for what was erased");
            }
        }
        tokio::select! {
            () = sleep(REST) => {}
            _ = told.changed() => return,
        }
    }
    api.is_open.store(true, Ordering::Release);
}

async fn erase_again(api: &Api) -> Result<(), EraseError> {
    let again = erasure::erase_again(&api.db, &*api.store, &api.erasures).await?;
    if !again.is_empty() {
        tracing::warn!(
            documents = again.len(),
            "the database is older than the erasure list: what was erased is erased again"
        );
    }
    for (tenant, document) in again {
        let object = format!("/v1/documents/{document}");
        let what = Occurrence::of_service("document.erase", object, 204);
        api.audit.record(tenant, what).await?;
    }
    Ok(())
}
