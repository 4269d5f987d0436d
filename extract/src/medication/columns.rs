//! Tables whose heading names the columns (`Medicine | Strength | Dose | Route | Frequency`, `Infusion | Concentration |
//! Rate`, `Vaccine | Date given | Site`): what a cell holds is told by the heading above it, so that a bare `2` below
//! `Dose` is a dose and `MenB` below `Vaccine` a drug, though no list knows it. A table is one by its heading alone:
//! most of its cells are known words, one of them for the drug and one for what is taken of it. Cells only fill what
//! the phrases of the row left open, but for a concentration, which a phrase reads in part.

mod heading;
mod wrapped;

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use self::heading::{Column, FARTHEST, row};
use super::Mention;
use crate::{context::Context, draft::Draft, layout::Span, sig};

/// The vaccines that such tables name, each by its whole cell without the number of the dose.
pub(super) fn vaccines(context: &Context) -> Vec<Mention> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[\s,]*(?:#\s?[0-9]+|\(?(?:dose|booster)\s*[0-9]*\)?|\(?[0-9](?:st|nd|rd|th)(?: dose)?\)?|\s[0-9]/[0-9])$")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let mut out = Vec::new();
    let headings = (0..layout.lines.len())
        .filter_map(|index| heading::read(context, index))
        .filter(|heading| heading.columns.contains(&Column::Vaccine));
    let rows = headings.flat_map(|heading| {
        let last = layout.lines.len().min(heading.line + FARTHEST);
        let page = layout.lines[heading.line].page;
        (heading.line + 1..last)
            .take_while(move |index| {
                layout.lines[*index].page == page && !layout.lines[*index].span.is_empty()
            })
            .map(|index| (index, row(context, &heading, index)))
            .collect::<Vec<_>>()
    });
    for (index, cells) in rows {
        let dated = context
            .dates
            .iter()
            .any(|date| layout.line_at(date.span.start) == index);
        let name = cells
            .into_iter()
            .find(|(column, _)| *column == Column::Vaccine);
        let Some((_, cell)) = name.filter(|_| dated) else {
            continue;
        };
        let cut = NUMBER
            .find(layout.get(&cell))
            .map_or(cell.len(), |found| found.start());
        let name = cell.start..cell.start + cut;
        if layout
            .get(&name)
            .chars()
            .filter(|c| c.is_alphabetic())
            .count()
            > 1
        {
            out.push(Mention {
                name,
                known: true,
                weak: false,
                given: true,
            });
        }
    }
    out
}

/// Sets what the cells tell and the row's phrases left open.
pub(super) fn fill(
    context: &Context,
    name: &Span,
    next: Option<usize>,
    medication: &mut Medication,
    draft: &mut Draft,
) {
    let layout = &context.layout;
    let index = layout.line_at(name.start);
    let Some(heading) = heading::above(context, index) else {
        return;
    };
    let cells = row(context, &heading, index);
    let of_name = |(column, cell): &(Column, Span)| {
        matches!(column, Column::Name | Column::Vaccine) && cell.contains(&name.start)
    };
    if heading.line == index || !cells.iter().any(of_name) {
        return;
    }
    // What stands below `Day`, `Site` or `Max 24 h` is no dose.
    let elsewhere = |piece: &crate::draft::Piece| {
        let other = |(column, cell): &(Column, Span)| {
            *column == Column::Other && cell.start <= piece.span.start && piece.span.end <= cell.end
        };
        piece.field == "dose" && cells.iter().any(other)
    };
    if draft.pieces.iter().any(elsewhere) {
        medication.dose = None;
        draft.pieces.retain(|piece| piece.field != "dose");
    }
    wrapped::fill(context, &heading, &cells, next, medication, draft);
    for (column, cell) in cells {
        let read = |piece: &crate::draft::Piece| {
            piece.span.start < cell.end && cell.start < piece.span.end
        };
        if column != Column::Concentration && draft.pieces.iter().any(read) {
            continue;
        }
        // `1% (500 mg in 50 ml)`: what stands in brackets says it once more.
        let whole = cell.len();
        let cell = match layout.get(&cell).find(" (") {
            Some(cut) if column == Column::Concentration && cut > 0 => {
                cell.start..cell.start + cut.min(whole)
            }
            _ => cell,
        };
        let said = context.text(&cell);
        let counted = said.contains(|c: char| c.is_ascii_digit());
        let (slot, field) = match column {
            Column::Concentration if counted => {
                draft
                    .pieces
                    .retain(|piece| !matches!(piece.field, "strength" | "dose"));
                medication.strength = None;
                medication.dose = None;
                (&mut medication.strength, "strength")
            }
            Column::Strength if counted => (&mut medication.strength, "strength"),
            // An amount of the substance is its strength, unless a column of its own tells that.
            Column::Dose if is_amount(&said) && medication.strength.is_none() => {
                (&mut medication.strength, "strength")
            }
            Column::Dose if is_taken(&said) => (&mut medication.dose, "dose"),
            Column::Rate if counted => (&mut medication.dose, "dose"),
            Column::Form if sig::is_form(&said.to_lowercase()) => (&mut medication.form, "form"),
            Column::Route if is_route(&said) => (&mut medication.route, "route"),
            Column::Days if is_count(&said) => (&mut medication.duration, "duration"),
            Column::Duration if counted => (&mut medication.duration, "duration"),
            Column::Quantity if counted => (&mut medication.quantity, "quantity"),
            Column::Refills if is_count(&said) => (&mut medication.refills, "refills"),
            _ => continue,
        };
        if slot.is_none() {
            *slot = Some(said);
            let dangerous = matches!(field, "strength" | "dose" | "route");
            draft.add(field, cell, dangerous);
        }
    }
}

/// `500 mg`, `1.25 mcg`: of the substance.
fn is_amount(said: &str) -> bool {
    let unit = sig::strength_unit(said).unwrap_or_default();
    matches!(unit.as_str(), "mg" | "mcg" | "g" | "µg" | "micrograms")
}

/// `0`, `3`: a small number alone.
fn is_count(said: &str) -> bool {
    said.len() <= 2 && said.chars().all(|c| c.is_ascii_digit())
}

/// `2`, `½`, `1-2 puffs`, `0.5 mL`: a count and nothing, or pieces, behind it.
fn is_taken(said: &str) -> bool {
    static COUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:[0-9]{1,4}(?:\.[0-9]+)?(?:\s?[-–/]\s?[0-9]{1,2})?|½|one|two|three|four|half)\s?(?:\p{L}{1,12})?$")
            .expect("a valid expression")
    });
    COUNT.is_match(said) && said.trim() != "0"
}

/// Letters alone, and a route by them.
fn is_route(said: &str) -> bool {
    said.chars()
        .all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '/'))
        && said.len() <= 24
        && {
            let letters = said.to_uppercase().replace('.', "");
            let whole = |found: &sig::Found| {
                found.part == sig::Part::Route && found.span == (0..said.len())
            };
            // Eyes and ears of charts: right, left, both.
            sig::route_norm(said).is_some()
                && sig::scan(said, 0..said.len(), &[])
                    .first()
                    .is_some_and(whole)
                || matches!(
                    &*letters,
                    "BE" | "RE"
                        | "LE"
                        | "AU"
                        | "AD"
                        | "AS"
                        | "S/C"
                        | "SUBCUT"
                        | "NEB"
                        | "PEG"
                        | "NG"
                        | "NJ"
                )
        }
}
