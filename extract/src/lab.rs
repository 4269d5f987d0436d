//! Laboratory results: rows of a table in any order of columns, rows whose cells stand on lines of
//! their own, and results in running text. The name is the longest known analyte at the start of the
//! row, or what stands before the first value where a table's heading or a unit with a range proves it.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, draft::Draft, labels::Target, layout::Span, sections::item_mark};

mod accept;
mod amount;
mod beside;
mod by_date;
mod cells;
mod columns;
mod cultures;
mod flags;
mod former;
mod group;
mod header;
mod legend;
mod name;
mod parts;
mod prose;
mod review;
mod serology;
mod shapes;
mod stacked;
mod trend;

use cells::{Cell, CellKind};
pub(crate) use flags::{flag_norm, is_flag};
use header::{Column, Header};
pub(crate) use review::{FLAG_DIFFERS, fits, misses_flag};

/// All results.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let layout = &context.layout;
    let mut out = Vec::new();
    let mut header: Option<Header> = None;
    let listed = listed(context);
    let among_results = listed.contains(&true);
    let bare = Header::default();
    let mut index = 0;
    let mut missed = 0;
    let mut unit: Option<Span> = None;
    while index < layout.lines.len() {
        let line = &layout.lines[index].span;
        if line.is_empty() {
            index += 1;
            continue;
        }
        if let Some(found) = header::read_header(context, index) {
            header = Some(found);
            unit = None;
            missed = 0;
            index += 1;
            continue;
        }
        if let Some((drafts, next)) = by_date::table(context, index) {
            out.extend(drafts);
            index = next;
            continue;
        }
        legend::set_units(context, line, &mut out);
        let table = header.as_ref().or(listed[index].then_some(&bare));
        if let Some(alone) = group::unit_alone(context, line) {
            unit = Some(alone);
            index += 1;
            continue;
        }
        let mut rows: Vec<Draft> = beside::parts(context, line)
            .into_iter()
            .flat_map(|part| row(context, part, table))
            .collect();
        if !rows.is_empty() {
            if let Some(unit) = &unit {
                for draft in &mut rows {
                    group::set_unit(context, unit, draft);
                }
            }
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
        out.extend(amount::of_specimen(context, index, &listed));
        let found = prose::in_prose(context, index, among_results, &out);
        out.extend(found);
        missed += 1;
        unit = None;
        if missed > 6 {
            header = None;
        }
        index += 1;
    }
    out
}

/// So many lines of a known test and its result, one below the other, are a list of results.
const LIST: usize = 3;

/// Lines of such lists, which need no heading.
fn listed(context: &Context) -> Vec<bool> {
    let layout = &context.layout;
    let mut out = vec![false; layout.lines.len()];
    let mut run: Vec<usize> = Vec::new();
    for (index, line) in layout.lines.iter().enumerate() {
        if line.span.is_empty() {
            continue;
        }
        let parts = beside::parts(context, &line.span);
        if parts.iter().any(|part| is_bare_result(context, part)) {
            run.push(index);
        } else if !is_title(layout.get(&line.span)) {
            run.clear();
        }
        if run.len() >= LIST {
            for index in &run {
                out[*index] = true;
            }
        }
    }
    out
}

