//! `accuracy DIR`: reads the pages of a folder with `gold.json` through `medbot process` and prints
//! error rates of every engine and of the fused text, by tier, and the F1 of entities.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use benches::{
    child, entities,
    gold::{self, Gold, Prediction, Split},
    readings,
};
use clap::Parser;
use fusion::metrics::TextCounts;

#[derive(Parser)]
#[command(about = "Prints CER, WER, word F1 and digit F1 by engine and tier, and entity F1")]
struct Arguments {
    /// A folder with pages and gold.json.
    dir: PathBuf,
    /// Gold elsewhere.
    #[arg(long)]
    gold: Option<PathBuf>,
    /// Only half of the set.
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// Engines for medbot, separated by commas.
    #[arg(long)]
    engines: Option<String>,
    /// Runs each of the engines by itself as well, instead of taking its votes from the one run.
    #[arg(long, requires = "engines")]
    alone: bool,
    /// Results of an earlier run of `medbot process`: nothing is run.
    #[arg(long, conflicts_with = "alone")]
    results: Option<PathBuf>,
    /// Documents in flight.
    #[arg(long)]
    jobs: Option<usize>,
}

/// Name of a reader, then counts by tier; tier 0 is all.
type Table = BTreeMap<String, BTreeMap<u8, TextCounts>>;

const FUSED: &str = "~ fused";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let gold_file = arguments
        .gold
        .clone()
        .unwrap_or_else(|| arguments.dir.join("gold.json"));
    let gold = gold::read(&gold_file, arguments.split)?;
    let scratch = tempfile::tempdir()?;
    let pages = scratch.path().join("pages");
    let mut table = Table::new();
    let out = if let Some(results) = &arguments.results {
        results.clone()
    } else {
        stage(&arguments.dir, &gold, &pages)?;
        let out = scratch.path().join("fused");
        child::process(
            &pages,
            &out,
            arguments.engines.as_deref(),
            false,
            arguments.jobs,
        )?;
        out
    };
    let fused = gold::predictions(&out.join("documents.jsonl"))?;
    for page in &gold {
        let text = fused.get(&page.file).map_or("", |p| &p.text);
        count(&mut table, FUSED, page, text);
        let result = out.join(format!("{}.json", page.file));
        if arguments.alone || !result.is_file() {
            continue;
        }
        for (engine, text) in readings::by_engine(&readings::result(&result)?) {
            count(&mut table, engine.name(), page, &text);
        }
    }
    if arguments.alone {
        for engine in arguments.engines.as_deref().unwrap_or_default().split(',') {
            let out = scratch.path().join(engine);
            child::process(&pages, &out, Some(engine), false, arguments.jobs)?;
            let read = gold::predictions(&out.join("documents.jsonl"))?;
            for page in &gold {
                count(
                    &mut table,
                    engine,
                    page,
                    read.get(&page.file).map_or("", |p| &p.text),
                );
            }
        }
    }
    print_text(&table, &gold);
    print_entities(&gold, &fused);
    Ok(())
}

/// Copies the documents that gold names, and nothing else, under their own names.
fn stage(dir: &Path, gold: &[Gold], to: &Path) -> anyhow::Result<()> {
    for page in gold {
        let copy = to.join(&page.file);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(dir.join(&page.file), &copy)
            .context("a document that gold names cannot be read")?;
    }
    Ok(())
}

fn count(table: &mut Table, reader: &str, page: &Gold, text: &str) {
    let counts = TextCounts::of(&page.text, text);
    let tiers = table.entry(reader.to_owned()).or_default();
    *tiers.entry(page.tier).or_default() += counts;
    if page.tier != 0 {
        *tiers.entry(0).or_default() += counts;
    }
}

fn tier_name(tier: u8) -> String {
    if tier == 0 {
        "all".into()
    } else {
        format!("tier {tier}")
    }
}

fn print_text(table: &Table, gold: &[Gold]) {
    println!(
        "{} documents, {} of them in tiers",
        gold.len(),
        gold.iter().filter(|g| g.tier > 0).count()
    );
    println!(
        "\n{:<12} {:<8} {:>8} {:>8} {:>8} {:>8}",
        "reader", "group", "CER", "WER", "word F1", "digit F1"
    );
    for (reader, tiers) in table {
        let (all, single): (Vec<_>, Vec<_>) = tiers.iter().partition(|(tier, _)| **tier == 0);
        for (tier, c) in single.into_iter().chain(all) {
            println!(
                "{:<12} {:<8} {:>8.4} {:>8.4} {:>8.4} {:>8.4}",
                reader.trim_start_matches("~ "),
                tier_name(*tier),
                c.cer(),
                c.wer(),
                c.tokens.f1(),
                c.digits.f1()
            );
        }
    }
}

fn print_entities(gold: &[Gold], fused: &HashMap<String, Prediction>) {
    let mut tallies: BTreeMap<String, entities::Tally> = BTreeMap::new();
    for page in gold {
        let Some(facts) = &page.entities else {
            continue;
        };
        let found = fused.get(&page.file).map_or(&[][..], |p| &p.entities);
        for group in [tier_name(page.tier), tier_name(0)] {
            entities::add(tallies.entry(group).or_default(), facts, found);
        }
    }
    if tallies.is_empty() {
        return;
    }
    println!(
        "\n{:<12} {:<12} {:>8} {:>8} {:>8} {:>8}",
        "group", "type", "exact", "relaxed", "gold", "found"
    );
    for (group, tally) in &tallies {
        let headline = ("HEADLINE".to_owned(), entities::headline(tally));
        let kinds = tally
            .iter()
            .map(|(kind, counts)| (kind.clone(), *counts))
            .filter(|(_, c)| c.exact.gold > 0);
        for (kind, c) in kinds.chain([headline]) {
            println!(
                "{group:<12} {kind:<12} {:>8.4} {:>8.4} {:>8} {:>8}",
                c.exact.f1(),
                c.relaxed.f1(),
                c.exact.gold,
                c.exact.predicted
            );
        }
    }
}
