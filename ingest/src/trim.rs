//! Memory that is free goes back to the system. By itself the allocator keeps what lies between blocks in
//! use, so that a burst of connections would be held for good.

use std::time::Duration;

use tokio::{sync::watch, task::spawn_blocking, time::timeout};

/// Between two times.
const REST: Duration = Duration::from_secs(15);

/// Gives it back again and again, until `stop`.
pub(crate) async fn keep_trim(mut stop: watch::Receiver<bool>) {
    while timeout(REST, stop.wait_for(|stop| *stop)).await.is_err() {
        // It waits for locks of the allocator.
        let _ = spawn_blocking(trim).await;
    }
}

#[cfg(target_env = "gnu")]
fn trim() {
    #[expect(unsafe_code, reason = "the allocator has no safe wrapper")]
    // SAFETY: it takes the allocator's own locks and touches only what is free (malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}
