//! Fitting and reporting calibration: isotonic curves by pooling adjacent violators (Ayer et al.
//! 1955), expected calibration error and Brier score.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use fixtures::gold::{GoldDocument, GoldWord};
use fusion::{
    Agreement, Calibration, CharClass, LineReadings, fuse_page, glyphs, network, parties, statement,
};
use schemas::{BBox, Confidence, Engine, Quad, ReadLine, ReadWord};
use workers::{document::Pipeline, page};

/// Pairs of a score and whether it was right.
type Pairs = Vec<(f32, bool)>;

/// What was seen on some documents.
#[derive(Default)]
pub struct Sample {
    characters: BTreeMap<(Engine, CharClass), Pairs>,
    parties: BTreeMap<(String, CharClass), Pairs>,
    /// Gap widths where some engine saw a space.
    spaces: Pairs,
    /// The lines themselves, for the posterior of whole words under a fitted table.
    pages: Vec<PageSample>,
}

/// The lines of a page with their gold words.
struct PageSample {
    detected: page::Detected,
    readings: Vec<schemas::Reading>,
    gold: Vec<ReadLine>,
}

/// Takes the place of the gold in a network; no engine of that name reads generated pages.
const GOLD: Engine = Engine::Seq2seq;

/// Reads a document and adds what its engines got right and wrong.
///
/// # Errors
/// When the document cannot be decoded or a page not prepared.
pub fn add(
    sample: &mut Sample,
    pipeline: &Pipeline,
    bytes: &Arc<[u8]>,
    gold: &GoldDocument,
) -> anyhow::Result<()> {
    let mut decoded = pipeline.decoder.open(Arc::clone(bytes), None)?;
    for index in 0..decoded.page_count() {
        let raster = decoded.page(index)?;
        let deadline = Instant::now() + pipeline.readers.page_time;
        let prepared = pipeline.readers.prepare(&raster.image, deadline)?;
        let detected = pipeline.readers.detect(&prepared, deadline);
        let layer = page::text_layer(&raster.text_layer, &prepared.upright);
        let recognised = pipeline
            .readers
            .recognise(&prepared, &detected.lines, &layer, deadline);
        let scale = gold
            .size
            .get(index)
            .map_or(1.0, |[w, _]| raster.image.width() as f32 / *w as f32);
        let words: Vec<(BBox, &GoldWord)> = gold
            .words
            .iter()
            .filter(|word| word.page == index)
            .map(|word| {
                (
                    prepared.upright.upright_quad(&quad(word, scale)).bbox(),
                    word,
                )
            })
            .collect();
        let gold = detected
            .lines
            .iter()
            .enumerate()
            .map(|(line, quad)| gold_line(line, quad, &words))
            .collect();
        let page = PageSample {
            detected,
            readings: recognised.readings,
            gold,
        };
        add_page(sample, &page);
        sample.pages.push(page);
    }
    Ok(())
}

fn quad(word: &GoldWord, scale: f32) -> Quad {
    let q = word.q.map(|v| v as f32 * scale);
    Quad([[q[0], q[1]], [q[2], q[3]], [q[4], q[5]], [q[6], q[7]]])
}

/// The gold words whose middle stands in a line, as if an engine had read them.
fn gold_line(line: usize, quad: &Quad, words: &[(BBox, &GoldWord)]) -> ReadLine {
    let b = quad.bbox();
    let mut inside: Vec<&(BBox, &GoldWord)> = words
        .iter()
        .filter(|(word, _)| {
            let [x, y] = word.center();
            b.x0 <= x && x <= b.x1 && b.y0 <= y && y <= b.y1
        })
        .collect();
    inside.sort_by(|a, b| a.0.x0.total_cmp(&b.0.x0));
    let words = inside
        .iter()
        .map(|(bbox, word)| ReadWord {
            text: word.t.clone(),
            quad: bbox.quad(),
            char_confidences: vec![Confidence::ONE; word.t.chars().count()],
        })
        .collect();
    ReadLine { line, words }
}

