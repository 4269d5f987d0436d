//! Which values are accepted without a person, by the error that a site can bear: conformal risk control
//! (Angelopoulos, Bates, Fisch, Lei and Schuster, 2022, "Conformal Risk Control") over documents that people
//! have reviewed whole.
//!
//! The loss of a document at a threshold is the share of its dangerous facts that would be accepted and are
//! wrong; it never grows with the threshold and is at most 1. The least threshold is taken at which
//! `(sum of losses + 1) / (n + 1) <= P` for `n` documents: then a new document of the same kind is expected
//! to lose at most `P`. The threshold is computed for resamples of the documents too, and the one that is
//! enough for [`SHARE`] of them is taken. Below `n = 1/P - 1` no threshold can be good enough. What is
//! promised holds for documents like those of the set: [`Watch`] notices when they are not.

use schemas::{Document, Entity, Fact};
use serde::{Deserialize, Serialize};

/// Of the resamples of the calibration set so many must be content with the threshold.
pub const SHARE: f64 = 0.95;
const RESAMPLES: usize = 1000;
/// Facts that are watched at once for drift, the latest.
const WINDOW: usize = 500;
/// Fewer tell nothing about drift.
const LEAST_WATCHED: usize = 50;
/// Of the two-sample test of Kolmogorov and Smirnov at a level of 0.001.
const CRITICAL: f64 = 1.95;

/// Reasons that only acceptance gives: a rule never saw anything wrong.
const TOO_FEW: &str = "too few documents were reviewed to accept anything at the chosen error";
const DRIFTED: &str = "documents have become unlike those that were reviewed: nothing is accepted";
const UNSURE: &str = "its confidence is too low for the chosen error";

/// A dangerous fact of a reviewed document.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What medbot gave it.
    pub confidence: f32,
    /// The reviewer changed nothing.
    pub right: bool,
    /// It was sent to review by a rule, whatever its confidence.
    #[serde(default)]
    pub doubted: bool,
}

/// A document of which every dangerous fact was reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Its id.
    pub document: String,
    /// Its dangerous facts.
    pub facts: Vec<Judged>,
}

/// There are too few reviewed documents for the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew {
    /// Reviewed documents that there are.
    pub have: usize,
    /// Reviewed documents that the bound needs, `1/P - 1`.
    pub need: usize,
}

impl std::fmt::Display for TooFew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (have, need) = (self.have, self.need);
        write!(
            f,
            "the bound needs n >= 1/P - 1 = {need} reviewed documents, and there are {have}: {} are missing",
            need - have
        )
    }
}

impl std::error::Error for TooFew {}

/// Above which confidence facts are accepted, and what that is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Facts of at least this confidence are accepted; above 1 none is.
    pub confidence: f32,
    /// The share of dangerous facts that is expected to go to review.
    pub review: f64,
    /// Of the set.
    pub documents: usize,
}

/// How many reviewed documents a bound needs at least.
#[must_use]
pub fn needed(max_error: f64) -> usize {
    (1.0 / max_error - 1.0 - 1e-9).ceil().max(1.0) as usize
}

/// The threshold for a bound in `(0, 1)`. The seed is of the resamples.
///
/// # Errors
/// [`TooFew`].
pub fn threshold(set: &[Reviewed], max_error: f64, seed: u64) -> Result<Threshold, TooFew> {
    let (have, need) = (set.len(), needed(max_error));
    if have < need {
        return Err(TooFew { have, need });
    }
    let grid = grid(set);
    let losses: Vec<Vec<f64>> = set
        .iter()
        .map(|document| grid.iter().map(|at| loss(document, *at)).collect())
        .collect();
    let whole: Vec<usize> = (0..have).collect();
    let mut chosen = vec![least(&losses, &whole, max_error)];
    let mut state = seed;
    for _ in 0..RESAMPLES {
        let drawn: Vec<usize> = whole.iter().map(|_| below(&mut state, have)).collect();
        chosen.push(least(&losses, &drawn, max_error));
    }
    let own = chosen[0];
    chosen.sort_unstable();
    let enough = chosen[((chosen.len() - 1) as f64 * SHARE).ceil() as usize].max(own);
    let confidence = grid[enough];
    let facts = || set.iter().flat_map(|document| &document.facts);
    let sent = facts()
        .filter(|f| f.doubted || f.confidence < confidence)
        .count();
    Ok(Threshold {
        confidence,
        review: sent as f64 / facts().count().max(1) as f64,
        documents: have,
    })
}

