//! How long answers took, and what was answered wrongly.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Default)]
struct Kind {
    micros: Vec<u32>,
    refused: u64,
    wrong: BTreeMap<String, u64>,
}

/// Counts of all sessions, by kind of request.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<&'static str, Kind>>);

impl Tally {
    /// An answer that was as it should be.
    pub fn answered(&self, kind: &'static str, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.kinds().entry(kind).or_default().micros.push(micros);
    }

    /// A 429 that said when to come again.
    pub fn refused(&self, kind: &'static str) {
        self.kinds().entry(kind).or_default().refused += 1;
    }

    /// No answer, or another than it should be.
    pub fn wrong(&self, kind: &'static str, how: impl fmt::Display) {
        let mut kinds = self.kinds();
        *kinds
            .entry(kind)
            .or_default()
            .wrong
            .entry(how.to_string())
            .or_default() += 1;
    }

    /// What was answered wrongly.
    pub fn errors(&self) -> u64 {
        self.kinds()
            .values()
            .flat_map(|kind| kind.wrong.values())
            .sum()
    }

    /// Over all kinds.
    pub fn verdict(&self) -> String {
        let mut micros: Vec<u32> = self
            .kinds()
            .values()
            .flat_map(|kind| kind.micros.clone())
            .collect();
        micros.sort_unstable();
        let requests = self.kinds().values().map(Kind::requests).sum::<u64>();
        format!(
            "requests={requests} errors={} p50_ms={:.1} p99_ms={:.1}",
            self.errors(),
            quantile(&micros, 0.5),
            quantile(&micros, 0.99)
        )
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kind>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kind {
    fn requests(&self) -> u64 {
        self.micros.len() as u64 + self.refused + self.wrong.values().sum::<u64>()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9}",
            "request", "answers", "refused", "errors", "p50 ms", "p99 ms", "max ms"
        )?;
        for (name, kind) in &mut *self.kinds() {
            kind.micros.sort_unstable();
            writeln!(
                f,
                "{name:<12} {:>9} {:>9} {:>7} {:>9.1} {:>9.1} {:>9.1}",
                kind.micros.len(),
                kind.refused,
                kind.wrong.values().sum::<u64>(),
                quantile(&kind.micros, 0.5),
                quantile(&kind.micros, 0.99),
                quantile(&kind.micros, 1.0)
            )?;
            for (how, times) in &kind.wrong {
                writeln!(f, "  {times} {how}")?;
            }
        }
        Ok(())
    }
}

/// Of sorted microseconds, in milliseconds; the nearest rank.
fn quantile(micros: &[u32], share: f64) -> f64 {
    let rank = (share * micros.len() as f64).ceil() as usize;
    let at = rank.clamp(1, micros.len().max(1)) - 1;
    micros
        .get(at)
        .map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Tally;

    #[test]
    fn quantiles_and_counts_are_those_of_all_kinds() {
        let tally = Tally::default();
        assert_eq!(tally.verdict(), "requests=0 errors=0 p50_ms=0.0 p99_ms=0.0");
        for ms in 1..=100 {
            tally.answered(
                if ms % 2 == 0 { "poll" } else { "upload" },
                Duration::from_millis(ms),
            );
        }
        tally.refused("poll");
        tally.wrong("upload", 503);
        assert_eq!(
            tally.verdict(),
            "requests=102 errors=1 p50_ms=50.0 p99_ms=99.0"
        );
    }
}
