//! Rows whose cells stand on lines of their own, one below the other, with or without labels (`Result`, `Reference`)
//! between them.

use schemas::DocumentKind;

use super::{
    accept::looks_like_sig,
    cells::{self, Cell, CellKind},
    header::Header,
    name::trimmed,
    parts::Parts,
};
use crate::{context::Context, draft::Draft, sections::SectionKind};

/// Says what the line below holds, and nothing else.
fn is_label(line: &str) -> bool {
    let plain = line.trim_end_matches(':').trim().to_lowercase();
    matches!(
        &*plain,
        "result"
            | "results"
            | "value"
            | "reference"
            | "reference range"
            | "ref range"
            | "normal range"
            | "range"
            | "units"
            | "unit"
            | "flag"
    )
}

/// A row whose cells stand on lines of their own.
pub(super) fn stacked(
    context: &Context,
    index: usize,
    header: Option<&Header>,
) -> Option<(Vec<Draft>, usize)> {
    let layout = &context.layout;
    let text = layout.text;
    let span = layout.lines[index].span.clone();
    let name = trimmed(text, span.clone());
    if name.is_empty() || !context.lexicon.is_analyte(layout.get(&name)) {
        return None;
    }
    let mut cells: Vec<Cell> = Vec::new();
    let mut last = index;
    while let Some(below) = layout.below(last) {
        let line = layout.lines[below].span.clone();
        if is_label(layout.get(&line)) {
            last = below;
            continue;
        }
        let found = cells::scan_after(text, line.clone(), !cells.is_empty());
        let covered: usize = found.iter().map(|c| c.span.len()).sum();
        let size = layout
            .get(&line)
            .chars()
            .filter(|c| !c.is_whitespace())
            .count();
        let first = found.first().map(|c| c.kind);
        let full = covered + 2 >= size && !found.is_empty();
        let known_name = context
            .lexicon
            .is_analyte(layout.get(&trimmed(text, line.clone())));
        if !full
            || known_name
            || below > index + 7
            || cells.is_empty()
                && !matches!(
                    first,
                    Some(CellKind::Number | CellKind::Range | CellKind::Word)
                )
        {
            break;
        }
        cells.extend(found);
        last = below;
    }
    if cells.is_empty() {
        return None;
    }
    let whole = name.start..layout.lines[last].span.end;
    if looks_like_sig(context, &name, &whole, false) {
        return None;
    }
    let parts = Parts::of(text, &cells, header)?;
    let lab_place = context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs)
        || cells.len() > 1;
    lab_place.then(|| (vec![parts.draft(context, &name, true, None)], last + 1))
}
