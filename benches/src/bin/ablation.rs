//! `ablation DIR`: what each part of fusion is worth. Every page is read once by every engine; then
//! each engine alone, the vote without calibration, and the vote as it is make a text from the same
//! readings of the same lines. The last columns say how much of the best single engine's error
//! (1 - word F1) is left, with a 95 % interval over documents (paired bootstrap).

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use benches::{child, gold, pages};
use clap::Parser;
use fixtures::rng::Rng;
use fusion::{Calibration, LineReadings, Words, fuse_page, metrics::TextCounts};
use ingest::compose::{self, Choice};
use schemas::Engine;
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(about = "Prints what each engine and each part of the vote makes of the same readings")]
struct Arguments {
    /// A folder with pages and gold.json.
    dir: PathBuf,
    /// Gold elsewhere.
    #[arg(long)]
    gold: Option<PathBuf>,
    /// Keep what was read in this folder, and take it from there.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Another calibration than the packaged one.
    #[arg(long)]
    table: Option<PathBuf>,
    /// Write the texts of the whole vote here, a JSON object a line.
    #[arg(long)]
    texts: Option<PathBuf>,
    /// Of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Counts of each document, by row and tier; tier 0 is all.
type Table = BTreeMap<(usize, u8), Vec<TextCounts>>;

/// Engines whose single readings are rows.
const SINGLE: [Engine; 3] = [Engine::Tesseract, Engine::Paddle, Engine::Easyocr];
const ROWS: [&str; 7] = [
    "tesseract",
    "paddle",
    "easyocr",
    "plain vote",
    "calibrated",
    "+ priors",
    "adaptive",
];
const PLAIN: usize = 3;
const CALIBRATED: usize = 4;
const WHOLE: usize = 5;
const ADAPTIVE: usize = 6;
const DRAWS: usize = 2000;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let gold_file = arguments
        .gold
        .clone()
        .unwrap_or_else(|| arguments.dir.join("gold.json"));
    let pipeline = compose::pipeline(&Choice {
        engines: &[],
        languages: &[],
        mode: Mode::Full,
        jobs: 1,
        launch: Launch::of(child::binary()?),
    })?;
    let read;
    let fitted = match &arguments.table {
        Some(path) => {
            read = serde_json::from_slice(&std::fs::read(path).context("the table")?)?;
            &read
        }
        None => Calibration::packaged(),
    };
    let plain = Calibration::default();
    let (words, none) = (&pipeline.words, Words::default());
    let (mut table, mut texts) = (Table::new(), String::new());
    for document in gold::read(&gold_file, None)? {
        let bytes: Arc<[u8]> = std::fs::read(arguments.dir.join(&document.file))
            .context("a document that gold names cannot be read")?
            .into();
        let cache = arguments
            .cache
            .as_deref()
            .map(|folder| (folder, &*document.file));
        let read = pages::read(&pipeline, &bytes, None, cache)
            .with_context(|| format!("a document of tier {}", document.tier))?;
        for row in 0..ROWS.len() {
            let (calibration, expected) = match row {
                PLAIN => (&plain, &none),
                CALIBRATED => (fitted, &none),
                _ => (fitted, words),
            };
            let vote = |lines: &[LineReadings<'_>]| fuse_page(lines, calibration, expected);
            let text = match SINGLE.get(row) {
                Some(engine) => pages::text(&read, |page| page.lines(&[*engine]), vote, expected),
                None if row == ADAPTIVE => {
                    pages::text(&read, |page| page.adaptive(&pipeline), vote, expected)
                }
                None => pages::text(&read, |page| page.lines(&[]), vote, expected),
            };
            if row == WHOLE {
                let line = serde_json::json!({"file": document.file, "text": text});
                texts.push_str(&line.to_string());
                texts.push('\n');
            }
            let counts = TextCounts::of(&document.text, &text);
            for tier in [0, document.tier] {
                table.entry((row, tier)).or_default().push(counts);
                if document.tier == 0 {
                    break;
                }
            }
        }
    }
    if let Some(path) = &arguments.texts {
        std::fs::write(path, texts).context("the texts cannot be written")?;
    }
    print(&table, arguments.seed);
    Ok(())
}

fn print(table: &Table, seed: u64) {
    println!(
        "{:<12} {:<8} {:>8} {:>8} {:>8} {:>8}   error left of the best single engine's",
        "row", "group", "CER", "WER", "word F1", "digit F1"
    );
    let mut tiers: Vec<u8> = table.keys().map(|(_, tier)| *tier).collect();
    tiers.sort_unstable();
    tiers.dedup();
    for tier in tiers {
        let group = if tier == 0 {
            "all".to_owned()
        } else {
            format!("tier {tier}")
        };
        let error = |row: usize| 1.0 - sum(&table[&(row, tier)]).tokens.f1();
        let best = (0..SINGLE.len())
            .min_by(|a, b| error(*a).total_cmp(&error(*b)))
            .unwrap_or_default();
        for (row, name) in ROWS.iter().enumerate() {
            let counts = &table[&(row, tier)];
            let all = sum(counts);
            print!(
                "{name:<12} {group:<8} {:>8.4} {:>8.4} {:>8.4} {:>8.4}",
                all.cer(),
                all.wer(),
                all.tokens.f1(),
                all.digits.f1()
            );
            if row >= SINGLE.len() {
                let [low, high] = interval(counts, &table[&(best, tier)], seed);
                print!(
                    "   {:.2} ({low:.2} to {high:.2})",
                    error(row) / error(best).max(1e-9)
                );
            }
            println!();
        }
    }
}

fn sum(counts: &[TextCounts]) -> TextCounts {
    let mut all = TextCounts::default();
    for one in counts {
        all += *one;
    }
    all
}

/// The 2.5th and 97.5th percentile of the ratio of errors when documents are drawn with replacement
/// (Efron 1979).
fn interval(row: &[TextCounts], best: &[TextCounts], seed: u64) -> [f64; 2] {
    let mut rng = Rng::new(seed);
    let mut ratios: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let (mut a, mut b) = (TextCounts::default(), TextCounts::default());
            for _ in 0..row.len() {
                let n = rng.int(0, row.len() as i64 - 1) as usize;
                a += row[n];
                b += best[n];
            }
            (1.0 - a.tokens.f1()) / (1.0 - b.tokens.f1()).max(1e-9)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    [ratios[DRAWS / 40], ratios[DRAWS - DRAWS / 40 - 1]]
}
