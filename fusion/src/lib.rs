//! From several readings of the same lines to one text with evidence: alignment, calibrated voting,
//! reading order, and the measures of how good a text is. Pure: no image, no clock, no I/O.
//!
//! The vote follows ROVER (Fiscus 1997), on characters instead of words: the readings of a line
//! become a transition network of slots, each engine has a vote in every slot, and votes weigh as
//! much as the engine's confidence has proved to be worth for that kind of character. Whatever is
//! output at a place was read there by some engine.

mod agreement;
mod align;
mod assemble;
mod calibrate;
mod checkboxes;
mod islands;
mod kinds;
mod logistic;
mod median;
pub mod metrics;
mod order;
mod parties;
mod priors;
mod raised;
mod space;
mod sureness;
mod tables;
mod vote;
mod whole;
mod word_ends;

pub use agreement::Agreement;
pub use align::{Glyph, Network, Slot, glyphs};
pub use assemble::{DocumentText, assemble};
pub use calibrate::{Calibration, CharClass};
pub use checkboxes::{DrawnBox, Tick, ticks};
pub use logistic::Logistic;
pub use order::{OrderedLine, Rulings, Segment, reading_order};
pub use parties::{Party, parties, statement};
pub use priors::Words;
pub use space::{SPACE_FEATURES, Spacing};
pub use sureness::{WORD_FEATURES, WordEvidence, WordModel};
pub use tables::{Grid, grids};
pub use vote::{FusedWord, LineReadings, fuse_page, network, weigh_page};
