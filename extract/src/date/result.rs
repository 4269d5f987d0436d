//! Days on which something was measured: over a column of results, before them or behind one.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DateRole, DocumentKind};

use crate::{
    context::Context,
    dates::Printed,
    lab,
    labels::{self, Target},
    layout::Span,
};

/// One of several dates in the heading of a table of results: a column for each collection.
pub(super) fn heads_column(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let dates = context
        .dates
        .iter()
        .filter(|d| context.layout.line_at(d.span.start) == line)
        .count();
    let told = context.labels_on(line).any(
        |(_, label)| matches!(label.target, Target::Date(role) if role != DateRole::Collected),
    );
    dates > 1 && !told && lab::is_heading(context, line)
}

/// One of several dates that stand alone on a line of a report, above the numbers and results of their samples.
pub(super) fn heads_columns_alone(context: &Context, date: &Printed) -> bool {
    const FEWEST: usize = 2;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)];
    let dated = |cell: &Span| context.dates.iter().any(|date| date.span == *cell);
    context.kind == DocumentKind::LabReport
        && line.cells.len() >= FEWEST
        && line.cells.iter().all(dated)
}

/// The day of the results before, below or behind `Previous` in the heading of a table.
pub(super) fn heads_previous(context: &Context, date: &Printed) -> bool {
    let layout = &context.layout;
    let index = layout.line_at(date.span.start);
    let is_previous = |text: &str| {
        let text = text.trim_end_matches([':', ' ', '(']).to_lowercase();
        text.ends_with("previous") || text.ends_with("prior")
    };
    let before = &layout.text[layout.lines[index].span.start..date.span.start];
    lab::is_heading(context, index)
        && (is_previous(before) || index > 0 && is_previous(layout.line(index - 1)))
}

/// A row of a table below `Date | CRP | WCC`.
pub(super) fn begins_row(context: &Context, date: &Printed) -> bool {
    const FARTHEST: usize = 15;
    let layout = &context.layout;
    let index = layout.line_at(date.span.start);
    let line = &layout.lines[index];
    if line.cells.len() < 2 || line.cells[0].start != date.span.start {
        return false;
    }
    let test = |cell: &Span| {
        let name = layout
            .get(cell)
            .split(['(', '['])
            .next()
            .unwrap_or_default();
        context.lexicon.is_analyte(name)
    };
    (index.saturating_sub(FARTHEST)..index).rev().any(|above| {
        let cells = &layout.lines[above].cells;
        let dated = cells
            .first()
            .is_some_and(|cell| labels::letters(layout.get(cell)).starts_with("date"));
        dated && cells.len() == line.cells.len() && cells[1..].iter().any(test)
    })
}

/// `Bloods 06/02: Hb 84`, `Baseline (12/05/2025): ALT 21 U/L`: a colon and a test with a number follow; or the test follows
/// at once, `Previous: 22/04/2025 INR 3.4`.
pub(super) fn before(context: &Context, date: &Printed) -> bool {
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let rest = text[date.span.end..line.end.max(date.span.end)].trim_start_matches([')', ']', ' ']);
    let behind = rest.strip_prefix(':');
    let words: Vec<&str> = behind
        .unwrap_or(rest)
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '='))
        .filter(|word| !word.is_empty())
        .take(if behind.is_some() { 5 } else { 2 })
        .collect();
    (1..words.len()).any(|n| {
        let numbered = words[n].starts_with(|c: char| c.is_ascii_digit() || c == '<' || c == '>')
            && !words[n].ends_with('%');
        numbered && context.lexicon.is_analyte(&words[..n].join(" "))
    })
}

/// `rose from 2.4 mg/dL on 10/12/2023 to 2.9 mg/dL on 04/10/2024`: a value with its unit stands before the day.
pub(super) fn valued(context: &Context, date: &Printed) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"[0-9] ?(?:%|[a-zA-Zµμ]{1,5}/(?:[a-zA-Z]{1,4}|mm3|1\.73 ?m2)),? (?:on|of|from) $",
        )
        .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let before = &context.layout.text[line.start..date.span.start];
    // Doses go by weight or time.
    let dosed = before.contains("/kg on") || before.contains("/day on");
    VALUE.is_match(before) && !dosed
}

/// `HbA1c on 11/02/2025 was 9.1 %`, `ferritin 14 ug/L (02/06/2025)`: a test stands before the date in its
/// sentence, and no other date between.
pub(super) fn behind(context: &Context, date: &Printed) -> bool {
    const FARTHEST: usize = 60;
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let sentence = layout.sentence(date.span.start).start;
    let mut from = sentence.max(layout.lines[line].span.start);
    let before_it = |other: &&Printed| other.span.end <= date.span.start;
    if let Some(other) = context.dates.iter().rfind(before_it) {
        from = from.max(other.span.end);
    }
    let before = &layout.text[from.min(date.span.start)..date.span.start];
    let near = before.len().saturating_sub(FARTHEST);
    let near = (near..=before.len()).find(|i| before.is_char_boundary(*i));
    let words: Vec<&str> = before[near.unwrap_or(0)..]
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ':' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).any(|n| {
        (n + 1..=words.len().min(n + 3)).any(|m| {
            let name = words[n..m].join(" ");
            name.len() > 2
                && context.lexicon.is_analyte(&name)
                && !context.lexicon.is_any_drug(&name)
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn days_of_results() {
        for (text, want) in [
            (
                "LABORATORY REPORT\nReference range\n            12/03/25    15/03/25\nSodium      131        136   mmol/L\n",
                "collected collected",
            ),
            (
                "LABORATORY REPORT\nCollected: 2025-12-14\n                              Previous\nTest     Unit    Range    Result   2025-06-08\nSodium   mmol/L  133-146  136      131\n",
                "collected other",
            ),
            (
                "Dear Dr Reed,\nHis urea rose from 7.1 mmol/L on 13/12/2023 to 9.9 mmol/L on 14/04/2024.\n",
                "collected collected",
            ),
        ] {
            let roles = told(text, "date", ["role"]).concat();
            assert_eq!(roles.join(" "), want, "{text}");
        }
    }
}
