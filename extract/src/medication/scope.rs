//! Which text may tell what happened to a drug: its row of a list or its sentence.

use std::sync::LazyLock;

use regex::Regex;

use super::status::changes;
use crate::{
    layout::{Layout, Span},
    sections::item_mark,
};

/// The text that may tell of a drug.
pub(super) enum Scope {
    /// A row of a list, which begins with it.
    Row(Span),
    /// Running text.
    Sentence(Span),
}

/// Begins the line with the name, or with a word like `STOP` before it? Then it is a row, unless another
/// drug stands on it or it goes on from the line above.
pub(super) fn of(layout: &Layout, name: &Span, end: usize, names: &[Span]) -> Scope {
    let index = layout.line_at(name.start);
    let line = layout.lines[index].span.clone();
    let mark = item_mark(layout.get(&line)).min(name.start - line.start);
    let before = line.start + mark..name.start;
    let lead = changes(layout.text, &before);
    let told = lead.iter().map(|change| change.span.len()).sum::<usize>();
    let begins_above = || {
        let above = &layout.lines[index - 1].span;
        let mark = item_mark(layout.get(above));
        names.iter().any(|name| name.start == above.start + mark)
    };
    let letters = |span: &Span| {
        layout
            .get(span)
            .chars()
            .filter(|c| c.is_alphabetic())
            .count()
    };
    let runs_on = mark == 0
        && index > 0
        && layout.lines[index - 1].span.len() > 60
        && layout.lines[index].cells.len() == 1
        && !layout.line(index - 1).ends_with(['.', ':', ';'])
        && !begins_above();
    let others = names
        .iter()
        .any(|other| other != name && line.start <= other.start && other.end <= line.end);
    if letters(&before) > told || runs_on {
        Scope::Sentence(within_label(layout, name, names))
    } else if others {
        Scope::Sentence(within_item(layout.text, &line, name))
    } else {
        Scope::Row(line.start..end.max(line.end))
    }
}

/// The sentence of a name, as far as no line within it begins something else: `Continue: apixaban` and the line
/// `Discontinue: ibuprofen` below it are two, and so are the items of a list and the rows of a table.
fn within_label(layout: &Layout, name: &Span, names: &[Span]) -> Span {
    let sentence = layout.sentence(name.start);
    let first = layout.line_at(name.start);
    let end = (first + 1..layout.lines.len())
        .take_while(|index| layout.lines[*index].span.start < sentence.end)
        .find(|index| begins_anew(layout, *index, names))
        .map_or(sentence.end, |index| layout.lines[index - 1].span.end);
    let start = (0..=first)
        .rev()
        .take_while(|index| layout.lines[*index].span.end > sentence.start)
        .find(|index| begins_anew(layout, *index, names))
        .map_or(sentence.start, |index| {
            sentence.start.max(layout.lines[index].span.start)
        });
    let whole = start.min(name.start)..end.max(name.end);
    within_item(layout.text, &whole, name)
}

/// `2) hold ramipril   3) restart bisoprolol`: of several numbered items in a row the one that names the drug.
fn within_item(text: &str, within: &Span, name: &Span) -> Span {
    static MARK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|\s{2,}|[;.]\s)\(?[0-9]{1,2}[).]\s").expect("a valid expression")
    });
    let start = MARK
        .find_iter(&text[within.start..name.start])
        .last()
        .map_or(within.start, |mark| within.start + mark.end());
    let end = MARK
        .find(&text[name.end..within.end.max(name.end)])
        .map_or(within.end, |mark| name.end + mark.start());
    start..end.max(name.end)
}

/// A label, a mark of a list, the cells of a table, or a drug with a capital below a line that is no open sentence.
fn begins_anew(layout: &Layout, index: usize, names: &[Span]) -> bool {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^\W*\p{L}[\p{L} /()-]{2,30}:|^(?i:plan|impression|assessment|advice|actions?) ?[-–]",
        )
        .expect("a valid expression")
    });
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:[,(/–-]|\b(?:and|or|on|of|to|the|with|for|from|her|his|by|a|an|started|stopped))\s*$")
            .expect("a valid expression")
    });
    let text = layout.line(index);
    let start = layout.lines[index].span.start;
    let drug = || {
        text.starts_with(char::is_uppercase)
            && names.iter().any(|name| name.start == start)
            && index > 0
            && !OPEN.is_match(layout.line(index - 1))
    };
    // `No change to usual medicines`, and no `Started` that ends a sentence of the line above.
    let told = || {
        text.starts_with(char::is_uppercase)
            && index > 0
            && !OPEN.is_match(layout.line(index - 1))
            && changes(text, &(0..text.len()))
                .first()
                .is_some_and(|change| change.span.start == 0)
    };
    LABEL.is_match(text)
        || told()
        || item_mark(text) > 0
        || layout.lines[index].cells.len() > 1
        || text.contains(" | ")
        || drug()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_label_on_the_next_line_tells_of_its_own_drugs() {
        let text =
            "Continue: carvedilol 6.25 mg PO BID, apixaban 5 mg PO BID\nDiscontinue: ibuprofen\n";
        let told = told(text, "medication", ["name", "status"]);
        let want = [
            ["carvedilol", "continued"],
            ["apixaban", "continued"],
            ["ibuprofen", "stopped"],
        ];
        assert_eq!(told, want);
    }
}
