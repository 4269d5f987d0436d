//! A character transition network: the readings of one line, slot by slot.
//!
//! Readings are added one after the other, each aligned with the network so far by dynamic
//! programming over edit cost and horizontal distance (ROVER's incremental alignment, on
//! characters). Geometry keeps repeated characters from sliding into each other's slots.

use schemas::{Confidence, Engine, Quad, ReadLine};
use unicode_normalization::UnicodeNormalization as _;

use crate::median::median;

/// One character of a reading. Words are separated by a glyph of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    /// The character; `' '` between words.
    pub ch: char,
    /// Left edge along the line, 0..=1 of its width.
    pub x0: f32,
    /// Right edge along the line.
    pub x1: f32,
    /// The engine's own confidence.
    pub confidence: Confidence,
}

/// One place in the network: what each engine has there. None: the engine read the line and has
/// nothing at this place.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// In the order of [`Network::engines`].
    pub glyphs: Vec<Option<Glyph>>,
    /// Engines, by their place in [`Network::engines`], that cannot write what another one has here.
    excused: Vec<usize>,
}

/// The readings of one line, aligned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Who read the line, in the order in which they were added.
    pub engines: Vec<Engine>,
    /// From left to right.
    pub slots: Vec<Slot>,
}

const GAP: f32 = 1.0;
const GAP_SPACE: f32 = 0.55;
const CONFUSABLE: f32 = 0.45;
const DIFFERENT: f32 = 1.3;
/// A character against a space is nearly always a misalignment.
const SPACE_AGAINST_INK: f32 = 3.0;
/// Cost of one line height of horizontal distance, and the most that distance can cost.
const DISTANCE: f32 = 0.6;
const DISTANCE_MOST: f32 = 2.0;

impl Slot {
    /// Where its characters stand along the line; None where there are only spaces.
    pub(crate) fn middle(&self) -> Option<f32> {
        let inked = self.glyphs.iter().flatten().filter(|g| g.ch != ' ');
        median(inked.map(|glyph| f32::midpoint(glyph.x0, glyph.x1)))
    }

    /// Did an engine read this character here?
    pub(crate) fn has(&self, ch: char) -> bool {
        self.glyphs.iter().flatten().any(|glyph| glyph.ch == ch)
    }
}

impl Network {
    /// Adds a reading. `aspect` is the line's width over its height: it turns positions into
    /// multiples of the line's height.
    pub fn add(&mut self, engine: Engine, glyphs: Vec<Glyph>, aspect: f32) {
        let steps = self.path(&glyphs, aspect);
        let mut old = std::mem::take(&mut self.slots).into_iter();
        let mut new = glyphs.into_iter();
        for step in steps {
            let mut slot = match step {
                Step::Match | Step::Slot => old.next(),
                Step::Glyph => None,
            }
            .unwrap_or_else(|| Slot {
                glyphs: vec![None; self.engines.len()],
                excused: Vec::new(),
            });
            slot.glyphs.push(match step {
                Step::Match | Step::Glyph => new.next(),
                Step::Slot => None,
            });
            self.slots.push(slot);
        }
        self.engines.push(engine);
    }

    /// Takes the voice from engines where another one has a character that they cannot write: what they
    /// have there stands in for it, and is neither for nor against it. But what an engine that could
    /// write it has there too is a reading of its own. `writes` says what an engine can write.
    pub fn excuse(&mut self, writes: impl Fn(Engine, char) -> bool) {
        let engines = &self.engines;
        for slot in &mut self.slots {
            let said: Vec<Option<char>> = slot
                .glyphs
                .iter()
                .map(|glyph| glyph.as_ref().map(|g| g.ch))
                .collect();
            let shared = |e: usize, ch: char| {
                (0..engines.len()).any(|able| writes(engines[able], ch) && said[able] == said[e])
            };
            slot.excused = (0..engines.len())
                .filter(|&e| {
                    said.iter()
                        .flatten()
                        .filter(|ch| !writes(engines[e], **ch))
                        .any(|ch| said[e] == Some(base(*ch)) || !shared(e, *ch))
                })
                .collect();
        }
    }

