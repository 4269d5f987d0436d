//! Laboratory results: rows of a table in any order of columns, rows whose cells stand on lines of
//! their own, and results in running text. The name is the longest known analyte at the start of the
//! row, or what stands before the first value where a table's heading or a unit with a range proves it.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, Fact, Lab};

use crate::{
    context::Context,
    draft::Draft,
    lab_cells::{self, Cell, CellKind},
    lab_review,
    labels::Target,
    layout::{Span, trim_by},
    sections::{SectionKind, item_mark},
    sig::{self, Part},
};

/// What the columns of a table hold, in printed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Value,
    Previous,
    Flag,
    Range,
    Unit,
    Date,
}

/// A table's heading.
#[derive(Clone, Debug, Default)]
struct Header {
    columns: Vec<Column>,
    /// Dates over columns of values.
    dates: Vec<Span>,
}

impl Header {
    fn before(&self, first: Column, second: Column) -> bool {
        let at = |c: Column| self.columns.iter().position(|x| *x == c);
        matches!((at(first), at(second)), (Some(a), Some(b)) if a < b)
    }
}

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
        if let Some(found) = read_header(context, index) {
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
        if let Some((drafts, next)) = stacked(context, index, header.as_ref()) {
            out.extend(drafts);
            index = next;
            continue;
        }
        out.extend(in_prose(context, index));
        missed += 1;
        if missed > 6 {
            header = None;
        }
        index += 1;
    }
    out
}

fn read_header(context: &Context, index: usize) -> Option<Header> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(previous(?: results?)?|prior(?: results?)?|last result)|(tests?(?: names?| description)?|components?|analytes?|investigations?|parameters?|exam(?:ination)?|procedure|description|assay)|((?:your |in range |out of range |current |patient )?(?:results?|values?)|observed values?|findings?|in range|out of range)|(flags?|status|abn(?:ormal)?|h/l|indicator|interpretation)|((?:biological |normal |standard |ref(?:erence)?\.? )*(?:reference|ref\.?|range|interval|normal|limits?|expected)(?: (?:range|interval|values?|limits?|intervals|ranges))?)|(units?|uom)|(date|collected))\b").expect("a valid expression")
    });
    let layout = &context.layout;
    let span = &layout.lines[index].span;
    let text = layout.get(span);
    if text.len() > 120 {
        return None;
    }
    let mut columns = Vec::new();
    let mut covered = 0;
    for found in WORDS.captures_iter(text) {
        covered += found.get(0).map_or(0, |m| m.len());
        let kinds = [
            Column::Previous,
            Column::Name,
            Column::Value,
            Column::Flag,
            Column::Range,
            Column::Unit,
            Column::Date,
        ];
        let kind = (1..=7)
            .find(|i| found.get(*i).is_some())
            .map(|i| kinds[i - 1])?;
        if columns.last() != Some(&kind) {
            columns.push(kind);
        }
    }
    let dates: Vec<Span> = context
        .dates
        .iter()
        .filter(|d| d.span.start >= span.start && d.span.end <= span.end)
        .map(|d| d.span.clone())
        .collect();
    covered += dates.iter().map(ExactSizeIterator::len).sum::<usize>();
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let dense = covered * 10 >= letters * 7;
    let kinds: std::collections::BTreeSet<_> = columns.iter().map(|c| *c as usize).collect();
    let named = columns.iter().find(|c| **c != Column::Flag) == Some(&Column::Name);
    let result = columns.contains(&Column::Value) || dates.len() >= 2;
    (dense
        && named
        && (kinds.len() >= 2 || dates.len() >= 2)
        && (result || kinds.len() >= 3)
        && !text.trim_end().ends_with('.'))
    .then_some(Header { columns, dates })
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
    let Some((name, known)) = row_name(context, &named) else {
        return Vec::new();
    };
    let inner = flag_after_name(context, &name, &line, header);
    let values = inner.as_ref().map_or(name.end, |flag| flag.span.end);
    let mut cells = lab_cells::scan(text, values..line.end);
    if let Some(inner) = inner {
        cells.insert(0, inner);
    }
    if let Some(mut lead) = lead {
        lead.span = crate::layout::trim(text, lead.span);
        cells.push(lead);
    }
    assemble(context, &name, known, &cells, &line, header)
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

