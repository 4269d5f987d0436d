//! Results in running text and in lists without a heading.

use std::sync::LazyLock;

use regex::Regex;

use schemas::DocumentKind;

use super::{
    accept::{is_vital_or_sum, looks_like_sig},
    cells::{self, CellKind},
    parts::Parts,
};
use crate::{context::Context, draft::Draft, layout::trim_by, sections::SectionKind};

/// `WBC 8.2, Hgb 13.4 g/dL`, `creatinine was 1.4 mg/dL`.
pub(super) fn in_prose(context: &Context, index: usize, among_results: bool) -> Vec<Draft> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        // `has come down from 890 to 140`: the last of them counts.
        let changed = r"(?:(?:has|have|had)\s+)?(?:since\s+|now\s+)?(?:rose|risen|fell|fallen|dropped|improved|increased|decreased|settled|climbed|come down|came down|gone up|went up|gone down|went down)\s+(?:from\s+[<>]?[0-9]+(?:\.[0-9]+)?(?:\s?%|\s?[a-zµ]+/[a-z0-9.]+)?\s+)?to";
        let pattern = r"(?i)^(?:\s*(?:level|count|value)?\s*(?:(?:on (?:admission|discharge|arrival)|at (?:admission|discharge)|today|initially|now|(?:peaked|remained) at|(?:rose|fell|improved|came down|went up) to|CHANGED)\s*)?(?::|=|of|was|is|at|were|\()?\s*|\s+)";
        Regex::new(&pattern.replace("CHANGED", changed)).expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let line = layout.lines[index].span.clone();
    let section = context.section(line.start);
    if section == Some(SectionKind::Medications) {
        return Vec::new();
    }
    let words = layout.lines[index].words.clone();
    let mut out = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let found = (1..=4.min(words.len() - i)).rev().find_map(|n| {
            let span = trim_by(text, words[i].start..words[i + n - 1].end, |c| {
                matches!(c, ':' | ',' | '(' | ')' | ';' | '.' | '=')
            });
            let ok = !span.is_empty() && context.lexicon.is_analyte(&text[span.clone()]);
            ok.then_some((n, span))
        });
        let Some((n, name)) = found else {
            i += 1;
            continue;
        };
        i += n;
        let Some(link) = LINK.find(&text[name.end..line.end]) else {
            continue;
        };
        let from = name.end + link.end();
        let stop = text[from..line.end]
            .find([';', '\t'])
            .map_or(line.end, |k| from + k);
        let cells = cells::scan_run(text, from..stop);
        let Some(first) = cells.first() else { continue };
        let printed = &text[name.clone()];
        let unit = cells.iter().any(|c| c.kind == CellKind::Unit);
        let short = printed.len() <= 2;
        let lab_place = among_results
            || section == Some(SectionKind::Labs)
            || context.kind == DocumentKind::LabReport;
        let upper = printed.contains(char::is_uppercase);
        let number = matches!(first.kind, CellKind::Number)
            || first.kind == CellKind::Range && unit && lab_place;
        let listed = text[..name.start].trim_end().ends_with([',', ':']);
        let word = first.kind == CellKind::Word && lab_place && (upper || listed);
        // `CRP 186 mg/L, WCC 17.2`: what follows a result after a comma is one too.
        let chained = out
            .last()
            .and_then(|last: &Draft| text.get(last.span().end..name.start))
            .is_some_and(|between| {
                let gap = between.trim_start_matches(['H', 'L', '*', ')']).trim();
                matches!(gap, "," | ";" | ", and" | "and")
            })
            || leads_to_test(context, &text[first.span.end..line.end]);
        let sure = number
            && (unit
                || lab_place && upper
                || (upper || chained && printed.len() > 3)
                    && (!short || chained)
                    && !is_vital_or_sum(printed)
                    && !context.lexicon.is_drug(printed)
                    && text[first.span.clone()].len() < 6
                    && text[first.span.end..].starts_with([',', '.', ';', ' ', ')', '\n'])
                    && (chained || link.as_str().trim() != ""));
        let sentence = text[name.start..line.end].find(". ");
        let rest_of_line = name.start..sentence.map_or(line.end, |at| name.start + at);
        if !(sure || word) || looks_like_sig(context, &name, &rest_of_line, false) {
            continue;
        }
        if let Some(parts) = Parts::of(text, &cells, None) {
            out.push(parts.draft(context, &name, true, None));
        }
    }
    out
}

/// `, ferritin 14 ug/L`: the next result follows behind a comma.
fn leads_to_test(context: &Context, rest: &str) -> bool {
    let Some(next) = rest
        .strip_prefix([',', ';'])
        .and_then(|r| r.strip_prefix(' '))
    else {
        return false;
    };
    let words: Vec<&str> = next.split_whitespace().take(4).collect();
    (1..words.len()).any(|n| {
        words[n].starts_with(|c: char| c.is_ascii_digit())
            && context.lexicon.is_analyte(&words[..n].join(" "))
    })
}
