//! The role that a label tells: before the date on its line, above it in its column, behind or below it.

use schemas::{DateRole, DocumentKind};

use super::kind;
use crate::{
    context::Context,
    dates::Printed,
    labels::{self, Label, Target},
    layout::Span,
    sections::SectionKind,
};

/// The nearest label before it on its line, when no other date stands between.
pub(super) fn on_line(context: &Context, date: &Printed) -> Option<DateRole> {
    let role = labelled(context, date)?;
    let stay = context.kind == DocumentKind::DischargeSummary && role == DateRole::Service;
    // `Visit: 12/08/2023 to 18/08/2023` of somebody who was discharged is the whole stay.
    let ranged = |first: &Printed, last: &Printed| {
        first.span.end <= last.span.start && is_range(context, first.span.end..last.span.start)
    };
    let others = || context.dates.iter();
    Some(match role {
        _ if stay && others().any(|other| ranged(date, other)) => DateRole::Admission,
        _ if stay && others().any(|other| ranged(other, date)) => DateRole::Discharge,
        role => role,
    })
}

/// Only a word like `to` stands between two dates.
fn is_range(context: &Context, between: Span) -> bool {
    matches!(
        &*context.layout.get(&between).trim().to_lowercase(),
        "-" | "to" | "–" | "—" | "through" | "until" | "thru"
    )
}

fn labelled(context: &Context, date: &Printed) -> Option<DateRole> {
    let line = context.layout.line_at(date.span.start);
    let start = context.layout.lines[line].span.start;
    let before = context.layout.text[start..date.span.start].trim_end();
    if let Some(role) = word_before(context, before, date) {
        return Some(role);
    }
    let (_, label) = context
        .labels_on(line)
        .filter(|(_, label)| label.span.end <= date.span.start)
        .last()?;
    let role = role_from(context, label.target, date)?;
    let between = label.span.end..date.span.start;
    let other = context
        .dates
        .iter()
        .find(|d| d.span.start >= between.start && d.span.end <= between.end);
    if let Some(other) = other {
        let range = is_range(context, other.span.end..date.span.start);
        return match role {
            DateRole::Admission if range => Some(DateRole::Discharge),
            role => range.then_some(role),
        };
    }
    let far = context.layout.get(&between).split_whitespace().count() > 6;
    (!far).then_some(role)
}

/// A label without a colon that ends right before the date, `Age 38 Date 12/15/25`.
fn word_before(context: &Context, before: &str, date: &Printed) -> Option<DateRole> {
    let words: Vec<&str> = before.split_whitespace().collect();
    (1..=5.min(words.len())).rev().find_map(|n| {
        let phrase = words[words.len() - n..].join(" ");
        let capital = phrase.starts_with(char::is_uppercase);
        let key = labels::letters(&phrase);
        let colon = phrase.ends_with(':');
        if key.len() < 3 && !colon {
            return None;
        }
        let target = labels::exact(&key)?;
        let electronic = phrase.starts_with("e-");
        (capital || colon || electronic)
            .then(|| role_from(context, target, date))
            .flatten()
    })
}

/// `Statement date:` beside `Processed:` is the day of the letter, and that of the processing only where nothing else is.
pub(super) fn is_second_processing(context: &Context, date: &Printed) -> bool {
    const STATED: &str = "statementdate";
    let line = context.layout.line_at(date.span.start);
    let key = |label: &Label| labels::letters(context.layout.get(&label.span));
    let stated = context
        .labels_on(line)
        .filter(|(_, label)| label.span.end <= date.span.start)
        .last()
        .is_some_and(|(_, label)| key(label) == STATED);
    let processed = |label: &Label| {
        label.target == Target::Date(DateRole::Processed) && label.colon && key(label) != STATED
    };
    stated && context.labels.iter().any(processed)
}

