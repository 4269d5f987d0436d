//! Where the name of a row's test ends: behind the longest known analyte and what belongs to it, or
//! before the first value.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    cells::{self, CellKind},
    shapes,
};
use crate::{
    context::Context,
    layout::{Span, trim_by},
};

/// The longest analyte at the start; or the first cell, or all before the first value.
pub(super) fn row_name(context: &Context, line: &Span) -> Option<(Span, bool)> {
    let text = context.layout.text;
    let words = word_ends(text, line);
    let known = words
        .iter()
        .rev()
        .filter(|end| **end - line.start <= 60)
        .find(|end| {
            let name = &text[line.start..**end];
            let clean = !name.contains(['\t', ':', '<', '>', '≤', '≥']);
            clean && context.lexicon.is_analyte(name) && boundary(text, **end)
        })
        .copied();
    if let Some(end) = known {
        let end = suffix(context, line, end);
        return Some((trimmed(text, line.start..end), true));
    }
    let first_value = first_value(context, line)?;
    let name = trimmed(text, line.start..first_value);
    let printed = &text[name.clone()];
    let letters = printed.chars().filter(|c| c.is_alphabetic()).count();
    let words = printed.split_whitespace().count();
    let after_colon = printed.rsplit_once(':').map(|(_, name)| name.trim());
    let introduced = after_colon.is_some_and(|name| context.lexicon.is_analyte(name));
    (letters >= 2
        && !introduced
        && !printed.starts_with(|c: char| c.is_ascii_lowercase())
        && words <= 6
        && printed.starts_with(char::is_alphanumeric)
        && letters * 2 >= printed.len())
    .then_some((name, false))
}

fn boundary(text: &str, end: usize) -> bool {
    !text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '/')
        || text[end..].starts_with(|c: char| c.is_ascii_digit())
            && text[..end].ends_with(|c: char| c.is_alphabetic())
            && text[..end].len() > 3
}

/// `, Serum`, `(SGOT)`, `- fasting` behind a known name still belong to it.
fn suffix(context: &Context, line: &Span, end: usize) -> usize {
    static MORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:\s?\((?:[A-Za-z][A-Za-z0-9 .,/-]{0,24})\)|[,\s-]{1,3}(?:serum|plasma|urine|ua|csf|fasting|random|total|calc(?:ulated)?|direct|quant(?:itative)?|blood|whole blood|auto|level|activity|count|abs(?:olute)?|hs|high sens(?:itivity)?|s|p|\(calc\)|free)\b)").expect("a valid expression")
    });
    let mut end = end;
    while let Some(found) = MORE.find(&context.layout.text[end..line.end]) {
        let part = found.as_str().trim_matches(|c: char| !c.is_alphanumeric());
        let flag = matches!(
            part.to_ascii_lowercase().as_str(),
            "h" | "l" | "hh" | "ll" | "a" | "high" | "low" | "abnormal" | "negative" | "positive"
        );
        if flag || shapes::is_unit(part) && !matches!(part.to_ascii_lowercase().as_str(), "s" | "p")
        {
            break;
        }
        end += found.end();
    }
    end
}

/// How long the remark behind a name is that tells when it was taken, `(28 wk)`, `(2 hours)`: a number, and none of the
/// result.
pub(super) fn time_remark(rest: &str) -> usize {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?\((?:at |after )?[0-9]{1,3}(?:\+[0-6])?\s?(?:/40|weeks?|wks?|hours?|hrs?|h|minutes?|mins?|days?|months?|mo)\.?(?: [a-z]{1,12}){0,2}\)")
            .expect("a valid expression")
    });
    TIME.find(rest).map_or(0, |remark| remark.end())
}

pub(super) fn trimmed(text: &str, span: Span) -> Span {
    trim_by(text, span, |c| {
        c.is_whitespace() || matches!(c, ':' | '.' | '*' | '|' | '-' | '=' | ',' | '(' | '[')
    })
}

fn word_ends(text: &str, line: &Span) -> Vec<usize> {
    let part = &text[line.clone()];
    let mut ends: Vec<usize> = part
        .char_indices()
        .filter(|(i, c)| {
            let next = part[i + c.len_utf8()..].chars().next();
            let ends_word = next.is_none_or(|n| {
                n.is_whitespace() || matches!(n, ':' | ',' | ';' | '(' | '.' | '=')
            }) || c.is_alphabetic()
                && next.is_some_and(|n| n.is_ascii_digit() || matches!(n, '<' | '>'));
            !c.is_whitespace() && ends_word
        })
        .map(|(i, c)| line.start + i + c.len_utf8())
        .collect();
    ends.dedup();
    ends
}

fn first_value(context: &Context, line: &Span) -> Option<usize> {
    let text = context.layout.text;
    let index = context.layout.line_at(line.start);
    let cells = &context.layout.lines[index].cells;
    if cells.len() > 2
        && let Some(second) = cells.get(1)
        && second.start < line.end
        && second.start > line.start
    {
        return Some(second.start);
    }
    let part = &text[line.clone()];
    let starts: Vec<usize> = part
        .char_indices()
        .filter(|(i, _)| *i == 0 || part[..*i].ends_with(char::is_whitespace))
        .map(|(i, _)| line.start + i)
        .collect();
    starts.into_iter().skip(1).find(|start| {
        let found = cells::scan(text, *start..line.end);
        found.first().is_some_and(|cell| {
            cell.span.start == *start && matches!(cell.kind, CellKind::Number | CellKind::Range)
        })
    })
}
