//! The allocator holds no more than it must. By itself it opens eight pools a core, so that every thread
//! keeps pictures of its own; takes ever larger blocks from its pools instead of the system, so that
//! small blocks lie between the holes that pictures leave; and keeps what lies between blocks in use, so
//! that a burst of connections would be held for good.

use std::{thread::available_parallelism, time::Duration};

use tokio::{sync::watch, task::spawn_blocking, time::timeout};

/// Between two times.
const REST: Duration = Duration::from_secs(15);
/// A block of so many bytes comes from the system: what pictures and the strips of lines have, and little else.
#[cfg(target_env = "gnu")]
const PICTURE: i32 = 1 << 17;

/// Gives it back again and again, until `stop`.
pub(crate) async fn keep_trim(mut stop: watch::Receiver<bool>) {
    while timeout(REST, stop.wait_for(|stop| *stop)).await.is_err() {
        // It waits for locks of the allocator.
        let _ = spawn_blocking(trim).await;
    }
}

/// One pool a core and, of a program that `stays`, pictures straight from the system and back to it. What ends with its
/// files gives all back then, and asking the system for each picture takes a tenth of the time. For the start of the
/// program, before its threads.
#[cfg(target_env = "gnu")]
pub fn hold_little(stays: bool) {
    let cores = available_parallelism().map_or(1, |n| i32::try_from(n.get()).unwrap_or(1));
    #[expect(unsafe_code, reason = "the allocator has no safe wrapper")]
    // SAFETY: it sets numbers that the allocator reads under its own locks (mallopt(3)).
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, cores);
        if stays {
            libc::mallopt(libc::M_MMAP_THRESHOLD, PICTURE);
        }
    }
}

#[cfg(not(target_env = "gnu"))]
pub fn hold_little(_stays: bool) {}

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
