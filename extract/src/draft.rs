//! What a rule found, before it becomes an entity: the fact, the span of each attribute and the
//! rule's own confidence. Turning a draft into an entity collects its words, weighs their
//! confidence and adds the reasons for review that hold of any type.

use std::collections::BTreeMap;

use schemas::{Assertion, Candidate, Confidence, Entity, Fact};

use crate::{
    Source,
    dissent::{self, Word},
    lab,
    layout::Span,
    lexicon::Lexicon,
    refute::Habits,
};

/// Below this calibrated confidence a word of a dangerous field is doubtful.
const DOUBTFUL: f32 = 0.8;
/// How often a result is right and whole that lacks what the rows beside it have.
const IN_PART: f32 = 0.7;
/// Pieces that are the entity's text and no attribute.
const IS_TEXT: [&str; 4] = ["date", "diagnosis", "instruction", "procedure"];

/// The span of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub field: &'static str,
    pub span: Span,
    /// Dose, strength, unit, drug name, laboratory value.
    pub dangerous: bool,
}

/// A fact with its evidence.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub fact: Fact,
    pub pieces: Vec<Piece>,
    /// The entity's text when it is one value and not all the evidence.
    pub value: Option<Span>,
    /// How often this rule is right on clean text.
    pub rule: f32,
    pub assertion: Assertion,
    pub reasons: Vec<String>,
    pub candidates: Vec<Candidate>,
}

