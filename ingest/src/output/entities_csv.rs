//! Entities of all documents as one table: a row an entity, a column an attribute. It names files and
//! words where the service's export names ids, so the columns are its own.

use std::{collections::BTreeMap, fs::File, io::BufWriter};

use schemas::Entity;
use serde_json::Value;

use crate::export::formula::guarded;

/// The columns, in order. Those of one entity type are empty for the others.
const COLUMNS: [&str; 37] = [
    "file",
    "id",
    "type",
    "text",
    "page",
    "confidence",
    "needs_review",
    "reasons",
    "assertion",
    "name",
    "value",
    "unit",
    "range",
    "flag",
    "date",
    "strength",
    "form",
    "dose",
    "route",
    "route_norm",
    "frequency",
    "frequency_norm",
    "duration",
    "quantity",
    "refills",
    "prn",
    "instructions",
    "status",
    "role",
    "iso",
    "code",
    "substance",
    "reaction",
    "charge",
    "words",
    "span_start",
    "span_end",
];

/// The open table.
pub(crate) struct EntitiesCsv(csv::Writer<BufWriter<File>>);

impl EntitiesCsv {
    /// Writes the header.
    pub(crate) fn new(file: BufWriter<File>) -> anyhow::Result<Self> {
        let mut table = csv::Writer::from_writer(file);
        table.write_record(COLUMNS)?;
        Ok(Self(table))
    }

    /// Adds the entities of one document.
    pub(crate) fn add(&mut self, file: &str, entities: &[Entity]) -> anyhow::Result<()> {
        for entity in entities {
            self.0.write_record(row(file, entity)?)?;
        }
        Ok(self.0.flush()?)
    }

    /// Closes the table.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}

fn row(file: &str, entity: &Entity) -> anyhow::Result<Vec<String>> {
    let mut fields: BTreeMap<String, Value> = match serde_json::to_value(entity)? {
        Value::Object(object) => object.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    fields.insert("file".into(), file.into());
    fields.insert("span_start".into(), entity.span[0].into());
    fields.insert("span_end".into(), entity.span[1].into());
    fields.insert("reasons".into(), entity.reasons.join("; ").into());
    fields.insert("words".into(), entity.words.join(" ").into());
    Ok(COLUMNS
        .iter()
        .map(|column| match fields.get(*column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => guarded(text).into_owned(),
            Some(other) => other.to_string(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemas::{Assertion, Confidence, Entity, Fact, Instruction};

    use super::{COLUMNS, row};

    #[test]
    fn a_document_cannot_put_a_formula_into_the_table() {
        let entity = Entity {
            id: "e0".into(),
            text: "=1+1".into(),
            span: [0, 4],
            page: None,
            words: vec![],
            confidence: Confidence::ONE,
            field_confidence: BTreeMap::new(),
            needs_review: false,
            reasons: vec![],
            assertion: Assertion::Present,
            codes: vec![],
            candidates: vec![],
            fact: Fact::Instruction(Instruction {}),
        };
        let row = row("@scan.png", &entity).unwrap();
        let cell = |name: &str| &row[COLUMNS.iter().position(|c| *c == name).unwrap()];
        assert_eq!(cell("text"), "'=1+1");
        assert_eq!(cell("file"), "'@scan.png");
        assert_eq!(cell("span_end"), "4");
    }
}
