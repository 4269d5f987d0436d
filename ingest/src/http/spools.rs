//! Room for what is spooled: a few zips at once, and of the disk no more than the largest of them may take alone.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::problem::ApiError;

/// Zips that are received and unpacked at once, in a process.
const AT_ONCE: usize = 4;
/// The longest that one waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// What the disk is shared out in.
const PART: u64 = 1 << 20;

/// The room that there is.
pub struct Spools {
    patience: Duration,
    turns: Arc<Semaphore>,
    parts: Arc<Semaphore>,
}

/// The room that one zip has, until it is dropped.
pub(super) struct Place {
    _turn: OwnedSemaphorePermit,
    held: Option<OwnedSemaphorePermit>,
    parts: Arc<Semaphore>,
}

impl Spools {
    /// Room for so many bytes, together.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let parts = usize::try_from(bytes.div_ceil(PART)).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            patience: TURN,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            parts: Arc::new(Semaphore::new(parts.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// A place, when one comes free before long.
    pub(super) async fn place(&self) -> Result<Place, ApiError> {
        let turn = timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::Busy("other zips are being unpacked"));
        };
        Ok(Place {
            _turn: turn,
            held: None,
            parts: Arc::clone(&self.parts),
        })
    }
}

impl Place {
    /// Takes what so many bytes altogether need, or says that there is no room.
    pub(super) fn holds(&mut self, bytes: u64) -> Result<(), ApiError> {
        let full = || ApiError::Busy("other zips have taken the disk for temporary files");
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(PART).saturating_sub(held as u64);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| full())?;
        let more = Arc::clone(&self.parts).try_acquire_many_owned(more);
        let more = more.map_err(|_| full())?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_at_once_and_the_next_when_one_is_done() {
        let mut spools = Spools::new(1 << 30);
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(spools.place().await.unwrap());
        }
        spools.patience = Duration::from_millis(50);
        assert!(matches!(spools.place().await, Err(ApiError::Busy(_))));
        spools.patience = Duration::from_mins(1);
        // Asked for first, and given when the other is done.
        let (next, ()) = tokio::join!(spools.place(), async { drop(places.pop()) });
        assert!(next.is_ok(), "a place came free while it waited");
    }

    #[tokio::test]
    async fn the_disk_is_shared_out_and_given_back() {
        let spools = Spools::new(10 * PART);
        let (mut one, mut other) = (spools.place().await.unwrap(), spools.place().await.unwrap());
        one.holds(1).unwrap();
        one.holds(PART).unwrap();
        other.holds(9 * PART).unwrap();
        assert!(one.holds(PART + 1).is_err(), "all is taken");
        assert!(matches!(other.holds(9 * PART + 1), Err(ApiError::Busy(_))));
        drop(other);
        one.holds(10 * PART).unwrap();
        assert!(one.holds(10 * PART + 1).is_err(), "more than there is");
    }
}