/// The label above in its column, or the k-th label of a line of labels for the k-th date.
pub(super) fn from_neighbours(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let dates_here: Vec<_> = context
        .dates
        .iter()
        .filter(|d| layout.line_at(d.span.start) == line)
        .collect();
    let nth = dates_here.iter().position(|d| d.span == date.span)?;
    if let Some(above) = layout.above(line) {
        let has_values = context
            .dates
            .iter()
            .any(|d| layout.line_at(d.span.start) == above);
        let mut labels: Vec<_> = context
            .labels_on(above)
            .map(|(_, label)| label)
            .filter(|label| role_from(context, label.target, date).is_some())
            .collect();
        let cell = layout.lines[line]
            .cells
            .iter()
            .position(|cell| cell.end > date.span.start)
            .unwrap_or(0);
        if !has_values && !labels.is_empty() {
            let same_cells = layout.lines[line].cells.len() > 1;
            if same_cells {
                labels.retain(|label| labels::cell_index(layout, label) == cell);
                return labels
                    .first()
                    .and_then(|label| role_from(context, label.target, date));
            }
            let label = if dates_here.len() == labels.len() {
                labels.get(nth)
            } else {
                labels.first()
            };
            return label.and_then(|label| role_from(context, label.target, date));
        }
    }
    let only_dates = layout.line(line).split_whitespace().count() <= 4;
    let below = layout.below(line).filter(|_| only_dates)?;
    let mut labels = context
        .labels_on(below)
        .map(|(_, label)| label)
        .filter(|label| label.alone);
    labels.find_map(|label| role_from(context, label.target, date))
}

/// The heading of its column, when rows with as many cells stand between.
pub(super) fn in_column(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let cells = &layout.lines[line].cells;
    let column = cells.iter().position(|cell| cell.end > date.span.start)?;
    if cells.len() < 3 {
        return None;
    }
    let mut at = line;
    while let Some(above) = layout.above(at) {
        let heading = &layout.lines[above].cells;
        // A ruled line, or a remark below the row.
        if heading.len() == 1 {
            at = above;
            continue;
        }
        if heading.len() != cells.len() {
            return None;
        }
        let key = labels::letters(layout.get(&heading[column]));
        if let Some(Target::Date(role)) = labels::exact(&key) {
            return Some(role);
        }
        at = above;
    }
    None
}

/// `09/28/2024 DATE SIGNED`: the label closes the line.
pub(super) fn after(context: &Context, date: &Printed) -> Option<DateRole> {
    let line = context.layout.line_at(date.span.start);
    let (_, label) = context
        .labels_on(line)
        .find(|(_, label)| label.span.start >= date.span.end)?;
    let closes = label.span.end == context.layout.lines[line].span.end;
    let near = context.layout.text[date.span.end..label.span.start]
        .trim()
        .is_empty();
    (closes && near)
        .then(|| role_from(context, label.target, date))
        .flatten()
}

/// `Follow up: Dr Hart on 03/13/2025; cardiology on 04/03/2025`: the heading of the line tells of all of them, as
/// `Appointments` does of the lines below it that a date begins.
pub(super) fn in_follow_up(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let heading = context.sections.iter().rev().find(|section| {
        section.kind == SectionKind::FollowUp && section.body.contains(&date.span.start)
    });
    let listed = heading.is_some_and(|section| {
        labels::letters(context.layout.get(&section.heading)).contains("appointment")
    });
    if listed && context.layout.lines[line].span.start == date.span.start {
        return true;
    }
    context.labels_on(line).any(|(_, label)| {
        let key = labels::letters(context.layout.get(&label.span));
        label.span.end <= date.span.start
            && label.at_start
            && label.target == Target::Section(SectionKind::FollowUp)
            && (key.starts_with("fu") || key.contains("follow") || key.contains("appointment"))
    })
}

fn role_from(context: &Context, target: Target, date: &Printed) -> Option<DateRole> {
    match target {
        Target::Date(DateRole::Reported) if context.kind == DocumentKind::Prescription => {
            Some(DateRole::Prescribed)
        }
        Target::Date(role) => Some(role),
        Target::PlainDate => Some(kind::role(context, date)),
        Target::Signature => Some(DateRole::Signed),
        _ => None,
    }
}
