//! Pages in other languages, read as a user reads them: German, French, Spanish and Chinese, with and
//! without `--lang`. Needs the model files and Tesseract's data; `infra/test` sets them up.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use fusion::metrics::TextCounts;
use serde_json::Value;

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/languages")
}

/// What is printed, by file.
fn gold() -> BTreeMap<String, String> {
    let gold = fs::read(pages().join("gold.json")).unwrap();
    let gold: Value = serde_json::from_slice(&gold).unwrap();
    let field = |page: &Value, name: &str| page[name].as_str().unwrap().to_owned();
    let pages = gold["pages"].as_array().unwrap().iter();
    pages
        .map(|page| (field(page, "file"), field(page, "text")))
        .collect()
}

/// The text that medbot reads on a page.
fn read(file: &str, more: &[&str]) -> String {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(pages().join(file))
        .arg("--out")
        .arg(out.path())
        .args(more)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{file} {more:?}: {log}");
    let result = fs::read(out.path().join(format!("{file}.json"))).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    result["text"].as_str().unwrap().to_owned()
}

/// Its words with a letter beyond ASCII.
fn accented(text: &str) -> String {
    let beyond = |word: &&str| word.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    let words: Vec<&str> = text.split_whitespace().filter(beyond).collect();
    words.join(" ")
}

#[test]
fn pages_in_latin_script_are_read_with_their_accents() {
    let gold = gold();
    for (file, language) in [
        ("german.jpg", "deu"),
        ("french.jpg", "fr"),
        ("spanish.jpg", "spa"),
    ] {
        let printed = &gold[file];
        for more in [&[][..], &["--lang", language]] {
            let read = read(file, more);
            let words = TextCounts::of(printed, &read).tokens.f1();
            let accents = TextCounts::of(&accented(printed), &accented(&read));
            let accents = accents.tokens.f1();
            println!("{file} {more:?}: word F1 {words:.4}, of accented words {accents:.4}");
            assert!(words >= 0.95 && accents >= 0.95, "{file} {more:?}:\n{read}");
            let foreign = read.chars().find(|ch| schemas::is_east_asian(*ch));
            assert_eq!(foreign, None, "{file} {more:?}");
        }
    }
}

/// Chinese sets no spaces between words, so that characters are counted.
#[test]
fn a_chinese_page_is_recognised_as_such() {
    let printed = &gold()["chinese.jpg"];
    for more in [&[][..], &["--lang", "zh,en"]] {
        let read = read("chinese.jpg", more);
        let errors = fusion::metrics::cer(printed, &read);
        println!("chinese.jpg {more:?}: CER {errors:.4}");
        assert!(errors <= 0.05, "{more:?}:\n{read}");
    }
}
