//! Fitting and reporting calibration: isotonic curves by pooling adjacent violators (Ayer et al.
//! 1955), expected calibration error and Brier score.

use std::collections::BTreeMap;

use fusion::{
    Agreement, Calibration, CharClass, SPACE_FEATURES, Spacing, WordEvidence, WordModel, Words,
    glyphs, network, parties, statement, weigh_page,
};
use schemas::Engine;

use crate::{
    diagram::{self, Series},
    logistic,
    pages::ReadPage,
};

/// Pairs of a score and whether it was right.
type Pairs = Vec<(f32, bool)>;

/// What was seen on some documents.
#[derive(Default)]
pub struct Sample {
    characters: BTreeMap<(Engine, CharClass), Pairs>,
    parties: BTreeMap<(String, CharClass), Pairs>,
    /// Places where some engine saw a space.
    spaces: Vec<([f32; SPACE_FEATURES], bool)>,
    /// The lines themselves, for the posterior of whole words under a fitted table.
    pages: Vec<ReadPage>,
}

/// Takes the place of the gold in a network; no engine of that name reads generated pages.
const GOLD: Engine = Engine::Seq2seq;

/// The engine that reads alone what it is sure of ([`workers::adaptive`]).
const DRAFT: [Engine; 1] = [workers::adaptive::DRAFT];

/// Adds what the engines got right and wrong on a page that was read with its gold.
pub fn add(sample: &mut Sample, page: ReadPage) {
    add_page(sample, &page, &[]);
    add_page(sample, &page, &DRAFT);
    sample.pages.push(page);
}

