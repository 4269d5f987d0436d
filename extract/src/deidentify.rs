//! Takes out of a text who it is about: the identifiers of 45 CFR 164.514(b)(2), each replaced by the same
//! placeholder wherever it stands (`[PATIENT-1]`, `[PHONE-1]`), so that a text stays readable and an answer to it
//! can be turned back. Dates move by a number of weeks that a secret and the patient's id decide: intervals and
//! weekdays stay. What is known of a document, its entities, comes first; rules find what stands beside it.
//!
//! Limits. A name that no entity and no rule knows stays. Strictly, (b)(2)(i)(C) leaves of a date the year alone:
//! [`Dates::Years`] does that, [`Dates::Shifted`] does not. Pictures are not touched. This is no expert's
//! determination after (b)(1).
//!
//! What a clinician acts on (drugs, doses, results) is never changed: where a rule for identifiers and a
//! clinical value meet, the value stands.

mod clinical;
mod entity;
mod names;
mod net;
mod numbers;
mod people;
mod places;
mod said;
mod shift;
mod table;
mod when;

use schemas::{Entity, Fact};

pub use shift::{Secret, pseudonym};

use crate::{
    dates::Style,
    deidentify::{clinical::Clinical, people::People, said::Said, shift::Weeks, table::Table},
    layout::Span,
};

/// What becomes of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// They move by the same number of weeks; can be turned back.
    Shifted,
    /// The year alone is left.
    Years,
}

/// A text without identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deidentified {
    /// The text.
    pub text: String,
    /// What was replaced: spans of the text of before, in bytes, in order.
    pub replaced: Vec<Span>,
}

/// Replaces identifiers of the documents of one patient, or of one document, always by the same.
#[derive(Clone, Debug)]
pub struct Deidentifier {
    weeks: Weeks,
    dates: Dates,
    style: Style,
    /// Dates as entities print them, with the day that they mean.
    days: Vec<when::KnownDay>,
    people: People,
    said: Said,
    clinical: Clinical,
    table: Table,
}

/// Something to replace.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub span: Span,
    pub by: By,
}

/// What takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// `[LABEL-n]`, the same for the same key.
    Placeholder { label: &'static str, key: String },
    /// As before; turned back it is the fullest form of the name.
    Person {
        label: &'static str,
        key: String,
        fullest: String,
    },
    /// These words; where they can be turned back, the table knows them.
    Words(String),
}

impl Found {
    pub(crate) fn new(span: Span, label: &'static str, printed: &str) -> Self {
        let key = table::key(printed);
        Self {
            span,
            by: By::Placeholder { label, key },
        }
    }
}

impl Deidentifier {
    /// Knows nothing yet. `about` is the id of the patient or document whose dates move together.
    #[must_use]
    pub fn new(secret: &Secret, about: &str, dates: Dates) -> Self {
        Self {
            weeks: secret.weeks(about),
            dates,
            style: Style::of(&[], false),
            days: Vec::new(),
            people: People::default(),
            said: Said::default(),
            clinical: Clinical::default(),
            table: Table::default(),
        }
    }

    /// Takes in what is known of documents: whose names, numbers and dates they print, and which values must stay.
    pub fn know(&mut self, entities: &[Entity]) {
        let patients_first = |entity: &&Entity| !people::is_patient(entity);
        let mut sorted: Vec<&Entity> = entities.iter().collect();
        sorted.sort_by_key(patients_first);
        for entity in sorted {
            match &entity.fact {
                Fact::Person(person) => {
                    let label = people::label(person.role);
                    for name in person.name.iter().chain([&entity.text]) {
                        self.people.know(name, label);
                    }
                }
                Fact::Id(id) => {
                    let label = numbers::label(id.role);
                    for value in id.value.iter().chain([&entity.text]) {
                        self.said.know(value, label);
                    }
                }
                Fact::Org(org) => {
                    for name in org.name.iter().chain([&entity.text]) {
                        self.said.know(name, places::label(org.role));
                    }
                }
                Fact::Date(date) => self.days.extend(when::known(date, &entity.text)),
                _ => self.clinical.know(entity),
            }
        }
        self.style = when::style(&self.days);
    }

    /// Takes in what rules see in a text: who has a title or a label, where an address names a town. Texts that
    /// belong together are read first and replaced then, so that all of them profit.
    pub fn read(&mut self, text: &str) {
        for (name, label) in names::find(text) {
            self.people.know(&name, label);
        }
        for town in places::towns(text) {
            self.said.know(&text[town], places::TOWN);
        }
    }

    /// The text without identifiers. Line ends stay where they are.
    #[must_use]
    pub fn replace(&mut self, text: &str) -> Deidentified {
        self.read(text);
        let kept = self.clinical.find(text);
        let mut found = self.said.find(text);
        found.extend(self.people.find(text, &kept));
        let rules = [
            when::find(self, text),
            net::find(text),
            numbers::find(text),
            places::find(text, &mut self.table),
        ];
        for rule in rules {
            found.extend(rule.into_iter().filter(|one| !kept.meets(&one.span)));
        }
        self.put(text, apart(found))
    }

    /// A question, in which names are written as people write them: what looks like one and stands in no text that
    /// goes with it (`says`, of words in small letters) is replaced too.
    #[must_use]
    pub fn question(&mut self, text: &str, says: &dyn Fn(&str) -> bool) -> Deidentified {
        for name in names::strangers(text, says) {
            self.people.know(name, "PERSON");
        }
        self.replace(text)
    }

    /// Turns placeholders and moved dates of an answer back.
    #[must_use]
    pub fn restore(&self, answer: &str) -> String {
        self.table.restore(answer, self.style)
    }

    fn put(&mut self, text: &str, found: Vec<Found>) -> Deidentified {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut replaced = Vec::with_capacity(found.len());
        for Found { span, by } in found {
            out.push_str(&text[at..span.start]);
            match by {
                By::Placeholder { label, key } => {
                    out += self.table.placeholder(label, &key, &text[span.clone()]);
                }
                By::Person {
                    label,
                    key,
                    fullest,
                } => out += self.table.placeholder(label, &key, &fullest),
                By::Words(words) => out += &words,
            }
            at = span.end;
            replaced.push(span);
        }
        out.push_str(&text[at..]);
        Deidentified {
            text: out,
            replaced,
        }
    }
}

/// In order, none over another: what was found first by a stronger rule stays.
fn apart(found: Vec<Found>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        let free =
            |other: &Found| other.span.end <= one.span.start || one.span.end <= other.span.start;
        if !one.span.is_empty() && kept.iter().all(free) {
            kept.push(one);
        }
    }
    kept.sort_by_key(|one| one.span.start);
    kept
}

#[cfg(test)]
mod tests;