/// The longest analyte at the start; or the first cell, or all before the first value.
fn row_name(context: &Context, line: &Span) -> Option<(Span, bool)> {
    let text = context.layout.text;
    let words = word_ends(text, line);
    let known = words
        .iter()
        .rev()
        .filter(|end| **end - line.start <= 60)
        .find(|end| {
            let name = &text[line.start..**end];
            let clean = !name.contains(['\t', ':']);
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
    (letters >= 2
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
        Regex::new(r"(?i)^(?:\s?\((?:[A-Za-z][A-Za-z0-9 .,/-]{0,24})\)|[,\s-]{1,3}(?:serum|plasma|urine|fasting|random|total|calc(?:ulated)?|direct|quant(?:itative)?|blood|whole blood|auto|level|count|abs(?:olute)?|hs|high sensitivity|s|p|\(calc\)|free)\b)").expect("a valid expression")
    });
    let mut end = end;
    while let Some(found) = MORE.find(&context.layout.text[end..line.end]) {
        let part = found.as_str().trim_matches(|c: char| !c.is_alphanumeric());
        let flag = matches!(
            part.to_ascii_lowercase().as_str(),
            "h" | "l" | "hh" | "ll" | "a" | "high" | "low" | "abnormal" | "negative" | "positive"
        );
        if flag
            || lab_cells::is_unit(part) && !matches!(part.to_ascii_lowercase().as_str(), "s" | "p")
        {
            break;
        }
        end += found.end();
    }
    end
}

fn trimmed(text: &str, span: Span) -> Span {
    trim_by(text, span, |c| {
        c.is_whitespace() || matches!(c, ':' | '.' | '*' | '|' | '-' | '=' | ',')
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
        let found = lab_cells::scan(text, *start..line.end);
        found.first().is_some_and(|cell| {
            cell.span.start == *start && matches!(cell.kind, CellKind::Number | CellKind::Range)
        })
    })
}

/// Cells become one result, or one for each dated column.
fn assemble(
    context: &Context,
    name: &Span,
    known: bool,
    cells: &[Cell],
    line: &Span,
    header: Option<&Header>,
) -> Vec<Draft> {
    let text = context.layout.text;
    let covered: usize = cells
        .iter()
        .filter(|c| c.span.start >= name.end)
        .map(|c| c.span.len())
        .sum();
    let rest = text[name.end..line.end]
        .chars()
        .filter(|c| c.is_alphanumeric())
        .count();
    let has = |kind: CellKind| cells.iter().any(|c| c.kind == kind);
    let numeric = has(CellKind::Number) || has(CellKind::Range);
    if !(numeric || has(CellKind::Word)) || covered * 10 < rest * 6 {
        return Vec::new();
    }
    let first = cells
        .first()
        .filter(|c| c.span.start >= name.end)
        .map_or(usize::MAX, |c| c.span.start);
    let gap = text[name.end..first.min(line.end)].trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '|' | '=' | '-' | '.' | '*' | '(')
    });
    if !gap.is_empty() {
        return Vec::new();
    }
    let two_ranges = cells.iter().filter(|c| c.kind == CellKind::Range).count() > 1;
    let proof = has(CellKind::Unit) && (has(CellKind::Range) || has(CellKind::Flag))
        || has(CellKind::Range) && has(CellKind::Number) && header.is_some();
    let lab_place = header.is_some()
        || context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs);
    if looks_like_sig(context, name, line, proof) {
        return Vec::new();
    }
    let accepted = if known {
        lab_place && (numeric || has(CellKind::Word))
            || has(CellKind::Unit) && numeric
            || proof
            || two_ranges && header.is_some()
    } else {
        proof && lab_place
            || proof && has(CellKind::Unit) && has(CellKind::Range)
            || header.is_some() && has(CellKind::Number) && has(CellKind::Unit)
            || header.is_some() && two_ranges
    };
    if !accepted || !known && is_vital_or_sum(&text[name.clone()]) {
        return Vec::new();
    }
    if let Some(header) = header.filter(|h| h.dates.len() >= 2) {
        let drafts = dated_columns(context, name, known, cells, header);
        if drafts.len() > 1 {
            return drafts;
        }
    }
    let Some(parts) = Parts::of(text, cells, header) else {
        return Vec::new();
    };
    vec![parts.draft(context, name, known, None)]
}

fn is_vital_or_sum(name: &str) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:bp|blood pressure|pulse|heart rate|hr|temp(?:erature)?|resp(?:iratory rate)?|rr|weight|wt|height|ht|bmi|spo2|o2 sat\w*|age|page|phone|tel|fax|total|amount|room|suite|date|time|charge|balance|copay|deductible|apt|po box|days?|visit|qty|refills?)\b").expect("a valid expression")
    });
    NOT.is_match(name)
}

/// `Potassium Chloride 20 mEq once daily` is no result.
fn looks_like_sig(context: &Context, name: &Span, line: &Span, proof: bool) -> bool {
    let text = context.layout.text;
    if proof && context.kind == DocumentKind::LabReport {
        return false;
    }
    let listed = context.section(name.start) == Some(SectionKind::Medications);
    let found = sig::scan(text, name.end..line.end, &[]);
    let spoken = found.iter().any(|f| {
        matches!(
            f.part,
            Part::Frequency | Part::Route | Part::Form | Part::Refills | Part::Quantity
        ) || f.part == Part::Dose && f.value.len() > 3
    });
    let strength = found
        .iter()
        .find(|f| f.part == Part::Strength)
        .is_some_and(|f| {
            let value = &text[f.value.clone()];
            let unit = sig::strength_unit(value).unwrap_or_default();
            !value.contains('/')
                && matches!(
                    unit.as_str(),
                    "mg" | "mcg" | "g" | "iu" | "meq" | "units" | "gm"
                )
        });
    let product = strength && context.lexicon.is_drug(&text[name.clone()]);
    !proof && (listed || spoken || product)
}