impl Draft {
    pub fn new(fact: Fact, rule: f32) -> Self {
        Self {
            fact,
            pieces: Vec::new(),
            value: None,
            rule,
            assertion: Assertion::Present,
            reasons: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Adds evidence.
    pub fn with(mut self, field: &'static str, span: Span) -> Self {
        self.add(field, span, false);
        self
    }

    pub fn add(&mut self, field: &'static str, span: Span, dangerous: bool) {
        self.pieces.push(Piece {
            field,
            span,
            dangerous,
        });
    }

    pub fn asserted(mut self, assertion: Assertion) -> Self {
        self.assertion = assertion;
        self
    }

    pub fn doubt(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    pub fn candidate(&mut self, field: &str, value: String, confidence: f32) {
        self.candidates.push(Candidate {
            field: field.into(),
            value,
            code: None,
            confidence: Confidence::new(confidence),
        });
    }

    /// All the evidence.
    pub fn span(&self) -> Span {
        if let Some(value) = &self.value {
            return value.clone();
        }
        let start = self.pieces.iter().map(|p| p.span.start).min().unwrap_or(0);
        let end = self
            .pieces
            .iter()
            .map(|p| p.span.end)
            .max()
            .unwrap_or(start);
        start..end
    }
}

/// The reason of a field whose word the vote is unsure of.
pub(crate) fn read_with_doubt(field: &str) -> String {
    format!("the {field} stands on a word that was read with doubt")
}

/// Makes entities of drafts: reading order, ids, words, confidence, review.
pub(crate) fn finish(source: &Source, mut drafts: Vec<Draft>, lexicon: &Lexicon) -> Vec<Entity> {
    let scalars = Scalars::new(source.text);
    let habits = Habits::of(drafts.iter().map(|draft| &draft.fact));
    drafts.sort_by_key(|draft| (draft.span().start, draft.span().end, order(&draft.fact)));
    drafts
        .into_iter()
        .enumerate()
        .map(|(n, draft)| entity(source, &scalars, n, draft, lexicon, habits))
        .collect()
}

fn entity(
    source: &Source,
    scalars: &Scalars,
    n: usize,
    mut draft: Draft,
    lexicon: &Lexicon,
    habits: Habits,
) -> Entity {
    if habits.misses(&draft.fact) {
        draft.rule *= IN_PART;
    }
    let span = draft.span();
    let pieces: Vec<([usize; 2], bool, &'static str)> = draft
        .pieces
        .iter()
        .map(|p| (scalars.span(&p.span), p.dangerous, p.field))
        .collect();
    let has_dangerous = pieces.iter().any(|p| p.1);
    let mut words = Vec::new();
    let mut page = None;
    let mut weakest = Confidence::ONE;
    let mut fields: BTreeMap<String, Confidence> = draft
        .pieces
        .iter()
        .filter(|piece| !IS_TEXT.contains(&piece.field))
        .map(|piece| (piece.field.to_owned(), Confidence::ONE))
        .collect();
    let mut doubts = Vec::new();
    let mut marked = false;
    for word in source.words {
        let mut hit = false;
        for (piece, dangerous, field) in &pieces {
            if word.span[0] >= piece[1] || word.span[1] <= piece[0] {
                continue;
            }
            hit = true;
            if let Some(field) = fields.get_mut(*field) {
                *field = (*field).min(word.confidence);
            }
            if *dangerous || !has_dangerous {
                weakest = weakest.min(word.confidence);
            }
            if !*dangerous {
                continue;
            }
            let seen = Word {
                field,
                printed: scalars.text(source.text, word.span),
                votes: word.votes,
            };
            marked |= *field == "value" && dissent::saw_mark(seen);
            let refuted = |own: &str, read: &str| habits.refute(&draft.fact, field, own, read);
            let proven = *field == "flag" && habits.prove_flag(&draft.fact);
            if word.confidence.get() < DOUBTFUL
                && !proven
                && !dissent::is_agreed(seen, lexicon, &refuted)
            {
                doubts.push(read_with_doubt(field));
            }
            doubts.extend(dissent::of(seen, lexicon, &refuted));
        }
        if hit {
            page.get_or_insert(word.page);
            words.push(word.id.to_owned());
        }
    }
    for doubt in doubts {
        draft.doubt(doubt);
    }
    let unflagged = matches!(&draft.fact, Fact::Lab(lab) if lab::misses_flag(lab));
    if unflagged && (marked || habits.lacks_flags) {
        draft.reasons.retain(|reason| reason != lab::FLAG_DIFFERS);
    }
    Entity {
        id: format!("e{n}"),
        text: source.text[span.clone()].to_owned(),
        span: scalars.span(&span),
        page,
        words,
        confidence: Confidence::new(draft.rule * weakest.get()),
        field_confidence: fields
            .into_iter()
            .map(|(field, word)| (field, Confidence::new(draft.rule * word.get())))
            .collect(),
        needs_review: !draft.reasons.is_empty(),
        reasons: draft.reasons,
        assertion: draft.assertion,
        codes: Vec::new(),
        candidates: draft.candidates,
        fact: draft.fact,
    }
}

/// Types that start at the same place keep this order.
fn order(fact: &Fact) -> u8 {
    match fact {
        Fact::Org(_) => 0,
        Fact::Person(_) => 1,
        Fact::Date(_) => 2,
        Fact::Id(_) => 3,
        Fact::Diagnosis(_) => 4,
        Fact::Allergy(_) => 5,
        Fact::Medication(_) => 6,
        Fact::Lab(_) => 7,
        Fact::Vital(_) => 8,
        Fact::Procedure(_) => 9,
        Fact::Amount(_) => 10,
        Fact::Instruction(_) => 11,
    }
}

/// Byte positions as counts of Unicode scalar values.
struct Scalars(Vec<usize>);

impl Scalars {
    fn new(text: &str) -> Self {
        let mut counts = vec![0; text.len() + 1];
        let mut n = 0;
        for (i, c) in text.char_indices() {
            counts[i..i + c.len_utf8()].fill(n);
            n += 1;
        }
        counts[text.len()] = n;
        Self(counts)
    }

    /// The text between two counts.
    fn text<'a>(&self, text: &'a str, [start, end]: [usize; 2]) -> &'a str {
        let byte = |count: usize| self.0.partition_point(|n| *n < count);
        text.get(byte(start)..byte(end)).unwrap_or_default()
    }

    fn span(&self, span: &Span) -> [usize; 2] {
        [self.0[span.start], self.0[span.end]]
    }
}