fn add_page(sample: &mut Sample, page: &PageSample) {
    let lines = page::by_line(&page.detected, &page.readings);
    let networks: Vec<_> = lines.iter().map(network).collect();
    let agreement = Agreement::of(&networks);
    for ((mut network, line), gold) in networks.into_iter().zip(&lines).zip(&page.gold) {
        // A line that cuts through words has no gold to compare with.
        if gold.words.is_empty() {
            continue;
        }
        let reliability = agreement.reliabilities(&network);
        let engines = network.engines.clone();
        let aspect = line.quad.width() / line.quad.height().max(1.0);
        network.add(GOLD, glyphs(&line.quad, gold), aspect);
        for slot in &network.slots {
            let truth = slot.glyphs.last().and_then(Option::as_ref).map(|g| g.ch);
            let read = slot.glyphs.split_last().map_or(&[][..], |(_, read)| read);
            if read.iter().all(Option::is_none) {
                continue;
            }
            let mut alone = slot.clone();
            alone.glyphs.pop();
            for (e, engine) in engines.iter().enumerate() {
                let said = alone.glyphs[e].as_ref().map(|g| g.ch);
                let (class, score) = statement(&network, &alone, e, reliability[e]);
                sample
                    .characters
                    .entry((*engine, class))
                    .or_default()
                    .push((score, said == truth));
            }
            for party in parties(&network, &alone, &reliability) {
                sample
                    .parties
                    .entry((party.key, party.class))
                    .or_default()
                    .push((party.margin, party.choice == truth));
            }
            if read.iter().flatten().all(|g| g.ch == ' ') {
                let heights = alone.gap_heights(line.gaps, aspect);
                sample.spaces.push((heights, truth == Some(' ')));
            }
        }
    }
}

/// Posteriors of fused words and whether the gold has the word in that line.
fn words(sample: &Sample, table: &Calibration) -> Pairs {
    let mut pairs = Pairs::new();
    for page in &sample.pages {
        let lines: Vec<LineReadings<'_>> = page::by_line(&page.detected, &page.readings);
        for (fused, gold) in fuse_page(&lines, table).iter().zip(&page.gold) {
            let mut left: Vec<&str> = gold.words.iter().map(|w| w.text.as_str()).collect();
            for word in fused {
                let found = left.iter().position(|text| *text == word.text);
                if let Some(i) = found {
                    left.swap_remove(i);
                }
                pairs.push((word.confidence.get(), found.is_some()));
            }
        }
    }
    pairs
}

/// Fits every curve on a sample.
#[must_use]
pub fn fit(sample: &Sample, source: String) -> Calibration {
    let mut table = Calibration {
        source,
        ..Calibration::default()
    };
    for ((engine, class), pairs) in &sample.characters {
        table
            .curves
            .entry(*engine)
            .or_default()
            .insert(*class, isotonic(pairs));
    }
    for ((key, class), pairs) in &sample.parties {
        if pairs.len() >= LEAST_PAIRS {
            table
                .parties
                .entry(key.clone())
                .or_default()
                .insert(*class, isotonic(pairs));
        }
    }
    table.space = isotonic(&sample.spaces);
    table.word = isotonic(&words(sample, &table));
    table
}

/// Bins of at least this many pairs, so that a curve has few points and no steps from single cases.
const BIN: usize = 20;
/// A party that was seen less often has no curve of its own.
const LEAST_PAIRS: usize = 15;
/// Most points of a curve.
const POINTS: usize = 24;