/// Thresholds that are tried, rising; the last accepts nothing.
fn grid(set: &[Reviewed]) -> Vec<f32> {
    let mut all: Vec<f32> = set
        .iter()
        .flat_map(|document| &document.facts)
        .map(|fact| fact.confidence)
        .chain([0.0])
        .collect();
    all.sort_by(f32::total_cmp);
    all.dedup();
    let step = (all.len() / 200).max(1);
    let mut grid: Vec<f32> = all.into_iter().step_by(step).collect();
    grid.push(f32::INFINITY);
    grid
}

/// The share of a document's dangerous facts that a threshold accepts and that are wrong.
fn loss(document: &Reviewed, threshold: f32) -> f64 {
    let passed = |fact: &&Judged| !fact.right && !fact.doubted && fact.confidence >= threshold;
    let wrong = document.facts.iter().filter(passed).count();
    wrong as f64 / document.facts.len().max(1) as f64
}

/// The first place of the grid at which the documents drawn meet the bound. Losses never grow along it.
fn least(losses: &[Vec<f64>], drawn: &[usize], max_error: f64) -> usize {
    let places = losses.first().map_or(1, Vec::len);
    let n = drawn.len() as f64;
    let met = |at: usize| {
        let sum: f64 = drawn.iter().map(|document| losses[*document][at]).sum();
        (sum + 1.0) / (n + 1.0) <= max_error + 1e-12
    };
    let (mut low, mut high) = (0, places - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        if met(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The next number of `SplitMix64` (Steele, Lea and Flood 2014) below `n`.
fn below(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % n as u64) as usize
}

/// Is a wrong value of this fact dangerous?
#[must_use]
pub fn is_dangerous(entity: &Entity) -> bool {
    matches!(
        entity.fact,
        Fact::Medication(_) | Fact::Lab(_) | Fact::Allergy(_) | Fact::Vital(_)
    )
}

/// Did a rule send it to review, and not acceptance alone?
#[must_use]
pub fn is_doubted(entity: &Entity) -> bool {
    let of_acceptance = |reason: &String| [TOO_FEW, DRIFTED, UNSURE].contains(&reason.as_str());
    entity.needs_review && !entity.reasons.iter().all(of_acceptance)
}

/// What becomes of dangerous facts that no rule doubts.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// None: there are too few reviewed documents, and all go to review.
    threshold: Option<Threshold>,
    watch: Watch,
    withdrawn: bool,
}

impl Acceptance {
    /// By what was reviewed.
    #[must_use]
    pub fn new(set: &[Reviewed], threshold: Option<Threshold>) -> Self {
        Self {
            threshold,
            watch: Watch::new(set),
            withdrawn: false,
        }
    }

    /// Were the latest documents unlike the reviewed ones? Then nothing is accepted any more.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    /// Sends what may not be accepted to review.
    pub fn judge(&mut self, document: &mut Document) {
        let facts = document
            .entities
            .iter()
            .filter(|entity| is_dangerous(entity));
        let seen: Vec<f32> = facts.map(|entity| entity.confidence.get()).collect();
        self.withdrawn |= self.threshold.is_some() && self.watch.has_drifted(&seen);
        let reason = match self.threshold {
            None => TOO_FEW,
            Some(_) if self.withdrawn => DRIFTED,
            Some(_) => UNSURE,
        };
        let sure = self.threshold.filter(|_| !self.withdrawn);
        for entity in document
            .entities
            .iter_mut()
            .filter(|entity| is_dangerous(entity))
        {
            if sure.is_none_or(|t| entity.confidence.get() < t.confidence) {
                entity.needs_review = true;
                entity.reasons.push(reason.to_owned());
            }
        }
    }
}

/// Compares the confidences of what comes with those of the reviewed documents.
#[derive(Clone, Debug)]
struct Watch {
    reviewed: Vec<f32>,
    seen: std::collections::VecDeque<f32>,
}

impl Watch {
    fn new(set: &[Reviewed]) -> Self {
        let facts = set.iter().flat_map(|document| &document.facts);
        let mut reviewed: Vec<f32> = facts.map(|fact| fact.confidence).collect();
        reviewed.sort_by(f32::total_cmp);
        Self {
            reviewed,
            seen: std::collections::VecDeque::new(),
        }
    }

    fn has_drifted(&mut self, confidences: &[f32]) -> bool {
        self.seen.extend(confidences);
        while self.seen.len() > WINDOW {
            self.seen.pop_front();
        }
        let (n, m) = (self.reviewed.len(), self.seen.len());
        if m < LEAST_WATCHED || n == 0 {
            return false;
        }
        let mut seen: Vec<f32> = self.seen.iter().copied().collect();
        seen.sort_by(f32::total_cmp);
        let share = |sorted: &[f32], at: f32| {
            sorted.partition_point(|value| *value <= at) as f64 / sorted.len() as f64
        };
        let apart = self
            .reviewed
            .iter()
            .chain(&seen)
            .map(|at| (share(&self.reviewed, *at) - share(&seen, *at)).abs())
            .fold(0.0, f64::max);
        let (n, m) = (n as f64, m as f64);
        apart > CRITICAL * ((n + m) / (n * m)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Judged, Reviewed, TOO_FEW, TooFew, Watch, below, is_doubted, loss, needed, threshold,
    };

    #[test]
    fn what_acceptance_alone_held_back_is_not_doubted() {
        let mut entity = crate::probe::entities("Apixaban 5 mg twice daily").remove(0);
        assert!(!is_doubted(&entity));
        entity.needs_review = true;
        entity.reasons = vec![TOO_FEW.into()];
        assert!(!is_doubted(&entity));
        entity.reasons.push("the unit is not known".into());
        assert!(is_doubted(&entity));
    }

    /// Documents whose facts are right as often as they say.
    fn documents(count: usize, seed: u64) -> Vec<Reviewed> {
        let mut state = seed;
        let mut unit = move || below(&mut state, 1 << 24) as f32 / (1 << 24) as f32;
        (0..count)
            .map(|n| Reviewed {
                document: n.to_string(),
                facts: (0..8)
                    .map(|_| {
                        let confidence = 1.0 - 0.4 * unit() * unit() * unit();
                        let (right, doubted) = (unit() < confidence, false);
                        Judged {
                            confidence,
                            right,
                            doubted,
                        }
                    })
                    .collect(),
            })
            .collect()
    }

    #[test]
    fn too_few_documents_are_counted() {
        assert_eq!(needed(0.005), 199);
        assert_eq!(needed(0.01), 99);
        let error = threshold(&documents(150, 1), 0.005, 1).unwrap_err();
        assert_eq!(
            error,
            TooFew {
                have: 150,
                need: 199
            }
        );
        assert!(error.to_string().contains("49 are missing"));
    }

    #[test]
    fn new_documents_lose_no_more_than_the_bound() {
        for bound in [0.02, 0.05] {
            let mut kept = 0;
            for seed in 0..20 {
                let chosen = threshold(&documents(200, seed), bound, seed).unwrap();
                let new = documents(500, 1000 + seed);
                let lost: f64 = new.iter().map(|d| loss(d, chosen.confidence)).sum();
                kept += usize::from(lost / 500.0 <= bound);
                assert!(chosen.review < 1.0);
            }
            assert!(kept >= 19, "{bound}: {kept} of 20");
        }
    }

    #[test]
    fn drift_is_noticed_and_chance_is_not() {
        let reviewed = documents(200, 3);
        let mut watch = Watch::new(&reviewed);
        for document in documents(200, 4) {
            let seen: Vec<f32> = document.facts.iter().map(|f| f.confidence).collect();
            assert!(!watch.has_drifted(&seen));
        }
        let worse: Vec<f32> = reviewed
            .iter()
            .flat_map(|d| &d.facts)
            .map(|f| f.confidence - 0.1)
            .take(300)
            .collect();
        assert!(watch.has_drifted(&worse));
    }
}
