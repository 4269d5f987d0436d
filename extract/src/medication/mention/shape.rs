//! Names that no lexicon knows, told by where they stand: before a strength, behind a form, or a letter off a known
//! name beside either.

use std::sync::LazyLock;

use regex::Regex;
use schemas::DocumentKind;

use super::{Mention, overlaps, words::ORDINARY};
use crate::{
    context::Context,
    layout::{Span, trim_by},
    sections::{SectionKind, item_mark},
    sig::{self, Part},
};

/// A line that begins with a capitalised name before a strength, form or dose.
pub(super) fn before_strength(context: &Context, index: usize) -> Option<Mention> {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^(?:(?i:rx|drug|medication|medicine|item|drug name|med)\s*(?:[:.]|\d\s*[:.)])\s*|(?i:take|start|continue|give)\s+)?([\p{L}][\p{L}0-9'’|]*(?:[-/ ][\p{L}][\p{L}0-9|]*){0,3}?)[,:]?[\s\t]*(?:\([^)]{1,40}\)\s*)?(?:[0-9OolI]*[0-9][0-9OolI.,/-]*\s*(?:mcg|mcq|ug|µg|mg|rng|mq|g|gm|mL|ml|units?|IU|mEq|%)(?:[^\p{L}]|[A-Z]|tab|cap|$))",
        )
        .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let text = layout.get(&line.span);
    let mark = item_mark(text);
    let rest = &text[mark..];
    let found = SHAPE.captures(rest)?.get(1)?;
    let name = line.span.start + mark + found.start()..line.span.start + mark + found.end();
    let name = strip_form(context, name);
    let printed = layout.get(&name);
    let lower = printed.to_lowercase();
    let first = lower.split([' ', '-']).next().unwrap_or_default();
    let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
    let in_list = mark > 0 || context.section(name.start) == Some(SectionKind::Medications);
    let capital = printed.starts_with(char::is_uppercase);
    let lab = context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs);
    let analyte = context.lexicon.is_analyte(printed);
    let words = printed.split_whitespace().count();
    if letters < 4
        || ORDINARY.contains(&first)
        || lab
        || analyte
        || !(capital || in_list && !context.lexicon.near_drugs(printed).is_empty())
        || words > 4
        || context.lexicon.is_condition(printed)
    {
        return None;
    }
    Some(Mention {
        name,
        known: false,
        weak: true,
        given: false,
    })
}

/// `Inj. Vitcofol 2 ml`, `T. Pan 40`: prescriptions of India put the form before the name.
pub(super) fn behind_form(context: &Context, index: usize) -> Option<Mention> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:T|Tab|TAB|Cap|CAP|Inj|INJ|Syr|Syp|SYP|Susp|Oint)(?:\.\s?|\s)(\p{Lu}[\p{L}-]{2,}(?: (?:\p{Lu}[\p{L}0-9-]*|[A-Z]{1,3})\b){0,2})")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let text = layout.get(&line.span);
    let mark = item_mark(text).min(text.len());
    // `T. ` is a list's mark in its looks.
    let mark = if FORM.is_match(text) { 0 } else { mark };
    let found = FORM.captures(&text[mark..])?.get(1)?;
    let start = line.span.start + mark;
    Some(Mention {
        name: start + found.start()..start + found.end(),
        known: false,
        weak: true,
        given: false,
    })
}

/// `Tab Glycomet 500 mg BD, Tab Wysolone 10 mg OD`: behind a comma a form begins the next drug of a line, which no list
/// may know.
pub(super) fn behind_inner_forms(context: &Context, line: &Span, named: &[Span]) -> Vec<Mention> {
    let text = context.layout.get(line);
    INNER_FORM
        .captures_iter(text)
        .filter_map(|found| found.get(1))
        .map(|name| line.start + name.start()..line.start + name.end())
        .filter(|name| !overlaps(name, named))
        .map(|name| Mention {
            name,
            known: false,
            weak: true,
            given: false,
        })
        .collect()
}

/// A form by its abbreviation behind a comma, and a name before an amount.
pub(in crate::medication) static INNER_FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[,;]\s+(?:and\s+)?(?:T|Tab|TAB|Cap|CAP|Inj|INJ|Syr|SYR|Syp|SYP|Susp|Oint)(?:\.\s?|\s)(\p{Lu}[\p{L}-]{2,}(?: (?:\p{Lu}[\p{L}0-9-]*|[A-Z]{1,3})\b){0,2})\s+(?:[0-9]|one|two|half)")
        .expect("a valid expression")
});

/// `started on Iisinoprll 10 mg`: a misreading of one known drug right before a strength, form or route.
pub(super) fn misread(
    context: &Context,
    words: &[Span],
    named: &[Span],
    taken: &[Span],
) -> Option<Mention> {
    let layout = &context.layout;
    let lab = context.kind == DocumentKind::LabReport;
    words.iter().find_map(|word| {
        let printed = layout.get(word);
        if lab
            || context.section(word.start) == Some(SectionKind::Labs)
            || overlaps(word, named)
            || overlaps(word, taken)
        {
            return None;
        }
        context.lexicon.misread_drug(printed)?;
        let line = &layout.lines[layout.line_at(word.start)].span;
        let found = sig::scan(layout.text, word.end..line.end, &[]);
        let beside = found.first().is_some_and(|next| {
            matches!(next.part, Part::Strength | Part::Form | Part::Route)
                && next.span.start <= word.end + 2
        });
        beside.then(|| Mention {
            name: word.clone(),
            known: false,
            weak: true,
            given: false,
        })
    })
}

/// `Tylenoll Tablet 500 mg`: the form is no part of the name.
fn strip_form(context: &Context, name: Span) -> Span {
    let found = sig::scan(context.layout.text, name.clone(), &[]);
    let cut = found
        .iter()
        .find(|f| matches!(f.part, Part::Form | Part::Dose) && f.span.start > name.start)
        .map_or(name.end, |f| f.span.start);
    trim_by(context.layout.text, name.start..cut, |c| {
        c.is_whitespace() || c == ','
    })
}