/// The non-decreasing curve nearest to the pairs in least squares.
fn isotonic(pairs: &Pairs) -> Vec<(f32, f32)> {
    let mut sorted = pairs.clone();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bin = BIN.max(sorted.len().div_ceil(POINTS));
    // Blocks of (score, right, all); one right and one wrong are imagined in each, so that no
    // probability is 0 or 1.
    let mut blocks: Vec<(f32, f32, f32)> = Vec::new();
    for chunk in sorted.chunks(bin) {
        let n = chunk.len() as f32;
        let score = chunk.iter().map(|p| p.0).sum::<f32>() / n;
        let right = chunk.iter().filter(|p| p.1).count() as f32;
        blocks.push((score, right + 0.5, n + 1.0));
        while let [.., a, b] = blocks[..]
            && a.1 / a.2 >= b.1 / b.2
        {
            blocks.truncate(blocks.len() - 2);
            let all = a.2 + b.2;
            blocks.push(((a.0 * a.2 + b.0 * b.2) / all, a.1 + b.1, all));
        }
    }
    let round = |v: f32| (v * 10_000.0).round() / 10_000.0;
    blocks
        .iter()
        .map(|(score, right, all)| (round(*score), round(right / all)))
        .collect()
}

/// Prints reliability on a sample that the table was not fitted on.
pub fn print(sample: &Sample, table: &Calibration) {
    println!(
        "{:<12} {:<9} {:>8} {:>8} {:>8} {:>8}",
        "engine", "class", "n", "right", "ECE", "Brier"
    );
    for ((engine, class), pairs) in &sample.characters {
        let stated: Pairs = pairs
            .iter()
            .map(|(score, right)| (table.probability(*engine, *class, *score), *right))
            .collect();
        row(engine.name(), &format!("{class:?}").to_lowercase(), &stated);
    }
    let spaces: Pairs = sample
        .spaces
        .iter()
        .map(|(gap, right)| (table.space_probability(*gap), *right))
        .collect();
    row("gap", "space", &spaces);
    row("fused", "word", &words(sample, table));
}

fn row(name: &str, class: &str, stated: &Pairs) {
    let n = stated.len().max(1) as f32;
    let right = stated.iter().filter(|p| p.1).count() as f32 / n;
    let brier = stated
        .iter()
        .map(|(p, right)| (p - f32::from(*right)).powi(2))
        .sum::<f32>()
        / n;
    println!(
        "{name:<12} {class:<9} {:>8} {right:>8.4} {:>8.4} {brier:>8.4}",
        stated.len(),
        calibration_error(stated)
    );
}

/// Expected calibration error over ten bins of equal width (Naeini et al. 2015).
fn calibration_error(stated: &Pairs) -> f32 {
    let mut bins = [(0.0_f32, 0.0_f32, 0.0_f32); 10];
    for (p, right) in stated {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.0 += p;
        bin.1 += f32::from(*right);
        bin.2 += 1.0;
    }
    let n = stated.len().max(1) as f32;
    bins.iter()
        .map(|(stated, right, _)| (stated - right).abs())
        .sum::<f32>()
        / n
}

#[cfg(test)]
mod tests {
    use super::{calibration_error, isotonic};

    #[test]
    fn isotonic_pools_what_falls() {
        let mut pairs = Vec::new();
        for (score, right) in [(0.1, 5), (0.4, 15), (0.6, 10), (0.9, 20)] {
            pairs.extend((0..20).map(|i| (score, i < right)));
        }
        let curve = isotonic(&pairs);
        assert_eq!(curve.len(), 3, "{curve:?}");
        assert!(curve.windows(2).all(|w| w[0].1 < w[1].1), "{curve:?}");
        assert!((curve[1].0 - 0.5).abs() < 1e-4, "{curve:?}");
    }

    #[test]
    fn error_is_zero_when_stated_is_seen() {
        let pairs: Vec<_> = (0..100).map(|i| (0.75, i < 75)).collect();
        assert!(calibration_error(&pairs) < 1e-6);
        let sure: Vec<_> = (0..100).map(|i| (0.95, i < 75)).collect();
        assert!((calibration_error(&sure) - 0.2).abs() < 1e-5);
    }
}
