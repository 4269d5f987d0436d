//! Whether the server is there: holds everything back while it is not, longer each time, and knows when
//! the patience is at its end. The clock is handed in.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::backoff;

/// What is known of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// How long it may be away; none: for ever.
    patience: Option<Duration>,
    held_until: Instant,
    /// Failures since the last answer.
    times: u32,
    trouble_since: Option<Instant>,
}

impl Gate {
    pub(super) fn new(patience: Option<Duration>, now: Instant) -> Self {
        Self {
            patience,
            held_until: now,
            times: 0,
            trouble_since: None,
        }
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        (self.times, self.trouble_since) = (0, None);
    }

    /// Something broke that began then; it need not be the server.
    pub(super) fn broke(&mut self, started: Instant) {
        self.trouble_since.get_or_insert(started);
    }

    /// It is away, or wants to be left alone for so long. What began before the last failure adds
    /// nothing to it. True when it was there before.
    pub(super) fn away(&mut self, started: Instant, now: Instant, after: Option<Duration>) -> bool {
        self.broke(started);
        let is_new = started >= self.held_until;
        if is_new {
            self.times += 1;
            self.held_until = now + backoff(self.times);
        }
        if let Some(after) = after {
            self.held_until = self.held_until.max(now + after);
        }
        is_new && self.times == 1
    }

    /// Nothing may be asked before.
    pub(super) fn held_until(&self) -> Instant {
        self.held_until
    }

    /// Requests at once, of so many: after a failure one finds out whether the server is back.
    pub(super) fn most(&self, jobs: usize) -> usize {
        if self.times > 0 { jobs.min(1) } else { jobs }
    }

    /// When the patience ends, if nothing is answered until then.
    pub(super) fn end(&self) -> Option<Instant> {
        Some(self.trouble_since? + self.patience?)
    }

    /// # Errors
    /// When the patience has ended.
    pub(super) fn check(&self, now: Instant) -> anyhow::Result<()> {
        match (self.end(), self.patience) {
            (Some(end), Some(patience)) if now >= end => anyhow::bail!(
                "the server did not answer for {} seconds: call it again to go on",
                patience.as_secs()
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Gate;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failures_together_count_as_one_and_an_answer_forgets_them() {
        let start = Instant::now();
        let mut gate = Gate::new(Some(10 * SECOND), start);
        assert!(gate.away(start, start, None));
        let held = gate.held_until();
        assert!(held > start && held <= start + SECOND / 2);
        assert!(!gate.away(start, start, None));
        assert_eq!(gate.held_until(), held);
        assert_eq!((gate.most(4), gate.most(1)), (1, 1));

        assert!(!gate.away(held, held, Some(5 * SECOND)));
        assert!(gate.held_until() >= held + 5 * SECOND);
        assert!(gate.check(start + 9 * SECOND).is_ok());
        assert!(gate.check(start + 10 * SECOND).is_err());

        gate.answered();
        assert_eq!(gate.most(4), 4);
        assert!(gate.check(start + 1000 * SECOND).is_ok());
        let mut patient = Gate::new(None, start);
        patient.broke(start);
        assert!(patient.check(start + 1_000_000 * SECOND).is_ok());
    }
}
