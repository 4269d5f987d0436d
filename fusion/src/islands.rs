//! A figure that stands alone between two words and that a recogniser of whole lines passes over, `Folic acid 5 mg`.
//! Where the others differ about it, `5` and `$`, each of them alone is outvoted by its silence; but they agree that
//! something is there, and the gaps in the ink say so too. A dose without its figure is worse than a speck read as one,
//! and what comes back so is never sure. Marks and letters stay away: most of those are specks.

use std::ops::Range;

use crate::{align::Slot, parties::Decision, vote::Ballot};

/// So many engines read something there.
const READERS: usize = 2;
/// Such ink is so wide, with so much paper on either side, in line heights.
const WIDTH: Range<f32> = 0.12..1.0;
const APART: f32 = 0.12;
/// A reader's idea of where a character stands is no better than this, in line heights.
const SLACK: f32 = 0.25;

impl Ballot<'_> {
    /// Puts the likeliest figure that was read into a slot between two spaces where nothing won and whose ink nothing
    /// else accounts for.
    pub(crate) fn restore_islands(&self, decisions: &mut [Decision]) {
        let middles: Vec<Option<f32>> = self.network.slots.iter().map(Slot::middle).collect();
        let claimed: Vec<f32> = (0..decisions.len())
            .filter(|&i| decisions[i].winner.is_some_and(|ch| ch != ' '))
            .filter_map(|i| middles[i])
            .collect();
        for i in 1..decisions.len().saturating_sub(1) {
            let Some(figure) = unheard(&decisions[i]) else {
                continue;
            };
            let readers = self.network.slots[i].glyphs.iter().flatten();
            let stands_alone = self.sees_space(i - 1) && self.sees_space(i + 1);
            let island = middles[i].and_then(|middle| self.island(middle));
            let Some(island) = island.filter(|_| stands_alone && readers.count() >= READERS) else {
                continue;
            };
            if claimed.iter().any(|at| island.contains(at)) {
                continue;
            }
            decisions[i].winner = Some(figure);
            // What looks like a known word must not vote it out again.
            decisions[i].weights.clear();
            for at in i - 1..=i + 1 {
                decisions[at].posterior = 0.5;
                decisions[at].winner.get_or_insert(' ');
            }
        }
    }

    /// Did an engine see a space in a slot where nobody read ink?
    fn sees_space(&self, slot: usize) -> bool {
        let mut glyphs = self.network.slots[slot].glyphs.iter().flatten().peekable();
        glyphs.peek().is_some() && glyphs.all(|glyph| glyph.ch == ' ')
    }

    /// The ink at this place, when it stands apart and is as wide as a character.
    fn island(&self, at: f32) -> Option<Range<f32>> {
        let aspect = self.line.width() / self.line.height().max(1.0);
        let distance = |island: &Range<f32>| (island.start - at).max(at - island.end).max(0.0);
        self.gaps
            .windows(2)
            .filter(|pair| pair.iter().all(|[from, to]| (to - from) * aspect >= APART))
            .map(|pair| pair[0][1]..pair[1][0])
            .filter(|island| WIDTH.contains(&((island.end - island.start) * aspect)))
            .filter(|island| distance(island) * aspect <= SLACK)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// The likeliest figure of a slot where nothing won.
fn unheard(decision: &Decision) -> Option<char> {
    let read = decision
        .weights
        .iter()
        .filter(|_| decision.winner.is_none());
    read.filter_map(|(choice, weight)| Some(((*choice)?, *weight)))
        .filter(|(ch, _)| ch.is_ascii_digit())
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(ch, _)| ch)
}
