//! Is there a space? Engines drop spaces (PP-OCR) and invent them (wide letters of a hand), and marks
//! leave gaps of their own; so who saw the space, how wide the ink's gap is there, and how wide the
//! sure spaces of the same line are decide together, by a logistic model that is fitted with the rest
//! of the calibration. Limit: a space that no engine saw is not put in.

use schemas::Engine;

use crate::{
    align::{Network, Slot},
    calibrate::CharClass,
    median::median,
    vote::LineReadings,
};

/// How many features a slot has.
pub const SPACE_FEATURES: usize = 19;
/// A word space in line heights where a page has no sure one.
const USUAL: f32 = 0.33;
/// Narrower gaps stand between letters.
const LEAST: f32 = 0.1;
/// Marks that often stand between spaces, and marks that no space stands before.
const DASHES: &str = "-–—~=";
const POINTS: &str = ".,:;";
/// A line with fewer gaps does not tell how wide those between letters are.
const FEW: usize = 3;
/// Wider gaps say nothing more, in line heights and in sure spaces.
const WIDEST: f32 = 1.0;
const WIDEST_RATIO: f32 = 2.0;
/// How far a gap stands from another one with only a mark between them, in line heights.
const NEAR: f32 = 0.5;

/// The sure spaces of each line.
pub struct Spacing(Vec<Sure>);

struct Sure {
    /// Their width in line heights; the page's where the line has none.
    width: f32,
    /// The share of them that are gaps in the ink: noise fills gaps.
    visible: f32,
    /// The width of gaps between letters, in line heights.
    letter: f32,
}

impl Spacing {
    /// Measures a page. A space is sure when everybody who read the line saw it.
    #[must_use]
    pub fn of(networks: &[Network], lines: &[LineReadings<'_>]) -> Self {
        let sure: Vec<Vec<f32>> = networks
            .iter()
            .zip(lines)
            .map(|(network, line)| {
                network
                    .slots
                    .iter()
                    .filter(|slot| {
                        slot.glyphs
                            .iter()
                            .zip(readers(network))
                            .all(|(glyph, reads)| {
                                !reads || glyph.as_ref().is_some_and(|g| g.ch == ' ')
                            })
                    })
                    .map(|slot| slot.gap_heights(line.gaps, aspect(line)))
                    .collect()
            })
            .collect();
        let all: Vec<f32> = sure.iter().flatten().copied().collect();
        let page = usual(&all).unwrap_or(USUAL);
        let page_visible = (seen(&all) + 4.0) / (all.len() as f32 + 4.0);
        let widths = |line: &LineReadings<'_>| -> Vec<f32> {
            let aspect = aspect(line);
            line.gaps.iter().map(|[a, b]| (b - a) * aspect).collect()
        };
        let letter = narrow(lines.iter().flat_map(widths).collect()).unwrap_or_default();
        Self(
            sure.iter()
                .zip(lines)
                .map(|(gaps, line)| Sure {
                    width: usual(gaps).unwrap_or(page),
                    visible: (seen(gaps) + 2.0 * page_visible) / (gaps.len() as f32 + 2.0),
                    letter: Some(widths(line))
                        .filter(|gaps| gaps.len() >= FEW)
                        .and_then(narrow)
                        .unwrap_or(letter),
                })
                .collect(),
        )
    }

    /// What speaks for and against a space in slot `i` of line `n`; None where ink was read as well.
    #[must_use]
    pub fn features(
        &self,
        n: usize,
        network: &Network,
        i: usize,
        line: &LineReadings<'_>,
    ) -> Option<[f32; SPACE_FEATURES]> {
        let slot = &network.slots[i];
        if !is_space(slot) {
            return None;
        }
        let gap = slot.gap_heights(line.gaps, aspect(line));
        let Sure {
            width,
            visible,
            letter,
        } = self.0[n];
        let beyond = Self::beyond(slot, line);
        let excess = |gap: f32| (gap - letter).clamp(-0.2, 0.6);
        let ratio = (gap / width.max(0.05)).min(WIDEST_RATIO) * visible;
        let gap = gap.min(WIDEST);
        let mut said = [0.0; 4];
        let readers = readers(network);
        // Who saw a space and not the dash that others saw beside it took the dash for a space.
        let missed = |e: usize| {
            [i.checked_sub(1), Some(i + 1)]
                .into_iter()
                .flatten()
                .filter_map(|beside| network.slots.get(beside))
                .any(|beside| {
                    beside.glyphs[e].is_none()
                        && beside
                            .glyphs
                            .iter()
                            .flatten()
                            .any(|g| DASHES.contains(g.ch))
                })
        };
        for (e, ((engine, glyph), reads)) in network
            .engines
            .iter()
            .zip(&slot.glyphs)
            .zip(readers)
            .enumerate()
        {
            let place = match engine {
                Engine::Tesseract => 0,
                Engine::Paddle => 1,
                Engine::Easyocr => 2,
                _ => 3,
            };
            if reads {
                said[place] += match glyph {
                    Some(_) if missed(e) => -0.5,
                    Some(_) => 1.0,
                    None => -1.0,
                };
            }
        }
        let [before, after] = [
            i.checked_sub(1).and_then(|before| class(network, before)),
            class(network, i + 1),
        ];
        let flag = |it: bool| f32::from(u8::from(it));
        let reads = |place: Option<usize>, set: &str| {
            let slot = place.and_then(|place| network.slots.get(place));
            slot.is_some_and(|slot| slot.glyphs.iter().flatten().any(|g| set.contains(g.ch)))
        };
        let (left, right) = (i.checked_sub(1), Some(i + 1));
        let dash = flag(reads(left, DASHES) || reads(right, DASHES));
        let (after_point, before_point) = (flag(reads(left, POINTS)), flag(reads(right, POINTS)));
        let digits = flag([before, after] == [Some(CharClass::Digit); 2]);
        let marked = [before, after].contains(&Some(CharClass::Mark));
        let mixed = flag(before != after && !marked);
        Some([
            1.0,
            said[0],
            said[1],
            said[2],
            said[3],
            gap,
            ratio,
            ratio * ratio,
            excess(gap),
            1.0 - visible,
            digits,
            digits * ratio,
            mixed,
            dash,
            dash * ratio,
            dash * excess(gap.min(beyond)),
            after_point,
            after_point * ratio,
            before_point,
        ])
    }

