//! What an answer may rest on: sentences of passages, and facts with the lines that prove them.

use std::collections::{BTreeMap, HashMap};

use infra::{
    db::IndexedEntity,
    search::{DocumentHit, KnowledgeHit},
};
use schemas::{DocumentId, Entity, Fact, Passage};

use super::{
    cards,
    days::{self, Named},
    question::Asked,
    suspicious, words,
};

/// Longest label of a field in words.
const LABEL: usize = 6;

/// A sentence or a row as printed.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub page: usize,
    pub text: String,
    pub words: Vec<String>,
    pub stems: Vec<String>,
    /// The heading of its passage, and the title right above it.
    pub under: String,
    /// The stems of these.
    pub heading: Vec<String>,
}

/// A fact and the lines that prove it.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    pub entity: Entity,
    /// The whole lines that its words stand in.
    pub quote: String,
    /// The dates that it tells.
    pub days: Vec<Named>,
}

impl Proven {
    fn new(entity: Entity, lines: &HashMap<String, (usize, String)>) -> Self {
        let date = match &entity.fact {
            Fact::Date(fact) => fact.iso.as_deref(),
            Fact::Lab(fact) => fact.date.as_deref(),
            Fact::Vital(fact) => fact.date.as_deref(),
            _ => None,
        };
        Self {
            quote: quote(&entity, lines),
            days: date.map(days::named).unwrap_or_default(),
            entity,
        }
    }

    /// Does it tell of a day that the question names?
    pub(crate) fn is_of_a_day(&self, asked: &Asked) -> bool {
        asked.days.iter().any(|day| day.is_among(&self.days))
    }
}

/// What one document gives.
#[derive(Clone, Debug)]
pub(crate) struct DocumentEvidence {
    pub document: DocumentId,
    pub units: Vec<Unit>,
    pub facts: Vec<Proven>,
    /// The dates of lines and facts.
    pub days: Vec<Named>,
}

impl DocumentEvidence {
    /// From all of a document's passages and facts.
    pub(crate) fn of(hits: &[DocumentHit], facts: Vec<IndexedEntity>) -> Vec<Self> {
        let mut order: Vec<DocumentId> = Vec::new();
        let mut passages: HashMap<DocumentId, Vec<&Passage>> = HashMap::new();
        for hit in hits {
            if !order.contains(&hit.document) {
                order.push(hit.document);
            }
            passages.entry(hit.document).or_default().push(&hit.passage);
        }
        let mut by_document: HashMap<DocumentId, Vec<Entity>> = HashMap::new();
        for fact in facts {
            by_document
                .entry(fact.document)
                .or_default()
                .push(fact.entity);
        }
        order
            .into_iter()
            .map(|document| {
                let passages = &passages[&document];
                let lines = lines(passages);
                let facts = by_document.remove(&document).unwrap_or_default();
                let mut evidence = Self {
                    document,
                    units: passages.iter().flat_map(|p| units(p)).collect(),
                    facts: facts
                        .into_iter()
                        .map(|entity| Proven::new(entity, &lines))
                        .collect(),
                    days: Vec::new(),
                };
                suspicious::leave_out(&mut evidence);
                evidence
            })
            .collect()
    }

    /// Takes out lines, and facts that rest on any of their words.
    pub(crate) fn leave_out(&mut self, is_left_out: impl Fn(&Unit) -> bool) {
        let (out, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.units)
            .into_iter()
            .partition(|unit| is_left_out(unit));
        self.units = kept;
        let is_out = |word: &String| out.iter().any(|unit| unit.words.contains(word));
        self.facts
            .retain(|fact| !fact.entity.words.iter().any(is_out));
        let of_units = self.units.iter().flat_map(|unit| days::named(&unit.text));
        let of_facts = self.facts.iter().flat_map(|fact| fact.days.clone());
        self.days = of_units.chain(of_facts).collect();
    }

    /// Does the document say this word anywhere?
    pub(crate) fn says(&self, word: &str) -> bool {
        self.units
            .iter()
            .any(|unit| words::holds(&unit.stems, word) || words::holds(&unit.heading, word))
    }
}

