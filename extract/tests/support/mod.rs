//! What must be read out of a text, written as JSON without the fields that hold for any type.

use extract::{Lexicon, Source, extract};
use schemas::Entity;

pub fn read(text: &str) -> Vec<Entity> {
    let source = Source { text, words: &[] };
    extract(&source, &Lexicon::builtin()).entities
}

/// An entity as JSON without the fields that hold for any type.
pub fn has(entities: &[Entity], wanted: &str) -> bool {
    let wanted: serde_json::Value = serde_json::from_str(wanted).expect("the case is JSON");
    entities.iter().any(|entity| {
        let entity = serde_json::to_value(entity).expect("an entity is JSON");
        wanted.as_object().is_some_and(|fields| {
            fields
                .iter()
                .all(|(name, value)| entity.get(name) == Some(value))
        })
    })
}

pub fn check(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let entities = read(text);
    for case in wanted {
        assert!(has(&entities, case), "missing {case}\nin {entities:#?}");
    }
    for case in unwanted {
        assert!(!has(&entities, case), "unwanted {case}\nin {entities:#?}");
    }
}
