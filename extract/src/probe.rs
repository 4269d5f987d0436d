//! What this library's own tests ask of a text.

use schemas::Entity;

use crate::{Lexicon, Source, extract};

pub(crate) fn entities(text: &str) -> Vec<Entity> {
    let source = Source { text, words: &[] };
    extract(&source, &Lexicon::builtin()).entities
}

/// The named attributes of each entity of a type, as the JSON of results names both; empty where the
/// text does not say.
pub(crate) fn told<const N: usize>(text: &str, of: &str, names: [&str; N]) -> Vec<[String; N]> {
    let json = |entity| serde_json::to_value(entity).expect("an entity is JSON");
    entities(text)
        .iter()
        .map(json)
        .filter(|entity| entity["type"] == of)
        .map(|entity| names.map(|name| entity[name].as_str().unwrap_or_default().to_owned()))
        .collect()
}
