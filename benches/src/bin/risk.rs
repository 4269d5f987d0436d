//! `risk --seed N --pages N`: does the bound of conformal risk control hold? Generated pages are read and
//! judged against their gold; then, again and again, half of the documents, drawn at random, choose the
//! threshold and the other half is what comes. Prints how often the loss stayed under the bound, the loss
//! on average, and how many dangerous facts went to review. The bounds that 1/P - 1 documents allow are
//! tried; a smaller one needs more pages.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use benches::{child, entities::is_exact, pages, sentinel::outcome};
use clap::Parser;
use extract::risk::{Judged, Reviewed, is_dangerous, needed, threshold};
use fixtures::{document::Set, fonts::Fonts, rng::Rng};
use ingest::compose::{self, Choice};
use schemas::{Entity, Reading};
use serde_json::{Map, Value};
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(about = "Resamples reviewed documents and counts how often the chosen error holds")]
struct Arguments {
    /// Seed of the generated pages and of the resamples.
    #[arg(long, default_value_t = 31)]
    seed: u64,
    /// How many documents are made.
    #[arg(long, default_value_t = 60)]
    pages: usize,
    /// Keep what was read in this folder, and take it from there.
    #[arg(long)]
    cache: Option<PathBuf>,
}

const RESAMPLES: usize = 1000;
const BOUNDS: [f64; 7] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let fonts = Fonts::load()?;
    let pipeline = compose::pipeline(&Choice {
        engines: &[],
        languages: &[],
        mode: Mode::Full,
        jobs: 1,
        launch: Launch::of(child::binary()?),
    })?;
    let mut set: Vec<Reviewed> = Vec::new();
    for (n, order) in Set::Eval
        .orders(arguments.seed, arguments.pages)
        .iter()
        .enumerate()
    {
        let document = order.make(&fonts)?;
        let bytes: Arc<[u8]> = document.bytes.into();
        let name = format!("{}-{n}", arguments.seed);
        let cache = arguments.cache.as_deref().map(|folder| (folder, &*name));
        let read = pages::read(&pipeline, &bytes, Some(&document.gold), cache)
            .with_context(|| format!("document {n}"))?;
        let readings: Vec<Vec<Reading>> = read.iter().map(|page| page.readings.clone()).collect();
        let found = outcome(&pipeline, &read, &readings).entities;
        let facts: Vec<Judged> = found
            .iter()
            .filter(|entity| is_dangerous(entity))
            .map(|entity| Judged {
                confidence: entity.confidence.get(),
                right: is_right(entity, &document.gold.entities),
                doubted: entity.needs_review,
            })
            .collect();
        if !facts.is_empty() {
            set.push(Reviewed {
                document: name,
                facts,
            });
        }
        eprintln!("{} of {}", n + 1, arguments.pages);
    }
    report(&set, arguments.seed);
    Ok(())
}

/// Is there a fact of the gold that it says exactly?
fn is_right(entity: &Entity, gold: &[Map<String, Value>]) -> bool {
    let Ok(Value::Object(mut said)) = serde_json::to_value(entity) else {
        return false;
    };
    let kind = said
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_uppercase();
    said.insert("type".into(), Value::String(kind.clone()));
    gold.iter()
        .filter(|fact| fact.get("type").and_then(Value::as_str) == Some(&kind))
        .any(|fact| is_exact(&kind, fact, &said))
}

fn report(set: &[Reviewed], seed: u64) {
    let half = set.len() / 2;
    let all = set.iter().flat_map(|document| &document.facts);
    let (facts, wrong) = (all.clone().count(), all.filter(|fact| !fact.right).count());
    println!(
        "seed {seed}: {} documents with {facts} dangerous facts, {wrong} of them not exact",
        set.len()
    );
    println!(
        "{:>6} {:>7} {:>12} {:>10} {:>10}",
        "bound", "needed", "held, share", "loss", "review"
    );
    let mut rng = Rng::new(seed).fork("risk");
    for bound in BOUNDS {
        if needed(bound) > half {
            println!("{bound:>6} {:>7}  too few documents", needed(bound));
            continue;
        }
        let (mut held, mut lost, mut sent) = (0, 0.0, 0.0);
        for n in 0..RESAMPLES {
            let drawn = rng.sample(set, set.len());
            let (calibration, new) = drawn.split_at(half);
            let calibration: Vec<Reviewed> = calibration.iter().map(|d| (*d).clone()).collect();
            let Ok(chosen) = threshold(&calibration, bound, n as u64) else {
                continue;
            };
            let passes = |fact: &&Judged| !fact.doubted && fact.confidence >= chosen.confidence;
            let loss = |document: &Reviewed| {
                let wrong = document
                    .facts
                    .iter()
                    .filter(passes)
                    .filter(|fact| !fact.right);
                wrong.count() as f64 / document.facts.len() as f64
            };
            let mean = new.iter().map(|document| loss(document)).sum::<f64>() / new.len() as f64;
            let facts = || new.iter().flat_map(|document| &document.facts);
            held += usize::from(mean <= bound);
            lost += mean;
            sent += 1.0 - facts().filter(passes).count() as f64 / facts().count() as f64;
        }
        let of = RESAMPLES as f64;
        println!(
            "{bound:>6} {:>7} {:>12.3} {:>10.4} {:>10.4}",
            needed(bound),
            held as f64 / of,
            lost / of,
            sent / of
        );
    }
}
