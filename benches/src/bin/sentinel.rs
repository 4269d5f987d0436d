//! `sentinel --seed N --pages N`: what becomes of mutated drugs, doses, values and flags. Generated pages
//! are read once by every engine; then one value at a time is changed in the readings of one, of two or of
//! all engines, and fusion, extraction and review run on what results. In one or two engines the pixels
//! still speak against it; in all of them only a formulary, a range or a sum can.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use benches::{
    child,
    entities::{dangerous_fields, is_known, said},
    gold::Fields,
    pages,
    sentinel::{Class, End, fields, mutate, outcome},
};
use clap::Parser;
use fixtures::{document::Set, fonts::Fonts, rng::Rng};
use ingest::compose::{self, Choice};
use schemas::{Engine, Entity, Fact, Reading};
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(about = "Mutates dangerous values in readings and counts what is caught")]
struct Arguments {
    /// Seed of the generated pages and of the mutations.
    #[arg(long, default_value_t = 31)]
    seed: u64,
    /// How many documents are made.
    #[arg(long, default_value_t = 45)]
    pages: usize,
    /// Keep what was read in this folder, and take it from there.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Also name every mutation that was not caught, and every doubt without a mutation.
    #[arg(long)]
    list: bool,
    /// Only what goes to review without a mutation.
    #[arg(long)]
    clean: bool,
}

const ALL: [Engine; 3] = [Engine::Tesseract, Engine::Paddle, Engine::Easyocr];
const GROUPS: [(&str, &[&[Engine]]); 3] = [
    ("one", &[&[ALL[0]], &[ALL[1]], &[ALL[2]]]),
    (
        "two",
        &[&[ALL[0], ALL[1]], &[ALL[0], ALL[2]], &[ALL[1], ALL[2]]],
    ),
    ("all", &[&ALL]),
];
/// Words of one document that are mutated in each class.
const EACH: usize = 4;

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
    println!("seed {} documents {}", arguments.seed, arguments.pages);
    let mut ends: BTreeMap<(usize, Class, End), usize> = BTreeMap::new();
    let mut clean: BTreeMap<(u8, bool, bool), usize> = BTreeMap::new();
    let mut why: BTreeMap<(u8, String), usize> = BTreeMap::new();
    let root = Rng::new(arguments.seed);
    let orders = Set::Eval.orders(arguments.seed, arguments.pages);
    for (n, order) in orders.iter().enumerate() {
        let document = order.make(&fonts)?;
        let tier = document.gold.tier;
        let bytes: Arc<[u8]> = document.bytes.into();
        let name = format!("{}-{n}", arguments.seed);
        let cache = arguments.cache.as_deref().map(|folder| (folder, &*name));
        let read = pages::read(&pipeline, &bytes, Some(&document.gold), cache)
            .with_context(|| format!("document {n}"))?;
        let readings: Vec<Vec<Reading>> = read.iter().map(|page| page.readings.clone()).collect();
        let before = outcome(&pipeline, &read, &readings);
        for entity in &before.entities {
            if !matches!(entity.fact, Fact::Medication(_) | Fact::Lab(_)) {
                continue;
            }
            let (right, wrong) = judged(entity, &document.gold.entities);
            *clean.entry((tier, true, entity.needs_review)).or_default() += right;
            *clean.entry((tier, false, entity.needs_review)).or_default() += wrong;
            if arguments.list && entity.needs_review {
                let reasons = entity.reasons.join("; ");
                println!(
                    "doubted, tier {tier}, {right} right, {wrong} wrong: {}: {reasons}: {}",
                    entity.text.replace('\n', " / "),
                    before.votes(entity)
                );
            }
            if arguments.list && !entity.needs_review && wrong > 0 {
                println!(
                    "accepted, tier {tier}, {wrong} wrong: {}: {}",
                    entity.text.replace('\n', " / "),
                    before.votes(entity)
                );
            }
            for reason in entity.reasons.iter().filter(|_| wrong == 0) {
                *why.entry((tier, reason.clone())).or_default() += 1;
            }
        }
        if arguments.clean {
            continue;
        }
        let targets = before.targets();
        let mut rng = root.fork(&format!("document {n}"));
        let targets = rng.sample(&targets, targets.len());
        for class in Class::ALL {
            for (group, (_, choices)) in GROUPS.iter().enumerate() {
                let mut made = 0;
                for target in targets.iter().copied() {
                    let engines = *rng.pick(choices);
                    let end = mutate(&pipeline, &read, target, class, engines, &mut rng);
                    let Some((end, votes)) = end else { continue };
                    if arguments.list && matches!(end, End::Passed | End::Lost) && group < 2 {
                        println!(
                            "{end:?}, {engines:?}: {} of {} {:?}: {}: {votes}",
                            target.word,
                            target.field,
                            target.value,
                            class.name()
                        );
                    }
                    *ends.entry((group, class, end)).or_default() += 1;
                    made += 1;
                    if made == EACH {
                        break;
                    }
                }
            }
        }
        eprintln!("{} of {}", n + 1, orders.len());
    }
    print(&ends);
    println!(
        "\nvalues without a mutation that go to review: right ones, and why, and misread ones"
    );
    for tier in 1..=3 {
        let of = |right: bool, review: bool| {
            clean
                .get(&(tier, right, review))
                .copied()
                .unwrap_or_default()
        };
        let share = |right: bool| {
            let all = of(right, true) + of(right, false);
            let share = of(right, true) as f64 / all.max(1) as f64;
            format!("{:>5} of {all:>5}  {share:.4}", of(right, true))
        };
        println!("tier {tier}  {}   misread {}", share(true), share(false));
        let mut reasons: Vec<_> = why.iter().filter(|((t, _), _)| *t == tier).collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((_, reason), count) in reasons.into_iter().take(6) {
            println!("        {count:>4}  {reason}");
        }
    }
    Ok(())
}

/// How many of the dangerous values of an entity are right, and how many are not.
fn judged(entity: &Entity, gold: &[Fields]) -> (usize, usize) {
    let Some((kind, said)) = said(entity) else {
        return (0, 0);
    };
    let named = is_known(&kind, gold, &said);
    let agreed = dangerous_fields(&kind, gold, &said);
    let values = fields(entity).into_iter().filter(|(_, v)| v.is_some());
    let right = values
        .clone()
        .filter(|(field, _)| match *field {
            "name" => named,
            field => agreed.iter().any(|(name, right)| *name == field && *right),
        })
        .count();
    (right, values.count() - right)
}

fn print(ends: &BTreeMap<(usize, Class, End), usize>) {
    println!(
        "{:<8} {:<20} {:>6} {:>7} {:>7} {:>7} {:>6} {:>8}",
        "engines", "mutation", "made", "right", "review", "passed", "lost", "caught"
    );
    for (group, (name, _)) in GROUPS.iter().enumerate() {
        let mut all = [0; 4];
        for class in Class::ALL {
            let of = |end| ends.get(&(group, class, end)).copied().unwrap_or_default();
            let row = [
                of(End::Right),
                of(End::Review),
                of(End::Passed),
                of(End::Lost),
            ];
            line(name, class.name(), row);
            for (sum, count) in all.iter_mut().zip(row) {
                *sum += count;
            }
        }
        line(name, "all of these", all);
    }
}

fn line(engines: &str, mutation: &str, [right, review, passed, lost]: [usize; 4]) {
    let made = right + review + passed + lost;
    let caught = (right + review) as f64 / made.max(1) as f64;
    println!(
        "{engines:<8} {mutation:<20} {made:>6} {right:>7} {review:>7} {passed:>7} {lost:>6} {caught:>8.4}"
    );
}
