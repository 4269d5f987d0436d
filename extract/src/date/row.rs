//! Dates that begin a row: of services with codes and amounts, or of a list of problems.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DateRole, DocumentKind};

use crate::{context::Context, dates::Printed, sections::SectionKind};

pub(super) fn service(context: &Context, date: &Printed) -> Option<DateRole> {
    static ROW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:\d{5}|[A-V]\d{4})\b.*\d\.\d\d\b").expect("a valid expression")
    });
    static CHARGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\p{L}{3}.*\s(?:[0-9][0-9,]*\.[0-9]{2}|N/C)\s*$").expect("a valid expression")
    });
    const COLUMNS: usize = 3;
    let line = context.layout.line_at(date.span.start);
    let span = &context.layout.lines[line].span;
    let rest = &context.layout.text[date.span.end..span.end];
    let early = date.span.start - span.start < 30;
    // `11/09/2023   -   New patient consultation   220.00`: a row of an invoice that has no code.
    let first = date.span.start == span.start;
    let charged = context.kind == DocumentKind::InsuranceForm
        && first
        && context.layout.lines[line].cells.len() >= COLUMNS
        && CHARGED.is_match(rest);
    (early && ROW.is_match(rest) || charged).then_some(DateRole::Service)
}

/// `D/C 10/3/25: Lisinopril 5 mg`, `Tramadol 50 mg - D/C 11/03/2025`, `Edoxaban started 03/11/2025`: the day on which a
/// drug was stopped or begun.
pub(super) fn stops_drug(context: &Context, date: &Printed) -> bool {
    static SINCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s(-])(?:d/c(?:['’]?d)?|stopped|discontinued|ceased|started|commenced)(?: on)?\W{0,2}$")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let before = text[line.start..date.span.start].trim().to_lowercase();
    let rest =
        text[date.span.end..line.end.max(date.span.end)].trim_start_matches([':', '-', ' ', '\t']);
    let word = rest.split([' ', ',', '\t']).next().unwrap_or_default();
    let named = || {
        before
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .any(|word| word.len() > 3 && context.lexicon.is_drug(word))
    };
    matches!(&*before, "d/c" | "dc" | "stopped" | "discontinued" | "stop")
        && context.lexicon.is_any_drug(word)
        || SINCE.is_match(&before) && named()
}

/// A row of a list of problems, `12-Jun-2018 Essential hypertension`.
pub(super) fn before_condition(context: &Context, date: &Printed) -> bool {
    let listed = matches!(
        context.section(date.span.start),
        Some(SectionKind::Diagnoses | SectionKind::History)
    );
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let first = !context.layout.text[line.start..date.span.start].contains(char::is_alphanumeric);
    let rest = &context.layout.text[date.span.end..line.end.max(date.span.end)];
    listed && first && rest.chars().filter(|c| c.is_alphabetic()).count() > 3
}
