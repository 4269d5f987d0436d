//! `risk --seed N[,N…] --pages N`: does the bound of conformal risk control hold? Generated pages are read and
//! judged against their gold; then, again and again, half of the documents, drawn at random, choose the
//! threshold and the other half is what comes. Prints how often the loss stayed under the bound, the loss
//! on average, and how many dangerous facts went to review, by tier too. The bounds that 1/P - 1 documents
//! allow are tried; a smaller one needs more pages, of several seeds perhaps. Before it, for each dangerous field, how sure medbot was
//! of it on average and how often it was right.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use benches::{
    child,
    entities::{dangerous_fields, is_exact, said},
    gold::Fields,
    pages,
    sentinel::outcome,
};
use clap::Parser;
use extract::risk::{Judged, Reviewed, is_dangerous, needed, threshold};
use fixtures::{document::Set, fonts::Fonts, rng::Rng};
use ingest::compose::{self, Choice};
use schemas::{Assertion, Entity, Reading};
use serde_json::Value;
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(about = "Resamples reviewed documents and counts how often the chosen error holds")]
struct Arguments {
    /// Seeds of the generated pages, the first of the resamples too.
    #[arg(long, value_delimiter = ',', default_value = "31")]
    seed: Vec<u64>,
    /// How many documents are made of each seed.
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
    let mut set: Vec<Case> = Vec::new();
    let mut fields = Reliability::new();
    let orders = arguments.seed.iter().flat_map(|seed| {
        let orders = Set::Eval.orders(*seed, arguments.pages);
        orders
            .into_iter()
            .enumerate()
            .map(|(n, order)| (*seed, n, order))
    });
    for (seed, n, order) in orders {
        let document = order.make(&fonts)?;
        let bytes: Arc<[u8]> = document.bytes.into();
        let name = format!("{seed}-{n}");
        let cache = arguments.cache.as_deref().map(|folder| (folder, &*name));
        let read = pages::read(&pipeline, &bytes, Some(&document.gold), cache)
            .with_context(|| format!("document {n} of seed {seed}"))?;
        let readings: Vec<Vec<Reading>> = read.iter().map(|page| page.readings.clone()).collect();
        let found = outcome(&pipeline, &read, &readings).entities;
        for entity in &found {
            count_fields(entity, &document.gold.entities, &mut fields);
        }
        let facts: Vec<Judged> = found
            .iter()
            .filter(|entity| is_dangerous(entity) && claims(entity))
            .map(|entity| Judged {
                confidence: entity.confidence.get(),
                right: is_right(entity, &document.gold.entities),
                doubted: entity.needs_review,
            })
            .collect();
        if !facts.is_empty() {
            set.push(Case {
                tier: document.gold.tier,
                reviewed: Reviewed {
                    document: name,
                    facts,
                },
            });
        }
        eprintln!("{} of {}, seed {seed}", n + 1, arguments.pages);
    }
    print(&fields);
    report(&set, arguments.seed.first().copied().unwrap_or_default());
    Ok(())
}

/// `No known allergies` and a relative's illness are no facts that the gold lists.
fn claims(entity: &Entity) -> bool {
    !matches!(entity.assertion, Assertion::Absent | Assertion::Family)
}

/// Is there a fact of the gold that it says exactly?
fn is_right(entity: &Entity, gold: &[Fields]) -> bool {
    let Some((kind, said)) = said(entity) else {
        return false;
    };
    gold.iter()
        .filter(|fact| fact.get("type").and_then(Value::as_str) == Some(&kind))
        .any(|fact| is_exact(&kind, fact, &said))
}

/// Of each type and field: how many were read, how many are right, and how sure medbot was in all.
type Reliability = BTreeMap<(String, &'static str), (usize, usize, f64)>;

fn count_fields(entity: &Entity, gold: &[Fields], fields: &mut Reliability) {
    let Some((kind, said)) = said(entity) else {
        return;
    };
    for (field, right) in dangerous_fields(&kind, gold, &said) {
        let Some(sure) = entity.field_confidence.get(field) else {
            continue;
        };
        let (count, rights, sum) = fields.entry((kind.clone(), field)).or_default();
        *count += 1;
        *rights += usize::from(right);
        *sum += f64::from(sure.get());
    }
}

fn print(fields: &Reliability) {
    println!(
        "{:<24} {:>6} {:>10} {:>10}",
        "field", "read", "sure", "right"
    );
    for ((kind, field), (count, rights, sum)) in fields {
        let of = *count as f64;
        println!(
            "{:<24} {count:>6} {:>10.4} {:>10.4}",
            format!("{} {field}", kind.to_lowercase()),
            sum / of,
            *rights as f64 / of
        );
    }
}

/// A document with its tier.
struct Case {
    tier: u8,
    reviewed: Reviewed,
}

fn report(set: &[Case], seed: u64) {
    let half = set.len() / 2;
    let all = set.iter().flat_map(|case| &case.reviewed.facts);
    let (facts, wrong) = (all.clone().count(), all.filter(|fact| !fact.right).count());
    println!(
        "seed {seed}: {} documents with {facts} dangerous facts, {wrong} of them not exact",
        set.len()
    );
    println!(
        "{:>6} {:>7} {:>12} {:>10} {:>10} {:>8} {:>8} {:>8}",
        "bound", "needed", "held, share", "loss", "review", "tier 1", "tier 2", "tier 3"
    );
    let mut rng = Rng::new(seed).fork("risk");
    for bound in BOUNDS {
        if needed(bound) > half {
            let needed = needed(bound);
            println!(
                "{bound:>6} {needed:>7}  too few: (losses + 1) / (n + 1) <= P asks for n >= 1/P - 1 = {needed} documents even without a loss, half of these are {half}"
            );
            continue;
        }
        let (mut held, mut lost) = (0, 0.0);
        // Facts that went to review, and all of them: of every document, and of those of a tier.
        let mut sent = [(0usize, 0usize); 4];
        for n in 0..RESAMPLES {
            let drawn = rng.sample(set, set.len());
            let (calibration, new) = drawn.split_at(half);
            let calibration: Vec<Reviewed> = calibration
                .iter()
                .map(|case| case.reviewed.clone())
                .collect();
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
            let losses = new.iter().map(|case| loss(&case.reviewed));
            let mean = losses.sum::<f64>() / new.len() as f64;
            held += usize::from(mean <= bound);
            lost += mean;
            for case in new {
                let facts = &case.reviewed.facts;
                let passed = facts.iter().filter(passes).count();
                for place in [0, usize::from(case.tier)] {
                    sent[place].0 += facts.len() - passed;
                    sent[place].1 += facts.len();
                }
            }
        }
        let of = RESAMPLES as f64;
        println!(
            "{bound:>6} {:>7} {:>12.3} {:>10.4} {:>10.4} {:>8.4} {:>8.4} {:>8.4}",
            needed(bound),
            held as f64 / of,
            lost / of,
            share(sent[0]),
            share(sent[1]),
            share(sent[2]),
            share(sent[3])
        );
    }
}

fn share((some, all): (usize, usize)) -> f64 {
    some as f64 / all.max(1) as f64
}
