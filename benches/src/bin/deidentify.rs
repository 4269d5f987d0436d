//! `deidentify --seed N --pages N`: which share of the identifiers of generated documents survives in a text
//! without identifiers, and which share of their clinical values changes. The text is the gold text: what
//! misreadings add is not measured here.

use anyhow::ensure;
use benches::deidentify::measure;
use clap::Parser;
use fixtures::fonts::Fonts;

#[derive(Parser)]
#[command(about = "Counts identifiers that survive de-identification, and values that change")]
struct Arguments {
    /// Seed of the generated documents.
    #[arg(long, default_value_t = 41)]
    seed: u64,
    /// How many documents of each set, `eval` and `forms`.
    #[arg(long, default_value_t = 450)]
    pages: usize,
    /// Also print what survived and what was replaced without need.
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let out = measure(arguments.seed, arguments.pages, &Fonts::load()?);
    println!("seed {} documents 2 × {}", arguments.seed, arguments.pages);
    println!("| identifier | printed | survived | share |\n| --- | ---: | ---: | ---: |");
    for (class, count) in &out.classes {
        let share = 100.0 * count.survived as f64 / count.printed as f64;
        println!(
            "| {class} | {} | {} | {share:.2} % |",
            count.printed, count.survived
        );
    }
    let changed = 100.0 * out.changed.len() as f64 / out.values as f64;
    println!(
        "\nclinical values {} changed {} ({changed:.2} %)",
        out.values,
        out.changed.len()
    );
    println!(
        "replaced {} of which no identifier {}",
        out.replaced,
        out.needless.len()
    );
    if arguments.list {
        for (class, value, line) in &out.survivors {
            println!("survived {class} {value:?} in {line:?}");
        }
        for needless in &out.needless {
            println!("needless {needless}");
        }
    }
    for changed in &out.changed {
        println!("changed {changed}");
    }
    ensure!(out.changed.is_empty(), "clinical values were changed");
    Ok(())
}
