//! Where a test is named in running text, and how far its name goes.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Fact;

use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
    lexicon::key,
};

/// `Na 138/K 4.4`: a slash between a number and a letter parts words.
pub(super) fn parted(text: &str, words: &[Span]) -> Vec<Span> {
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        let cut = text[word.clone()].find('/').filter(|cut| {
            let before = &text[word.start..word.start + cut];
            let behind = &text[word.start + cut + 1..word.end];
            before.ends_with(|c: char| c.is_ascii_digit()) && behind.starts_with(char::is_uppercase)
        });
        match cut {
            Some(cut) => out.extend([word.start..word.start + cut, word.start + cut + 1..word.end]),
            None => out.push(word.clone()),
        }
    }
    out
}

/// The longest name of a test that these words begin with, and of how many of them.
pub(super) fn test_at(context: &Context, words: &[Span]) -> Option<(usize, Span)> {
    const LONGEST: usize = 4;
    const MARKS: &str = ":|,();.=<>≤≥-–•*/↑↓→[]";
    let text = context.layout.text;
    (1..=LONGEST.min(words.len())).rev().find_map(|n| {
        let span = trim_by(text, words[0].start..words[n - 1].end, |c| {
            c.is_whitespace() || MARKS.contains(c)
        });
        let name = &text[span.clone()];
        // `Dipstick: blood ++`, `VBG: pH 7.31`: a name goes over no colon.
        let whole = !span.is_empty() && ![": ", "; ", "\t"].iter().any(|gap| name.contains(gap));
        let named = || context.lexicon.is_analyte(name) || is_drug_level(context, name);
        (whole && named()).then_some((n, span))
    })
}

/// `Gentamicin trough`, `vancomycin peak level`: how much of a drug is in the blood.
fn is_drug_level(context: &Context, name: &str) -> bool {
    let lower = name.to_lowercase();
    let drug = lower.strip_suffix(" level").unwrap_or(&lower);
    let timed = [" trough", " peak"]
        .iter()
        .find_map(|when| drug.strip_suffix(when));
    timed.is_some_and(|drug| context.lexicon.is_drug(drug))
}

/// `lithium level was 0.62 mmol/L` names the lithium.
pub(super) fn without_level(context: &Context, name: Span) -> Span {
    let printed = &context.layout.text[name.clone()];
    let cut = printed.len().saturating_sub(" level".len());
    let bare = printed.get(..cut).map(str::trim_end);
    let level = printed
        .get(cut..)
        .is_some_and(|end| end.eq_ignore_ascii_case(" level"));
    match bare.filter(|bare| level && context.lexicon.is_analyte(bare)) {
        Some(bare) => name.start..name.start + bare.len(),
        None => name,
    }
}

/// The document has a result of this test already.
pub(super) fn is_named<'a>(printed: &str, before: impl IntoIterator<Item = &'a Draft>) -> bool {
    before.into_iter().any(|draft| {
        matches!(&draft.fact, Fact::Lab(lab) if lab.name.as_deref().is_some_and(|name| key(name) == key(printed)))
    })
}

/// `iron 200 mg (65 mg in …)`: milligrams, and no magnesium.
pub(super) fn is_a_unit(text: &str, name: &Span) -> bool {
    let before = text[..name.start].trim_end_matches(' ');
    text[name.clone()] == *"mg" && before.ends_with(|c: char| c.is_ascii_digit())
}

/// `Ph 1300 924 470`: a telephone, and no acidity.
pub(super) fn is_telephone(text: &str, name: &Span) -> bool {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[.:]?\s?\(?\+?[0-9]{3}").expect("a valid expression"));
    text[name.clone()].eq_ignore_ascii_case("ph") && NUMBER.is_match(&text[name.end..])
}

/// `two units of red cells, 92 g/L`: what was given, over a line's end too.
pub(super) fn is_given(text: &str, name: &Span) -> bool {
    static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:units?|bags?|pools?|pints?|u) (?:of )?(?:packed )?$|\btransfused (?:with )?$")
            .expect("a valid expression")
    });
    const FARTHEST: usize = 30;
    let start = text[..name.start]
        .char_indices()
        .rev()
        .nth(FARTHEST)
        .map_or(0, |(at, _)| at);
    let cells = text[name.clone()].to_lowercase();
    let blood = [
        "cells",
        "rbc",
        "prbc",
        "platelets",
        "albumin",
        "blood",
        "plt",
    ];
    blood.iter().any(|word| cells.ends_with(word))
        && GIVEN.is_match(&text[start..name.start].replace('\n', " "))
}

/// `sodium chloride 0.9%`: the word before it makes a drug of it.
pub(super) fn ends_drug(context: &Context, from: usize, name: &Span) -> bool {
    let text = context.layout.text;
    let before = text[from..name.start].trim_end_matches(' ');
    let word = before
        .rfind([' ', '\t', ',', ';', ':', '|', '('])
        .map_or(0, |at| at + 1);
    word < before.len() && context.lexicon.is_drug(&text[from + word..name.end])
}
