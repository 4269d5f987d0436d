//! Where a resource comes from: the document, its pages, and the words with their box.

use std::collections::BTreeMap;

use schemas::{BBox, Entity, Word};
use serde_json::{Value, json};

use super::{Context, coded, resource::Resource};

/// The extension that names a place on a page.
const EVIDENCE: &str = "urn:medbot:fhir:evidence";

/// None for what no entity says.
pub(super) fn of<'a>(context: &Context, resource: &Resource<'a>) -> Option<Resource<'a>> {
    if resource.entities.is_empty() {
        return None;
    }
    let mut agents = vec![agent(
        "assembler",
        concat!("medbot ", env!("CARGO_PKG_VERSION")),
    )];
    if resource.entities.iter().all(|e| context.is_accepted(e)) {
        agents.push(agent("verifier", "a reviewer"));
    }
    let places: Vec<Value> = resource
        .entities
        .iter()
        .flat_map(|entity| places(context, entity))
        .collect();
    let mut source = json!({"role": "source", "what": context.source()});
    if !places.is_empty() {
        source["extension"] = json!(places);
    }
    let body = json!({
        "target": [{"reference": resource.reference()}],
        "recorded": context.export.recorded,
        "agent": agents,
        "entity": [source],
    });
    let of = format!("provenance of {}", resource.id);
    Some(Resource::unmarked(context, "Provenance", &of, body))
}

fn agent(part: &str, name: &str) -> Value {
    json!({"type": coded("provenance-participant-type", part), "who": {"display": name}})
}

/// A page each: its number from 0, the ids of the words, and the box around them in pixels of its raster.
/// Plain text has its span alone.
fn places(context: &Context, entity: &Entity) -> Vec<Value> {
    let words = context.export.document.pages.iter().flat_map(|page| {
        let words = page.lines.iter().flat_map(|line| &line.words);
        words.map(move |word| (page.index, word))
    });
    let mut pages: BTreeMap<usize, Vec<&Word>> = BTreeMap::new();
    for (page, word) in words.filter(|(_, word)| entity.words.contains(&word.id)) {
        pages.entry(page).or_default().push(word);
    }
    let text = json!({"url": "text", "valueString": entity.text});
    if pages.is_empty() {
        let [start, end] = entity.span;
        let span = json!({"url": "span", "valueString": format!("{start},{end}")});
        return vec![json!({"url": EVIDENCE, "extension": [text, span]})];
    }
    pages
        .into_iter()
        .map(|(page, words)| {
            let ids: Vec<&str> = words.iter().map(|word| word.id.as_str()).collect();
            let bbox = words
                .iter()
                .map(|word| word.bbox)
                .reduce(|all, bbox| all.union(&bbox));
            let bbox = bbox.map_or(String::new(), written);
            json!({"url": EVIDENCE, "extension": [
                text,
                {"url": "page", "valueUnsignedInt": page},
                {"url": "words", "valueString": ids.join(" ")},
                {"url": "bbox", "valueString": bbox},
            ]})
        })
        .collect()
}

fn written(bbox: BBox) -> String {
    let [x0, y0, x1, y1]: [f32; 4] = bbox.into();
    format!("{x0},{y0},{x1},{y1}")
}
