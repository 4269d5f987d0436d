//! A panic in the log: where it was and in which thread, and never what it says, which may quote a document.
//! Standard's own hook would print just that, as a line that is no JSON.

use std::{panic, thread};

/// The target of its lines.
pub(super) const TARGET: &str = "medbot::panic";

/// Writes the place of every panic from now on, and nothing else of it.
pub(super) fn write_places() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        tracing::error!(
            target: TARGET,
            thread = thread::current().name().unwrap_or("unnamed"),
            place,
            "a thread panicked"
        );
    }));
}
