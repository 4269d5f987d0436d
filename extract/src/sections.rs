//! Which section each line belongs to. A section begins at its heading and ends at the next one; when
//! its content begins on the heading's own line (`Diagnosis: …`), only lines that visibly go on with
//! it belong to it. Headings that name nothing we know still end the section before them.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    labels::{Label, Target, letters},
    layout::{Layout, Span, trim_by},
};

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Medications,
    StoppedMedications,
    Allergies,
    Diagnoses,
    History,
    FamilyHistory,
    Labs,
    Vitals,
    Instructions,
    FollowUp,
    Procedures,
    Other,
}

/// A section's heading and content.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub kind: SectionKind,
    pub heading: Span,
    pub body: Span,
}

static STRENGTH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\d\s?(?:mg|mcg|µg|g|ml|units?|iu|%)(?:\W|$)").expect("a valid expression")
});

/// A line with a heading of its own, whatever it is.
static TITLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\p{Lu}[\p{L}&/'-]*(?: [\p{L}&/'-]+){0,4}:\s").expect("a valid expression")
});

/// All sections in reading order.
pub(crate) fn find(layout: &Layout, labels: &[Label]) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    let headings: Vec<&Label> = labels
        .iter()
        .filter(|label| is_heading(layout, label))
        .collect();
    for (n, label) in headings.iter().enumerate() {
        let Target::Section(kind) = label.target else {
            continue;
        };
        let next = headings
            .get(n + 1)
            .map_or(layout.text.len(), |l| start_of_heading(layout, l));
        let line = &layout.lines[label.line];
        let inline = trim_by(layout.text, label.span.end..line.span.end, |c| {
            c.is_whitespace() || matches!(c, ':' | ';' | '-' | '.' | '|')
        });
        let inline = inline.start.min(next)..inline.end.min(next);
        let end = if inline.is_empty() || label.alone {
            end_of_list(layout, labels, label.line, next, kind)
        } else {
            end_of_inline(layout, labels, label.line, next, kind)
        };
        let start = if label.alone {
            line.span.end
        } else {
            label.span.end
        };
        let end = last_heading_before(layout, labels, start, end, kind);
        let end = match kind {
            SectionKind::Allergies => end_of_allergies(layout, start, end),
            SectionKind::Diagnoses => end_at_table(layout, labels, start, end),
            _ => end,
        };
        out.push(Section {
            kind,
            heading: label.span.clone(),
            body: start..end.max(start),
        });
    }
    out
}

/// `TREATMENT HISTORY:`: the words before a label on its line are of the same heading.
fn start_of_heading(layout: &Layout, label: &Label) -> usize {
    const WORDS: usize = 2;
    let line = &layout.lines[label.line].span;
    let lead = &layout.text[line.start.min(label.span.start)..label.span.start];
    let words = lead.split_whitespace().count();
    let heads = (1..=WORDS).contains(&words)
        && lead
            .chars()
            .all(|c| c.is_uppercase() || c == ' ' || c == '/')
        && layout.get(&label.span).chars().all(|c| !c.is_lowercase());
    if heads { line.start } else { label.span.start }
}

/// The section that a position belongs to.
pub(crate) fn at(sections: &[Section], position: usize) -> Option<SectionKind> {
    sections
        .iter()
        .rev()
        .find(|s| s.body.contains(&position))
        .map(|s| s.kind)
}

/// `Stop:` before a date or an instruction heads nothing.
fn is_heading(layout: &Layout, label: &Label) -> bool {
    const ALONE: &[&str] = &[
        "new",
        "start",
        "stop",
        "stopped",
        "change",
        "changed",
        "continue",
        "continued",
        "unchanged",
    ];
    let key = letters(layout.get(&label.span));
    matches!(label.target, Target::Section(_))
        && (label.alone || !ALONE.contains(&&*key))
        && (label.colon
            || label.alone
            || label.numbered
            || label.at_start && label.target == Target::Section(SectionKind::Allergies))
}

/// A list goes on until a line that begins with a label of a person, date, id or organisation.
fn end_of_list(
    layout: &Layout,
    labels: &[Label],
    line: usize,
    next: usize,
    kind: SectionKind,
) -> usize {
    let relatives = kind == SectionKind::FamilyHistory;
    labels
        .iter()
        .filter(|label| {
            label.line > line && label.at_start && (label.colon || label.alone || label.numbered)
        })
        .filter(|label| !matches!(label.target, Target::Section(_) | Target::Stop))
        .filter(|label| !(relatives && matches!(label.target, Target::Person(_))))
        .filter(|label| starts_line(layout, label))
        .map(|label| layout.lines[label.line].span.start)
        .find(|start| *start > layout.lines[line].span.end)
        .map_or(next, |start| start.min(next))
}

fn starts_line(layout: &Layout, label: &Label) -> bool {
    layout.lines[label.line]
        .cells
        .first()
        .is_some_and(|cell| cell.contains(&label.span.start))
}

