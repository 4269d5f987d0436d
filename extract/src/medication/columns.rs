//! Tables whose heading names the columns (`Medicine | Strength | Dose | Route | Frequency`, `Infusion | Concentration |
//! Rate`, `Vaccine | Date given | Site`): what a cell holds is told by the heading above it, so that a bare `2` below
//! `Dose` is a dose and `MenB` below `Vaccine` a drug, though no list knows it. A table is one by its heading alone:
//! most of its cells are known words, one of them for the drug and one for what is taken of it. Cells only fill what
//! the phrases of the row left open, but for a concentration, which a phrase reads in part.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use super::Mention;
use crate::{context::Context, draft::Draft, layout::Span, sig};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    /// Of a vaccine: whatever stands there was given.
    Vaccine,
    Strength,
    Concentration,
    Form,
    Dose,
    Route,
    Frequency,
    Rate,
    Quantity,
    Refills,
    /// What is to be done, in words, which the phrases of the row tell.
    Directions,
    /// Known, and no field of a medication.
    Other,
}

static TITLES: LazyLock<Vec<(Column, Regex)>> = LazyLock::new(|| {
    [
        (Column::Vaccine, r"(?:name of )?(?:vaccines?|immuni[sz]ations?)(?: name| given| type|/product)?"),
        (Column::Name, r"(?:name of (?:the )?)?(?:(?:generic|approved|brand) )?(?:drugs?|medicines?|medications?|fluids?|infusions?|products?|preparations?|agents?|solutions?)(?:(?: ?/ ?| and | ?& ?|, ?)strength(?:(?: and |, ?| ?/ ?)form)?)?(?: name| and form| \(generic\)| prescribed| ordered)?"),
        (Column::Concentration, r"(?:conc(?:entration|\.)?|dilution|syringe contents|made up as)"),
        (Column::Strength, r"(?:product )?strength"),
        (Column::Form, r"(?:dosage )?form|formulation|presentation"),
        (Column::Dose, r"(?:dose|dosage|volume|amount|dose given|dose volume|dose/volume|volume/dose|units)(?: \((?:units?|ml|mg|puffs|drops|tablets?)\))?"),
        (Column::Route, r"(?:route|rte|route of admin(?:istration)?|site/route|route/site|via)"),
        (Column::Frequency, r"(?:frequency|freq\.?|how often|times? (?:a|per) day|schedule|interval|timing)"),
        (Column::Rate, r"(?:infusion |flow )?rate(?: \(ml/hr?\))?"),
        (Column::Quantity, r"(?:qty\.?|quantity|qty supplied|supply|quan|disp(?:ensed?)?\.?|amount dispensed)"),
        (Column::Refills, r"(?:rf|rpts?|refills?|repeats?|refills? left|refills? remaining)"),
        (Column::Directions, r"(?:directions?|sig|instructions?|directions? for use|how to (?:take|use)|label)"),
        (Column::Other, r"(?:date|time|day|start|stop|started|stopped|start date|stop date|date (?:given|started|due|administered)|given (?:on|by)|age|age due|due|site|batch|batch no\.?|lot|lot ?(?:#|no\.?|number)|exp(?:iry)?|mfr|manufacturer|initials|signature|sign(?:ed)?|prescriber|prescribed by|nurse|indication|reason|for|comments?|remarks?|notes?|additives?|diluent|status|type|duration|days?|#|no\.?|s\.? ?no\.?|sr\.? ?no\.?|range|dr|last taken|last given|last fill(?:ed)?|filled|dispensed on|paid|din|ndc|rx|rx ?(?:#|no\.?)|cost|price|charge|hour|times|max(?:imum|\.)?(?: dose)?(?: in| per|/)? ?(?:24 ?h(?:ours?|rs?)?|day|daily)?)"),
    ]
    .into_iter()
    .map(|(column, title)| (column, Regex::new(&format!(r"(?i)^(?:{title})[:.]?$")).expect("a valid expression")))
    .collect()
});

/// A heading: what its columns hold, and where each begins on its line.
struct Heading {
    line: usize,
    columns: Vec<Column>,
    starts: Vec<usize>,
}

/// How far below its heading a row may stand.
const FARTHEST: usize = 40;

