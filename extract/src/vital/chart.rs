//! Charts of observations: a row for each sign with a value for each time, or a column for each sign with
//! a row for each time.

use std::sync::LazyLock;

use regex::Regex;

use super::{OTHER, PRESSURE, draft};
use crate::{
    context::Context,
    draft::Draft,
    layout::{Line, Span},
    medication,
};

/// So many signs beside each other are the head of a chart.
const HEAD: usize = 3;
/// A chart has no more rows below its head.
const ROWS: usize = 24;

/// A sign's name, with its unit in parentheses if one is printed.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"\b(?P<n>{PRESSURE}|{OTHER})\b\s*(?:\((?P<u>[^)\n]{{1,8}})\))?[:|]?"
    ))
    .expect("a valid expression")
});
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[0-9]{2,3}/[0-9]{2,3}|[0-9]{1,3}(?:\.[0-9])?)(?P<u>%)?$")
        .expect("a valid expression")
});

/// A sign's name and the unit of all its values.
struct Sign {
    name: Span,
    unit: Option<Span>,
    end: usize,
}

/// The signs of charts outside of `taken` spans.
pub(super) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mut out = Vec::new();
    let lines = &context.layout.lines;
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let signs = signs(context, line);
        at += 1;
        if signs.len() >= HEAD && values(context, line, line.span.start).is_empty() {
            let rows = lines[at..].iter().take(ROWS);
            for row in rows.take_while(|row| row.page == line.page) {
                let values = values(context, row, row.span.start);
                if values.len() != signs.len() {
                    break;
                }
                out.extend(signs.iter().zip(&values).map(|(s, v)| found(context, s, v)));
                at += 1;
            }
        } else if let [sign] = &signs[..]
            && sign.name.start == line.span.start
        {
            let values = values(context, line, sign.end);
            let others = line.words.iter().filter(|w| w.start >= sign.end).count();
            if values.len() >= 2 && 2 * values.len() > others {
                out.extend(values.iter().map(|v| found(context, sign, v)));
            }
        }
    }
    out.retain(|draft| !medication::overlaps(&draft.span(), taken));
    out
}

/// The signs that a line names, without those whose values stand beside them.
fn signs(context: &Context, line: &Line) -> Vec<Sign> {
    let text = context.layout.get(&line.span);
    NAME.captures_iter(text)
        .filter_map(|found| {
            let place = |name| {
                found
                    .name(name)
                    .map(|m| line.span.start + m.start()..line.span.start + m.end())
            };
            Some(Sign {
                name: place("n")?,
                unit: place("u"),
                end: line.span.start + found.get(0)?.end(),
            })
        })
        .collect()
}

/// The words from `start` on that are values; dates and times are none.
fn values(context: &Context, line: &Line, start: usize) -> Vec<Span> {
    line.words
        .iter()
        .filter(|word| word.start >= start && VALUE.is_match(context.layout.get(word)))
        .cloned()
        .collect()
}

fn found(context: &Context, sign: &Sign, value: &Span) -> Draft {
    let printed = context.layout.get(value);
    let bare = printed.trim_end_matches('%');
    let split = value.start + bare.len();
    let own = (bare.len() < printed.len()).then(|| split..value.end);
    let mut draft = draft(
        context,
        &sign.name,
        &(value.start..split),
        own.or_else(|| sign.unit.clone()),
    );
    // The name stands at the row's or the column's head: the entity's text is the value alone.
    draft.value = Some(value.clone());
    draft
}
