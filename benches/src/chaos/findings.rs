//! What was done, what was found, and how both are printed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What a finding means for its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Something accepted is missing, or is not what it must be.
    Lost,
    /// Something happened twice.
    Doubled,
    /// Something never ended.
    Stuck,
}

#[derive(Default)]
struct Inner {
    counts: BTreeMap<&'static str, u64>,
    harms: BTreeMap<Harm, u64>,
}

/// Counts and findings of a campaign.
#[derive(Default)]
pub(super) struct Findings(Mutex<Inner>);

/// Findings that are printed in full.
const SHOWN: u64 = 40;

impl Findings {
    pub fn count(&self, what: &'static str) {
        self.add(what, 1);
    }

    pub fn add(&self, what: &'static str, times: u64) {
        *self.lock().counts.entry(what).or_default() += times;
    }

    pub fn of(&self, what: &'static str) -> u64 {
        self.lock().counts.get(what).copied().unwrap_or(0)
    }

    /// Writes down harm; ids only, never content.
    pub fn harm(&self, harm: Harm, what: impl std::fmt::Display) {
        let mut inner = self.lock();
        let count = inner.harms.entry(harm).or_default();
        *count += 1;
        if *count <= SHOWN {
            eprintln!("chaos: {harm:?}: {what}");
        }
    }

    pub fn harms(&self, harm: Harm) -> u64 {
        self.lock().harms.get(&harm).copied().unwrap_or(0)
    }

    /// All counts, a line each.
    pub fn print(&self) {
        for (what, count) in &self.lock().counts {
            println!("{what:<44} {count:>8}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