    /// The cheapest way through slots and glyphs, from the start.
    fn path(&self, glyphs: &[Glyph], aspect: f32) -> Vec<Step> {
        let (rows, columns) = (self.slots.len() + 1, glyphs.len() + 1);
        let mut cost = vec![0.0_f32; rows * columns];
        let mut step = vec![Step::Match; rows * columns];
        for i in 0..rows {
            for j in 0..columns {
                if i == 0 && j == 0 {
                    continue;
                }
                let mut best = (f32::MAX, Step::Match);
                if i > 0 && j > 0 {
                    let c = cost[(i - 1) * columns + j - 1]
                        + self.slots[i - 1].cost(&glyphs[j - 1], aspect);
                    best = (c, Step::Match);
                }
                if i > 0 {
                    let c = cost[(i - 1) * columns + j] + self.slots[i - 1].gap();
                    if c < best.0 {
                        best = (c, Step::Slot);
                    }
                }
                if j > 0 {
                    let c = cost[i * columns + j - 1] + gap(glyphs[j - 1].ch);
                    if c < best.0 {
                        best = (c, Step::Glyph);
                    }
                }
                (cost[i * columns + j], step[i * columns + j]) = best;
            }
        }
        let (mut i, mut j) = (rows - 1, columns - 1);
        let mut steps = Vec::with_capacity(i.max(j));
        while i > 0 || j > 0 {
            let s = step[i * columns + j];
            steps.push(s);
            i -= usize::from(s != Step::Glyph);
            j -= usize::from(s != Step::Slot);
        }
        steps.reverse();
        steps
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// A slot and a glyph belong together.
    Match,
    /// A slot that the reading has nothing for.
    Slot,
    /// A glyph that opens a slot.
    Glyph,
}

impl Slot {
    /// Is what engine `e` has here, or that it has nothing, evidence?
    #[must_use]
    pub fn counts(&self, e: usize) -> bool {
        !self.excused.contains(&e)
    }

    /// Has every engine a voice here?
    pub(crate) fn is_whole(&self) -> bool {
        self.excused.is_empty()
    }

    /// What it costs to put `glyph` here: the least over the glyphs that stand here already.
    fn cost(&self, glyph: &Glyph, aspect: f32) -> f32 {
        let middle = f32::midpoint(glyph.x0, glyph.x1);
        self.glyphs
            .iter()
            .flatten()
            .map(|other| {
                let distance = (f32::midpoint(other.x0, other.x1) - middle).abs() * aspect;
                substitution(other.ch, glyph.ch) + (distance * DISTANCE).min(DISTANCE_MOST)
            })
            .fold(f32::MAX, f32::min)
    }

    /// The width of the widest gap of ink where a space stands in this slot, in line heights; 0 without
    /// one.
    #[must_use]
    pub fn gap_heights(&self, gaps: &[[f32; 2]], aspect: f32) -> f32 {
        self.widest_gap(gaps, aspect)
            .map_or(0.0, |[from, to]| (to - from) * aspect)
    }

    /// The widest gap of ink where a space stands in this slot.
    pub(crate) fn widest_gap(&self, gaps: &[[f32; 2]], aspect: f32) -> Option<[f32; 2]> {
        let (x0, x1) = self
            .glyphs
            .iter()
            .flatten()
            .fold((1.0_f32, 0.0_f32), |(x0, x1), g| {
                (x0.min(g.x0), x1.max(g.x1))
            });
        // A reader's idea of where a space stands is no better than half a character.
        let slack = 0.3 / aspect;
        gaps.iter()
            .filter(|[from, to]| *from < x1 + slack && *to > x0 - slack)
            .max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))
            .copied()
    }

    fn gap(&self) -> f32 {
        self.glyphs
            .iter()
            .flatten()
            .map(|glyph| gap(glyph.ch))
            .fold(GAP, f32::min)
    }
}

fn gap(ch: char) -> f32 {
    if ch == ' ' { GAP_SPACE } else { GAP }
}