/// The parts of one result.
#[derive(Clone, Debug)]
struct Parts {
    value: Cell,
    unit: Option<Cell>,
    range: Option<Cell>,
    flag: Option<Cell>,
}

impl Parts {
    fn of(text: &str, cells: &[Cell], header: Option<&Header>) -> Option<Self> {
        let range_first = header.is_some_and(|h| h.before(Column::Range, Column::Value));
        let previous_first = header.is_some_and(|h| h.before(Column::Previous, Column::Value));
        let flags: Vec<&Cell> = cells.iter().filter(|c| c.kind == CellKind::Flag).collect();
        let unit = cells.iter().find(|c| c.kind == CellKind::Unit).cloned();
        let mut measured: Vec<&Cell> = cells
            .iter()
            .filter(|c| matches!(c.kind, CellKind::Number | CellKind::Range | CellKind::Word))
            .collect();
        if previous_first && measured.len() > 1 {
            measured.remove(0);
        }
        let bracketed = |c: &Cell| text[..c.span.start].trim_end().ends_with(['(', '[']);
        let in_brackets = measured
            .iter()
            .position(|c| c.kind == CellKind::Range && bracketed(c));
        let (value, range) = if let Some(range) = in_brackets
            && measured.len() > 1
        {
            let value = usize::from(range == 0);
            (measured[value].clone(), Some(measured[range].clone()))
        } else if range_first && measured.len() > 1 {
            (measured[1].clone(), Some(measured[0].clone()))
        } else {
            let at = measured
                .iter()
                .position(|c| c.kind != CellKind::Range || !bracketed(c))
                .unwrap_or(0);
            let number = measured.iter().position(|c| c.kind == CellKind::Number);
            let two_sided = |c: &&&Cell| c.kind == CellKind::Range;
            let value = match (measured.get(at), number) {
                // A range printed before the only plain number is the reference.
                (Some(first), Some(n))
                    if first.kind == CellKind::Range
                        && header.is_none_or(|h| !h.before(Column::Value, Column::Range)) =>
                {
                    let ranges = measured.iter().filter(two_sided).count();
                    if ranges > 1 { at } else { n }
                }
                (Some(_), _) => at,
                (None, _) => return None,
            };
            let range = measured
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != value)
                .find(|(_, c)| c.kind == CellKind::Range)
                .or_else(|| {
                    measured
                        .iter()
                        .enumerate()
                        .find(|(i, c)| *i > value && c.kind == CellKind::Word)
                })
                .map(|(_, c)| (*c).clone());
            (measured[value].clone(), range)
        };
        let flag = flags
            .iter()
            .find(|f| f.span.start >= value.span.end)
            .or_else(|| flags.first())
            .map(|f| (*f).clone());
        Some(Self {
            value,
            unit,
            range,
            flag,
        })
    }

    fn draft(&self, context: &Context, name: &Span, known: bool, date: Option<&Span>) -> Draft {
        let text = context.layout.text;
        let get = |cell: &Cell| text[cell.span.clone()].to_owned();
        let flag = self
            .flag
            .as_ref()
            .and_then(|f| lab_cells::flag_norm(&text[f.span.clone()]));
        let iso = date.map(|span| {
            context
                .dates
                .iter()
                .find(|d| d.span == *span)
                .and_then(|d| d.iso(context.style, false))
                .unwrap_or_else(|| text[span.clone()].to_owned())
        });
        let lab = Lab {
            name: Some(context.text(name)),
            value: Some(get(&self.value)),
            unit: self.unit.as_ref().map(get),
            range: self.range.as_ref().map(get),
            flag: flag.map(Into::into),
            date: iso,
        };
        let mut draft = Draft::new(Fact::Lab(Lab::default()), if known { 0.97 } else { 0.85 });
        draft.add("name", name.clone(), false);
        draft.add("value", self.value.span.clone(), true);
        if let Some(unit) = &self.unit {
            draft.add("unit", unit.span.clone(), true);
        }
        if let Some(range) = &self.range {
            draft.add("range", range.span.clone(), false);
        }
        if let (Some(cell), Some(_)) = (&self.flag, flag) {
            draft.add("flag", cell.span.clone(), false);
        }
        lab_review::check(&lab, &mut draft);
        if !known {
            draft.doubt("the test's name is not in the lexicon");
        }
        let joined = text[self.value.span.end..]
            .chars()
            .next()
            .is_some_and(|c| matches!(c, '.' | '/' | '-') || c.is_ascii_digit());
        if joined && self.value.kind == CellKind::Number {
            draft.doubt("the value goes on with something that is no number");
        }
        draft.fact = Fact::Lab(lab);
        draft
    }
}

