//! How far each engine can be trusted on this page and line, without knowing the truth.
//!
//! An engine that reads what another reads too is probably right; one that agrees with nobody is
//! guessing (the idea of Dawid and Skene 1979, without its iterations). A line's own agreement is
//! smoothed by the page's, since short lines say little.

use std::collections::BTreeMap;

use schemas::Engine;

use crate::align::{Network, Slot};

/// Characters of page-wide evidence that a line's own evidence is mixed with.
const PRIOR: f32 = 4.0;
/// What a lone reader is worth.
const ALONE: f32 = 0.85;

/// Agreement of each engine with the others over a page.
pub struct Agreement {
    page: BTreeMap<Engine, (f32, f32)>,
}

impl Agreement {
    /// Counts over all lines of a page.
    #[must_use]
    pub fn of(networks: &[Network]) -> Self {
        let mut page: BTreeMap<Engine, (f32, f32)> = BTreeMap::new();
        for network in networks.iter().filter(|network| network.engines.len() > 1) {
            for (e, engine) in network.engines.iter().enumerate() {
                let (agreed, read) = counts(network, e);
                let sums = page.entry(*engine).or_default();
                sums.0 += agreed;
                sums.1 += read;
            }
        }
        Self { page }
    }

    /// The share of its characters, 0..=1, in which each engine of the line agrees with another one.
    #[must_use]
    pub fn reliabilities(&self, network: &Network) -> Vec<f32> {
        if network.engines.len() < 2 {
            return vec![ALONE; network.engines.len()];
        }
        network
            .engines
            .iter()
            .enumerate()
            .map(|(e, engine)| {
                let (agreed, read) = counts(network, e);
                let (page_agreed, page_read) = self.page.get(engine).copied().unwrap_or_default();
                let page = (page_agreed + ALONE) / (page_read + 1.0);
                (agreed + PRIOR * page) / (read + PRIOR)
            })
            .collect()
    }
}

/// Characters of engine `e` that another engine reads too, and all of those that another one could write.
fn counts(network: &Network, e: usize) -> (f32, f32) {
    let ink = |slot: &Slot, e: usize| {
        slot.glyphs[e]
            .as_ref()
            .map(|g| g.ch.to_ascii_lowercase())
            .filter(|ch| *ch != ' ')
    };
    let mut agreed = 0.0;
    let mut read = 0.0;
    for slot in &network.slots {
        let Some(ch) = ink(slot, e) else { continue };
        let others =
            || (0..network.engines.len()).filter(|&other| other != e && slot.counts(other));
        if !slot.counts(e) || others().next().is_none() {
            continue;
        }
        read += 1.0;
        if others().any(|other| ink(slot, other) == Some(ch)) {
            agreed += 1.0;
        }
    }
    (agreed, read)
}