fn substitution(a: char, b: char) -> f32 {
    if a == b {
        return 0.0;
    }
    if a == ' ' || b == ' ' {
        return SPACE_AGAINST_INK;
    }
    if confusable(a) == confusable(b) {
        CONFUSABLE
    } else {
        DIFFERENT
    }
}

/// One representative for characters that look alike in print.
fn confusable(ch: char) -> char {
    match base(ch).to_ascii_lowercase() {
        'o' | '0' | 'q' | 'd' | 'ø' | 'Ø' => 'o',
        'l' | '1' | 'i' | '|' | '!' | '[' | ']' | '/' | 't' | 'j' => 'l',
        's' | '5' | '$' => 's',
        'b' | '8' | '6' | 'ß' => 'b',
        'z' | '2' => 'z',
        'g' | '9' => 'g',
        '.' | ',' | ':' | ';' | '\'' | '`' | '*' => '.',
        '-' | '_' | '~' | '=' => '-',
        '(' | 'c' | '{' => '(',
        'v' | 'y' | 'u' => 'v',
        lower => lower,
    }
}

/// The letter without its accents.
fn base(ch: char) -> char {
    if ch.is_ascii() {
        return ch;
    }
    std::iter::once(ch).nfd().next().unwrap_or(ch)
}

/// The glyphs of a reading of `line`, spaces between words included.
#[must_use]
pub fn glyphs(line: &Quad, reading: &ReadLine) -> Vec<Glyph> {
    let origin = line.0[0];
    let length = line.width().max(1.0);
    let axis = [
        (line.0[1][0] - origin[0]) / length,
        (line.0[1][1] - origin[1]) / length,
    ];
    let along = |p: [f32; 2]| {
        (((p[0] - origin[0]) * axis[0] + (p[1] - origin[1]) * axis[1]) / length).clamp(0.0, 1.0)
    };
    let mut glyphs: Vec<Glyph> = Vec::new();
    for word in &reading.words {
        let (from, to) = (along(word.quad.0[0]), along(word.quad.0[1]));
        let n = word.text.chars().count().max(1) as f32;
        if let Some(last) = glyphs.last() {
            let confidence = last.confidence.min(word.confidence());
            let (x0, x1) = (last.x1, from.max(last.x1));
            glyphs.push(Glyph {
                ch: ' ',
                x0,
                x1,
                confidence,
            });
        }
        for (i, (ch, confidence)) in word.text.chars().zip(&word.char_confidences).enumerate() {
            let at = |i: f32| from + (to - from) * i / n;
            glyphs.push(Glyph {
                ch,
                x0: at(i as f32),
                x1: at(i as f32 + 1.0),
                confidence: *confidence,
            });
        }
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use schemas::{Confidence, Engine};

    use super::{Glyph, Network};

    fn glyphs(text: &str) -> Vec<Glyph> {
        let n = text.chars().count() as f32;
        text.chars()
            .enumerate()
            .map(|(i, ch)| Glyph {
                ch,
                x0: i as f32 / n,
                x1: (i + 1) as f32 / n,
                confidence: Confidence::ONE,
            })
            .collect()
    }

    fn rows(network: &Network) -> Vec<String> {
        (0..network.engines.len())
            .map(|e| {
                network
                    .slots
                    .iter()
                    .map(|s| s.glyphs[e].as_ref().map_or('_', |g| g.ch))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn readings_line_up() {
        for (a, b, want_a, want_b) in [
            ("650 mg", "650mg", "650 mg", "650_mg"),
            ("I10", "110", "I10", "110"),
            ("1.0 mg", "10 mg", "1.0 mg", "1_0 mg"),
            ("daily", "dally", "daily", "dally"),
            ("", "ab", "__", "ab"),
        ] {
            let mut network = Network::default();
            network.add(Engine::Tesseract, glyphs(a), 5.0);
            network.add(Engine::Paddle, glyphs(b), 5.0);
            assert_eq!(rows(&network), [want_a, want_b], "{a} against {b}");
        }
    }
}
