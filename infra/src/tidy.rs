//! What is cleared away as time goes by: objects of uploads that died, what is only of use for a while, and what
//! an earlier program left in the clear. Every process may do so; a process that dies in the middle leaves it to the next.

use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use crate::{
    db::{Db, DbError},
    store::{MasterKey, Store, StoreErrorKind},
};

/// Orphans of one look at the database.
const WINDOW: i64 = 256;
/// For how long an upload may say nothing before it is given up, unless a deployment says otherwise.
pub const SILENCE: Duration = Duration::from_hours(1);
/// The longest between two looks.
const LOOK: Duration = Duration::from_mins(5);

/// Clears away, until `stop`. An upload that has been silent for `silence` is given up, and as long
/// after that its object is removed.
pub async fn keep_tidy(
    db: &Db,
    store: &dyn Store,
    master: &MasterKey,
    silence: Duration,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        match remove_orphans(db, store, silence).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "objects of uploads that died were removed"),
            Err(error) => tracing::warn!(%error, "orphans stay for now"),
        }
        if let Err(error) = db.tidy().await {
            tracing::warn!(%error, "what is of no more use stays for now");
        }
        match db.seal_identifiers(master).await {
            Ok(0) => {}
            Ok(sealed) => tracing::info!(
                sealed,
                "rows of patients that stood in the clear were sealed"
            ),
            Err(error) => tracing::warn!(%error, "rows of patients stand in the clear for now"),
        }
        tokio::select! {
            () = sleep((silence / 4).min(LOOK)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Gives up uploads that died and removes the objects of those given up before. Gives how many were
/// removed; what the store does not remove now is tried again.
///
/// # Errors
/// [`DbError`]; what was removed until then stays removed.
pub async fn remove_orphans(db: &Db, store: &dyn Store, silence: Duration) -> Result<u64, DbError> {
    db.give_up_uploads(silence).await?;
    let mut removed = 0;
    for (tenant, document) in db.orphans(silence, WINDOW).await? {
        if let Err(error) = store.erase(tenant, document).await {
            tracing::warn!(%error, "an orphan stays for now");
            if error.kind == StoreErrorKind::Unavailable {
                break;
            }
            continue;
        }
        db.forget_upload(tenant, document).await?;
        removed += 1;
    }
    Ok(removed)
}
