//! `texts GOLD.json`: entity F1 of texts that were never scanned, by type, so that only the rules are asked:
//! letters, lists, charts and forms in other words and layouts than the generator's. Also how many dangerous
//! fields nobody was asked about are wrong, and how often a drug's status is right. Rules were mended on
//! `benches/texts/tuned.json`, `held.json`, `unseen.json`, `beyond.json`, `wider.json`, `abroad.json`, `aside.json`,
//! `ward.json`, `states.json`, `isles.json` and the halves `--split tune` of `fresh.json`, `prose.json`, `clinic.json`,
//! `night.json`, `realm.json`, `shires.json` and `plains.json`, whose other halves are for reporting alone: whoever looks at their errors writes another such set first.
//! `prose.json`, passages of letters and discharge summaries, also has diagnoses that are denied, of relatives or
//! only possible.

use std::{path::PathBuf, time::Instant};

use benches::{
    entities::{self, HEADLINE, Tally, dangerous_fields, field},
    gold::{self, Fields, Gold, Split},
};
use clap::Parser;
use extract::{Lexicon, Source};
use fusion::metrics::normal;
use ingest::vocabularies;
use serde_json::Value;

#[derive(Parser)]
#[command(about = "Prints the F1 of entities in plain texts with gold")]
struct Arguments {
    /// Texts with their entities, in the form of `gold.json`.
    gold: PathBuf,
    /// One half of the texts alone.
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// Also name every dangerous field that is wrong and that nobody would look at.
    #[arg(long)]
    list: bool,
    /// Also print how many milliseconds the extraction of a document takes.
    #[arg(long)]
    time: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let gold = gold::read(&arguments.gold, arguments.split)?;
    let lexicon = vocabularies::lexicon();
    let mut tally = Tally::new();
    let (mut accepted, mut wrong) = (0, 0);
    let (mut status, mut right_status) = (0, 0);
    let (mut unclaimed, mut claimed) = (0, 0);
    for page in &gold {
        let wanted = page.entities.clone().unwrap_or_default();
        let found = found(page, &lexicon)?;
        entities::add(&mut tally, &wanted, &found);
        for fact in wanted.iter().filter(|fact| is_unclaimed(fact)) {
            let name = normal(&field(fact, "text"));
            let taken = |entity: &Fields| {
                field(entity, "type") == "DIAGNOSIS"
                    && !is_unclaimed(entity)
                    && normal(&field(entity, "text")) == name
            };
            unclaimed += 1;
            claimed += usize::from(found.iter().any(taken));
        }
        for entity in found
            .iter()
            .filter(|e| e.get("needs_review") == Some(&Value::Bool(false)))
        {
            for (name, right) in dangerous_fields(&field(entity, "type"), &wanted, entity) {
                accepted += 1;
                wrong += usize::from(!right);
                if arguments.list && !right {
                    println!("{}: {name} of {}", page.file, field(entity, "text"));
                }
            }
        }
        for fact in wanted
            .iter()
            .filter(|fact| !field(fact, "status").is_empty())
        {
            let same = |entity: &&Fields| {
                ["name", "status"]
                    .iter()
                    .all(|name| field(entity, name).eq_ignore_ascii_case(&field(fact, name)))
            };
            status += 1;
            right_status += usize::from(found.iter().any(|entity| same(&entity)));
        }
    }
    println!(
        "{:<12} {:>6} {:>8} {:>8}",
        "type", "gold", "exact", "relaxed"
    );
    for kind in HEADLINE {
        if let Some(counts) = tally.get(kind) {
            line(kind, *counts);
        }
    }
    line("all of these", entities::headline(&tally));
    println!("dangerous fields nobody is asked about {accepted}, of them wrong {wrong}");
    if unclaimed > 0 {
        println!(
            "diagnoses denied, of relatives or only possible {unclaimed}, of them taken as the patient's {claimed}"
        );
    }
    println!("status of medications right {right_status} of {status}");
    if arguments.time {
        time(&gold, &lexicon);
    }
    Ok(())
}

/// Rounds whose times count.
const ROUNDS: usize = 5;

/// Every expression has been compiled by now: what a warm process takes.
fn time(gold: &[Gold], lexicon: &Lexicon) {
    let mut times_ms: Vec<f64> = Vec::with_capacity(ROUNDS * gold.len());
    for _ in 0..ROUNDS {
        for page in gold {
            let source = Source {
                text: &page.text,
                words: &[],
            };
            let start = Instant::now();
            let extraction = extract::extract(&source, lexicon);
            times_ms.push(start.elapsed().as_secs_f64() * 1_000.0);
            std::hint::black_box(extraction);
        }
    }
    times_ms.sort_by(f64::total_cmp);
    let share = |of: usize| times_ms[(times_ms.len() * of / 100).min(times_ms.len() - 1)];
    println!(
        "extraction of a document, warm: median {:.2} ms, p95 {:.2} ms, most {:.2} ms",
        share(50),
        share(95),
        share(100)
    );
}

/// A diagnosis that the text does not say the patient has.
fn is_unclaimed(fact: &Fields) -> bool {
    field(fact, "type") == "DIAGNOSIS"
        && matches!(&*field(fact, "assertion"), "absent" | "family" | "possible")
}

/// As the gold writes entities.
fn found(page: &Gold, lexicon: &Lexicon) -> anyhow::Result<Vec<Fields>> {
    let source = Source {
        text: &page.text,
        words: &[],
    };
    let entities = extract::extract(&source, lexicon).entities;
    let mut out = Vec::new();
    for entity in &entities {
        if let Value::Object(mut fields) = serde_json::to_value(entity)? {
            let kind = field(&fields, "type").to_uppercase();
            fields.insert("type".into(), Value::String(kind));
            out.push(fields);
        }
    }
    Ok(out)
}

fn line(kind: &str, counts: entities::Counts) {
    println!(
        "{:<12} {:>6} {:>8.4} {:>8.4}",
        kind.to_lowercase(),
        counts.exact.gold,
        counts.exact.f1(),
        counts.relaxed.f1()
    );
}
