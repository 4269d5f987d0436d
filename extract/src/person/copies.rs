//! Who else gets a copy of a letter or a report.

use std::sync::LazyLock;

use regex::Regex;

use super::is_organisation;
use crate::{
    context::Context,
    labels::{self, Label},
    layout::Span,
    names,
};

/// A label of those who get a copy.
pub(super) fn is_label(context: &Context, n: usize) -> bool {
    let key = labels::letters(context.layout.get(&context.labels[n].span));
    matches!(&*key, "cc" | "copyto" | "copiesto")
}

/// `Copy to: Dr. Paul Tremont; Nora Quill, NP`: whom else a copy goes to, with a title or a degree.
pub(super) fn further(context: &Context, label: &Label, first: &Span) -> Vec<Span> {
    static NEXT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:;| and | & |, (?i:dr)\b)").expect("a valid expression"));
    let text = context.layout.text;
    let end = context.layout.lines[label.line].span.end;
    if !(label.span.end..end).contains(&first.end) {
        return Vec::new();
    }
    let next = NEXT.find_iter(&text[first.end..end]);
    next.filter_map(|gap| {
        // A title behind the comma is the name's.
        let part = if gap.as_str().starts_with(',') {
            1
        } else {
            gap.len()
        };
        let place = first.end + gap.start() + part..end;
        let name = names::titled(text, &place)?;
        let titled = text[place.start..name.start].to_lowercase().contains("dr");
        let near = name.start - place.start < 6;
        (near && (titled || names::has_degree(text, name.end)) && !is_organisation(context, &name))
            .then_some(name)
    })
    .collect()
}
