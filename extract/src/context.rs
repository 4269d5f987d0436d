//! What every entity type reads: the layout, its labels and sections, the dates and the kind.

use schemas::DocumentKind;

use crate::{
    dates::{Printed, Style},
    labels::Label,
    layout::{Layout, Span},
    lexicon::Lexicon,
    sections::{Section, SectionKind},
};

/// One document, looked over once.
pub(crate) struct Context<'a> {
    pub layout: Layout<'a>,
    pub labels: Vec<Label>,
    pub sections: Vec<Section>,
    pub dates: Vec<Printed>,
    pub style: Style,
    pub kind: DocumentKind,
    pub lexicon: &'a Lexicon,
}

impl Context<'_> {
    pub fn text(&self, span: &Span) -> String {
        self.layout.get(span).to_owned()
    }

    /// The section of a position.
    pub fn section(&self, position: usize) -> Option<SectionKind> {
        crate::sections::at(&self.sections, position)
    }

    /// The heading of the section of a position.
    pub fn heading(&self, position: usize) -> Option<&str> {
        let section = self
            .sections
            .iter()
            .rfind(|section| section.body.contains(&position))?;
        Some(self.layout.get(&section.heading))
    }

    /// Sections of these kinds.
    pub fn sections_of(&self, kinds: &'static [SectionKind]) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|s| kinds.contains(&s.kind))
    }

    /// Labels with their index.
    pub fn labels_on(&self, line: usize) -> impl Iterator<Item = (usize, &Label)> {
        self.labels
            .iter()
            .enumerate()
            .filter(move |(_, label)| label.line == line)
    }
}
