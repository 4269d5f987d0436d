//! Days on which something was measured: over a column of results, before them or behind one.

use schemas::DateRole;

use crate::{
    context::Context,
    dates::Printed,
    lab,
    labels::{self, Target},
};

/// One of several dates in the heading of a table of results: a column for each collection.
pub(super) fn heads_column(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let dates = context
        .dates
        .iter()
        .filter(|d| context.layout.line_at(d.span.start) == line)
        .count();
    let told = context.labels_on(line).any(
        |(_, label)| matches!(label.target, Target::Date(role) if role != DateRole::Collected),
    );
    dates > 1 && !told && lab::is_heading(context, line)
}

/// A row of a table below `Date | CRP | WCC`.
pub(super) fn begins_row(context: &Context, date: &Printed) -> bool {
    const FARTHEST: usize = 15;
    let layout = &context.layout;
    let index = layout.line_at(date.span.start);
    let line = &layout.lines[index];
    if line.cells.len() < 2 || line.cells[0].start != date.span.start {
        return false;
    }
    let test = |cell: &crate::layout::Span| {
        let name = layout
            .get(cell)
            .split(['(', '['])
            .next()
            .unwrap_or_default();
        context.lexicon.is_analyte(name)
    };
    (index.saturating_sub(FARTHEST)..index).rev().any(|above| {
        let cells = &layout.lines[above].cells;
        let dated = cells
            .first()
            .is_some_and(|cell| labels::letters(layout.get(cell)).starts_with("date"));
        dated && cells.len() == line.cells.len() && cells[1..].iter().any(test)
    })
}

/// `Bloods 06/02: Hb 84`, `Baseline (12/05/2025): ALT 21 U/L`: a colon and a test with a number follow; or the test follows
/// at once, `Previous: 22/04/2025 INR 3.4`.
pub(super) fn before(context: &Context, date: &Printed) -> bool {
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let rest = text[date.span.end..line.end.max(date.span.end)].trim_start_matches([')', ']', ' ']);
    let behind = rest.strip_prefix(':');
    let words: Vec<&str> = behind
        .unwrap_or(rest)
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '='))
        .filter(|word| !word.is_empty())
        .take(if behind.is_some() { 5 } else { 2 })
        .collect();
    (1..words.len()).any(|n| {
        let numbered = words[n].starts_with(|c: char| c.is_ascii_digit() || c == '<' || c == '>')
            && !words[n].ends_with('%');
        numbered && context.lexicon.is_analyte(&words[..n].join(" "))
    })
}

/// `HbA1c on 11/02/2025 was 9.1 %`, `ferritin 14 ug/L (02/06/2025)`: a test stands before the date in its
/// sentence, and no other date between.
pub(super) fn behind(context: &Context, date: &Printed) -> bool {
    const FARTHEST: usize = 60;
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let sentence = layout.sentence(date.span.start).start;
    let mut from = sentence.max(layout.lines[line].span.start);
    let before_it = |other: &&Printed| other.span.end <= date.span.start;
    if let Some(other) = context.dates.iter().rfind(before_it) {
        from = from.max(other.span.end);
    }
    let before = &layout.text[from.min(date.span.start)..date.span.start];
    let near = before.len().saturating_sub(FARTHEST);
    let near = (near..=before.len()).find(|i| before.is_char_boundary(*i));
    let words: Vec<&str> = before[near.unwrap_or(0)..]
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ':' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).any(|n| {
        (n + 1..=words.len().min(n + 3)).any(|m| {
            let name = words[n..m].join(" ");
            name.len() > 2
                && context.lexicon.is_analyte(&name)
                && !context.lexicon.is_any_drug(&name)
        })
    })
}
