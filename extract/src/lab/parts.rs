//! Which cell of a row is the value, and which its unit, range and flag; and the entity they make.

use schemas::{Fact, Lab};

use super::{
    cells::{Cell, CellKind},
    columns, flags,
    header::{Column, Header},
    review,
};
use crate::{coding, context::Context, draft::Draft, layout::Span};

/// The parts of one result.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    value: Cell,
    unit: Option<Cell>,
    range: Option<Cell>,
    flag: Option<Cell>,
}

impl Parts {
    /// Is the value none but what stands below the heading of the reference, since the result was not read?
    pub fn is_unread(&self, text: &str, header: &Header) -> bool {
        is_reference(text, &self.value.span, header)
    }

    pub fn of(text: &str, cells: &[Cell], header: Option<&Header>) -> Option<Self> {
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
        // `clear, colourless`: two words of one result.
        let goes_on = |next: &Cell| {
            let gap = text.get(value.span.end..next.span.start);
            value.kind == CellKind::Word && next.kind == CellKind::Word && gap == Some(", ")
        };
        let (value, range) = match range {
            Some(next) if goes_on(&next) => {
                let whole = Cell {
                    kind: CellKind::Word,
                    span: value.span.start..next.span.end,
                };
                (whole, None)
            }
            range => (value, range),
        };
        let flag = flags
            .iter()
            .find(|f| flags::leads(text, f, &value) || f.span.start >= value.span.end)
            .or_else(|| flags.first())
            .map(|f| (*f).clone());
        Some(Self {
            value,
            unit,
            range,
            flag,
        })
    }

