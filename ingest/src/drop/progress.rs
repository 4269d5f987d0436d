//! How far a drop is: a bar on a terminal, a log line now and then elsewhere. Names of files are in
//! the bar at most.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two log lines.
pub(super) const EVERY: Duration = Duration::from_secs(15);

/// Shared by all uploads.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    files: Arc<AtomicU64>,
    done: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template(
            "{bar:30} {bytes}/{total_bytes}, {prefix}, {bytes_per_sec}, {eta} left {wide_msg}",
        );
        let bar = ProgressBar::new(0);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            files: Arc::default(),
            done: Arc::default(),
        }
    }

    /// A file more to send.
    pub(super) fn expect(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bar.inc_length(bytes);
        self.count();
    }

    pub(super) fn starts(&self, name: &str) {
        if !self.bar.is_hidden() {
            // A terminal obeys control characters.
            self.bar.set_message(name.replace(char::is_control, " "));
        }
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Bytes that have to be sent again, or will not be.
    pub(super) fn take_back(&self, bytes: u64) {
        self.bar.dec(bytes);
    }

    /// A file less to send; of its bytes so many never went.
    pub(super) fn finished(&self, unsent: u64) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(unsent);
        self.count();
    }

    fn count(&self) {
        let (done, files) = self.files();
        self.bar.set_prefix(format!("{done}/{files} files"));
    }

    fn files(&self) -> (u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done, self.files.load(Ordering::Relaxed))
    }

    /// A line of the log, where there is no bar.
    pub(super) fn line(&self) {
        let (done, files) = self.files();
        if self.bar.is_hidden() && done < files {
            let size_bytes = self.bar.position();
            tracing::info!(done, files, size_bytes, "uploading");
        }
    }

    /// Writes to the log without tearing the bar.
    pub(super) fn aside(&self, log: impl FnOnce()) {
        self.bar.suspend(log);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