/// The line that each word stands in, in reading order of the passages.
fn lines(passages: &[&Passage]) -> HashMap<String, (usize, String)> {
    let mut out = HashMap::new();
    let mut number = 0;
    for passage in passages {
        for (line, words) in passage.lines() {
            number += 1;
            for word in words {
                out.insert(word.clone(), (number, plain(line)));
            }
        }
    }
    out
}

fn quote(entity: &Entity, lines: &HashMap<String, (usize, String)>) -> String {
    let found: BTreeMap<usize, &str> = entity
        .words
        .iter()
        .filter_map(|word| lines.get(word))
        .map(|(number, line)| (*number, line.as_str()))
        .collect();
    if found.is_empty() {
        return plain(&entity.text);
    }
    found.into_values().collect::<Vec<_>>().join(" / ")
}

fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sentences of prose over line ends, and rows of tables and forms one by one.
pub(crate) fn units(passage: &Passage) -> Vec<Unit> {
    let heading = words::stems(&passage.heading);
    let mut out: Vec<Unit> = Vec::new();
    let mut open: Vec<(String, String)> = Vec::new();
    let mut close = |open: &mut Vec<(String, String)>| {
        if open.is_empty() {
            return;
        }
        let (text, words): (Vec<String>, Vec<String>) = open.drain(..).unzip();
        let text = text.join(" ");
        out.push(Unit {
            page: passage.page,
            stems: words::stems(&text),
            under: passage.heading.clone(),
            heading: heading.clone(),
            text,
            words,
        });
    };
    let lines: Vec<(&str, &[String])> = passage.lines().collect();
    for (n, (line, ids)) in lines.iter().enumerate() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        for (k, (part, id)) in parts.iter().zip(ids.iter()).enumerate() {
            open.push(((*part).to_owned(), id.clone()));
            let next = parts.get(k + 1);
            if ends_sentence(part)
                && next.is_some_and(|next| next.starts_with(char::is_uppercase))
                && open.len() > 2
            {
                close(&mut open);
            }
        }
        let goes_on = lines.get(n + 1).is_some_and(|(below, _)| {
            let prose = !line.contains('\t') && !below.contains('\t') && parts.len() >= 4;
            let ended = parts
                .last()
                .is_some_and(|part| part.ends_with(['.', ':', ';', '?', '!']));
            prose && !ended && (below.starts_with(char::is_lowercase) || line.chars().count() > 55)
        });
        if !goes_on {
            close(&mut open);
        }
    }
    close(&mut open);
    title_what_follows(&mut out);
    label_values(&mut out);
    // A label alone says nothing; what follows stands under it.
    let (count, mut at) = (out.len(), 0);
    out.retain(|unit| {
        at += 1;
        at == count || !is_field(unit)
    });
    out
}

/// One or two words alone, and labels of fields, head what comes after them.
fn title_what_follows(units: &mut [Unit]) {
    let (mut title, mut stems) = (String::new(), Vec::new());
    for unit in units {
        let alone = unit.words.len() <= 2
            && unit
                .text
                .chars()
                .all(|c| c.is_alphabetic() || c == ' ' || c == ':');
        if alone || is_field(unit) {
            title.clone_from(&unit.text);
            stems.clone_from(&unit.stems);
        } else if !title.is_empty() {
            unit.under = format!("{} {title}", unit.under).trim_start().to_owned();
            unit.heading.extend(stems.iter().cloned());
        }
    }
}

/// A few words alone are the label of a date or number alone below them.
fn label_values(units: &mut [Unit]) {
    for n in 1..units.len() {
        let (above, below) = units.split_at_mut(n);
        let (label, value) = (&above[n - 1], &mut below[0]);
        let is_label = (3..=LABEL).contains(&label.words.len())
            && label
                .text
                .chars()
                .all(|c| c.is_alphabetic() || c == ' ' || c == ':');
        let is_value = value.words.len() <= 3 && value.text.contains(|c: char| c.is_ascii_digit());
        if is_label && is_value {
            value.under = format!("{} {}", value.under, label.text)
                .trim_start()
                .to_owned();
            value.heading.extend(label.stems.iter().cloned());
        }
    }
}

