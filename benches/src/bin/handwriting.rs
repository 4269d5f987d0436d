//! `handwriting DIR`: real handwriting, one word or a few a picture, through medbot's own engines, vote
//! and lexicon.
//!
//! DIR holds pictures and `gold.json` (`{"pages": [{"file", "text"}]}`); `--names` adds a list of drug
//! names, one a line, to the lexicon. Prints how many answers are exact, as read and after the lexicon's
//! nearest name has replaced what is no known name, and how often an answer of some confidence is wrong.
//! Case and spaces are not compared. An answer is as sure as its least sure word. Intervals are Wilson's
//! (1927) at 95 %. Nothing is fitted here. Needs the models of `medbot setup`.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use benches::{
    child,
    gold::{self, Split},
};
use clap::Parser;
use extract::{
    Lexicon,
    coding::{self, Packer, Vocabulary},
};
use ingest::{
    compose::{self, Choice},
    vocabularies,
};
use schemas::{Document, Engine};
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(
    about = "Prints exact matches and wrong answers by confidence on pictures of handwriting"
)]
struct Arguments {
    /// A folder with pictures and gold.json.
    dir: PathBuf,
    /// Drug names, one a line.
    #[arg(long)]
    names: Option<PathBuf>,
    /// Only half of the set.
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// Engines, separated by commas; the default ones when none is named.
    #[arg(long, value_delimiter = ',')]
    engines: Vec<Engine>,
}

/// One picture's answer.
struct Answer {
    confidence: f32,
    read: bool,
    after_lexicon: bool,
}

/// Answers are counted from these confidences on.
const LEVELS: [f32; 6] = [0.0, 0.5, 0.7, 0.8, 0.9, 0.95];
/// Of the standard normal, for 95 %.
const Z: f64 = 1.96;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let gold = gold::read(&arguments.dir.join("gold.json"), arguments.split)?;
    let pipeline = compose::pipeline(&Choice {
        engines: &arguments.engines,
        languages: &[],
        mode: Mode::Full,
        jobs: 1,
        launch: Launch::of(child::binary()?),
    })?;
    let mut lexicon = vocabularies::lexicon();
    if let Some(names) = &arguments.names {
        let names = fs::read_to_string(names).context("the drug names")?;
        let mut packer = Packer::default();
        for name in names.lines() {
            packer.add(name, coding::RXNORM, "", name, 0);
        }
        lexicon = lexicon.with_rxnorm(Vocabulary::read(packer.pack()?)?);
    }
    let mut answers = Vec::new();
    for page in &gold {
        let bytes: Arc<[u8]> = fs::read(arguments.dir.join(&page.file))
            .context("a picture that gold names cannot be read")?
            .into();
        let document = pipeline
            .process("picture", &bytes, &mut |_, _| {})
            .map_err(|reject| anyhow::anyhow!("a picture was refused: {reject}"))?;
        answers.push(answer(&document, &page.text, &lexicon));
    }
    print(&answers);
    Ok(())
}

fn answer(document: &Document, gold: &str, lexicon: &Lexicon) -> Answer {
    let words: Vec<_> = document
        .pages
        .iter()
        .flat_map(|page| &page.lines)
        .flat_map(|line| &line.words)
        .collect();
    let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = text.join(" ");
    let near = if lexicon.is_any_drug(&text) {
        None
    } else {
        lexicon.near_drugs(&text).into_iter().next()
    };
    let after = near.map_or(text.clone(), |(name, _)| name);
    Answer {
        confidence: words
            .iter()
            .map(|word| word.confidence.get())
            .reduce(f32::min)
            .unwrap_or(0.0),
        read: plain(&text) == plain(gold),
        after_lexicon: plain(&after) == plain(gold),
    }
}

/// Without case and spaces.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

fn print(answers: &[Answer]) {
    let all = answers.len();
    let row = |name: &str, right: usize| {
        let [low, high] = wilson(right, all);
        let share = right as f64 / all.max(1) as f64;
        println!("{name:<15} {right:>5} of {all:>5}  {share:.4}  [{low:.4}, {high:.4}]");
    };
    row("exact as read", answers.iter().filter(|a| a.read).count());
    let after = answers.iter().filter(|a| a.after_lexicon).count();
    row("after lexicon", after);
    println!(
        "\n{:>10} {:>8} {:>8} {:>6} {:>8}  95 % of the wrong share",
        "confidence", "answers", "coverage", "wrong", "share"
    );
    for level in LEVELS {
        let sure: Vec<&Answer> = answers.iter().filter(|a| a.confidence >= level).collect();
        let wrong = sure.iter().filter(|a| !a.read).count();
        let [low, high] = wilson(wrong, sure.len());
        println!(
            "{level:>10.2} {:>8} {:>8.4} {wrong:>6} {:>8.4}  [{low:.4}, {high:.4}]",
            sure.len(),
            sure.len() as f64 / all.max(1) as f64,
            wrong as f64 / sure.len().max(1) as f64,
        );
    }
}

/// Wilson's interval of a share; all of 0..=1 when nothing was seen.
fn wilson(count: usize, of: usize) -> [f64; 2] {
    if of == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (of as f64, count as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn an_interval_narrows_with_what_was_seen() {
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.2775),
            (5, 10, 0.2366, 0.7634),
            (0, 0, 0.0, 1.0),
        ] {
            let [a, b] = wilson(count, of);
            assert!(
                (a - low).abs() < 1e-3 && (b - high).abs() < 1e-3,
                "{count} of {of}: {a} {b}"
            );
        }
    }
}
