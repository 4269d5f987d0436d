//! `red_flags`: how many emergencies and harmless messages of the chat's tables are told apart, by rules, by the
//! regression on meaning, and by both. `--fit` fits the regression on the rows that are not `held` and writes
//! its weights; build again to see them at work.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use benches::logistic;
use clap::Parser;
use ingest::{
    chat::{alarm, red_flag},
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
    /// Least probability that is an alarm, with --fit.
    #[arg(long, default_value_t = 0.7)]
    threshold: f32,
}

/// A message with the half of its row.
struct Row {
    half: String,
    message: String,
    urgent: bool,
    embedding: Vec<f32>,
}

/// Bias and weights.
const FEATURES: usize = 1 + workers::encoder::DIMENSIONS;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let rows = rows()?;
    if arguments.fit {
        return fit(&rows, arguments.threshold);
    }
    println!("half      messages            rules   meaning      both");
    for half in ["tune", "report", "held"] {
        for urgent in [true, false] {
            let these: Vec<&Row> = rows
                .iter()
                .filter(|row| row.half == half && row.urgent == urgent)
                .collect();
            let share = |told: fn(&Row) -> bool| {
                let count = these.iter().filter(|row| told(row)).count();
                count as f64 / these.len().max(1) as f64
            };
            println!(
                "{half:<8} {:>5} {:<9} {:>8.3}  {:>8.3}  {:>8.3}",
                these.len(),
                if urgent { "urgent" } else { "harmless" },
                share(by_rule),
                share(by_meaning),
                share(|row| by_rule(row) || by_meaning(row)),
            );
            if arguments.show.as_deref() == Some(half) {
                for row in these {
                    if (by_rule(row) || by_meaning(row)) != urgent {
                        println!(
                            "  {:.2} {}",
                            alarm::probability(&row.embedding),
                            row.message
                        );
                    }
                }
            }
        }
    }
    Ok(())
}

fn by_rule(row: &Row) -> bool {
    red_flag(&row.message).is_some()
}

fn by_meaning(row: &Row) -> bool {
    alarm::is_alarming(&row.embedding)
}

fn fit(rows: &[Row], threshold: f32) -> anyhow::Result<()> {
    let sample: Vec<([f32; FEATURES], bool)> = rows
        .iter()
        .filter(|row| row.half != "held")
        .map(|row| {
            let features = alarm::features(&row.embedding).try_into();
            (features.unwrap_or([0.0; FEATURES]), row.urgent)
        })
        .collect();
    let weights = logistic::fit(&sample);
    let lines: Vec<String> = std::iter::once(threshold)
        .chain(weights.0)
        .map(|number| format!("{number}\n"))
        .collect();
    let path = tables().join("../../src/chat/alarm.txt");
    fs::write(&path, lines.concat()).with_context(|| path.display().to_string())?;
    println!("{} rows fitted; build again", sample.len());
    Ok(())
}

fn tables() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ingest/tests/tables")
}

/// All rows of both tables: the first column is the half, the last the message.
fn rows() -> anyhow::Result<Vec<Row>> {
    let encoder = compose::encoder().context("the sentence encoder is missing: `medbot setup`")?;
    let mut out = Vec::new();
    for (file, urgent) in [("red_flags.tsv", true), ("harmless.tsv", false)] {
        let path = tables().join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for line in text.lines().skip(1) {
            let (Some(half), Some(message)) = (line.split('\t').next(), line.rsplit('\t').next())
            else {
                continue;
            };
            out.push(Row {
                half: half.into(),
                message: message.into(),
                urgent,
                embedding: encoder.encode(message)?,
            });
        }
    }
    Ok(out)
}