    /// The widest gap within half a line height beside the slot's own, in line heights: a dash between
    /// spaces has one on either side, a point within a number has none.
    fn beyond(slot: &Slot, line: &LineReadings<'_>) -> f32 {
        let aspect = aspect(line);
        let Some(own) = slot.widest_gap(line.gaps, aspect) else {
            return 0.0;
        };
        let reach = NEAR / aspect;
        line.gaps
            .iter()
            .filter(|[from, to]| {
                (*from >= own[1] && *from < own[1] + reach)
                    || (*to <= own[0] && *to > own[0] - reach)
            })
            .map(|[from, to]| (to - from) * aspect)
            .fold(0.0, f32::max)
    }
}

/// Did anybody see a space here, and nobody anything else?
fn is_space(slot: &Slot) -> bool {
    let mut said = slot.glyphs.iter().flatten().peekable();
    said.peek().is_some() && said.all(|glyph| glyph.ch == ' ')
}

/// Of each engine, whether it read anything on the line.
fn readers(network: &Network) -> impl Iterator<Item = bool> {
    (0..network.engines.len()).map(|e| network.slots.iter().any(|slot| slot.glyphs[e].is_some()))
}

fn class(network: &Network, i: usize) -> Option<CharClass> {
    let slot = network.slots.get(i)?;
    let glyph = slot.glyphs.iter().flatten().find(|g| g.ch != ' ')?;
    Some(CharClass::of(glyph.ch))
}

fn aspect(line: &LineReadings<'_>) -> f32 {
    line.quad.width() / line.quad.height().max(1.0)
}

/// The gap that a quarter of all do not exceed.
fn narrow(mut gaps: Vec<f32>) -> Option<f32> {
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 4).copied()
}

/// Gaps that the ink shows.
fn seen(gaps: &[f32]) -> f32 {
    gaps.iter().filter(|gap| **gap >= LEAST).count() as f32
}

/// The median of the gaps that the ink shows.
fn usual(gaps: &[f32]) -> Option<f32> {
    median(gaps.iter().copied().filter(|gap| *gap >= LEAST))
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence, Engine, Quad, ReadLine, ReadWord};

    use crate::{Calibration, LineReadings, Words, fuse_page};

    /// Ten characters of equal width on a line of 400 by 40 pixels.
    fn line() -> Quad {
        BBox::new(0.0, 0.0, 400.0, 40.0).quad()
    }

    fn reading(words: &[(&str, f32, f32)]) -> ReadLine {
        let words = words
            .iter()
            .map(|(text, from, to)| ReadWord {
                text: (*text).into(),
                quad: line().slice(*from, *to),
                char_confidences: vec![Confidence::new(0.95); text.chars().count()],
            })
            .collect();
        ReadLine { line: 0, words }
    }

    fn fused(gaps: &[[f32; 2]]) -> String {
        let whole = reading(&[("4.0-5.6", 0.0, 1.0)]);
        let apart = reading(&[("4.0", 0.0, 0.4), ("-", 0.47, 0.52), ("5.6", 0.6, 1.0)]);
        let lines = [LineReadings {
            quad: line(),
            gaps,
            readings: vec![
                (Engine::Tesseract, &whole),
                (Engine::Paddle, &whole),
                (Engine::Easyocr, &apart),
            ],
            repertoires: vec![],
        }];
        let words = fuse_page(&lines, Calibration::packaged(), &Words::default());
        let texts: Vec<&str> = words[0].iter().map(|word| word.text.as_str()).collect();
        texts.join(" ")
    }

    #[test]
    fn a_space_that_one_engine_saw_stands_where_the_ink_has_a_gap() {
        let letters = [[0.12, 0.13], [0.25, 0.26], [0.74, 0.75], [0.87, 0.88]];
        let with = |dash: [[f32; 2]; 2]| {
            let mut gaps = letters.to_vec();
            gaps.splice(2..2, dash);
            gaps
        };
        assert_eq!(fused(&with([[0.43, 0.465], [0.525, 0.56]])), "4.0 - 5.6");
        assert_eq!(fused(&with([[0.46, 0.468], [0.522, 0.53]])), "4.0-5.6");
    }
}
