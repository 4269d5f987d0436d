//! What must stay as it is printed: drugs, doses, results, diagnoses.

use regex::{Regex, RegexBuilder};
use schemas::{Entity, Fact};

use super::said::flexible;
use crate::layout::Span;

/// Values of known entities, as printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clinical {
    values: Vec<String>,
    pattern: Option<Regex>,
}

/// Where they stand in a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Vec<Span>);

/// Shorter ones stand in dates, addresses and numbers by chance.
const LEAST: usize = 3;

impl Clinical {
    pub(crate) fn know(&mut self, entity: &Entity) {
        for value in values(entity) {
            let value = value.trim();
            if value.chars().count() >= LEAST && !self.values.iter().any(|known| known == value) {
                self.values.push(value.to_owned());
            }
        }
        self.values
            .sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.pattern = None;
    }

    pub(crate) fn find(&mut self, text: &str) -> Kept {
        if self.values.is_empty() {
            return Kept::default();
        }
        let pattern = self.pattern.get_or_insert_with(|| {
            let all: Vec<String> = self.values.iter().map(|value| flexible(value)).collect();
            RegexBuilder::new(&all.join("|"))
                .size_limit(1 << 26)
                .build()
                .expect("escaped values are a valid expression")
        });
        let all = pattern.find_iter(text).map(|found| found.range());
        Kept(all.filter(|span| is_whole(text, span)).collect())
    }
}

impl Kept {
    pub(crate) fn meets(&self, span: &Span) -> bool {
        self.0
            .iter()
            .any(|kept| kept.start < span.end && span.start < kept.end)
    }
}

/// No letter or digit goes on at either side, and no number: `12.4` in `12.4.2024` is none.
pub(crate) fn is_whole(text: &str, span: &Span) -> bool {
    let joins = |mut away: Box<dyn Iterator<Item = char> + '_>| match away.next() {
        Some('.' | '/' | '-' | ',') => away.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphanumeric(),
        None => false,
    };
    !joins(Box::new(text[..span.start].chars().rev())) && !joins(Box::new(text[span.end..].chars()))
}

/// The printed values of an entity that a clinician acts on.
fn values(entity: &Entity) -> Vec<&str> {
    let all: Vec<Option<&String>> = match &entity.fact {
        Fact::Medication(m) => vec![
            m.name.as_ref(),
            m.strength.as_ref(),
            m.form.as_ref(),
            m.dose.as_ref(),
            m.route.as_ref(),
            m.frequency.as_ref(),
            m.duration.as_ref(),
            m.quantity.as_ref(),
            m.refills.as_ref(),
        ],
        Fact::Lab(lab) => vec![
            lab.name.as_ref(),
            lab.value.as_ref(),
            lab.unit.as_ref(),
            lab.range.as_ref(),
        ],
        Fact::Vital(vital) => vec![
            vital.name.as_ref(),
            vital.value.as_ref(),
            vital.unit.as_ref(),
        ],
        Fact::Allergy(allergy) => vec![allergy.substance.as_ref(), allergy.reaction.as_ref()],
        Fact::Diagnosis(diagnosis) => vec![Some(&entity.text), diagnosis.code.as_ref()],
        Fact::Procedure(procedure) => vec![procedure.code.as_ref()],
        _ => Vec::new(),
    };
    all.into_iter().flatten().map(String::as_str).collect()
}
