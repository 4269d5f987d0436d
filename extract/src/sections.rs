//! Which section each line belongs to. A section begins at its heading and ends at the next one; when
//! its content begins on the heading's own line (`Diagnosis: …`), only lines that visibly go on with
//! it belong to it. Headings that name nothing we know still end the section before them.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    labels::{Label, Target, letters},
    layout::{Layout, Span, trim_by},
};

mod form;
mod item;

pub(crate) use item::{is_item, item_mark, items};

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
        .filter(|label| is_heading(layout, label) && !stands_behind(layout, labels, label))
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
        let captions = kind == SectionKind::Diagnoses && form::is_captions(layout.get(&inline));
        let end = if inline.is_empty() || label.alone || captions {
            end_of_list(layout, labels, label.line, next, kind)
        } else {
            end_of_inline(layout, labels, label.line, next, kind)
        };
        let start = if label.alone || captions {
            line.span.end
        } else {
            label.span.end
        };
        let end = if captions {
            form::end_of_field(layout, label.line, end)
        } else {
            end
        };
        let end = last_heading_before(layout, labels, start, end, kind);
        let end = match kind {
            SectionKind::Allergies => {
                end_at_table(layout, labels, start, end_of_allergies(layout, start, end))
            }
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

/// `Septal deviation   Secondary diagnosis`: a label behind what it labels heads nothing below. Headings side by
/// side begin with another label.
fn stands_behind(layout: &Layout, labels: &[Label], label: &Label) -> bool {
    let of_line = |other: &&Label| other.line == label.line;
    !label.colon
        && !label.numbered
        && !starts_line(layout, label)
        && !labels
            .iter()
            .filter(of_line)
            .any(|other| starts_line(layout, other))
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
        .filter(|label| kind != SectionKind::Diagnoses || !is_rank(layout, label))
        .filter(|label| starts_line(layout, label))
        .map(|label| layout.lines[label.line].span.start)
        .find(|start| *start > layout.lines[line].span.end)
        .map_or(next, |start| start.min(next))
}

/// `Primary: …` in a list of diagnoses names no doctor.
fn is_rank(layout: &Layout, label: &Label) -> bool {
    matches!(
        &*letters(layout.get(&label.span)),
        "primary" | "principal" | "secondary"
    )
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
            .any(|l| l.line == below && l.at_start && (l.colon || l.alone || l.numbered));
        if labelled
            || form::numbered_otherwise(layout.line(line), text)
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

/// A list of diagnoses or allergies ends at the heading of a table (a claim's service lines).
fn end_at_table(layout: &Layout, labels: &[Label], start: usize, end: usize) -> usize {
    let first = layout.line_at(start) + 1;
    (first..layout.lines.len())
        .take_while(|index| layout.lines[*index].span.start < end)
        .find(|index| {
            let named = labels
                .iter()
                .filter(|l| l.line == *index && l.at_start)
                .count();
            let cells = &layout.lines[*index].cells;
            cells.len() >= 4 && named >= 2
                || form::charges_below(cells.iter().map(|cell| layout.get(cell)))
        })
        .map_or(end, |index| layout.lines[index].span.start)
}

#[cfg(test)]
mod tests {
    use super::{SectionKind, find, items};
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
}
