//! Laboratory results: rows of a table in any order of columns, rows whose cells stand on lines of
//! their own, and results in running text. The name is the longest known analyte at the start of the
//! row, or what stands before the first value where a table's heading or a unit with a range proves it.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, draft::Draft, labels::Target, layout::Span, sections::item_mark};

mod accept;
mod cells;
mod header;
mod name;
mod parts;
mod prose;
mod review;
mod stacked;

use cells::{Cell, CellKind};
use header::{Column, Header};

/// All results.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let layout = &context.layout;
    let mut out = Vec::new();
    let mut header: Option<Header> = None;
    let mut index = 0;
    let mut missed = 0;
    while index < layout.lines.len() {
        let line = &layout.lines[index].span;
        if line.is_empty() {
            index += 1;
            continue;
        }
        if let Some(found) = header::read_header(context, index) {
            header = Some(found);
            missed = 0;
            index += 1;
            continue;
        }
        let rows = row(context, line.clone(), header.as_ref());
        if !rows.is_empty() {
            out.extend(rows);
            missed = 0;
            index += 1;
            continue;
        }
        if let Some((drafts, next)) = stacked::stacked(context, index, header.as_ref()) {
            out.extend(drafts);
            index = next;
            continue;
        }
        out.extend(prose::in_prose(context, index));
        missed += 1;
        if missed > 6 {
            header = None;
        }
        index += 1;
    }
    out
}

/// The results of one line.
fn row(context: &Context, line: Span, header: Option<&Header>) -> Vec<Draft> {
    let layout = &context.layout;
    let text = layout.text;
    let mark = item_mark(layout.get(&line));
    let start = line.start + mark;
    let line = start..line.end;
    if line.is_empty() || is_labelled_line(context, &line) {
        return Vec::new();
    }
    let lead = flag_before_name(context, &line, header);
    let named = lead.as_ref().map_or(line.start, |flag| flag.span.end)..line.end;
    let Some((name, known)) = name::row_name(context, &named) else {
        return Vec::new();
    };
    let inner = flag_after_name(context, &name, &line, header);
    let values = inner.as_ref().map_or(name.end, |flag| flag.span.end);
    let mut cells = cells::scan(text, values..line.end);
    if let Some(inner) = inner {
        cells.insert(0, inner);
    }
    if let Some(mut lead) = lead {
        lead.span = crate::layout::trim(text, lead.span);
        cells.push(lead);
    }
    accept::assemble(context, &name, known, &cells, &line, header)
}

static LONE_FLAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:HH|LL|H|L|A|ABN|Abn|\*{1,2})[\s|]+").expect("a valid expression")
});

/// `H D-Dimer 0.70`: the flag's column comes first.
fn flag_before_name(context: &Context, line: &Span, header: Option<&Header>) -> Option<Cell> {
    let first = header?.columns.first() == Some(&Column::Flag);
    let found = LONE_FLAG.find(context.layout.get(line)).filter(|_| first)?;
    Some(Cell {
        kind: CellKind::Flag,
        span: line.start..line.start + found.end(),
    })
}

/// `TSH L 0.16 0.40 - 4.50`: the flag's column stands between name and value.
fn flag_after_name(
    context: &Context,
    name: &Span,
    line: &Span,
    header: Option<&Header>,
) -> Option<Cell> {
    let between = header?.before(Column::Flag, Column::Value);
    let rest = name.end..line.end;
    let found = LONE_FLAG
        .find(context.layout.get(&rest))
        .filter(|_| between)?;
    let span = crate::layout::trim_by(context.layout.text, name.end..name.end + found.end(), |c| {
        c.is_whitespace() || c == '|'
    });
    Some(Cell {
        kind: CellKind::Flag,
        span,
    })
}

/// Lines of patient data are no results.
fn is_labelled_line(context: &Context, line: &Span) -> bool {
    let index = context.layout.line_at(line.start);
    context.labels_on(index).any(|(_, label)| {
        label.span.start <= line.start + 4
            && !matches!(label.target, Target::Stop | Target::Section(_))
            && (label.colon || !context.lexicon.is_analyte(context.layout.get(&label.span)))
            && !matches!(label.target, Target::Date(_)) | label.colon
    })
}
