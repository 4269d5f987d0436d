//! Reads medications, laboratory results, dates, people, diagnoses, allergies and more out of a
//! document's text, each with the words that prove it. Pure: text in, entities out, no I/O, and the
//! same input gives the same entities. Printed text is never repaired: what is doubtful is marked for
//! review with the reason, and candidates stand beside it.
//!
//! The steps: [`layout`] cuts the text into lines and cells, [`labels`] finds what forms print before
//! their values, [`sections`] what lists are about, [`kind`] what document this is; then each entity
//! type reads in its own file; [`draft`] turns what they found into entities, [`dissent`] says where an engine read something else and [`refute`] whether that can be;
//! [`coding`] gives them codes; [`sentinel`] asks whether such values can be.
//! [`fhir`] writes a whole result as FHIR resources, and [`deidentify`] takes out of texts who they are about.

mod allergy;
mod assertion;
mod claim;
pub mod coding;
mod context;
mod country;
mod date;
mod dates;
pub mod deidentify;
mod diagnosis;
mod dissent;
mod draft;
pub mod fhir;
mod id;
mod instruction;
mod kind;
mod lab;
mod label_table;
mod labels;
mod layout;
mod lexicon;
mod medication;
mod names;
mod number;
mod org;
mod passages;
mod person;
#[cfg(test)]
mod probe;
mod reading;
mod refute;
pub mod risk;
mod sections;
mod sentinel;
mod sig;
mod vital;

use schemas::{Confidence, DocumentKind, Entity, Vote};

pub use lexicon::Lexicon;
pub use passages::passages;
pub use sentinel::{against_header, lookalikes};

use crate::{
    context::Context,
    country::Habit,
    dates::Style,
    draft::Draft,
    layout::{Layout, Span},
};

/// A document's text with its words. `words` is empty for plain text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Lines end in `\n`, pages are joined by `\f`; a tab stands where the page leaves a wide gap.
    pub text: &'a str,
    /// In reading order.
    pub words: &'a [SourceWord<'a>],
}

/// A word of the text.
#[derive(Clone, Copy, Debug)]
pub struct SourceWord<'a> {
    /// `p{page}w{n}`.
    pub id: &'a str,
    /// From 0.
    pub page: usize,
    /// `[start, end)` in Unicode scalar values.
    pub span: [usize; 2],
    /// Calibrated probability that the word is right.
    pub confidence: Confidence,
    /// What each engine read there; empty where nobody was asked, as for plain text.
    pub votes: &'a [Vote],
}

/// What a document is and says.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// How sure that is.
    pub kind_confidence: Confidence,
    /// In reading order, with ids `e0, e1, …`.
    pub entities: Vec<Entity>,
}

/// Reads a document.
#[must_use]
pub fn extract(source: &Source, lexicon: &Lexicon) -> Extraction {
    let layout = Layout::new(source.text);
    let labels = labels::find(&layout);
    let sections = sections::find(&layout, &labels);
    let dates = dates::find(source.text);
    let habit = country::habit(source.text, &dates);
    let mut style = Style::of(&dates, habit == Habit::British);
    let american = habit == Habit::American;
    // Points between the numbers are not American.
    let dotted = dates
        .iter()
        .any(|date| source.text[date.span.clone()].contains('.'));
    style.day_first |= !style.settled && !american && dotted;
    // `02.07.1949`: nobody prints so with the month first.
    let pointed = dates.iter().any(|date| {
        source.text[date.span.clone()]
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.')
    });
    style.settled |= american || pointed;
    let (kind, kind_confidence) = kind::of(&layout, &labels);
    let context = Context {
        layout,
        labels,
        sections,
        dates,
        style,
        kind,
        lexicon,
    };
    let labs = lab::extract(&context);
    let allergies = allergy::extract(&context);
    let procedures = claim::procedures(&context);
    // A service with its code and charge is no drug that somebody takes.
    let coded = |draft: &&Draft| draft.pieces.iter().any(|piece| piece.field == "code");
    let services = procedures.iter().filter(coded);
    let taken: Vec<Span> = labs
        .iter()
        .chain(&allergies)
        .chain(services)
        .map(Draft::span)
        .collect();
    let medications = medication::extract(&context, &taken);
    let vitals = vital::extract(&context, &taken);
    let mut drafts = labs;
    drafts.extend(allergies);
    drafts.extend(medications);
    drafts.extend(vitals);
    drafts.extend(date::extract(&context));
    drafts.extend(person::extract(&context));
    drafts.extend(org::extract(&context));
    drafts.extend(id::extract(&context));
    drafts.extend(diagnosis::extract(&context, &taken));
    drafts.extend(procedures);
    drafts.extend(claim::amounts(&context));
    drafts.extend(instruction::extract(&context));
    let mut entities = draft::finish(source, drafts, lexicon);
    for entity in &mut entities {
        coding::code(entity, lexicon);
    }
    sentinel::check(&mut entities);
    Extraction {
        kind,
        kind_confidence,
        entities,
    }
}
