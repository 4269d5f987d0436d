//! A table of allergies: a heading that names the columns of substance and reaction, and a row for each.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Allergy, Fact};

use crate::{context::Context, draft::Draft, layout::Span};

static SUBSTANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:allergens?|substance|agent|allergy|drug|causative agent|allergic to|drug/allergen|allergen/drug|medication|medicine|item)(?: name)?$")
        .expect("a valid expression")
});
static REACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:reactions?|reaction\(s\)|reaction type|type of reaction|manifestations?|effects?|symptoms?|nature of reaction|what happened|reaction details?)$")
        .expect("a valid expression")
});

/// The rows below such headings, wherever they stand.
pub(super) fn rows(context: &Context) -> Vec<Draft> {
    let mut out = Vec::new();
    for index in 0..context.layout.lines.len() {
        if let Some(heading) = columns(context, index) {
            let below = index + 1..context.layout.lines.len();
            out.extend(below.map_while(|index| row(context, index, &heading)));
        }
    }
    out
}

/// The columns of a heading: where each begins, and which hold the substance and the reaction.
struct Columns {
    starts: Vec<usize>,
    substance: usize,
    reaction: usize,
}

fn columns(context: &Context, index: usize) -> Option<Columns> {
    let layout = &context.layout;
    let line = &layout.lines[index];
    let cell = |shape: &Regex| {
        line.cells
            .iter()
            .position(|cell| shape.is_match(layout.get(cell).trim_end_matches(':')))
    };
    let (substance, reaction) = (cell(&SUBSTANCE)?, cell(&REACTION)?);
    let starts = line.cells.iter().map(|cell| cell.start - line.span.start);
    Some(Columns {
        starts: starts.collect(),
        substance,
        reaction,
    })
}

/// A row has as many cells as the heading, or its cells stand below the heading's.
fn row(context: &Context, index: usize, heading: &Columns) -> Option<Draft> {
    const NEAR: usize = 3;
    let layout = &context.layout;
    let line = &layout.lines[index];
    if line.cells.len() < 2 {
        return None;
    }
    let cell = |column: usize| {
        if line.cells.len() == heading.starts.len() {
            return line.cells.get(column).cloned();
        }
        let below =
            |cell: &&Span| (cell.start - line.span.start).abs_diff(heading.starts[column]) <= NEAR;
        line.cells.iter().find(below).cloned()
    };
    let substance = cell(heading.substance)?;
    let reaction = cell(heading.reaction);
    let name = layout.get(&substance);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 3 || super::NONE.is_match(name) {
        return None;
    }
    let known = context.lexicon.is_substance(name) || context.lexicon.is_any_drug(name);
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.into()),
        reaction: reaction.as_ref().map(|reaction| context.text(reaction)),
    });
    let mut draft = Draft::new(fact, if known { 0.96 } else { 0.88 });
    draft.add("substance", substance, true);
    if let Some(reaction) = reaction {
        draft.add("reaction", reaction, false);
    }
    if !known {
        draft.doubt("the substance is not in the lexicon");
    }
    Some(draft)
}
