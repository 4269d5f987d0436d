//! One line, several readings: the calibrated vote.
//!
//! In each slot the parties of engines decide ([`crate::parties`]); the slots between spaces are a word.
//! Its confidence is the product of its slots' posteriors, mapped once more through a fitted curve,
//! since engines are not independent.

use schemas::{Confidence, Engine, Quad, ReadLine, Vote};
use serde::{Deserialize, Serialize};

use crate::{
    agreement::Agreement,
    align::{self, Glyph, Network, Slot},
    calibrate::{Calibration, CharClass},
    parties::{Decision, decide, mean_confidence},
};

/// A word of a fused line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FusedWord {
    /// What won.
    pub text: String,
    /// Where, in the coordinates of the line's quad.
    pub quad: Quad,
    /// Calibrated probability that `text` is right.
    pub confidence: Confidence,
    /// What each engine that read the line has here.
    pub votes: Vec<Vote>,
}

/// One line of a page with everything that is known of it.
pub struct LineReadings<'a> {
    /// Where it stands.
    pub quad: Quad,
    /// Parts of its width without ink, as fractions: evidence for spaces.
    pub gaps: &'a [[f32; 2]],
    /// What each engine read.
    pub readings: Vec<(Engine, &'a ReadLine)>,
}

/// Fuses the readings of a page, line by line; the order of readings does not matter.
#[must_use]
pub fn fuse_page(lines: &[LineReadings<'_>], calibration: &Calibration) -> Vec<Vec<FusedWord>> {
    let networks: Vec<Network> = lines.iter().map(network).collect();
    let page = Agreement::of(&networks);
    networks
        .iter()
        .zip(lines)
        .map(|(network, line)| {
            fuse_network(network, line, &page.reliabilities(network), calibration)
        })
        .collect()
}

/// The readings of a line, aligned; grown from the surest, names breaking ties, so that the order in
/// which readings come is free.
#[must_use]
pub fn network(line: &LineReadings<'_>) -> Network {
    let mut readings: Vec<(Engine, Vec<Glyph>)> = line
        .readings
        .iter()
        .map(|(engine, reading)| (*engine, align::glyphs(&line.quad, reading)))
        .collect();
    readings.sort_by(|a, b| {
        mean_confidence(b.1.iter())
            .total_cmp(&mean_confidence(a.1.iter()))
            .then(a.0.cmp(&b.0))
    });
    let aspect = line.quad.width() / line.quad.height().max(1.0);
    let mut network = Network::default();
    for (engine, glyphs) in readings {
        network.add(engine, glyphs, aspect);
    }
    network
}

fn fuse_network(
    network: &Network,
    line: &LineReadings<'_>,
    reliability: &[f32],
    calibration: &Calibration,
) -> Vec<FusedWord> {
    let aspect = line.quad.width() / line.quad.height().max(1.0);
    let decisions: Vec<Decision> = network
        .slots
        .iter()
        .enumerate()
        .map(|(i, slot)| {
            let gap = (!beside_mark(network, i)).then(|| slot.gap_heights(line.gaps, aspect));
            decide(network, slot, reliability, gap, calibration)
        })
        .collect();
    let mut words = Vec::new();
    let mut start = 0;
    for end in 0..=decisions.len() {
        if end < decisions.len() && decisions[end].winner != Some(' ') {
            continue;
        }
        words.extend(word(
            &line.quad,
            network,
            start..end,
            &decisions,
            reliability,
            calibration,
        ));
        start = end + 1;
    }
    words
}

/// Does a hyphen, stroke or point stand beside this slot? Such marks are narrow and leave wide gaps, so
/// that a gap there says nothing of a space.
fn beside_mark(network: &Network, i: usize) -> bool {
    let is_mark = |slot: Option<&Slot>| {
        slot.is_some_and(|slot| {
            slot.glyphs
                .iter()
                .flatten()
                .any(|g| CharClass::of(g.ch) == CharClass::Mark)
        })
    };
    is_mark(
        i.checked_sub(1)
            .and_then(|before| network.slots.get(before)),
    ) || is_mark(network.slots.get(i + 1))
}

fn word(
    line: &Quad,
    network: &Network,
    slots: std::ops::Range<usize>,
    decisions: &[Decision],
    reliability: &[f32],
    calibration: &Calibration,
) -> Option<FusedWord> {
    let text: String = decisions[slots.clone()]
        .iter()
        .filter_map(|d| d.winner)
        .collect();
    if text.is_empty() {
        return None;
    }
    let posterior: f32 = decisions[slots.clone()]
        .iter()
        .map(|d| d.posterior)
        .product();
    let (from, to) = extent(network, slots.clone(), decisions);
    Some(FusedWord {
        text,
        quad: line.slice(from, to.max(from)),
        confidence: Confidence::new(calibration.word_probability(posterior)),
        votes: network
            .engines
            .iter()
            .enumerate()
            .map(|(e, engine)| {
                vote(
                    network,
                    e,
                    *engine,
                    slots.clone(),
                    reliability[e],
                    calibration,
                )
            })
            .collect(),
    })
}

fn vote(
    network: &Network,
    e: usize,
    engine: Engine,
    slots: std::ops::Range<usize>,
    reliability: f32,
    calibration: &Calibration,
) -> Vote {
    let glyphs: Vec<&Glyph> = network.slots[slots]
        .iter()
        .filter_map(|slot| slot.glyphs[e].as_ref())
        .collect();
    let probability: f32 = glyphs
        .iter()
        .map(|g| {
            let score = g.confidence.get() * reliability;
            calibration.probability(engine, CharClass::of(g.ch), score)
        })
        .sum::<f32>()
        / glyphs.len().max(1) as f32;
    Vote {
        engine,
        text: glyphs
            .iter()
            .map(|g| g.ch)
            .collect::<String>()
            .trim()
            .to_owned(),
        confidence: Confidence::new(probability),
    }
}

/// Median left and right edge over the engines that have characters here.
fn extent(network: &Network, slots: std::ops::Range<usize>, decisions: &[Decision]) -> (f32, f32) {
    let mut left = Vec::new();
    let mut right = Vec::new();
    for e in 0..network.engines.len() {
        let glyphs = || {
            slots
                .clone()
                .filter(|&s| decisions[s].winner.is_some())
                .filter_map(|s| network.slots[s].glyphs[e].as_ref())
                .filter(|glyph| glyph.ch != ' ')
        };
        left.extend(glyphs().map(|g| g.x0).reduce(f32::min));
        right.extend(glyphs().map(|g| g.x1).reduce(f32::max));
    }
    (median(&mut left), median(&mut right))
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f32::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schemas::{BBox, Confidence, Engine, Quad, ReadLine, ReadWord};

    use super::{FusedWord, LineReadings, fuse_page};
    use crate::Calibration;

    fn line() -> Quad {
        BBox::new(0.0, 0.0, 400.0, 20.0).quad()
    }

    /// A reading of the whole line, words spread by their characters.
    fn reading(text: &str, confidence: f32) -> ReadLine {
        let n = text.chars().count().max(1) as f32;
        let mut at = 0;
        let mut words = Vec::new();
        for word in text.split(' ') {
            let length = word.chars().count();
            if length > 0 {
                words.push(ReadWord {
                    text: word.into(),
                    quad: line().slice(at as f32 / n, (at + length) as f32 / n),
                    char_confidences: vec![Confidence::new(confidence); length],
                });
            }
            at += length + 1;
        }
        ReadLine { line: 0, words }
    }

    /// Without a fitted table every engine counts alike, so that these tables test the vote alone.
    fn fuse(readings: &[(Engine, ReadLine)]) -> Vec<FusedWord> {
        fuse_with(readings, &Calibration::default())
    }

    fn fuse_with(readings: &[(Engine, ReadLine)], table: &Calibration) -> Vec<FusedWord> {
        let readings = readings.iter().map(|(e, r)| (*e, r)).collect();
        let line = LineReadings {
            quad: line(),
            gaps: &[],
            readings,
        };
        fuse_page(&[line], table).remove(0)
    }

    fn text(words: &[FusedWord]) -> String {
        words
            .iter()
            .map(|w| w.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn two_against_one_and_spaces() {
        use Engine::{Easyocr, Paddle, Tesseract};
        for (name, readings, want) in [
            (
                "a code that one engine takes for a number",
                vec![
                    (Paddle, "(110)", 0.9),
                    (Tesseract, "(I10)", 0.9),
                    (Easyocr, "(I10)", 0.9),
                ],
                "(I10)",
            ),
            (
                "a space that one engine drops",
                vec![
                    (Paddle, "650mg", 0.99),
                    (Tesseract, "650 mg", 0.95),
                    (Easyocr, "650 mg", 0.9),
                ],
                "650 mg",
            ),
            (
                "a doubtful reading against a sure one",
                vec![(Paddle, "Digoxin", 0.99), (Tesseract, "Oigoxln", 0.3)],
                "Digoxin",
            ),
            ("one reader alone", vec![(Tesseract, "5 mg", 0.9)], "5 mg"),
        ] {
            let readings: Vec<_> = readings
                .into_iter()
                .map(|(e, t, c)| (e, reading(t, c)))
                .collect();
            assert_eq!(text(&fuse(&readings)), want, "{name}");
        }
    }

    #[test]
    fn votes_say_what_each_engine_read() {
        let words = fuse(&[
            (Engine::Paddle, reading("62.5 mcg", 0.99)),
            (Engine::Tesseract, reading("625 mcg", 0.5)),
        ]);
        assert_eq!(text(&words), "62.5 mcg");
        let votes: Vec<_> = words[0]
            .votes
            .iter()
            .map(|v| (v.engine, v.text.as_str()))
            .collect();
        assert_eq!(
            votes,
            [(Engine::Paddle, "62.5"), (Engine::Tesseract, "625")]
        );
    }

    proptest! {
        #[test]
        fn equal_readings_fuse_to_that_reading(words in prop::collection::vec("[A-Za-z0-9.,/%()-]{1,9}", 1..6)) {
            let said = words.join(" ");
            let readings: Vec<_> = [Engine::Paddle, Engine::Tesseract, Engine::Easyocr]
                .map(|e| (e, reading(&said, 0.9))).into();
            prop_assert_eq!(text(&fuse(&readings)), said.as_str());
            prop_assert_eq!(text(&fuse_with(&readings, Calibration::packaged())), said);
        }

        #[test]
        fn order_of_engines_is_free_and_nothing_is_invented(
            a in "[a-c0-2 .]{0,12}", b in "[a-c0-2 .]{0,12}", c in "[a-c0-2 .]{0,12}",
        ) {
            let readings = [
                (Engine::Paddle, reading(&a, 0.9)),
                (Engine::Tesseract, reading(&b, 0.8)),
                (Engine::Easyocr, reading(&c, 0.7)),
            ];
            let mut turned = readings.clone();
            turned.reverse();
            let fused = fuse_with(&readings, Calibration::packaged());
            prop_assert_eq!(&fused, &fuse_with(&turned, Calibration::packaged()));
            for word in &fused {
                for ch in word.text.chars() {
                    prop_assert!(word.votes.iter().any(|v| v.text.contains(ch)), "{} in {:?}", ch, word);
                }
            }
        }
    }
}
