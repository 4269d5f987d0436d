//! What a row of a list says of the drug that it begins with.

use std::sync::LazyLock;

use regex::Regex;

use super::change::{Change, changes};
use crate::layout::Span;

/// In a row the word begins or ends it, opens brackets or stands behind a dash. What else a sig says
/// (`take until finished`) tells nothing; `Metformin increased to 1 g` does.
pub(super) fn in_row(text: &str, row: &Span, name: &Span) -> Option<&'static str> {
    if let Some(change) = changes(text, &(row.start..name.start)).pop() {
        return Some(change.status);
    }
    if let Some(status) = mark(&text[row.start..name.start]) {
        return Some(status);
    }
    let found = changes(text, &(name.end..row.end));
    let ends = |change: &&Change| {
        let rest = &text[change.span.end..row.end];
        let line = rest.split('\n').next().unwrap_or_default();
        !line.contains(char::is_alphanumeric)
    };
    let marked = |change: &&Change| {
        let lead = text[name.end..change.span.start].trim_end();
        let bare = lead.strip_suffix("dose").or(lead.strip_suffix("Dose"));
        let lead = bare.unwrap_or(lead).trim_end();
        let past = change.word.ends_with("ed") || change.word.ends_with("eld");
        let cell = &text[name.end..change.span.start];
        // `Dose changed`, `GP stopped`: what begins the cell.
        let cell = ["dose ", "Dose ", "GP "]
            .iter()
            .find_map(|word| cell.strip_suffix(word))
            .unwrap_or(cell);
        let own_cell = cell.ends_with(['\t', '|']) || cell.ends_with("  ") || cell.ends_with("| ");
        // `5/7 then stop NEW`: in capitals of its own.
        let capitals = text[change.span.clone()].chars().all(char::is_uppercase)
            && text[row.clone()].contains(char::is_lowercase);
        own_cell
            || capitals
            || lead.ends_with(['(', '[', '-', '–', '—', '*'])
            || past && (lead.ends_with([',', ';']) || lead.is_empty())
            || is_passive(text, change)
    };
    found
        .iter()
        .rev()
        .find(ends)
        .or_else(|| found.iter().find(marked))
        .map(|change| change.status)
}

/// `(+) pantoprazole`, `(-) naproxen`: a sign before the name.
fn mark(lead: &str) -> Option<&'static str> {
    match lead.trim() {
        "(+)" => Some("started"),
        "(-)" | "(–)" => Some("stopped"),
        "(=)" => Some("continued"),
        "(↑)" => Some("increased"),
        "(↓)" => Some("decreased"),
        _ => None,
    }
}

/// `was stopped`, `has been increased`, `to be restarted`.
fn is_passive(text: &str, change: &Change) -> bool {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:was|were|is|are|be|been|being)\s+(?:now |also |recently )?$")
            .expect("a valid expression")
    });
    change.word.ends_with("ed") && BEFORE.is_match(&text[..change.span.start])
}
