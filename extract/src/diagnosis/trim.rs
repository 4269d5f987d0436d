//! Where the name of a listed diagnosis begins and ends: without numbers, dates, labels, remarks and what follows in
//! its line.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    known::{conditions, holds_condition},
    remarks,
};
use crate::{
    context::Context,
    labels::{self, Target},
    layout::{Span, trim_by},
    sections::SectionKind,
};

/// A name without what is remarked on it and what is asked before it.
pub(super) fn narrowed(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let mut name = before_dash(context, name);
    // `excised 2020`: one remark stands behind the other.
    for _ in 0..2 {
        name = remarks::without_remarks(text, name, |rest| holds_condition(context, rest));
    }
    name = without_stray_letter(context, name);
    // `LIF pain and fever ?diverticulitis`: what is asked.
    if let Some(at) = text[name.clone()].rfind(" ?") {
        let asked = trim_by(text, name.start + at + 2..name.end, char::is_whitespace);
        if holds_condition(context, &asked) {
            name = asked;
        }
    }
    name
}

/// `HTN - at goal, continue losartan`, `GERD. PSHx: CABG`: what is told of a condition behind a dash or a full stop.
fn before_dash(context: &Context, name: Span) -> Span {
    let printed = &context.layout.text[name.clone()];
    let cut = [" - ", " – ", ". "]
        .iter()
        .filter_map(|mark| printed.find(mark))
        .min();
    let Some(cut) = cut else { return name };
    let (lead, rest) = (name.start..name.start + cut, name.start + cut..name.end);
    let told = conditions(context, &lead)
        .last()
        .is_some_and(|found| found.start == lead.start || found.end == lead.end);
    if told && !holds_condition(context, &rest) {
        return lead;
    }
    name
}

/// `1  CKD G4 A3`: the number of an item that a wide gap parts from it.
pub(super) fn without_number(text: &str, item: &Span) -> Span {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[0-9]{1,2}|(?:19|20)[0-9]{2})(?:\t|  )\s*|^(?:19|20)[0-9]{2}\s?[:–-]?\s+|^(?:0?[1-9]|1[0-2])/(?:19|20)[0-9]{2}\s*[:–-]?\s+")
            .expect("a valid expression")
    });
    let number = NUMBER.find(&text[item.clone()]);
    item.start + number.map_or(0, |number| number.end())..item.end
}

/// `12-Jun-2018 Essential hypertension`: the date of a row of a list of problems is no part of the name.
pub(super) fn without_date(context: &Context, name: Span) -> Span {
    let date = context
        .dates
        .iter()
        .find(|date| date.span.start == name.start && date.span.end <= name.end);
    date.map_or(name.clone(), |date| {
        let edge = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '-' | '–' | '|');
        trim_by(context.layout.text, date.span.end..name.end, edge)
    })
}

/// `L Asthma`: a lone letter before a known condition is a misread list mark.
fn without_stray_letter(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let Some((lead, _)) = text[name.clone()].split_once(' ') else {
        return name;
    };
    let rest = name.start + lead.len() + 1..name.end;
    let known = conditions(context, &rest)
        .next()
        .is_some_and(|found| found.start == rest.start);
    if lead.chars().count() == 1 && known {
        return rest;
    }
    name
}

/// `Diagnosis Acute appendicitis`: a heading that lost its colon is no part of the name.
pub(super) fn without_label(text: &str, name: Span) -> Span {
    let printed = &text[name.clone()];
    let lead = printed.find(' ').map_or(0, |cut| cut + 1);
    let word = labels::letters(&printed[..lead]);
    let label = labels::exact(&word) == Some(Target::Section(SectionKind::Diagnoses));
    name.start + if label { lead } else { 0 }..name.end
}

/// `left wrist sprain. Prescribed …`: a name ends with its sentence.
pub(super) fn first_sentence(text: &str, name: Span) -> Span {
    static END: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\p{Ll}{4,}(\.\s+)\p{Lu}").expect("a valid expression"));
    let end = END
        .captures(&text[name.clone()])
        .and_then(|found| found.get(1));
    let end = end.map_or(name.end, |stop| name.start + stop.start());
    name.start..end
}

pub(super) fn tidy(text: &str, span: Span) -> Span {
    let span = trim_by(text, span, |c| {
        c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '*')
    });
    close_bracket(text, span)
}

pub(super) fn close_bracket(text: &str, span: Span) -> Span {
    let part = &text[span.clone()];
    if part.contains('(') && !part.contains(')') && text[span.end..].starts_with(')') {
        return span.start..span.end + 1;
    }
    span
}
