//! Where the value of a label may stand.

use std::sync::LazyLock;

use regex::Regex;

use super::{Label, without_hints};
use crate::layout::{Layout, Span, trim, trim_by};

/// Where the value of label `n` may stand, nearest first: the rest of its line, the cell below, the
/// whole line below, the line above (a signature over its caption).
pub(crate) fn places(layout: &Layout, labels: &[Label], n: usize) -> Vec<Span> {
    let label = &labels[n];
    let line = &layout.lines[label.line];
    let mut out = Vec::new();
    let next = labels
        .get(n + 1)
        .filter(|next| next.line == label.line)
        .map_or(line.span.end, |next| next.span.start);
    let mut same = trim_by(
        layout.text,
        label.span.end..next.max(label.span.end),
        is_filler,
    );
    if layout.get(&same).starts_with('(') {
        let bare = without_hints(layout.get(&same));
        if bare.trim().is_empty() {
            same = same.end..same.end;
        } else if let Some(close) = layout.get(&same).find(')') {
            same = trim_by(layout.text, same.start + close + 1..same.end, is_filler);
        }
    }
    if is_caption(layout.get(&same)) {
        same = same.end..same.end;
    }
    if !same.is_empty() {
        let text = layout.get(&same);
        let cut = text.find('\t').or_else(|| text.find("  "));
        if let Some(cut) = cut {
            out.push(trim(layout.text, same.start..same.start + cut));
        }
        out.push(same);
    }
    let is_label_line = |i: usize| {
        labels
            .iter()
            .any(|l| l.line == i && (l.alone || l.at_start))
    };
    if (label.alone || out.is_empty())
        && let Some(below) = layout.below(label.line)
        && !is_label_line(below)
    {
        if layout.lines[below].cells.len() > 1
            && let Some(span) = in_column(layout, label, below)
        {
            out.push(span);
        }
        out.push(layout.lines[below].span.clone());
    }
    if (label.alone || signs(layout, label))
        && let Some(above) = layout.above(label.line)
        && !is_label_line(above)
    {
        if layout.lines[above].cells.len() > 1
            && let Some(span) = in_column(layout, label, above)
        {
            out.push(span);
        }
        out.push(layout.lines[above].span.clone());
    }
    out
}

/// The cell of a line below a label: where it begins in its column, for boxes between may hold more than one cell, and else
/// the one of the same number.
fn in_column(layout: &Layout, label: &Label, below: usize) -> Option<Span> {
    const NEAR: usize = 1;
    let column = |line: usize, at: usize| at - layout.lines[line].span.start + layout.indent(line);
    let heading = &layout.lines[label.line].cells;
    let cells = &layout.lines[below].cells;
    let index = cell_index(layout, label);
    let starts = [
        label.span.start,
        heading.get(index)?.start.min(label.span.start),
    ];
    let beneath = |cell: &&Span| {
        starts
            .iter()
            .any(|at| column(below, cell.start).abs_diff(column(label.line, *at)) <= NEAR)
    };
    let moved = (heading.len() != cells.len())
        .then(|| cells.iter().find(beneath))
        .flatten();
    moved.or_else(|| cells.get(index)).cloned()
}

/// `58 INSURED'S NAME     59 P.REL`: what stands beside a label is the next caption of a form that numbers its fields.
fn is_caption(text: &str) -> bool {
    static CAPTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[0-9]{1,2}[a-z]? [A-Z][A-Z.']{2,}\b").expect("a valid expression")
    });
    CAPTION.is_match(text)
}

/// Does a label fill the first cell of its line, without a colon? Then it may be the caption of a signature above,
/// whatever stands beside it: `Ordering provider      office (303) 555-0174`.
fn signs(layout: &Layout, label: &Label) -> bool {
    let cells = &layout.lines[label.line].cells;
    !label.colon && cells.len() > 1 && cells[0] == label.span
}

/// Which cell of its line a label stands in.
pub(crate) fn cell_index(layout: &Layout, label: &Label) -> usize {
    layout.lines[label.line]
        .cells
        .iter()
        .position(|cell| cell.end > label.span.start)
        .unwrap_or(0)
}

fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            ':' | ';' | '_' | '.' | '-' | '=' | '#' | '|' | '\u{2013}' | '\u{2014}'
        )
}
