//! Which text may tell what happened to a drug: its row of a list or its sentence.

use super::told::changes;
use crate::{
    layout::{Layout, Span},
    sections::item_mark,
};

/// The text that may tell of a drug.
pub(super) enum Scope {
    /// A row of a list, which begins with it.
    Row(Span),
    /// Running text.
    Sentence(Span),
}

/// Begins the line with the name, or with a word like `STOP` before it? Then it is a row, unless another
/// drug stands on it or it goes on from the line above.
pub(super) fn of(layout: &Layout, name: &Span, end: usize, names: &[Span]) -> Scope {
    let index = layout.line_at(name.start);
    let line = layout.lines[index].span.clone();
    let mark = item_mark(layout.get(&line)).min(name.start - line.start);
    let before = line.start + mark..name.start;
    let lead = changes(layout.text, &before);
    let told = lead.iter().map(|change| change.span.len()).sum::<usize>();
    let begins_above = || {
        let above = &layout.lines[index - 1].span;
        let mark = item_mark(layout.get(above));
        names.iter().any(|name| name.start == above.start + mark)
    };
    let letters = |span: &Span| {
        layout
            .get(span)
            .chars()
            .filter(|c| c.is_alphabetic())
            .count()
    };
    let runs_on = mark == 0
        && index > 0
        && layout.lines[index - 1].span.len() > 60
        && layout.lines[index].cells.len() == 1
        && !layout.line(index - 1).ends_with(['.', ':', ';'])
        && !begins_above();
    let others = names
        .iter()
        .any(|other| other != name && line.start <= other.start && other.end <= line.end);
    if letters(&before) > told || runs_on {
        Scope::Sentence(layout.sentence(name.start))
    } else if others {
        Scope::Sentence(line)
    } else {
        Scope::Row(line.start..end.max(line.end))
    }
}