/// Adds the page as these engines read it; all of them when none is named.
fn add_page(sample: &mut Sample, page: &ReadPage, asked: &[Engine]) {
    let lines = page.lines(asked);
    let networks: Vec<_> = lines.iter().map(network).collect();
    let agreement = Agreement::of(&networks);
    let spacing = Spacing::of(&networks, &lines);
    for (n, (read, (line, gold))) in networks
        .into_iter()
        .zip(lines.iter().zip(&page.gold))
        .enumerate()
    {
        // A line that cuts through words has no gold to compare with.
        if gold.words.is_empty() {
            continue;
        }
        let reliability = agreement.reliabilities(&read);
        let engines = read.engines.clone();
        let mut network = read.clone();
        let aspect = line.quad.width() / line.quad.height().max(1.0);
        network.add(GOLD, glyphs(&line.quad, gold), aspect);
        // Slots of the readings, in the same order; the gold may have opened others between them.
        let mut of_read = 0..read.slots.len();
        for slot in &network.slots {
            let truth = slot.glyphs.last().and_then(Option::as_ref).map(|g| g.ch);
            let said = slot.glyphs.split_last().map_or(&[][..], |(_, said)| said);
            if said.iter().all(Option::is_none) {
                continue;
            }
            let Some(i) = of_read.next() else { break };
            let mut alone = slot.clone();
            alone.glyphs.pop();
            // What a score is worth beside others is not what it is worth alone.
            for (e, engine) in engines.iter().enumerate().filter(|_| asked.is_empty()) {
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
            if let Some(features) = spacing.features(n, &read, i, line) {
                sample.spaces.push((features, truth == Some(' ')));
            }
        }
    }
}

/// Fused words: what is known of each, what kind it is, and whether the gold has it in that line.
fn words(
    sample: &Sample,
    asked: &[Engine],
    table: &Calibration,
    expected: &Words,
) -> Vec<(WordEvidence, f32, bool)> {
    let mut pairs = Vec::new();
    for page in &sample.pages {
        let fused = weigh_page(&page.lines(asked), table, expected);
        for (fused, gold) in fused.iter().zip(&page.gold) {
            if gold.words.is_empty() {
                continue;
            }
            let mut left: Vec<&str> = gold.words.iter().map(|w| w.text.as_str()).collect();
            for (word, evidence) in fused {
                let found = left.iter().position(|text| *text == word.text);
                if let Some(i) = found {
                    left.swap_remove(i);
                }
                pairs.push((*evidence, word.confidence.get(), found.is_some()));
            }
        }
    }
    pairs
}

/// Fits every curve on a sample.
#[must_use]
pub fn fit(sample: &Sample, expected: &Words, source: String) -> Calibration {
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
    table.space = logistic::fit(&sample.spaces);
    table.word = word_model(&words(sample, &[], &table, expected));
    table.alone = word_model(&words(sample, &DRAFT, &table, expected));
    table
}

fn word_model(seen: &[(WordEvidence, f32, bool)]) -> WordModel {
    let rows: Vec<_> = seen
        .iter()
        .map(|(e, _, right)| (e.features(), *right))
        .collect();
    let weights = logistic::fit(&rows);
    let stated: Pairs = rows
        .iter()
        .map(|(features, right)| (weights.probability(features).unwrap_or_default(), *right))
        .collect();
    WordModel {
        curve: isotonic(&stated),
        weights,
    }
}

/// Bins of at least this many pairs, so that a curve has few points and no steps from single cases.
const BIN: usize = 20;
/// A party that was seen less often has no curve of its own.
const LEAST_PAIRS: usize = 15;
/// A curve has at most twice so many points.
const POINTS: usize = 24;

/// Runs of ascending pairs, each with its share of all pairs or of all wrong ones, whichever comes first:
/// where many are wrong the curve is as fine as where many are.
fn bins(sorted: &[(f32, bool)]) -> Vec<&[(f32, bool)]> {
    let most = BIN.max(sorted.len().div_ceil(POINTS));
    let most_wrong = sorted
        .iter()
        .filter(|pair| !pair.1)
        .count()
        .div_ceil(POINTS);
    let (mut bins, mut start, mut wrong) = (Vec::new(), 0, 0);
    for (i, (_, right)) in sorted.iter().enumerate() {
        wrong += usize::from(!right);
        let size = i + 1 - start;
        if size >= most || (size >= BIN && wrong >= most_wrong) {
            bins.push(&sorted[start..=i]);
            (start, wrong) = (i + 1, 0);
        }
    }
    if start < sorted.len() {
        bins.push(&sorted[start..]);
    }
    bins
}

/// The non-decreasing curve nearest to the pairs in least squares.
#[must_use]
pub fn isotonic(pairs: &[(f32, bool)]) -> Vec<(f32, f32)> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Blocks of (score, right, all); one right and one wrong are imagined in each, so that no
    // probability is 0 or 1.
    let mut blocks: Vec<(f32, f32, f32)> = Vec::new();
    for chunk in bins(&sorted) {
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
pub fn print(sample: &Sample, table: &Calibration, expected: &Words) {
    println!(
        "{:<12} {:<9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "engine", "class", "n", "right", "ECE", "Brier", "skill", "AUROC"
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
        .filter_map(|(features, right)| Some((table.space.probability(features)?, *right)))
        .collect();
    row("fused", "space", &spaces);
    let kinds = kinds(sample, table, expected);
    for kind in &kinds {
        row(kind.reader, kind.name, &kind.pairs);
    }
    let all = &kinds[WORDS].pairs;
    println!("ece={:.4} brier={:.4}", calibration_error(all), brier(all));
}

/// The reliability diagram of fused words, of the same sample.
#[must_use]
pub fn diagram(sample: &Sample, table: &Calibration, expected: &Words, title: &str) -> String {
    let kinds = kinds(sample, table, expected);
    let series: Vec<Series<'_>> = kinds[1..]
        .iter()
        .zip(["#0b7285", "#c92a2a", "#222222"])
        .map(|(kind, colour)| Series {
            name: kind.name,
            colour,
            pairs: &kind.pairs,
        })
        .collect();
    diagram::reliability(title, &series)
}

/// Words of one kind, with who read them.
struct Kind {
    reader: &'static str,
    name: &'static str,
    pairs: Pairs,
}

/// The place of all fused words among the kinds.
const WORDS: usize = 3;

fn kinds(sample: &Sample, table: &Calibration, expected: &Words) -> [Kind; 4] {
    let alone = words(sample, &DRAFT, table, expected);
    let fused = words(sample, &[], table, expected);
    let kind = |reader, name, wanted: fn(&WordEvidence) -> bool| Kind {
        reader,
        name,
        pairs: if name == "alone" { &alone } else { &fused }
            .iter()
            .filter(|(evidence, ..)| wanted(evidence))
            .map(|(_, stated, right)| (*stated, *right))
            .collect(),
    };
    [
        kind(DRAFT[0].name(), "alone", |_| true),
        kind("fused", "digits", |e| e.digits),
        kind("fused", "disputed", |e| e.agree < e.readers),
        kind("fused", "word", |_| true),
    ]
}

fn row(name: &str, class: &str, stated: &Pairs) {
    let n = stated.len().max(1) as f32;
    let right = stated.iter().filter(|p| p.1).count() as f32 / n;
    let brier = brier(stated);
    print!(
        "{name:<12} {class:<9} {:>8} {right:>8.4} {:>8.4} {brier:>8.4}",
        stated.len(),
        calibration_error(stated)
    );
    // Where all were right there is nothing to tell apart.
    if right < 1.0 {
        let skill = 1.0 - brier / (right * (1.0 - right)).max(f32::EPSILON);
        print!(" {skill:>8.3} {:>8.3}", area_under_roc(stated));
    }
    println!();
}

/// Mean squared distance between what was stated and what was (Brier 1950).
fn brier(stated: &Pairs) -> f32 {
    let sum: f32 = stated
        .iter()
        .map(|(p, right)| (p - f32::from(*right)).powi(2))
        .sum();
    sum / stated.len().max(1) as f32
}

/// The share of pairs of a right and a wrong one in which the right one was stated to be surer, ties
/// counting half (Mann and Whitney 1947).
fn area_under_roc(stated: &Pairs) -> f32 {
    let mut sorted = stated.clone();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wrong_below, mut won, mut rights) = (0.0_f64, 0.0_f64, 0.0_f64);
    for equal in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let right = equal.iter().filter(|pair| pair.1).count() as f64;
        let wrong = equal.len() as f64 - right;
        won += right * (wrong_below + wrong / 2.0);
        wrong_below += wrong;
        rights += right;
    }
    (won / (rights * wrong_below).max(1.0)) as f32
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
