//! What the heading of a table of medications says its columns hold, and which cell of a row stands below which.

use std::sync::LazyLock;

use regex::Regex;

use crate::{context::Context, layout::Span};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
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
    /// How many days, the number alone.
    Days,
    Duration,
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
        (Column::Name, r"(?:ubat|generic \(trade\)|(?:name of (?:the )?)?(?:(?:generic|approved|brand) )?(?:drugs?|medicines?|medications?|fluids?|infusions?|products?|preparations?|agents?|solutions?)(?:(?: ?/ ?| and | ?& ?|, ?)strength(?:(?: and |, ?| ?/ ?)form)?)?(?: name| and form| \(generic\)| prescribed| ordered)?)"),
        (Column::Concentration, r"(?:conc(?:entration|\.)?|dilution|syringe contents|made up as)"),
        (Column::Strength, r"(?:product )?strength"),
        (Column::Form, r"(?:dosage )?form|formulation|presentation"),
        (Column::Dose, r"(?:dose|dosage|unit/dose|dose/unit|dose (?:&|and) (?:freq(?:uency)?)|dos|volume|amount|dose given|dose volume|dose/volume|volume/dose|units)(?: \((?:units?|ml|mg|puffs|drops|tablets?)\))?"),
        (Column::Route, r"(?:route|rte|route of admin(?:istration)?|site/route|route/site|via)"),
        (Column::Frequency, r"(?:frequency|freq\.?|how often|times? (?:a|per) day|schedule|interval|timing|kekerapan)"),
        (Column::Rate, r"(?:infusion |flow )?rate(?: \(ml/hr?\))?"),
        (Column::Quantity, r"(?:qty\.?|quantity|kuantiti|qty supplied|supply|quan|disp(?:ensed?)?\.?|amount dispensed)"),
        (Column::Refills, r"(?:rf|rpts?|refills?|repeats?|refills? left|refills? remaining)"),
        (Column::Directions, r"(?:directions?|sig|instructions?|directions? for use|how to (?:take|use)|label|arahan)"),
        (Column::Days, r"(?:no\.? of )?days|duration \((?:in )?days\)"),
        (Column::Duration, r"(?:dur\.?|duration|tempoh|length of (?:course|treatment))"),
        (Column::Other, r"(?:date|time|day|start|stop|started|stopped|start date|stop date|date (?:given|started|due|administered)|given (?:on|by)|age|age due|due|site|batch|batch no\.?|lot|lot ?(?:#|no\.?|number)|exp(?:iry)?|mfr|manufacturer|initials|signature|sign(?:ed)?|prescriber|prescribed by|nurse|indication|reason|for|comments?|remarks?|notes?|additives?|diluent|status|type|day|#|no\.?|s\.? ?no\.?|sr\.? ?no\.?|range|dr|last taken|last given|last fill(?:ed)?|filled|dispensed on|paid|din|ndc|rx|rx ?(?:#|no\.?)|cost|price|charge|hour|times|max(?:imum|\.)?(?: dose)?(?: in| per|/)? ?(?:24 ?h(?:ours?|rs?)?|day|daily)?)"),
    ]
    .into_iter()
    .map(|(column, title)| (column, Regex::new(&format!(r"(?i)^(?:{title})(?: \((?:[a-z]+)\))?[:.]?$")).expect("a valid expression")))
    .collect()
});

/// A heading: what its columns hold, and where each begins on its line.
pub(super) struct Heading {
    pub line: usize,
    pub columns: Vec<Column>,
    pub starts: Vec<usize>,
}

/// How far below its heading a row may stand.
pub(super) const FARTHEST: usize = 40;

/// The heading of the table in which a line is a row. Rows may lie between, and lines of other looks, but no text
/// that runs on.
pub(super) fn above(context: &Context, index: usize) -> Option<Heading> {
    let layout = &context.layout;
    let page = layout.lines[index].page;
    (index.saturating_sub(FARTHEST)..index)
        .rev()
        .take_while(|above| {
            layout.lines[*above].page == page && !layout.lines[*above].span.is_empty()
        })
        .find_map(|above| read(context, above))
}

/// The heading that a line is.
pub(super) fn read(context: &Context, index: usize) -> Option<Heading> {
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
pub(super) fn place(context: &Context, index: usize, cell: &Span) -> usize {
    cell.start - context.layout.lines[index].span.start + context.layout.indent(index)
}

/// The cells of a row with what each holds: as many as the heading has, or each below its title. Where tabs part
/// the cells nothing shows what stands below what.
pub(super) fn row(context: &Context, heading: &Heading, index: usize) -> Vec<(Column, Span)> {
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
