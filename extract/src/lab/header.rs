//! The heading of a table of results: what its columns hold, in printed order.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    labels::{self, Target},
    layout::Span,
};

/// What the columns of a table hold, in printed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
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
pub(super) struct Header {
    pub columns: Vec<Column>,
    /// Dates over columns of values.
    pub dates: Vec<Span>,
    /// The date over the column of former values, `Result   Previous 08/06/2025`.
    pub former: Option<Span>,
    /// Where the heading of the reference begins, when it stands in a cell of its own behind that of the values.
    pub reference: Option<usize>,
}

impl Header {
    pub fn before(&self, first: Column, second: Column) -> bool {
        let at = |c: Column| self.columns.iter().position(|x| *x == c);
        matches!((at(first), at(second)), (Some(a), Some(b)) if a < b)
    }
}

pub(super) fn read_header(context: &Context, index: usize) -> Option<Header> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(previous(?: results?)?|prior(?: results?)?|last result)|(tests?(?: names?| description)?|components?|analytes?|investigations?|parameters?|exam(?:ination)?|procedure|description|assay)|((?:your |in range |out of range |current |patient )?(?:results?|values?)|observed values?|findings?|in range|out of range)|(flags?|status|abn(?:ormal)?|h/l|indicator|interpretation)|((?:biological |normal |standard |ref(?:erence)?\.? )*(?:reference|ref\.?|range|interval|normal|limits?|expected)(?: (?:range|interval|values?|limits?|intervals|ranges))?)|(units?|uom)|(date|collected)|(comments?|remarks?|notes?))\b").expect("a valid expression")
    });
    let layout = &context.layout;
    let span = &layout.lines[index].span;
    let text = layout.get(span);
    if text.len() > 120 {
        return None;
    }
    let mut columns = Vec::new();
    let mut reference = None;
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
            .map(|i| kinds[i - 1]);
        // Remarks hold no part of a result.
        let Some(kind) = kind else { continue };
        if kind == Column::Range && reference.is_none() && columns.contains(&Column::Value) {
            reference = found.get(0).map(|m| span.start + m.start());
        }
        if columns.last() != Some(&kind) {
            columns.push(kind);
        }
    }
    let mut dates: Vec<Span> = context
        .dates
        .iter()
        .filter(|d| d.span.start >= span.start && d.span.end <= span.end)
        .map(|d| d.span.clone())
        .collect();
    if dates.is_empty() {
        dates = days_without_year(context, index);
    }
    covered += dates.iter().map(ExactSizeIterator::len).sum::<usize>();
    let titled = title_of_dates(context, index, &dates);
    let letters = text[titled..]
        .chars()
        .filter(|c| c.is_alphanumeric())
        .count();
    let dense = covered * 10 >= letters * 7;
    let kinds: std::collections::BTreeSet<_> = columns.iter().map(|c| *c as usize).collect();
    let first = columns.iter().find(|c| **c != Column::Flag);
    // The cell over the names is empty, or says what the others are: `Date: 12/01/25 09/02/25`.
    let unnamed = dates.len() >= 2
        && first.is_none_or(|c| *c != Column::Name)
        && (titled > 0
            || dates[0].start < span.start + 4
            || announces_dates(context, index, dates[0].start))
        && (first.is_some_and(|c| *c != Column::Date) || names_a_test(context, index));
    let value_first = matches!(columns[..], [Column::Value, Column::Name, ..]);
    let named = first == Some(&Column::Name) || unnamed || value_first;
    let result = columns.contains(&Column::Value) || dates.len() >= 2;
    (dense
        && named
        && (kinds.len() >= 2 || dates.len() >= 2)
        && (result || kinds.len() >= 3)
        && !text.trim_end().ends_with('.'))
    .then(|| Header {
        former: super::former::date(context, index, &columns, &dates),
        columns,
        dates,
        reference,
    })
}

/// `02/10   04/10   07/10   Units`, `02/10   prior`: the days over the columns of a table of one year, and the word over
/// the one before them.
fn days_without_year(context: &Context, index: usize) -> Vec<Span> {
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:0?[1-9]|[12][0-9]|3[01])/(?:0?[1-9]|[12][0-9]|3[01])$")
            .expect("a valid expression")
    });
    const FEWEST: usize = 2;
    const BEFORE: [&str; 4] = ["prior", "previous", "last", "baseline"];
    let layout = &context.layout;
    let cells = &layout.lines[index].cells;
    let days: Vec<Span> = cells
        .iter()
        .filter(|cell| {
            let printed = layout.get(cell);
            DAY.is_match(printed) || BEFORE.contains(&&*printed.to_lowercase())
        })
        .cloned()
        .collect();
    let dated = days.iter().any(|day| DAY.is_match(layout.get(day)));
    if days.len() < FEWEST || !dated || !names_a_test(context, index) {
        return Vec::new();
    }
    days
}

/// How long the title of a panel over the names is, where dates stand over the other columns: `FULL BLOOD COUNT`.
fn title_of_dates(context: &Context, index: usize, dates: &[Span]) -> usize {
    const LONGEST: usize = 4;
    let line = &context.layout.lines[index];
    let Some(title) = line.cells.first().filter(|_| dates.len() >= 2) else {
        return 0;
    };
    let printed = context.layout.get(title);
    let plain = printed
        .chars()
        .all(|c| c.is_alphabetic() || " &/()-'’".contains(c));
    // `Taken 24.03.2025   Reported 25.03.2025` are no columns.
    let beside = dates
        .windows(2)
        .all(|pair| !context.layout.text[pair[0].end..pair[1].start].contains(char::is_alphabetic));
    let named = plain
        && beside
        && printed.split_whitespace().count() <= LONGEST
        && title.end <= dates[0].start;
    if named && names_a_test(context, index) {
        title.end - line.span.start
    } else {
        0
    }
}

/// One of the two lines below begins with a known test, or one of the three, where what tells the columns apart stands
/// between: their times, the numbers of their specimens.
fn names_a_test(context: &Context, index: usize) -> bool {
    static TELLS_COLUMNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:time\b|[0-9]{1,2}[:.][0-9]{2}\b|(?:lab|sample|specimen|spec|accession|acc|request|report|order)[ .]*(?:no|number|id|ref|#)\b)",
        )
        .expect("a valid expression")
    });
    let layout = &context.layout;
    let known = |line: usize| {
        super::name::row_name(context, &layout.lines[line].span).is_some_and(|(_, known)| known)
    };
    let mut lines = std::iter::successors(layout.below(index), |line| layout.below(*line));
    let near: Vec<usize> = lines.by_ref().take(2).collect();
    let between = near
        .iter()
        .all(|line| TELLS_COLUMNS.is_match(layout.line(*line)));
    near.iter().any(|line| known(*line)) || between && lines.next().is_some_and(known)
}

/// Nothing but a label for dates stands before the first of them.
fn announces_dates(context: &Context, index: usize, first: usize) -> bool {
    let start = context.layout.lines[index].span.start;
    let before = labels::letters(&context.layout.text[start..first]);
    matches!(
        labels::exact(&before),
        Some(Target::Date(_) | Target::PlainDate)
    )
}