fn end_of_inline(
    layout: &Layout,
    labels: &[Label],
    line: usize,
    next: usize,
    kind: SectionKind,
) -> usize {
    let drugs = kind == SectionKind::Medications;
    let mut last = line;
    while let Some(below) = layout.below(last) {
        let above = layout.line(last).trim_end();
        let text = layout.line(below);
        let lower = text.starts_with(|c: char| c.is_ascii_lowercase());
        let inset = layout.indent(below) >= layout.indent(line) + INSET;
        let open = above.ends_with([',', ';', '/', '-', '(']);
        let cells = layout.lines[below].cells.len();
        let full = above.chars().count() > 70
            && !above.ends_with(['.', ')'])
            && cells == 1
            && !TITLED.is_match(text);
        let prose = above.ends_with('.') && above.chars().count() > 70;
        // A letter goes on below its list of drugs.
        let (full, prose) = if drugs {
            (full && STRENGTH.is_match(text), false)
        } else {
            (full, prose)
        };
        let labelled = labels
            .iter()
            .any(|l| l.line == below && l.at_start && (l.colon || l.alone));
        if labelled
            || !(lower || open || full || prose || inset || is_item(text))
            || below > last + 1
        {
            break;
        }
        last = below;
    }
    layout.lines[last].span.end.min(next)
}

/// So much further to the right stands what goes on with a heading's line.
const INSET: usize = 4;

/// An unknown heading (`SOCIAL ARRANGEMENTS:`) ends a list.
fn last_heading_before(
    layout: &Layout,
    labels: &[Label],
    start: usize,
    end: usize,
    kind: SectionKind,
) -> usize {
    let first = layout.line_at(start) + 1;
    for index in first..layout.lines.len() {
        let span = &layout.lines[index].span;
        if span.start >= end {
            break;
        }
        let text = layout.get(span);
        let bare = text.trim_end();
        let titled = bare.ends_with(':')
            && bare.split_whitespace().count() <= 6
            && bare.starts_with(char::is_uppercase)
            && layout.lines[index].cells.len() == 1;
        let known = labels
            .iter()
            .any(|l| l.line == index && l.target == Target::Stop);
        let with_reaction = kind == SectionKind::Allergies
            && layout.below(index).is_some_and(|below| {
                layout
                    .line(below)
                    .starts_with(|c: char| c.is_ascii_lowercase())
            });
        if (titled && !known && !with_reaction) || bare.starts_with("***") {
            return span.start;
        }
    }
    end
}

/// A list of allergies ends where a strength is printed, and at a bare title above prose or above a
/// line with a strength: what comes then are medications or the course, and none may be taken for an
/// allergen.
fn end_of_allergies(layout: &Layout, start: usize, end: usize) -> usize {
    let first = layout.line_at(start) + 1;
    for index in first..layout.lines.len() {
        let span = &layout.lines[index].span;
        if span.start >= end {
            break;
        }
        let text = layout.get(span);
        if STRENGTH.is_match(text) {
            return span.start;
        }
        let bare = text.chars().all(|c| c.is_alphabetic() || " -'".contains(c))
            && text.starts_with(char::is_uppercase)
            && text.split_whitespace().count() <= 4
            && layout.lines[index].cells.len() == 1;
        let titles = layout.below(index).is_some_and(|below| {
            let below = layout.line(below);
            below.split_whitespace().count() > 7 || STRENGTH.is_match(below)
        });
        if bare && titles {
            return span.start;
        }
    }
    end
}

/// A list of diagnoses ends at the heading of a table (a claim's service lines).
fn end_at_table(layout: &Layout, labels: &[Label], start: usize, end: usize) -> usize {
    let first = layout.line_at(start) + 1;
    (first..layout.lines.len())
        .take_while(|index| layout.lines[*index].span.start < end)
        .find(|index| {
            let named = labels
                .iter()
                .filter(|l| l.line == *index && l.at_start)
                .count();
            layout.lines[*index].cells.len() >= 4 && named >= 2
        })
        .map_or(end, |index| layout.lines[index].span.start)
}

/// `1.`, `2)`, `-`, `•`, `A.` before the text.
pub(crate) fn is_item(text: &str) -> bool {
    item_mark(text) > 0
}

/// Length of a list mark with the space behind it.
pub(crate) fn item_mark(text: &str) -> usize {
    let trimmed = text.trim_start();
    let lead = text.len() - trimmed.len();
    let bytes = trimmed.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let marked = if (1..=2).contains(&digits) {
        let mark = bytes.get(digits).copied();
        let decimal = bytes.get(digits + 1).is_some_and(u8::is_ascii_digit);
        match mark {
            Some(b'.') if !decimal => digits + 1,
            Some(b')') => digits + 1,
            _ => 0,
        }
    } else if bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && matches!(bytes[1], b'.' | b')')
        && bytes[2].is_ascii_whitespace()
    {
        2
    } else if let Some(c) = trimmed.chars().next()
        && matches!(
            c,
            '-' | '*' | '•' | '·' | '▪' | '◦' | '–' | '●' | '■' | '☑' | '☒'
        )
    {
        c.len_utf8()
    } else if let Some(rest) = ["[X]", "[x]", "[ ]", "[]", "(x)"]
        .iter()
        .find(|mark| trimmed.starts_with(**mark))
    {
        rest.len()
    } else {
        0
    };
    if marked == 0 {
        return 0;
    }
    let rest = &trimmed[marked..];
    lead + marked + (rest.len() - rest.trim_start().len())
}