/// One result for each dated column that holds a number.
fn dated_columns(
    context: &Context,
    name: &Span,
    known: bool,
    cells: &[Cell],
    header: &Header,
) -> Vec<Draft> {
    let numbers: Vec<&Cell> = cells
        .iter()
        .filter(|c| c.kind == CellKind::Number)
        .collect();
    let unit = cells.iter().find(|c| c.kind == CellKind::Unit).cloned();
    let range = cells.iter().find(|c| c.kind == CellKind::Range).cloned();
    numbers
        .iter()
        .zip(&header.dates)
        .enumerate()
        .map(|(i, (value, date))| {
            let next = numbers.get(i + 1).map_or(usize::MAX, |c| c.span.start);
            let flag = cells
                .iter()
                .find(|c| {
                    c.kind == CellKind::Flag && c.span.start >= value.span.end && c.span.end <= next
                })
                .cloned();
            let parts = Parts {
                value: (*value).clone(),
                unit: unit.clone(),
                range: range.clone(),
                flag,
            };
            parts.draft(context, name, known, Some(date))
        })
        .collect()
}

/// A row whose cells stand on lines of their own.
fn stacked(
    context: &Context,
    index: usize,
    header: Option<&Header>,
) -> Option<(Vec<Draft>, usize)> {
    let layout = &context.layout;
    let text = layout.text;
    let span = layout.lines[index].span.clone();
    let name = trimmed(text, span.clone());
    if name.is_empty() || !context.lexicon.is_analyte(layout.get(&name)) {
        return None;
    }
    let mut cells: Vec<Cell> = Vec::new();
    let mut last = index;
    while let Some(below) = layout.below(last) {
        let line = layout.lines[below].span.clone();
        let found = lab_cells::scan_after(text, line.clone(), !cells.is_empty());
        let covered: usize = found.iter().map(|c| c.span.len()).sum();
        let size = layout
            .get(&line)
            .chars()
            .filter(|c| !c.is_whitespace())
            .count();
        let first = found.first().map(|c| c.kind);
        let full = covered + 2 >= size && !found.is_empty();
        let known_name = context
            .lexicon
            .is_analyte(layout.get(&trimmed(text, line.clone())));
        if !full
            || known_name
            || below > index + 7
            || cells.is_empty()
                && !matches!(
                    first,
                    Some(CellKind::Number | CellKind::Range | CellKind::Word)
                )
        {
            break;
        }
        cells.extend(found);
        last = below;
    }
    if cells.is_empty() {
        return None;
    }
    let whole = name.start..layout.lines[last].span.end;
    if looks_like_sig(context, &name, &whole, false) {
        return None;
    }
    let parts = Parts::of(text, &cells, header)?;
    let lab_place = context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs)
        || cells.len() > 1;
    lab_place.then(|| (vec![parts.draft(context, &name, true, None)], last + 1))
}

/// `WBC 8.2, Hgb 13.4 g/dL`, `creatinine was 1.4 mg/dL`.
fn in_prose(context: &Context, index: usize) -> Vec<Draft> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:\s*(?:level|count|value)?\s*(?::|=|of|was|is|at|were|\()\s*|\s+)")
            .expect("a valid expression")
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
        let cells = lab_cells::scan_run(text, from..stop);
        let Some(first) = cells.first() else { continue };
        let printed = &text[name.clone()];
        let unit = cells.iter().any(|c| c.kind == CellKind::Unit);
        let short = printed.len() <= 2;
        let lab_place =
            section == Some(SectionKind::Labs) || context.kind == DocumentKind::LabReport;
        let upper = printed.starts_with(char::is_uppercase);
        let number = matches!(first.kind, CellKind::Number);
        let word = first.kind == CellKind::Word && lab_place && upper;
        let sure = number
            && (unit
                || lab_place && upper
                || upper
                    && !short
                    && !is_vital_or_sum(printed)
                    && !context.lexicon.is_drug(printed)
                    && text[first.span.clone()].len() < 6
                    && text[first.span.end..].starts_with([',', '.', ';', ' ', ')', '\n'])
                    && link.as_str().trim() != "");
        let rest_of_line = name.start..line.end;
        if !(sure || word) || looks_like_sig(context, &name, &rest_of_line, false) {
            continue;
        }
        if let Some(parts) = Parts::of(text, &cells, None) {
            out.push(parts.draft(context, &name, true, None));
        }
    }
    out
}
