//! `red_flags`: how many emergencies and harmless messages of the chat's tables are told apart, by expressions
//! alone and by the regression that sees them. `--fit` cross-validates the regression on the rows that are not
//! put aside and on the questions of the chat, prints what each threshold costs, fits it on all of them and
//! writes its weights; build again to see them at work.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use benches::{
    logistic::{self, Sparse},
    questions::{self, ASIDE, TUNED},
};
use clap::Parser;
use fixtures::rng::Rng;
use ingest::{
    chat::{alarm, red_flag, shorthand},
    compose,
};

#[derive(Parser)]
#[command(about = "Prints recall and false alarms of the chat's red flags")]
struct Arguments {
    /// Fits the regression and writes its weights.
    #[arg(long)]
    fit: bool,
    /// Prints the rows of this half that are told wrongly.
    #[arg(long)]
    show: Option<String>,
    /// Weights that --fit wrote, in the place of those that were built in.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Least probability that is an alarm, with --fit.
    #[arg(long, default_value_t = 0.45)]
    threshold: f32,
    /// Weight of the squared weights, with --fit.
    #[arg(long, default_value_t = 1.0)]
    ridge: f64,
}

/// A message with the half of its row; questions of the chat are a half of their own.
struct Row {
    half: String,
    message: String,
    urgent: bool,
    embedding: Vec<f32>,
    features: Sparse,
}

const FOLDS: usize = 10;
const SEED: u64 = 1;
const QUESTIONS: &str = "asked";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.weights {
        alarm::use_weights(fs::read_to_string(path)?);
    }
    let rows = rows()?;
    if arguments.fit {
        return fit(&rows, &arguments);
    }
    println!("half      messages            rules      both");
    for half in TUNED.into_iter().chain([QUESTIONS]).chain(ASIDE) {
        for urgent in [true, false] {
            let these: Vec<&Row> = rows
                .iter()
                .filter(|row| row.half == half && row.urgent == urgent)
                .collect();
            if these.is_empty() {
                continue;
            }
            println!(
                "{half:<8} {:>5} {:<9} {:>8.3}  {:>8.3}",
                these.len(),
                if urgent { "urgent" } else { "harmless" },
                share(&these, |row| red_flag(&row.message).is_some()),
                share(&these, told),
            );
            if arguments.show.as_deref() == Some(half) {
                for row in these.iter().filter(|row| told(row) != urgent) {
                    let probability = alarm::probability(&row.message, &row.embedding);
                    println!("  {probability:.2} {}", row.message);
                }
            }
        }
    }
    Ok(())
}

fn told(row: &Row) -> bool {
    alarm::is_alarming(&row.message, &row.embedding)
}

fn share(rows: &[&Row], holds: impl Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| holds(row)).count() as f64 / rows.len().max(1) as f64
}

fn fit(rows: &[Row], arguments: &Arguments) -> anyhow::Result<()> {
    let mut rows: Vec<&Row> = rows
        .iter()
        .filter(|row| !ASIDE.contains(&row.half.as_str()))
        .collect();
    let mut rng = Rng::new(SEED);
    for n in (1..rows.len()).rev() {
        rows.swap(n, rng.int(0, n as i64) as usize);
    }
    let weights = |of: &dyn Fn(usize) -> bool| {
        let sample = rows.iter().enumerate().filter(|(n, _)| of(*n));
        let sample: Vec<(&Sparse, bool)> =
            sample.map(|(_, row)| (&row.features, row.urgent)).collect();
        logistic::fit_sparse(&sample, alarm::count(), arguments.ridge)
    };
    let mut tested: Vec<(f32, &Row)> = Vec::new();
    for fold in 0..FOLDS {
        let weights = weights(&|n| n % FOLDS != fold);
        for row in rows.iter().skip(fold).step_by(FOLDS) {
            let sum = logistic::sum(&row.features, &weights);
            tested.push((1.0 / (1.0 + (-sum).exp()), row));
        }
    }
    println!("{FOLDS} folds, seed {SEED}: share of alarms by the least probability that is one");
    let of_messages = ["tune", "report", "fit", "varied", "daily", "held", "blind"];
    let names =
        |halves: &[&str]| -> String { halves.iter().map(|half| format!("{half:>8}")).collect() };
    println!("{:<65}harmless", "           urgent");
    println!(
        "threshold{}{}{QUESTIONS:>8}",
        names(&of_messages),
        names(&of_messages)
    );
    for threshold in [0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7] {
        let of = |half: &str, urgent: bool| {
            let these: Vec<&(f32, &Row)> = tested
                .iter()
                .filter(|(_, row)| row.half == half && row.urgent == urgent)
                .collect();
            let alarms = these.iter().filter(|(p, _)| *p >= threshold).count();
            alarms as f64 / these.len().max(1) as f64
        };
        print!("{threshold:>9}");
        let urgent = of_messages.map(|half| (half, true));
        let harmless = of_messages
            .into_iter()
            .chain([QUESTIONS])
            .map(|half| (half, false));
        for (half, urgent) in urgent.into_iter().chain(harmless) {
            print!("{:>8.3}", of(half, urgent));
        }
        println!();
    }
    let lines: Vec<String> = weights(&|_| true)
        .chunks(16)
        .map(|some| {
            let numbers: Vec<String> = some.iter().map(|w| format!("{}", rounded(*w))).collect();
            numbers.join(" ") + "\n"
        })
        .collect();
    let path = tables().join("../../src/chat/alarm.txt");
    let text = format!("{}\n{}", arguments.threshold, lines.concat());
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    println!("{} rows fitted; build again", rows.len());
    Ok(())
}

fn rounded(weight: f32) -> f32 {
    // Without -0.
    (weight * 1000.0).round() / 1000.0 + 0.0
}

fn tables() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ingest/tests/tables")
}

/// All rows of both tables, of which the first column is the half and the last the message; and the questions,
/// which are harmless.
fn rows() -> anyhow::Result<Vec<Row>> {
    let encoder = compose::encoder().context("the sentence encoder is missing: `medbot setup`")?;
    let mut messages: Vec<(String, String, bool)> = Vec::new();
    for (file, urgent) in [("red_flags.tsv", true), ("harmless.tsv", false)] {
        let path = tables().join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        messages.extend(text.lines().skip(1).filter_map(|line| {
            let half = line.split('\t').next()?.to_owned();
            Some((half, line.rsplit('\t').next()?.to_owned(), urgent))
        }));
    }
    let asked = questions::rows()?;
    let asked = asked
        .into_iter()
        .filter(|row| !ASIDE.contains(&row.half.as_str()));
    messages.extend(asked.map(|row| (QUESTIONS.to_owned(), row.question, false)));
    messages
        .into_iter()
        .map(|(half, message, urgent)| {
            let message = shorthand::written_out(&message);
            let embedding = encoder.encode(&message)?;
            Ok(Row {
                half,
                urgent,
                features: alarm::features(&message, &embedding),
                embedding,
                message,
            })
        })
        .collect()
}