/// The label of a form's field, `D. Member number`.
fn is_field(unit: &Unit) -> bool {
    let mut chars = unit.text.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.as_str().starts_with(". ")
        && unit.words.len() <= LABEL
        && !unit.text.contains(|c: char| c.is_ascii_digit())
}

fn ends_sentence(part: &str) -> bool {
    let bare = part.trim_end_matches(['.', '?', '!']);
    bare.len() < part.len()
        && !matches!(
            bare.to_lowercase().as_str(),
            "dr" | "mr" | "mrs" | "ms" | "prof" | "no" | "st" | "vs"
        )
        && !(bare.chars().count() <= 2
            && bare.chars().all(|c| c.is_ascii_digit() || c.is_uppercase()))
}

/// A sentence of a card.
#[derive(Clone, Debug)]
pub(crate) struct CardSentence {
    pub text: String,
    pub stems: Vec<String>,
}

/// A card with the passages that were found.
#[derive(Clone, Debug)]
pub(crate) struct CardEvidence {
    pub id: String,
    pub title: String,
    pub source: String,
    pub reviewed: bool,
    pub cosine: f64,
    /// By words, 0..1.
    pub rank: f64,
    pub sentences: Vec<CardSentence>,
    /// What it is about in other words; empty of a clinic's own.
    pub terms: String,
    /// Of title, terms and text.
    pub stems: Vec<String>,
}

impl CardEvidence {
    /// One that says nothing but its title, which is its id too.
    #[cfg(test)]
    pub(crate) fn titled(title: &str) -> Self {
        Self {
            id: title.to_owned(),
            title: title.to_owned(),
            source: String::new(),
            reviewed: false,
            cosine: 0.0,
            rank: 0.0,
            sentences: Vec::new(),
            terms: String::new(),
            stems: words::stems(title),
        }
    }

    /// Cards in the order of their best passage.
    pub(crate) fn of(hits: Vec<KnowledgeHit>) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        for hit in hits {
            let sentences = card_sentences(&hit.text);
            let terms = cards::shipped_terms(&hit.card);
            let stems = words::stems(&format!("{} {terms} {}", hit.title, hit.text));
            if let Some(card) = out.iter_mut().find(|card| card.id == hit.card) {
                card.sentences.extend(sentences);
                card.stems.extend(stems);
                continue;
            }
            out.push(Self {
                id: hit.card,
                title: hit.title,
                source: hit.source,
                reviewed: hit.clinically_reviewed,
                cosine: hit.fit.cosine,
                rank: hit.fit.rank,
                sentences,
                terms: terms.to_owned(),
                stems,
            });
        }
        out
    }

    /// The stems of its title and terms.
    pub(crate) fn headings(&self) -> Vec<String> {
        words::stems(&format!("{} {}", self.title, self.terms))
    }
}

fn card_sentences(text: &str) -> Vec<CardSentence> {
    let mut out = Vec::new();
    for paragraph in text.split("\n\n") {
        let parts: Vec<&str> = paragraph.split_whitespace().collect();
        let mut open: Vec<&str> = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            open.push(part);
            let next = parts.get(n + 1);
            let ends = next.is_none_or(|next| {
                ends_sentence(part)
                    && next.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            });
            if ends {
                let text = open.join(" ");
                out.push(CardSentence {
                    stems: words::stems(&text),
                    text,
                });
                open.clear();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use schemas::Passage;

    use super::units;

    #[test]
    fn prose_becomes_sentences_and_rows_stay_rows() {
        let text = "She was seen by Dr. Ames and presented with persistent upper\nabdominal discomfort. The film was clear.\nWBC\t8.8\nRBC\t4.1\nMedication review due\n19/03/26";
        let count = text.split_whitespace().count();
        let passage = Passage {
            page: 0,
            heading: String::new(),
            text: text.into(),
            words: (0..count).map(|n| format!("p0w{n}")).collect(),
        };
        let units = units(&passage);
        let texts: Vec<&str> = units.iter().map(|unit| unit.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "She was seen by Dr. Ames and presented with persistent upper abdominal discomfort.",
                "The film was clear.",
                "WBC 8.8",
                "RBC 4.1",
                "Medication review due",
                "19/03/26",
            ]
        );
        assert_eq!(units[2].words.len(), 2);
        assert_eq!(units[5].under, "Medication review due");
    }
}
