//! The chat's table of questions, and whether an answer is right, cited or a refusal.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

/// Halves that nothing may be tuned or fitted on.
pub const ASIDE: [&str; 8] = [
    "fresh", "shut", "late", "kept", "sealed", "quiet", "still", "veiled",
];
/// Halves that are for tuning and fitting.
pub const TUNED: [&str; 12] = [
    "tune", "report", "fit", "varied", "trial", "daily", "ward", "held", "blind", "checked",
    "open", "plain",
];
/// Stands between a question and the one that it goes on.
const GOES_ON: &str = " >> ";

/// A question of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// One of [`TUNED`] or [`ASIDE`].
    pub half: String,
    /// A fixture, `all` or `cards`.
    pub scope: String,
    /// What was asked before it, the oldest first.
    pub before: Vec<String>,
    /// What is asked.
    pub question: String,
    /// What has to stand in a right answer; `~` separates ways to say it.
    pub facts: Vec<String>,
    /// A piece of the line that proves it, or the id of the card.
    pub citation: String,
    /// Is there an answer?
    pub answerable: bool,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Every fact stands in it.
    pub right: bool,
    /// It cites what proves it.
    pub proven: bool,
    /// It says that nothing supports an answer.
    pub refused: bool,
    /// Every sentence that states something is cited, or nothing is stated.
    pub cited_or_refused: bool,
}

/// The rows of the table.
///
/// # Errors
/// When it cannot be read.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let path = root().join("ingest/tests/tables/questions.tsv");
    let text = fs::read_to_string(&path).context("the table of questions")?;
    text.lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let mut next = || columns.next().context("a column is missing");
            let (id, half, scope, asked) = (next()?, next()?, next()?, next()?);
            let mut before: Vec<String> = asked.split(GOES_ON).map(str::to_owned).collect();
            let question = before.pop().context("a question")?;
            Ok(Row {
                id,
                half,
                scope,
                before,
                question,
                facts: next()?
                    .split('|')
                    .filter(|fact| !fact.is_empty())
                    .map(str::to_owned)
                    .collect(),
                citation: next()?,
                answerable: next()? == "yes",
            })
        })
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where the fixtures lie.
#[must_use]
pub fn fixtures() -> PathBuf {
    root().join("fixtures/documents")
}

impl Verdict {
    /// Of an answer as the service gives it.
    #[must_use]
    pub fn of(row: &Row, answer: &Value) -> Self {
        let sentences: Vec<&Value> = answer["sentences"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        let text: Vec<&str> = sentences
            .iter()
            .filter_map(|s| s["text"].as_str())
            .collect();
        let text = text.join("\n");
        let citations: Vec<&Value> = sentences
            .iter()
            .flat_map(|s| s["citations"].as_array().into_iter().flatten())
            .collect();
        let refused = answer["outcome"] == "not_found";
        let stated = sentences
            .iter()
            .filter(|s| s["citations"].as_array().is_none_or(Vec::is_empty));
        let proven = citations.iter().any(|citation| {
            citation["id"] == row.citation.as_str()
                || citation["quote"]
                    .as_str()
                    .is_some_and(|quote| stands(quote, &row.citation))
        });
        Self {
            right: says_all(&text, row),
            proven,
            refused,
            cited_or_refused: answer["outcome"] != "answered" || stated.count() == 0,
        }
    }
}

/// Does a text say every fact of the answer?
#[must_use]
pub fn says_all(text: &str, row: &Row) -> bool {
    let mut facts = row.facts.iter();
    facts.all(|fact| fact.split('~').any(|way| says(text, way)))
}

/// Does the text say it? A single letter is a word of its own.
fn says(text: &str, fact: &str) -> bool {
    if fact.chars().count() == 1 {
        return text
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == fact);
    }
    plain(text).contains(&plain(fact))
}

/// Does the quotation hold the printed line but for a few misread characters?
#[must_use]
pub fn stands(quote: &str, line: &str) -> bool {
    // Spaces within codes and between numbers and units are read or not.
    let (quote, line) = (plain(quote).replace(' ', ""), plain(line).replace(' ', ""));
    if quote.contains(&line) {
        return true;
    }
    let (quote, line): (Vec<char>, Vec<char>) = (quote.chars().collect(), line.chars().collect());
    if line.len() < 8 || quote.len() < line.len() {
        return false;
    }
    quote.windows(line.len()).any(|window| {
        fusion::metrics::cer(
            &line.iter().collect::<String>(),
            &window.iter().collect::<String>(),
        ) <= 0.1
    })
}

/// Letters and digits in lower case, with single spaces between.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ',' | '/' | '-' | '+' | '%')))
        .map(|word| word.trim_matches(['.', ',']))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}