    pub fn draft(&self, context: &Context, name: &Span, known: bool, date: Option<&Span>) -> Draft {
        let text = context.layout.text;
        let get = |cell: &Cell| text[cell.span.clone()].to_owned();
        let flag = self
            .flag
            .as_ref()
            .and_then(|f| flags::flag_norm(&text[f.span.clone()]));
        // `02/10   prior`: the word over a column is no date.
        let day = |span: &&Span| text[(*span).clone()].contains(|c: char| c.is_ascii_digit());
        let iso = date.filter(day).map(|span| {
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
            draft.add("flag", cell.span.clone(), true);
        }
        review::check(&lab, &mut draft);
        if !known && !is_misspelt(context, &lab) {
            draft.doubt("the test's name is not in the lexicon");
        }
        let rest = &text[self.value.span.end..];
        let number = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        // `Na 138/K 4.4`: the next test.
        let next = rest
            .strip_prefix('/')
            .is_some_and(|rest| rest.starts_with(char::is_alphabetic));
        let joined = rest.starts_with(['/', '-', '+']) && !next
            || number(rest)
            || rest.strip_prefix('.').is_some_and(number);
        if joined && self.value.kind == CellKind::Number {
            draft.doubt("the value goes on with something that is no number");
        }
        if self.value.kind == CellKind::Number && text[self.value.span.clone()].contains(' ') {
            draft.doubt("the space in the value may part thousands, or two values");
        }
        draft.fact = Fact::Lab(lab);
        draft
    }
}

/// `Hemogiobin 138 g/L 120-160`: the name is a letter from one test's alone, whose unit and range stand beside it.
fn is_misspelt(context: &Context, lab: &Lab) -> bool {
    let (Some(name), Some(unit), Some(_)) = (&lab.name, &lab.unit, &lab.range) else {
        return false;
    };
    let near = context.lexicon.near_analyte(name);
    near.is_some_and(|near| coding::is_own_unit(near, unit))
}

/// One result for each dated column that holds a number. Spaces tell the column where they keep the page's; a row with
/// something for each date, be it a dash, is read in order. Else the tabs tell which are missing, if the row has one for
/// each column; otherwise no number gets a date.
pub(super) fn dated_columns(
    context: &Context,
    name: &Span,
    known: bool,
    cells: &[Cell],
    header: &Header,
) -> Vec<Draft> {
    let text = context.layout.text;
    let cells: Vec<Cell> = cells
        .iter()
        .flat_map(|cell| columns::without_blank(text, cell))
        .collect();
    let mut numbers: Vec<&Cell> = cells
        .iter()
        .filter(|c| c.kind == CellKind::Number)
        .collect();
    let unit = cells.iter().find(|c| c.kind == CellKind::Unit).cloned();
    let mut range = cells.iter().find(|c| c.kind == CellKind::Range).cloned();
    // `CEA   <5.0 ug/L   18.4   7.2`: a limit below the heading of the range is no value.
    let bound = numbers
        .first()
        .is_some_and(|first| text[first.span.clone()].starts_with(['<', '>', '≤', '≥']));
    if bound
        && range.is_none()
        && header.columns.contains(&Column::Range)
        && numbers.len() == header.dates.len() + 1
    {
        range = Some(numbers.remove(0).clone());
    }
    let values: Vec<Span> = numbers.iter().map(|n| n.span.clone()).collect();
    let placed = columns::below(text, &header.dates, &values)
        .or_else(|| columns::in_order(text, name.end, &values, header.dates.len()));
    let dates: Vec<Option<&Span>> = if let Some(placed) = placed {
        placed.iter().map(|at| header.dates.get(*at)).collect()
    } else {
        let column = |at: usize| tabs_before(text, at);
        let all = tells_gaps(text, name, header);
        numbers
            .iter()
            .map(|n| {
                let own = column(n.span.start);
                let mut over = header.dates.iter().filter(|d| column(d.start) == own);
                over.next()
                    .filter(|_| all && own > 0 && over.next().is_none())
            })
            .collect()
    };
    numbers
        .iter()
        .zip(dates)
        .enumerate()
        .map(|(i, (value, date))| {
            let next = numbers.get(i + 1);
            // `*101` has its flag before it, `101 *` behind.
            // A dash in a column of its own is for what was not requested.
            let dash = |c: &Cell| {
                text[c.span.clone()].starts_with('-')
                    && text[..c.span.start].ends_with("  ") | text[..c.span.start].ends_with('\t')
            };
            let flags = || {
                cells
                    .iter()
                    .filter(|c| c.kind == CellKind::Flag && !dash(c))
            };
            let of_next = |flag: &Cell| {
                next.is_some_and(|next| {
                    flag.span.end > next.span.start || flags::leads(text, flag, next)
                })
            };
            let flag = flags()
                .find(|flag| flags::leads(text, flag, value))
                .or_else(|| {
                    flags().find(|flag| flag.span.start >= value.span.end && !of_next(flag))
                })
                .cloned();
            let parts = Parts {
                value: (*value).clone(),
                unit: unit.clone(),
                range: range.clone(),
                flag,
            };
            let mut draft = parts.draft(context, name, known, date);
            if date.is_none() {
                draft.doubt("it is not clear which date the value belongs to");
            }
            draft
        })
        .collect()
}

/// Has the row of this name a tab for each column of its heading, or two for an empty cell? A page has one for any gap,
/// however many cells it spans.
fn tells_gaps(text: &str, name: &Span, header: &Header) -> bool {
    let line = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        &text[start..end]
    };
    let row = line(name.start);
    let tabs = |line: &str| line.matches('\t').count();
    let heading = header.dates.first().map(|date| line(date.start));
    row.contains("\t\t") || heading.is_some_and(|heading| tabs(heading) == tabs(row))
}

/// Does what stands for the value stand below the heading of the reference, in a row with a tab for each of its empty
/// cells? Then the result itself was not read.
fn is_reference(text: &str, value: &Span, header: &Header) -> bool {
    let line = text[..value.start].rfind('\n').map_or(0, |end| end + 1);
    text[line..value.start].contains("\t\t")
        && header
            .reference
            .is_some_and(|heading| tabs_before(text, heading) == tabs_before(text, value.start))
}

/// How many tabs stand before a position on its line.
fn tabs_before(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..at].matches('\t').count()
}