/// The items of a body: list entries with their continuation lines, or parts between semicolons.
pub(crate) fn items(layout: &Layout, body: &Span) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for line in &layout.lines {
        let span = line.span.start.max(body.start)..line.span.end.min(body.end);
        if span.start >= span.end {
            continue;
        }
        let text = layout.get(&span);
        if text.trim().is_empty() {
            continue;
        }
        let fresh = is_item(text);
        let goes_on = out.last().is_some_and(|last| {
            let above = layout.get(last).trim_end();
            !fresh
                && (text
                    .trim_start()
                    .starts_with(|c: char| c.is_ascii_lowercase())
                    || above.ends_with([',', '-', '('])
                    || (above.len() > 70 && !above.ends_with(['.', ';'])))
        });
        match out.last_mut() {
            Some(last) if goes_on => last.end = span.end,
            _ => out.push(span),
        }
    }
    out.into_iter()
        .flat_map(|item| split_inline_items(layout, item))
        .collect()
}

/// `1. Asthma 2. Gout` and `Asthma; gout` on one line.
fn split_inline_items(layout: &Layout, item: Span) -> Vec<Span> {
    let text = layout.get(&item);
    let mut cuts = vec![0];
    let bytes = text.as_bytes();
    let mut depth = 0i32;
    let numbered =
        item_mark(text) > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' | '|' | '\t' if depth <= 0 => cuts.push(i + 1),
            ' ' if depth <= 0 && is_gap(&text[..i], &text[i..]) => cuts.push(i + 1),
            ' ' if depth <= 0 && numbered && i + 3 < text.len() => {
                let rest = &text[i + 1..];
                let marked = bytes[i + 1].is_ascii_digit() && item_mark(rest) > 2;
                let letter = rest[item_mark(rest)..].starts_with(char::is_uppercase);
                if marked
                    && letter
                    && rest
                        .as_bytes()
                        .iter()
                        .take(3)
                        .any(|b| matches!(b, b'.' | b')'))
                {
                    cuts.push(i + 1);
                }
            }
            _ => {}
        }
    }
    cuts.push(text.len());
    cuts.windows(2)
        .filter_map(|pair| {
            let part = item.start + pair[0]..item.start + pair[1];
            let mark = item_mark(layout.get(&part));
            let bare = trim_by(layout.text, part.start + mark..part.end, |c| {
                c.is_whitespace() || matches!(c, ';' | ',' | '|' | ':')
            });
            (!bare.is_empty()).then_some(bare)
        })
        .collect()
}

/// Three spaces between a name and a capital are a gap of the page.
fn is_gap(before: &str, after: &str) -> bool {
    let name = before.rsplit([';', '\t', '|']).next().unwrap_or_default();
    let rest = after.trim_start_matches(' ');
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let abbreviation =
        letters > 1 && !name.contains(|c: char| c.is_lowercase() || c.is_ascii_digit());
    (letters > 3 || abbreviation)
        && !name.ends_with([' ', ',', '-', ':'])
        && after.len() - rest.len() >= 3
        && rest.starts_with(char::is_uppercase)
        && !rest
            .split(' ')
            .next()
            .is_some_and(|word| word.contains(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{SectionKind, find, item_mark, items};
    use crate::{labels, layout::Layout};

    #[test]
    fn an_inline_section_ends_with_its_line() {
        let text = "Diagnosis: Gout (M10.9); Asthma\nAllopurinol 100 mg tablet\nALLERGIES:\n1. Latex\n2. Eggs\nDictated by: Jo Li";
        let layout = Layout::new(text);
        let labels = labels::find(&layout);
        let sections = find(&layout, &labels);
        let bodies: Vec<_> = sections
            .iter()
            .map(|s| {
                (
                    s.kind,
                    items(&layout, &s.body)
                        .iter()
                        .map(|i| layout.get(i))
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            bodies,
            [
                (SectionKind::Diagnoses, vec!["Gout (M10.9)", "Asthma"]),
                (SectionKind::Allergies, vec!["Latex", "Eggs"]),
            ]
        );
    }

    #[test]
    fn list_marks() {
        for (text, mark) in [
            ("1. Asthma", 3),
            ("12) Asthma", 4),
            ("- Asthma", 2),
            ("• Asthma", 4),
            ("A. K80.20", 3),
            ("1.5 mg", 0),
            ("100 mg", 0),
            ("Asthma", 0),
        ] {
            assert_eq!(item_mark(text), mark, "{text}");
        }
    }
}