/// The heading of the table in which a line is a row. Rows may lie between, and lines of other looks, but no text
/// that runs on.
fn heading(context: &Context, index: usize) -> Option<Heading> {
    let layout = &context.layout;
    let page = layout.lines[index].page;
    (index.saturating_sub(FARTHEST)..index)
        .rev()
        .take_while(|above| {
            layout.lines[*above].page == page && !layout.lines[*above].span.is_empty()
        })
        .find_map(|above| read(context, above))
}

fn read(context: &Context, index: usize) -> Option<Heading> {
    const FEWEST: usize = 3;
    let layout = &context.layout;
    let cells = &layout.lines[index].cells;
    // Titles have no digits, but for `Max 24 h`, and rows nearly always do.
    let numbered = |cell: &Span| {
        let said = layout.get(cell);
        said.contains(|c: char| c.is_ascii_digit())
            && !TITLES.iter().any(|(_, title)| title.is_match(said))
    };
    if cells.len() < FEWEST || cells.iter().any(numbered) {
        return None;
    }
    let title = |cell: &Span| {
        let said = layout.get(cell);
        let known = TITLES.iter().find(|(_, title)| title.is_match(said));
        known.map(|(column, _)| *column)
    };
    let read: Vec<Option<Column>> = cells.iter().map(title).collect();
    let known = read.iter().flatten().count();
    let columns: Vec<Column> = read
        .into_iter()
        .map(|column| column.unwrap_or(Column::Other))
        .collect();
    let count = |wanted: &[Column]| {
        columns
            .iter()
            .filter(|column| wanted.contains(column))
            .count()
    };
    let named = count(&[Column::Name, Column::Vaccine]) == 1;
    let vaccines = count(&[Column::Vaccine]) == 1;
    let taken = [
        Column::Strength,
        Column::Concentration,
        Column::Form,
        Column::Dose,
        Column::Route,
        Column::Frequency,
        Column::Rate,
        Column::Directions,
    ];
    let told = vaccines || count(&taken) > 0;
    (named && told && known * 4 >= cells.len() * 3).then(|| Heading {
        line: index,
        starts: cells
            .iter()
            .map(|cell| place(context, index, cell))
            .collect(),
        columns,
    })
}

/// How far from the line's beginning a cell stands, the spaces before the line counted.
fn place(context: &Context, index: usize, cell: &Span) -> usize {
    cell.start - context.layout.lines[index].span.start + context.layout.indent(index)
}

/// The cells of a row with what each holds: as many as the heading has, or each below its title. Where tabs part
/// the cells nothing shows what stands below what.
fn row(context: &Context, heading: &Heading, index: usize) -> Vec<(Column, Span)> {
    const NEAR: usize = 2;
    let layout = &context.layout;
    let cells = &layout.lines[index].cells;
    if cells.len() == heading.columns.len() {
        return heading
            .columns
            .iter()
            .copied()
            .zip(cells.iter().cloned())
            .collect();
    }
    if cells.len() < 2 || layout.line(index).contains('\t') {
        return Vec::new();
    }
    cells
        .iter()
        .filter_map(|cell| {
            let at = place(context, index, cell);
            let below = heading
                .starts
                .iter()
                .rposition(|start| *start <= at + NEAR)?;
            Some((heading.columns[below], cell.clone()))
        })
        .collect()
}

/// The vaccines that such tables name, each by its whole cell without the number of the dose.
pub(super) fn vaccines(context: &Context) -> Vec<Mention> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[\s,]*(?:#\s?[0-9]+|\(?(?:dose|booster)\s*[0-9]*\)?|\(?[0-9](?:st|nd|rd|th)(?: dose)?\)?|\s[0-9]/[0-9])$")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let mut out = Vec::new();
    let headings = (0..layout.lines.len())
        .filter_map(|index| read(context, index))
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
pub(super) fn fill(context: &Context, name: &Span, medication: &mut Medication, draft: &mut Draft) {
    let layout = &context.layout;
    let index = layout.line_at(name.start);
    let Some(heading) = heading(context, index) else {
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
            // Eyes and ears of charts: right, left, both.
            sig::route_norm(said).is_some()
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