/// `Chemical` between the parts of a list.
fn is_title(line: &str) -> bool {
    const LONGEST: usize = 3;
    let words = line.split_whitespace().count();
    words <= LONGEST && line.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// A known test and nothing but the pieces of its result.
fn is_bare_result(context: &Context, line: &Span) -> bool {
    let Some((name, true)) = name::row_name(context, line) else {
        return false;
    };
    let text = context.layout.text;
    let cells = cells::scan(text, name.end..line.end);
    let valued = cells
        .iter()
        .any(|c| matches!(c.kind, CellKind::Number | CellKind::Word | CellKind::Range));
    let covered: usize = cells.iter().map(|c| count(&text[c.span.clone()])).sum();
    valued && covered == count(&text[name.end..line.end]) && !is_labelled_line(context, line)
}

/// What can be read of a text: neither spaces nor the marks between cells.
fn count(text: &str) -> usize {
    text.chars()
        .filter(|c| {
            !c.is_whitespace() && !matches!(c, '|' | ':' | ';' | ',' | '=' | '(' | ')' | '[' | ']')
        })
        .count()
}

/// Is this line the heading of a table of results?
pub(crate) fn is_heading(context: &Context, index: usize) -> bool {
    header::read_header(context, index).is_some()
}

/// The results of one line.
fn row(context: &Context, line: Span, header: Option<&Header>) -> Vec<Draft> {
    let layout = &context.layout;
    let text = layout.text;
    // `T. Bilirubin` looks like an item of a list.
    let mark = item_mark(layout.get(&line));
    let whole = mark > 0 && name::row_name(context, &line).is_some_and(|(_, known)| known);
    let mark = if whole { 0 } else { mark };
    let start = line.start + mark;
    let line = start..line.end;
    if line.is_empty() || is_labelled_line(context, &line) || prose::is_aim(layout.get(&line)) {
        return Vec::new();
    }
    let before = value_before_name(context, &line, header);
    let lead = flag_before_name(context, &line, header);
    let start = before.last().or(lead.as_ref()).map(|cell| cell.span.end);
    let named = start.map_or(line.clone(), |start| {
        crate::layout::trim(text, start..line.end)
    });
    let Some((name, known)) = name::row_name(context, &named) else {
        return Vec::new();
    };
    if lists_others(context, name.end..line.end) {
        return Vec::new();
    }
    let behind = name.end + name::time_remark(&text[name.end..line.end]);
    let unit = unit_after_name(text, behind..line.end);
    let end = unit.as_ref().map_or(behind, |unit| unit.span.end + 1);
    let inner = flag_after_name(context, &(name.start..end), &line, header);
    let values = inner.as_ref().map_or(end, |flag| flag.span.end);
    let units_first = header.is_some_and(|heading| heading.before(Column::Unit, Column::Value));
    let mut cells = if units_first {
        cells::scan_units_first(text, values..line.end)
    } else {
        cells::scan(text, values..line.end)
    };
    let letter = letter_for_value(text, known, values..line.end, &cells);
    if let Some(letter) = letter.or_else(|| genotype(text, &name, line.end)) {
        cells.retain(|cell| cell.span.start >= letter.span.end);
        cells.insert(0, letter);
    }
    if let Some(unit) = unit {
        cells.insert(0, unit);
    }
    if let Some(inner) = inner {
        cells.insert(0, inner);
    }
    if let Some(mut lead) = lead {
        lead.span = crate::layout::trim(text, lead.span);
        cells.push(lead);
    }
    cells.splice(0..0, before);
    accept::assemble(context, &name, known, &cells, &line, header)
}

/// `RBC l 0-2`: where a known test has a range and no value, a letter that looks like a digit stands for it.
fn letter_for_value(text: &str, known: bool, rest: Span, cells: &[Cell]) -> Option<Cell> {
    static LETTER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\s|]*([lIO])\s").expect("a valid expression"));
    let letter = LETTER.captures(&text[rest.clone()])?.get(1)?;
    let ranges = cells.iter().filter(|c| c.kind == CellKind::Range).count();
    let valued = cells
        .iter()
        .any(|c| matches!(c.kind, CellKind::Number | CellKind::Word));
    (known && ranges == 1 && !valued).then(|| Cell {
        kind: CellKind::Number,
        span: rest.start + letter.start()..rest.start + letter.end(),
    })
}

/// `Hb genotype   AS`: letters that would be a flag elsewhere.
fn genotype(text: &str, name: &Span, end: usize) -> Option<Cell> {
    static HAEMOGLOBINS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s|:=-]*([ASC][ASC]|A|S|SS\+F|A\+?F|AE|EE|AD)(?:\s|$)")
            .expect("a valid expression")
    });
    if !text[name.clone()].to_lowercase().contains("genotype") {
        return None;
    }
    let found = HAEMOGLOBINS.captures(&text[name.end..end])?.get(1)?;
    Some(Cell {
        kind: CellKind::Word,
        span: name.end + found.start()..name.end + found.end(),
    })
}

/// `HbA1c 68 mmol/mol, eGFR 52`, `AST 88 H   ALT 104 H`: other tests follow, so that it is no row.
fn lists_others(context: &Context, rest: Span) -> bool {
    prose::next_test(context, &rest).is_some()
}

/// `Sodium (mmol/L)`, `Haemoglobin g/L (115-165) 87`: the unit stands behind the name.
fn unit_after_name(text: &str, rest: Span) -> Option<Cell> {
    static BRACKETS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s?[(\[]([^()\[\]]{1,18})[)\]]").expect("a valid expression")
    });
    static BARE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[ \t|]+([^\s()\[\]|]*[%/][^\s()\[\]|]*)[ \t|]+[(\[<>0-9]")
            .expect("a valid expression")
    });
    let found = [&*BRACKETS, &*BARE].into_iter();
    let mut found = found.filter_map(|shape| shape.captures(&text[rest.clone()])?.get(1));
    let unit = found.find(|unit| shapes::is_unit(unit.as_str().trim()))?;
    Some(Cell {
        kind: CellKind::Unit,
        span: rest.start + unit.start()..rest.start + unit.end(),
    })
}

/// `3.1 L  Potassium  mmol/L`: where the heading says so, the value and its flag come before the name.
fn value_before_name(context: &Context, line: &Span, header: Option<&Header>) -> Vec<Cell> {
    if !header.is_some_and(|heading| heading.before(Column::Value, Column::Name)) {
        return Vec::new();
    }
    let cells = cells::scan_run(context.layout.text, line.clone());
    let own = |c: &Cell| !matches!(c.kind, CellKind::Unit | CellKind::Date);
    let valued = cells.first().is_some_and(|c| c.kind != CellKind::Flag);
    let lead = cells.into_iter().take(2).take_while(own);
    lead.filter(|_| valued).collect()
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
    static BEFORE_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s|]+(?:HH|LL|H|L|\*{1,2})[\s|]+[<>]?\s?[0-9]").expect("a valid expression")
    });
    let rest = name.end..line.end;
    let between = header.is_some_and(|heading| heading.before(Column::Flag, Column::Value))
        || BEFORE_NUMBER.is_match(context.layout.get(&rest));
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
