//! Knowledge as cards: those that medbot ships, and a clinic's own Markdown, HTML and PDF files.

use std::{collections::HashMap, fs, path::Path, sync::LazyLock};

use anyhow::{Context as _, bail};
use infra::db::{Card, Db};
use rust_embed::RustEmbed;
use schemas::TenantId;
use sha2::{Digest as _, Sha256};
use workers::{decode::Decoder, encoder::Encoder};

use super::known;

#[derive(RustEmbed)]
#[folder = "knowledge"]
struct Shipped;

/// The paths of the shipped cards; what lies beside their folders is about them.
fn shipped() -> impl Iterator<Item = std::borrow::Cow<'static, str>> {
    Shipped::iter().filter(|path| path.contains('/') && path.ends_with(".md"))
}

/// Longest passage in words.
const WORDS: usize = 160;
/// Largest file of a clinic's own.
const LARGEST: u64 = 20 << 20;

/// What stands before the text.
#[derive(Default)]
struct Front {
    id: String,
    title: String,
    topic: String,
    source: String,
    terms: String,
    reviewed: bool,
}

/// The text of a shipped card.
fn text_of_shipped(path: &str) -> anyhow::Result<String> {
    let file = Shipped::get(path).context("a card is gone")?;
    String::from_utf8(file.data.into_owned()).context("a card is no text")
}

/// What is encoded of the shipped cards.
pub(crate) fn shipped_texts() -> impl Iterator<Item = String> {
    let cards = shipped().filter_map(|path| text_of_shipped(&path).ok());
    cards.flat_map(|text| {
        let (front, body) = split(&text);
        let texts = passages_of(body).into_iter();
        texts.map(|text| encoded(&front, &text)).collect::<Vec<_>>()
    })
}

/// The titles of the shipped cards.
pub(super) fn shipped_titles() -> impl Iterator<Item = &'static str> {
    static TITLES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let cards = shipped().filter_map(|path| text_of_shipped(&path).ok());
        cards.map(|text| split(&text).0.title).collect()
    });
    TITLES.iter().map(String::as_str)
}

/// Drugs, tests and other words that a shipped card names as its terms; empty for another one.
pub(super) fn shipped_terms(id: &str) -> &'static str {
    static TERMS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let cards = shipped().filter_map(|path| text_of_shipped(&path).ok());
        cards
            .map(|text| {
                let (front, _) = split(&text);
                (front.id, front.terms)
            })
            .collect()
    });
    TERMS.get(id).map_or("", String::as_str)
}

/// Loads the shipped cards into the database, where they are not there yet or were others. Their embeddings
/// ship too, so that no model is opened.
///
/// # Errors
/// When the database does not answer.
pub async fn ship(db: &Db) -> anyhow::Result<()> {
    let there = db.cards(TenantId::SHIPPED).await?;
    let (mut new, mut names) = (Vec::new(), Vec::new());
    for path in shipped() {
        let text = text_of_shipped(&path)?;
        let digest = digest(&[known::model(), text.as_bytes()]);
        let (front, body) = split(&text);
        if front.id.is_empty() {
            bail!("the card {path} has no id");
        }
        names.push(front.id.clone());
        if there.get(&front.id).is_none_or(|known| *known != digest) {
            new.push(card(&front, body, digest, None)?);
        }
    }
    let gone: Vec<String> = there.into_keys().filter(|id| !names.contains(id)).collect();
    if !new.is_empty() || !gone.is_empty() {
        db.keep_cards(TenantId::SHIPPED, &new, &gone).await?;
    }
    Ok(())
}

/// Loads a folder of a clinic's own files; those of the same names are replaced. Gives the number of files
/// and the names of those that say nothing that can be read.
///
/// # Errors
/// When the folder cannot be read or the database does not answer.
pub async fn add(
    db: &Db,
    tenant: TenantId,
    folder: &Path,
    encoder: Option<&Encoder>,
    decoder: &Decoder,
) -> anyhow::Result<(usize, Vec<String>)> {
    let (mut cards, mut unread) = (Vec::new(), Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("the folder {} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry.context("a folder cannot be read")?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let Some(text) = text_of(&path, decoder)? else {
                continue;
            };
            let (mut front, body) = split(&text);
            if body.trim().is_empty() {
                unread.push(name);
                continue;
            }
            if front.id.is_empty() {
                front.id.clone_from(&name);
            }
            if front.title.is_empty() {
                front.title = title(body).unwrap_or(&name).to_owned();
            }
            if front.source.is_empty() {
                front.source.clone_from(&name);
            }
            cards.push(card(
                &front,
                body,
                // With an encoder a file is another than without.
                digest(&[&[u8::from(encoder.is_some())], text.as_bytes()]),
                encoder,
            )?);
        }
    }
    db.keep_cards(tenant, &cards, &[]).await?;
    Ok((cards.len(), unread))
}

