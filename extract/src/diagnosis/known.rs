//! Conditions that the lexicon knows, wherever they stand in a stretch.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, layout::Span};

pub(super) fn holds_condition(context: &Context, span: &Span) -> bool {
    conditions(context, span).next().is_some()
}

/// Known conditions inside a stretch, the longest first at each place.
pub(super) fn conditions<'a>(context: &'a Context, span: &Span) -> impl Iterator<Item = Span> + 'a {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[\p{L}0-9'’]+(?:-[\p{L}0-9]+)*").expect("a valid expression")
    });
    let text = context.layout.text;
    let words: Vec<Span> = WORD
        .find_iter(&text[span.clone()])
        .map(|m| span.start + m.start()..span.start + m.end())
        .collect();
    let mut i = 0;
    std::iter::from_fn(move || {
        while i < words.len() {
            let found = (1..=6.min(words.len() - i)).rev().find_map(|n| {
                let span = words[i].start..words[i + n - 1].end;
                let name = &text[span.clone()];
                let plain = !name.contains([',', ';', '.', '(', '\t']);
                let abbreviation = n == 1
                    && name.len() <= 4
                    && !name.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
                let word = abbreviation && !matches!(name.to_lowercase().as_str(), "gout" | "acne");
                (plain && !word && context.lexicon.is_condition(name)).then_some((n, span))
            });
            match found {
                Some((n, span)) => {
                    i += n;
                    return Some(span);
                }
                None => i += 1,
            }
        }
        None
    })
}
