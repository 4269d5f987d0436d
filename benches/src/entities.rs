//! Entity scoring: predicted facts are matched to gold one to one, greedily by how well they fit.
//! *Relaxed* asks for the right thing (name, day, value), *exact* also for the attributes that a
//! clinic acts on. The headline is the micro F1 over the six types below.

use std::collections::{BTreeMap, HashSet};

use fusion::metrics::{Matches, normal};
use schemas::Entity;
use serde_json::Value;

use crate::{
    forms::{self, compact, days, drug, holds_words, number, person, roles_agree, similarity},
    gold::Fields,
};

/// Types that the headline counts.
pub const HEADLINE: [&str; 6] = [
    "MEDICATION",
    "LAB",
    "DATE",
    "PERSON",
    "DIAGNOSIS",
    "ALLERGY",
];

/// Counts of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With the attributes.
    pub exact: Matches,
    /// The right thing.
    pub relaxed: Matches,
}

/// Counts by type, added over documents.
pub type Tally = BTreeMap<String, Counts>;

/// Adds the counts of one document.
pub fn add(tally: &mut Tally, gold: &[Fields], predicted: &[Fields]) {
    let (gold, predicted) = (by_type(gold), by_type(predicted));
    let types: HashSet<&String> = gold.keys().chain(predicted.keys()).collect();
    for kind in types {
        let none = Vec::new();
        let (g, p) = (
            gold.get(kind).unwrap_or(&none),
            predicted.get(kind).unwrap_or(&none),
        );
        let counts = tally.entry(kind.clone()).or_default();
        let of = |both| Matches {
            both,
            predicted: p.len(),
            gold: g.len(),
        };
        counts.exact += of(pairs(kind, g, p, exact));
        counts.relaxed += of(pairs(kind, g, p, relaxed));
    }
}

/// Micro average over the headline types that gold has.
#[must_use]
pub fn headline(tally: &Tally) -> Counts {
    let mut all = Counts::default();
    for kind in HEADLINE {
        if let Some(counts) = tally.get(kind).filter(|counts| counts.exact.gold > 0) {
            all.exact += counts.exact;
            all.relaxed += counts.relaxed;
        }
    }
    all
}

/// An attribute as text; also under `attributes`; empty when absent.
#[must_use]
pub fn field(entity: &Fields, name: &str) -> String {
    let nested = || entity.get("attributes").and_then(|inner| inner.get(name));
    let value = entity
        .get(name)
        .filter(|value| !value.is_null())
        .or_else(nested);
    value.map_or_else(String::new, plain)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "True" } else { "False" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(inner) => {
            let first = ["text", "value"].iter().find_map(|name| inner.get(*name));
            first.map_or_else(String::new, plain)
        }
    }
}

/// The attribute that names an entity of a type.
fn key(kind: &str, entity: &Fields) -> String {
    let names: &[&str] = match kind {
        "MEDICATION" => &["name", "drug", "medication", "text", "value"],
        "LAB" | "VITAL" => &["name", "test", "test_name", "text"],
        "DATE" => &["iso", "date", "value", "text", "normalized"],
        "PERSON" | "ORG" => &["name", "text", "value"],
        "DIAGNOSIS" => &["text", "name", "diagnosis", "value", "description"],
        "ALLERGY" => &["substance", "allergen", "name", "text", "value"],
        "ID" => &["value", "text", "id"],
        "PROCEDURE" => &["code", "value", "text"],
        "AMOUNT" => &["value", "text", "amount"],
        _ => &["text", "name", "value"],
    };
    let values = names.iter().filter_map(|name| entity.get(*name)).map(plain);
    values
        .into_iter()
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

fn attributes(kind: &str) -> &'static [&'static str] {
    match kind {
        "MEDICATION" => &[
            "strength",
            "form",
            "dose",
            "route",
            "frequency",
            "duration",
            "quantity",
            "refills",
        ],
        "LAB" => &["value", "unit", "range", "flag"],
        "VITAL" => &["value", "unit"],
        "DATE" | "PERSON" | "ID" => &["role"],
        "DIAGNOSIS" => &["code"],
        "ALLERGY" => &["reaction"],
        _ => &[],
    }
}

