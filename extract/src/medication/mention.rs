//! Where drugs are named: the lexicon's longest name at each word ([`edge`] says where it begins and ends), or the
//! [`shape`] of a line that begins with a name before a strength. Names that belong together (`Amlodipine/Benazepril`)
//! are one mention ([`join`]); drugs that are only compared or mixed in are none ([`reason`]).

use std::sync::LazyLock;

use regex::Regex;

use super::columns;
use crate::{context::Context, layout::Span, lexicon::LONGEST_NAME};

mod edge;
mod join;
mod reason;
mod shape;
mod words;

pub(super) use shape::INNER_FORM;
use words::{CLASSES, OF_AMOUNTS, WEAK};

/// A drug's name in the text.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub name: Span,
    /// In the compiled-in table or the added list; otherwise found by shape.
    pub known: bool,
    /// Only in the added list, or a word with other meanings: needs evidence beside it.
    pub weak: bool,
    /// A table of what was given names it: that is evidence enough.
    pub given: bool,
}

/// Every drug that is named outside `taken`, in reading order.
pub(super) fn mentions(context: &Context, taken: &[Span]) -> Vec<Mention> {
    let layout = &context.layout;
    let mut out = Vec::new();
    for index in 0..layout.lines.len() {
        let line = &layout.lines[index];
        let words = name_words(context, &line.span);
        let mut i = 0;
        let mut found_in_line = false;
        while i < words.len() {
            let found = (1..=LONGEST_NAME.min(words.len() - i)).rev().find_map(|n| {
                let span = words[i].start..words[i + n - 1].end;
                let name = layout.get(&span);
                is_name(context, name).then_some((n, span))
            });
            let Some((n, span)) = found else {
                i += 1;
                continue;
            };
            let first = i;
            i += n;
            let span = edge::with_salt(layout, edge::without_form(context, span));
            if names_condition(context, &words[first..]) {
                continue;
            }
            if overlaps(&span, taken)
                || is_of_a_person(layout.text, &line.span, &span)
                || touches_word(layout.text, &span)
                || edge::is_form(context, &span)
            {
                continue;
            }
            found_in_line = true;
            let weak = is_weak(context, layout.get(&span));
            out.push(Mention {
                name: span,
                known: true,
                weak,
                given: false,
            });
        }
        if !found_in_line && !overlaps(&line.span, taken) {
            out.extend(
                shape::before_strength(context, index)
                    .or_else(|| shape::behind_form(context, index)),
            );
        }
        let named: Vec<Span> = out.iter().map(|m: &Mention| m.name.clone()).collect();
        out.extend(
            shape::behind_inner_forms(context, &line.span, &named)
                .into_iter()
                .filter(|mention| !overlaps(&mention.name, taken)),
        );
        out.extend(shape::misread(context, &words, &named, taken));
    }
    out.sort_by_key(|mention| mention.name.start);
    let mut out = join::combinations(context, reason::left_out(context, &out));
    let given = columns::vaccines(context);
    let cells: Vec<Span> = given.iter().map(|mention| mention.name.clone()).collect();
    out.retain(|mention| !overlaps(&mention.name, &cells));
    out.extend(given);
    out.sort_by_key(|mention| mention.name.start);
    out
}

/// Does a stretch name a drug of either list?
fn is_name(context: &Context, name: &str) -> bool {
    let lower = name.to_lowercase();
    // `at 10 ml/hr`: large lists hold brands of a small word and a number.
    let counted = name.split_once(' ').is_some_and(|(word, number)| {
        matches!(word, "at" | "in" | "on" | "to" | "by" | "of" | "for" | "as")
            && number.starts_with(|c: char| c.is_ascii_digit())
    });
    !counted
        && !name.contains(['\t', ',', ';', ':', '('])
        && !name.contains("  ")
        && !name.contains(" - ")
        && name.len() > 2
        && !OF_AMOUNTS.contains(&&*lower)
        && !CLASSES.contains(&&*lower)
        && context.lexicon.is_any_drug(name)
}

/// Names that need evidence beside them.
fn is_weak(context: &Context, name: &str) -> bool {
    !context.lexicon.is_drug(name)
        || context.lexicon.is_analyte(name)
        || WEAK.contains(&crate::lexicon::key(name).as_str())
}

/// `Iron deficiency anaemia`: the name begins a condition.
fn names_condition(context: &Context, words: &[Span]) -> bool {
    let longest = words.len().min(5);
    (2..=longest).any(|n| {
        let name = context.layout.get(&(words[0].start..words[n - 1].end));
        !name.contains([',', ';', '\t', '.']) && context.lexicon.is_condition(name)
    })
}

/// Words of letters, digits and inner marks, so that `(Advair` and `Lisinopril,` match.
fn name_words(context: &Context, line: &Span) -> Vec<Span> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[\p{L}][\p{L}0-9'’]*(?:-[\p{L}0-9]+)*|[0-9]+").expect("a valid expression")
    });
    let text = context.layout.text;
    WORD.find_iter(context.layout.get(line))
        .map(|m| line.start + m.start()..line.start + m.end())
        .map(|word| {
            // A lost space: `Acetaminophen650mg`.
            let letters = text[word.clone()]
                .find(|c: char| c.is_ascii_digit())
                .filter(|cut| *cut > 4)
                .map_or(word.end, |cut| word.start + cut);
            let glued = letters < word.end && context.lexicon.is_drug(&text[word.start..letters]);
            if glued { word.start..letters } else { word }
        })
        .collect()
}

/// `First names: Yasmin Farah`: brands are names of people too.
fn is_of_a_person(text: &str, line: &Span, name: &Span) -> bool {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(?:first|given|patient'?s?|sur|fore|last|family|full) ?)names?\s*:\s*(?:\p{Lu}[\p{L}'’-]+ )?$")
            .expect("a valid expression")
    });
    LABEL.is_match(&text[line.start..name.start])
}

fn touches_word(text: &str, span: &Span) -> bool {
    text[..span.start].ends_with(|c: char| c.is_alphabetic())
        || text[span.end..].starts_with(|c: char| c.is_alphabetic())
}

pub(crate) fn overlaps(span: &Span, taken: &[Span]) -> bool {
    taken
        .iter()
        .any(|t| t.start < span.end && span.start < t.end)
}
