//! `medbot extract`: entities of plain text.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
};

use anyhow::Context as _;
use extract::{Lexicon, Source};
use schemas::Entity;
use serde::{Deserialize, Serialize};

use crate::{cli::DONE, vocabularies};

#[derive(Deserialize)]
struct Asked {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Found<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<serde_json::Value>,
    text: &'a str,
    entities: Vec<Entity>,
}

#[derive(Serialize)]
struct Refused {
    id: serde_json::Value,
    error: String,
}

/// Reads `file`, or standard input, and writes JSON to standard output.
///
/// # Errors
/// When the input cannot be read or is not UTF-8, or the output is closed.
pub(crate) fn run(file: Option<&Path>, jsonl: bool) -> anyhow::Result<u8> {
    let input: Box<dyn Read> = match file {
        Some(path) if path != Path::new("-") => {
            Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
        _ => Box::new(io::stdin().lock()),
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    let lexicon = vocabularies::lexicon();
    if jsonl {
        for line in BufReader::new(input).split(b'\n') {
            let line = line.context("cannot read the input")?;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            answer(&line, &lexicon, &mut output)?;
            writeln!(output)?;
        }
    } else {
        let mut text = String::new();
        BufReader::new(input)
            .read_to_string(&mut text)
            .context("the input is not UTF-8 text")?;
        let entities = entities(&text, &lexicon);
        serde_json::to_writer_pretty(
            &mut output,
            &Found {
                id: None,
                text: &text,
                entities,
            },
        )?;
        writeln!(output)?;
    }
    output.flush()?;
    Ok(DONE)
}

fn answer(line: &[u8], lexicon: &Lexicon, output: &mut impl Write) -> anyhow::Result<()> {
    if let Ok(Asked { id, text }) = serde_json::from_slice(line) {
        let entities = entities(&text, lexicon);
        serde_json::to_writer(
            output,
            &Found {
                id: Some(id),
                text: &text,
                entities,
            },
        )?;
        return Ok(());
    }
    let id = serde_json::from_slice::<serde_json::Value>(line)
        .ok()
        .and_then(|mut value| value.get_mut("id").map(serde_json::Value::take))
        .unwrap_or_default();
    let error = "a line is a JSON object with `id` and a string `text`".to_owned();
    serde_json::to_writer(output, &Refused { id, error })?;
    Ok(())
}

fn entities(text: &str, lexicon: &Lexicon) -> Vec<Entity> {
    extract::extract(&Source { text, words: &[] }, lexicon).entities
}