/// The text of a file by its ending; none for files of other kinds.
fn text_of(path: &Path, decoder: &Decoder) -> anyhow::Result<Option<String>> {
    let shown = path.display();
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
        .to_lowercase();
    if !matches!(ending.as_str(), "md" | "markdown" | "html" | "htm" | "pdf") {
        return Ok(None);
    }
    let size = fs::metadata(path)
        .with_context(|| format!("{shown} cannot be read"))?
        .len();
    if size > LARGEST {
        bail!("{shown} is larger than {} MB", LARGEST >> 20);
    }
    let bytes = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let text = match ending.as_str() {
        "pdf" => pdf(bytes, decoder).with_context(|| format!("{shown} cannot be read"))?,
        "html" | "htm" => html2text::config::plain_no_decorate()
            .string_from_read(bytes.as_slice(), usize::from(u16::MAX))
            .with_context(|| format!("{shown} is no HTML"))?,
        _ => String::from_utf8(bytes).with_context(|| format!("{shown} is not UTF-8"))?,
    };
    Ok(Some(text))
}

/// The visible text layer of a PDF, a paragraph a page.
fn pdf(bytes: Vec<u8>, decoder: &Decoder) -> anyhow::Result<String> {
    let mut file = decoder.open(bytes, Some("guideline.pdf"))?;
    let mut pages = Vec::new();
    for n in 0..file.page_count() {
        let page = file.page(n)?;
        let words: Vec<&str> = page
            .text_layer
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        pages.push(words.join(" "));
    }
    Ok(pages.join("\n\n"))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let all = parts
        .iter()
        .fold(Sha256::new(), |all, part| all.chain_update(part));
    all.finalize().into()
}

/// What of a passage is encoded: it under its title, with the terms that its card names.
fn encoded(front: &Front, text: &str) -> String {
    format!("{}. {} {text}", front.title, front.terms)
}

fn card(
    front: &Front,
    body: &str,
    digest: [u8; 32],
    encoder: Option<&Encoder>,
) -> anyhow::Result<Card> {
    let mut passages = Vec::new();
    for text in passages_of(body) {
        let seen = encoded(front, &text);
        let embedding = match known::embedding(&seen) {
            None => encoder.map(|encoder| encoder.encode(&seen)).transpose()?,
            known => known,
        };
        passages.push((text, embedding));
    }
    let topic = format!("{} {}", front.topic, front.terms);
    Ok(Card {
        id: front.id.clone(),
        title: front.title.clone(),
        topic: topic.trim().to_owned(),
        source: front.source.clone(),
        clinically_reviewed: front.reviewed,
        digest,
        passages,
    })
}

/// Paragraphs, put together up to the longest passage; longer ones are cut at words.
fn passages_of(body: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut count = 0;
    for paragraph in body.split("\n\n").map(str::trim).filter(|p| !p.is_empty()) {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        for part in words.chunks(WORDS) {
            let text = part.join(" ").trim_start_matches(['#', ' ']).to_owned();
            match out.last_mut() {
                Some(last) if count + part.len() <= WORDS => {
                    *last += "\n\n";
                    *last += &text;
                    count += part.len();
                }
                _ => {
                    out.push(text);
                    count = part.len();
                }
            }
        }
    }
    out
}

fn title(body: &str) -> Option<&str> {
    body.lines()
        .map(|line| line.trim_start_matches('#').trim())
        .find(|line| !line.is_empty())
}

/// Front matter and text; a file without front matter is all text. Lists are read as words.
fn split(text: &str) -> (Front, &str) {
    let mut front = Front::default();
    let Some((head, body)) = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
    else {
        return (front, text);
    };
    let (mut section, mut date) = (String::new(), String::new());
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim().trim_matches(['"', '[', ']']).to_owned();
        match name.trim() {
            "id" => front.id = value,
            "title" => front.title = value,
            "topic" => front.topic = value,
            "source_title" => front.source = value,
            "source_section" => section = value,
            "source_date" => date = value,
            "clinically_reviewed" => front.reviewed = value == "true",
            "drugs" | "labs" | "terms" => front.terms += &format!(" {value}"),
            _ => {}
        }
    }
    front.terms = front.terms.trim().to_owned();
    for part in [section, date] {
        if !part.is_empty() {
            front.source += &format!("; {part}");
        }
    }
    (front, body)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Shipped, passages_of, shipped, split};

    #[test]
    fn every_shipped_card_names_itself_and_its_source() {
        let mut ids = HashSet::new();
        for path in shipped() {
            let file = Shipped::get(&path).unwrap();
            let (front, body) = split(std::str::from_utf8(&file.data).unwrap());
            for (field, value) in [
                ("id", &front.id),
                ("title", &front.title),
                ("topic", &front.topic),
                ("source", &front.source),
            ] {
                assert!(!value.is_empty(), "{path}: {field}");
            }
            assert!(!passages_of(body).is_empty(), "{path} says nothing");
            assert!(
                ids.insert(front.id.clone()),
                "{path}: {} is there twice",
                front.id
            );
        }
        assert!(ids.len() > 20, "the cards are in the program");
    }

    #[test]
    fn a_file_without_front_matter_is_text() {
        let (front, body) = split("# Falls\n\nAsk about falls.");
        assert!(front.id.is_empty() && body.starts_with("# Falls"));
        assert_eq!(passages_of(body), ["Falls\n\nAsk about falls."]);
    }
}
