//! What each engine alone made of a document, taken from the votes in its result. Limit: a word that
//! fusion dropped is not there; `--alone` runs each engine by itself instead.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use schemas::{Document, Engine};

/// Reads a document result.
///
/// # Errors
/// When the file is missing or no document result.
pub fn result(path: &Path) -> anyhow::Result<Document> {
    let text = fs::read_to_string(path).context("document result")?;
    serde_json::from_str(&text).context("document result")
}

/// The text of each engine that voted.
#[must_use]
pub fn by_engine(document: &Document) -> BTreeMap<Engine, String> {
    let mut texts: BTreeMap<Engine, String> = BTreeMap::new();
    let words = document
        .pages
        .iter()
        .flat_map(|page| &page.lines)
        .flat_map(|line| &line.words);
    for vote in words.flat_map(|word| &word.votes) {
        texts.entry(vote.engine).or_default();
    }
    for (engine, text) in &mut texts {
        for line in document.pages.iter().flat_map(|page| &page.lines) {
            for vote in line.words.iter().flat_map(|word| &word.votes) {
                if vote.engine == *engine && !vote.text.is_empty() {
                    text.push_str(&vote.text);
                    text.push(' ');
                }
            }
            text.push('\n');
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::by_engine;
    use schemas::{Document, Engine};
    use serde_json::json;

    #[test]
    fn votes_become_one_text_an_engine() {
        let word = |id: &str, votes: &[(&str, &str)]| {
            let votes: Vec<_> = votes
                .iter()
                .map(|(engine, text)| json!({"engine": engine, "text": text, "confidence": 0.9}))
                .collect();
            json!({"id": id, "text": "x", "bbox": [0, 0, 9, 9], "quad": [[0, 0], [9, 0], [9, 9], [0, 9]],
                   "confidence": 0.9, "span": [0, 1], "votes": votes})
        };
        let document: Document = serde_json::from_value(json!({
            "schema": "medbot.document/1",
            "document": {"id": "d", "file": "a.png", "sha256": "", "media_type": "image/png", "bytes": 1,
                         "page_count": 1, "kind": "other", "kind_confidence": 0.5},
            "text": "x x", "entities": [], "engines": [],
            "timings_ms": {"decode": 0.0, "prepare": 0.0, "detect": 0.0, "ocr": {}, "fuse": 0.0, "extract": 0.0, "total": 0.0},
            "pages": [{"index": 0, "status": "ok", "width": 9, "height": 9, "dpi": null, "orientation": 0,
                       "skew_degrees": 0.0, "unread_ink": 0.0, "readers": [], "tables": [], "checkboxes": [],
                       "lines": [{"text": "x x", "bbox": [0, 0, 9, 9], "words": [
                           word("p0w0", &[("paddle", "5"), ("tesseract", "S")]),
                           word("p0w1", &[("paddle", "mg"), ("tesseract", "")]),
                       ]}]}],
        }))
        .unwrap();
        let texts = by_engine(&document);
        assert_eq!(
            texts[&Engine::Paddle]
                .split_whitespace()
                .collect::<Vec<_>>(),
            ["5", "mg"]
        );
        assert_eq!(texts[&Engine::Tesseract].trim(), "S");
    }
}
