//! From the token ids of a byte-level BPE vocabulary back to text.
//!
//! Only ids to bytes are needed, and `tokenizer.json` has them: each character of a token stands for one
//! byte (Radford et al. 2019, "Language models are unsupervised multitask learners"). Limit: other kinds
//! of vocabulary, such as `SentencePiece` ones, are refused.

use std::collections::HashMap;

use serde::Deserialize;

/// What ids mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vocabulary {
    /// Bytes of each id; None for a special token, which is no text.
    tokens: Vec<Option<Vec<u8>>>,
    /// Ids of the special tokens by name.
    special: HashMap<String, usize>,
}

#[derive(Deserialize)]
struct Tokenizer {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: serde_json::Value,
}

#[derive(Deserialize)]
struct Added {
    id: usize,
    content: String,
    #[serde(default)]
    special: bool,
}

/// Ids beyond this are no vocabulary of text.
const MOST: usize = 1 << 20;

impl Vocabulary {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// In words, when it is no byte-level BPE vocabulary.
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        let file: Tokenizer = serde_json::from_str(json)
            .map_err(|error| format!("it is no tokenizer.json: {error}"))?;
        if file.model.kind.as_deref().is_some_and(|kind| kind != "BPE") {
            return Err("its model is not BPE".into());
        }
        let vocab: HashMap<String, usize> = serde_json::from_value(file.model.vocab)
            .map_err(|_| "its vocabulary does not map tokens to ids")?;
        let most = vocab
            .values()
            .chain(file.added_tokens.iter().map(|t| &t.id))
            .max();
        let size = most.map_or(0, |most| most + 1);
        if size == 0 || size > MOST {
            return Err("its vocabulary is empty or too large".into());
        }
        let bytes = bytes_of_characters();
        let mut tokens = vec![None; size];
        let special: HashMap<String, usize> = file
            .added_tokens
            .into_iter()
            .filter(|token| token.special)
            .map(|token| (token.content, token.id))
            .collect();
        for (token, id) in vocab {
            if special.contains_key(&token) {
                continue;
            }
            let spelled: Option<Vec<u8>> = token.chars().map(|c| bytes.get(&c).copied()).collect();
            tokens[id] = Some(spelled.ok_or("its tokens are not spelled in bytes")?);
        }
        Ok(Self { tokens, special })
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The id of a special token.
    pub(super) fn special(&self, name: &str) -> Option<usize> {
        self.special.get(name).copied()
    }

    /// The text of some ids, each character with a value of the id that began it. Bytes that are no
    /// UTF-8 are dropped.
    pub(super) fn text(&self, ids: &[(usize, f32)]) -> Vec<(char, f32)> {
        let bytes: Vec<(u8, f32)> = ids
            .iter()
            .filter_map(|(id, value)| Some((self.tokens.get(*id)?.as_ref()?, *value)))
            .flat_map(|(bytes, value)| bytes.iter().map(move |byte| (*byte, value)))
            .collect();
        let raw: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
        let mut at = 0;
        let mut text = Vec::new();
        for chunk in raw.utf8_chunks() {
            for (offset, ch) in chunk.valid().char_indices() {
                text.push((ch, bytes[at + offset].1));
            }
            at += chunk.valid().len() + chunk.invalid().len();
        }
        text
    }
}

/// Printable bytes stand for themselves, the others for the characters from 256 on.
fn bytes_of_characters() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 256_u32;
    (0..=u8::MAX)
        .filter_map(|byte| {
            let code = if printable(byte) {
                u32::from(byte)
            } else {
                next += 1;
                next - 1
            };
            Some((char::from_u32(code)?, byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    #[test]
    fn ids_become_text_and_special_ones_do_not() {
        let json = r#"{"model": {"type": "BPE", "vocab": {"</s>": 0, "5": 1, "ĠÂµ": 2, "g": 3, "Ã": 4}},
                       "added_tokens": [{"id": 0, "content": "</s>", "special": true}]}"#;
        let vocabulary = Vocabulary::parse(json).unwrap();
        assert_eq!(vocabulary.special("</s>"), Some(0));
        let ids = [(1, 0.9), (2, 0.5), (4, 0.1), (3, 0.8), (0, 1.0), (77, 1.0)];
        assert_eq!(
            vocabulary.text(&ids),
            [('5', 0.9), (' ', 0.5), ('µ', 0.5), ('g', 0.8)]
        );
    }

    #[test]
    fn other_vocabularies_are_refused() {
        for (name, json) in [
            ("no json", "x"),
            (
                "pieces with scores",
                r#"{"model": {"type": "Unigram", "vocab": [["a", -1.0]]}}"#,
            ),
            ("not bytes", r#"{"model": {"vocab": {"▁a": 0}}}"#),
            ("empty", r#"{"model": {"vocab": {}}}"#),
            ("a huge id", r#"{"model": {"vocab": {"a": 99999999999}}}"#),
        ] {
            assert!(Vocabulary::parse(json).is_err(), "{name}");
        }
    }
}