fn agree(name: &str, gold: &Fields, predicted: &Fields) -> bool {
    let (a, b) = (field(gold, name), field(predicted, name));
    let by = |form: fn(&str) -> String| form(&a) == form(&b);
    match name {
        "frequency" => by(forms::frequency) || normal_frequency_agrees(gold, predicted, &b),
        "route" => by(forms::route),
        "flag" => by(forms::flag),
        "unit" => by(forms::unit),
        "value" | "quantity" | "refills" => by(number),
        "dose" => by(forms::dose),
        "form" => normal(&a).trim_end_matches('s') == normal(&b).trim_end_matches('s'),
        _ => by(compact),
    }
}

fn normal_frequency_agrees(gold: &Fields, predicted: &Fields, printed: &str) -> bool {
    let wanted = field(gold, "frequency_norm");
    if wanted.is_empty() {
        return false;
    }
    let wanted = forms::frequency(&wanted);
    let given = ["frequency_norm", "normalized_frequency"].map(|name| field(predicted, name));
    given
        .iter()
        .map(String::as_str)
        .chain([printed])
        .any(|text| forms::frequency(text) == wanted)
}

/// Similarity of names when it reaches a threshold, else 0.
fn fuzzy(a: &str, b: &str, threshold: f64) -> f64 {
    let (a, b) = (drug(a), drug(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let mut score = similarity(&a, &b);
    if a.len() >= 4 && b.len() >= 4 && (holds_words(&b, &a) || holds_words(&a, &b)) {
        score = score.max(90.0);
    }
    if score >= threshold { score } else { 0.0 }
}

/// Is a prediction of this type exactly this fact?
#[must_use]
pub fn is_exact(kind: &str, gold: &Fields, predicted: &Fields) -> bool {
    exact(kind, gold, predicted) > 0.0
}

/// Which dangerous attributes of a prediction the gold has so, told by the fact that it fits best; all are
/// wrong when none does.
#[must_use]
pub fn dangerous_fields(
    kind: &str,
    gold: &[Fields],
    predicted: &Fields,
) -> Vec<(&'static str, bool)> {
    let fits = |fact: &&Fields| relaxed(kind, fact, predicted) > 0.0;
    let said = |name: &&&str| !field(predicted, name).is_empty();
    let dangerous: &[&str] = match kind {
        "MEDICATION" => &["strength", "dose", "route", "frequency"],
        "LAB" => &["value", "unit", "flag"],
        _ => &[],
    };
    let agreed = |fact: &Fields| {
        let fields = dangerous.iter().filter(said);
        fields
            .map(|name| {
                (
                    *name,
                    !field(fact, name).is_empty() && agree(name, fact, predicted),
                )
            })
            .collect::<Vec<_>>()
    };
    gold.iter()
        .filter(|fact| field(fact, "type") == kind)
        .filter(fits)
        .map(agreed)
        .max_by_key(|fields| fields.iter().filter(|(_, right)| *right).count())
        .unwrap_or_else(|| {
            dangerous
                .iter()
                .filter(said)
                .map(|name| (*name, false))
                .collect()
        })
}

/// Does the gold have this thing, whatever its attributes?
#[must_use]
pub fn is_known(kind: &str, gold: &[Fields], predicted: &Fields) -> bool {
    gold.iter()
        .filter(|fact| field(fact, "type") == kind)
        .any(|fact| relaxed(kind, fact, predicted) > 0.0)
}

/// An entity's type as the gold writes it, and what it says.
#[must_use]
pub fn said(entity: &Entity) -> Option<(String, Fields)> {
    let Ok(Value::Object(mut said)) = serde_json::to_value(entity) else {
        return None;
    };
    let kind = said.get("type")?.as_str()?.to_uppercase();
    said.insert("type".into(), Value::String(kind.clone()));
    Some((kind, said))
}

/// How well a prediction fits, 0..=100; 0 is not at all.
fn relaxed(kind: &str, gold: &Fields, predicted: &Fields) -> f64 {
    let (a, b) = (key(kind, gold), key(kind, predicted));
    let all = |yes: bool| if yes { 100.0 } else { 0.0 };
    match kind {
        "LAB" | "VITAL" => {
            let day = |e: &Fields| field(e, "date").chars().take(10).collect::<String>();
            let (d, e) = (day(gold), day(predicted));
            let same_day = d.is_empty() || e.is_empty() || d == e;
            if agree("value", gold, predicted) && same_day {
                fuzzy(&a, &b, 80.0)
            } else {
                0.0
            }
        }
        "DATE" => all(!days(gold).is_disjoint(&days(predicted))),
        "PERSON" => {
            let score = similarity(&person(&a), &person(&b));
            if score >= 85.0 { score } else { 0.0 }
        }
        "DIAGNOSIS" => {
            let (c, d) = (
                normal(&field(gold, "code")),
                normal(&field(predicted, "code")),
            );
            if !c.is_empty() && c == d {
                100.0
            } else {
                fuzzy(&a, &b, 80.0)
            }
        }
        "ID" | "PROCEDURE" => all(!a.is_empty() && compact(&a) == compact(&b)),
        "AMOUNT" => {
            let bare = |text: &str| number(text.trim_matches(['$', ' ']));
            all(bare(&a) == bare(&b))
        }
        _ => fuzzy(&a, &b, 85.0),
    }
}

/// 1 when a relaxed match also has the attributes that count.
fn exact(kind: &str, gold: &Fields, predicted: &Fields) -> f64 {
    if relaxed(kind, gold, predicted) == 0.0 {
        return 0.0;
    }
    let (a, b) = (key(kind, gold), key(kind, predicted));
    let same_name = || drug(&a) == drug(&b);
    let same_role = || roles_agree(&field(gold, "role"), &field(predicted, "role"));
    let given = |name: &str| !field(gold, name).is_empty();
    let yes = match kind {
        "MEDICATION" => {
            let strict = |name: &str| {
                if given(name) {
                    agree(name, gold, predicted)
                } else {
                    field(predicted, name).is_empty()
                }
            };
            same_name()
                && strict("strength")
                && strict("frequency")
                && (!given("dose") || agree("dose", gold, predicted))
        }
        "LAB" => same_name() && agree("unit", gold, predicted) && agree("flag", gold, predicted),
        "VITAL" => same_name() && agree("unit", gold, predicted),
        "DATE" | "ID" | "AMOUNT" => same_role(),
        "PERSON" => person(&a) == person(&b) && same_role(),
        "DIAGNOSIS" => {
            let code = normal(&field(gold, "code"));
            same_name() || (!code.is_empty() && code == normal(&field(predicted, "code")))
        }
        _ => same_name(),
    };
    f64::from(u8::from(yes))
}

/// Number of one-to-one pairs, best fit first.
fn pairs(
    kind: &str,
    gold: &[Fields],
    predicted: &[Fields],
    fit: fn(&str, &Fields, &Fields) -> f64,
) -> usize {
    let mut candidates = Vec::new();
    for (i, g) in gold.iter().enumerate() {
        for (j, p) in predicted.iter().enumerate() {
            let score = fit(kind, g, p);
            if score > 0.0 {
                let known = attributes(kind)
                    .iter()
                    .filter(|name| !field(g, name).is_empty());
                let agreed = known.filter(|name| agree(name, g, p)).count();
                candidates.push((score + 5.0 * agreed as f64, i, j));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut used_gold, mut used) = (HashSet::new(), HashSet::new());
    candidates
        .iter()
        .filter(|(_, i, j)| {
            let free = !used_gold.contains(i) && !used.contains(j);
            if free {
                used_gold.insert(*i);
                used.insert(*j);
            }
            free
        })
        .count()
}

/// Facts by type, without repeats and without those that the document denies.
fn by_type(entities: &[Fields]) -> BTreeMap<String, Vec<Fields>> {
    let mut found: BTreeMap<String, Vec<Fields>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for entity in entities {
        if matches!(field(entity, "assertion").as_str(), "absent" | "family") {
            continue;
        }
        let kind = field(entity, "type").trim().to_uppercase();
        let told = [
            "name",
            "text",
            "value",
            "iso",
            "date",
            "role",
            "substance",
            "code",
            "strength",
            "frequency",
        ];
        let told = told.map(|name| normal(&field(entity, name)));
        if seen.insert((kind.clone(), told, key(&kind, entity))) {
            found.entry(kind).or_default().push(entity.clone());
        }
    }
    found
}
