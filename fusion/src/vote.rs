//! One line, several readings: the calibrated vote.
//!
//! In each slot an engine gives the log-odds of its calibrated probability to what it has there; the
//! heaviest alternative wins. A word's confidence is the product of its slots' posteriors, mapped
//! once more through a fitted curve, since engines are not independent.

use std::collections::BTreeMap;

use schemas::{Confidence, Engine, Quad, ReadLine, Vote};

use crate::{
    align::{self, Glyph, Network, Slot},
    calibrate::{Calibration, CharClass},
};

/// A word of a fused line.
#[derive(Clone, Debug, PartialEq)]
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

/// Fuses the readings of one line; the order of readings does not matter.
#[must_use]
pub fn fuse_line(
    line: &Quad,
    readings: &[(Engine, &ReadLine)],
    calibration: &Calibration,
) -> Vec<FusedWord> {
    let network = build(line, readings, calibration);
    let decisions: Vec<Decision> = network
        .slots
        .iter()
        .map(|slot| decide(&network, slot, calibration))
        .collect();
    let mut words = Vec::new();
    let mut start = 0;
    for end in 0..=decisions.len() {
        if end < decisions.len() && decisions[end].winner != Some(' ') {
            continue;
        }
        words.extend(word(line, &network, start..end, &decisions, calibration));
        start = end + 1;
    }
    words
}

/// The network, grown from the most trusted reading; engines break ties, so that order is free.
fn build(line: &Quad, readings: &[(Engine, &ReadLine)], calibration: &Calibration) -> Network {
    let mut glyphs: Vec<(Engine, Vec<Glyph>, f32)> = readings
        .iter()
        .map(|(engine, reading)| {
            let glyphs = align::glyphs(line, reading);
            let trust = trust(*engine, &glyphs, calibration);
            (*engine, glyphs, trust)
        })
        .collect();
    glyphs.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    let aspect = line.width() / line.height().max(1.0);
    let mut network = Network::default();
    for (engine, glyphs, _) in glyphs {
        network.add(engine, glyphs, aspect);
    }
    network
}

/// Mean calibrated probability of a reading's characters.
fn trust(engine: Engine, glyphs: &[Glyph], calibration: &Calibration) -> f32 {
    let ink: Vec<f32> = glyphs
        .iter()
        .filter(|glyph| glyph.ch != ' ')
        .map(|g| calibration.probability(engine, CharClass::of(g.ch), g.confidence.get()))
        .collect();
    ink.iter().sum::<f32>() / ink.len().max(1) as f32
}

/// The outcome of one slot.
struct Decision {
    winner: Option<char>,
    posterior: f32,
}

fn decide(network: &Network, slot: &Slot, calibration: &Calibration) -> Decision {
    let mut weights: BTreeMap<Option<char>, f32> = BTreeMap::new();
    let has_ink = slot.glyphs.iter().flatten().any(|glyph| glyph.ch != ' ');
    for (e, glyph) in slot.glyphs.iter().enumerate() {
        let (choice, class, raw) = match glyph {
            Some(glyph) => (
                Some(glyph.ch),
                CharClass::of(glyph.ch),
                glyph.confidence.get(),
            ),
            None if has_ink => (None, CharClass::NoInk, mean_confidence(network, e)),
            None => (None, CharClass::NoSpace, mean_confidence(network, e)),
        };
        let p = calibration.probability(network.engines[e], class, raw);
        *weights.entry(choice).or_default() += (p / (1.0 - p)).ln().max(0.05);
    }
    let (winner, most) =
        weights.iter().fold(
            (None, f32::MIN),
            |best, (c, w)| if *w > best.1 { (*c, *w) } else { best },
        );
    // An alternative that nobody proposed has weight 0.
    let all: f32 = weights.values().map(|w| (w - most).exp()).sum::<f32>() + (-most).exp();
    Decision {
        winner,
        posterior: 1.0 / all,
    }
}

/// An engine's mean confidence over the line: what stands behind its silence.
fn mean_confidence(network: &Network, engine: usize) -> f32 {
    let (sum, n) = network
        .slots
        .iter()
        .filter_map(|slot| slot.glyphs[engine].as_ref())
        .fold((0.0, 0), |(sum, n), glyph| {
            (sum + glyph.confidence.get(), n + 1)
        });
    if n == 0 { 0.0 } else { sum / n as f32 }
}

fn word(
    line: &Quad,
    network: &Network,
    slots: std::ops::Range<usize>,
    decisions: &[Decision],
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
            .map(|(e, engine)| vote(network, e, *engine, slots.clone(), calibration))
            .collect(),
    })
}

fn vote(
    network: &Network,
    e: usize,
    engine: Engine,
    slots: std::ops::Range<usize>,
    calibration: &Calibration,
) -> Vote {
    let glyphs: Vec<&Glyph> = network.slots[slots]
        .iter()
        .filter_map(|slot| slot.glyphs[e].as_ref())
        .collect();
    let probability: f32 = glyphs
        .iter()
        .map(|g| calibration.probability(engine, CharClass::of(g.ch), g.confidence.get()))
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

    use super::{FusedWord, fuse_line};
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

    fn fuse(readings: &[(Engine, ReadLine)]) -> Vec<FusedWord> {
        let borrowed: Vec<_> = readings.iter().map(|(e, r)| (*e, r)).collect();
        fuse_line(&line(), &borrowed, Calibration::packaged())
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
            (Engine::Tesseract, reading("625 mcg", 0.9)),
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
            prop_assert_eq!(text(&fuse(&readings)), said);
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
            let fused = fuse(&readings);
            prop_assert_eq!(&fused, &fuse(&turned));
            for word in &fused {
                for ch in word.text.chars() {
                    prop_assert!(word.votes.iter().any(|v| v.text.contains(ch)), "{} in {:?}", ch, word);
                }
            }
        }
    }
}
