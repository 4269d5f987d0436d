//! Reads `{"file","text"}` lines from standard input and writes `{"file","text","entities"}` lines:
//! what extraction makes of a text without any OCR.

use std::io::{BufRead, Write};

use extract::{Lexicon, Source, extract};

#[derive(serde::Deserialize)]
struct Input {
    file: String,
    text: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lexicon = Lexicon::builtin();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let input: Input = serde_json::from_str(&line?)?;
        let source = Source {
            text: &input.text,
            words: &[],
        };
        let read = extract(&source, &lexicon);
        let row = serde_json::json!({
            "file": input.file,
            "text": input.text,
            "kind": read.kind,
            "entities": read.entities,
        });
        writeln!(out, "{row}")?;
    }
    Ok(())
}
