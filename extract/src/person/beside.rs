//! The patient without a label, by what stands beside the name: the data of a person right behind it anywhere in the head
//! of a document (`Cumulative bloods   Bernice Achterberg   NHS 322 901 4456`), a heading above it (`Patient Information`),
//! or the sig of a pharmacy's label below it.

use std::sync::LazyLock;

use regex::Regex;
use schemas::PersonRole as Role;

use super::{Found, is_drug, is_organisation, labels::names_house};
use crate::{
    context::Context,
    layout::{Span, trim},
    names,
};

/// Lines of a document's head.
const HEAD: usize = 10;

/// Adds the patient, unless somebody is it already.
pub(super) fn patient(context: &Context, found: &mut Vec<Found>) {
    if found.iter().any(|(role, _, _)| *role == Role::Patient) {
        return;
    }
    let lines = 0..context.layout.lines.len().min(HEAD);
    let name = lines
        .clone()
        .find_map(|index| with_data(context, index))
        .or_else(|| {
            lines
                .clone()
                .find_map(|index| below_heading(context, index))
        })
        .or_else(|| lines.clone().find_map(|index| above_sig(context, index)));
    if let Some(name) = name {
        found.retain(|(role, other, _)| *role != Role::Other || *other != name);
        found.push((Role::Patient, name, 0.85));
    }
}

/// A whole name that begins here and is no house's, drug's or doctor's.
fn name_at(context: &Context, place: &Span) -> Option<Span> {
    let text = context.layout.text;
    let place = trim(text, place.clone());
    let name = names::at_start(text, &place)?;
    // `Anstruther H771230`: a number's letter is no initial.
    let cut = text[name.end..].starts_with(|c: char| c.is_ascii_digit());
    let name = match text[name.clone()].rfind(' ') {
        Some(last) if cut => name.start..name.start + last,
        _ => name,
    };
    let titled = text[place.start..name.start].to_lowercase();
    let doctor = titled.starts_with("dr") || titled.contains("prof") || titled.contains("nurse");
    let whole = context.layout.get(&name).contains([' ', ',']);
    (whole
        && !doctor
        && name.start - place.start < 8
        && !names::has_degree(text, name.end)
        && !is_organisation(context, &name)
        && !names_house(text, &name)
        && !is_drug(context, &name))
    .then_some(name)
}

/// `- Cuthbert Anstruther H771230 dob 08/03/1948`, `Bed 14 Horace Pemberton 81M`.
fn with_data(context: &Context, index: usize) -> Option<Span> {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\s[-–|]\s|(?i:discharge|admission|review|round|note|summary|handover):\s|(?:^|\s)(?:(?i:pt|patient)(?i: label)?:?|(?i:bed|room|rm) [0-9]{1,3}[A-Za-z]?:?|Mnr|Mev|Mej)\s")
            .expect("a valid expression")
    });
    static DATA: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s,/(|-]{1,40}(?:(?:[MF]|(?i:male|female))[\s,/|]{1,9})?(?:[0-9]{1,3}\s?(?i:yrs?|years?|y/?o)\b|(?i:filled)\b|(?i:mrn|nhs|chi|dob|d\.o\.b|born|hosp|ur no|id no|date of birth)\b|b\. ?[0-9]|[A-Z]{0,2}[0-9]{5,}\b|[A-Z]?[0-9]{2,3}-[0-9]{3,6}\b|(?:[MF]|(?i:male|female))[\s,/|]{1,9}[0-9]{1,2}[ ./-][0-9A-Za-z]|[0-9]{1,3}\s?[MF]\b|[MF]\s?/\s?[0-9]{1,3}(?:\s|$))")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let leads = LEAD
        .find_iter(layout.get(&line.span))
        .map(|lead| line.span.start + lead.end());
    let cells = line.cells.iter().map(|cell| cell.start);
    cells.chain(leads).find_map(|start| {
        let name = name_at(context, &(start..line.span.end))?;
        DATA.is_match(&layout.text[name.end..line.span.end])
            .then_some(name)
    })
}

/// `Patient Information` and the name in the line below, in the same column.
fn below_heading(context: &Context, index: usize) -> Option<Span> {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^patient(?:'s)?(?: (?:information|details|data|demographics|id|identification))?:?$")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let column = line
        .cells
        .iter()
        .position(|cell| HEADING.is_match(layout.get(cell)))?;
    let below = &layout.lines[layout.below(index)?];
    let cell = below.cells.get(column)?;
    name_at(context, cell).filter(|name| name.end + 2 >= cell.end)
}

/// A name alone on its line, and below it `TAKE 1 CAPSULE BY MOUTH`.
fn above_sig(context: &Context, index: usize) -> Option<Span> {
    static SIG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:take|inhale|apply|inject|instil+|use|give|place|chew|dissolve|insert) .*\b(?:tab|cap|puff|drop|daily|day|hours?|mouth|eye|ml|unit)")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let below = layout.below(index)?;
    let name = name_at(context, &line.span)?;
    let dated = context
        .dates
        .iter()
        .any(|date| layout.text[name.end..line.span.end].trim_start() == layout.get(&date.span));
    ((name.end == line.span.end || dated) && SIG.is_match(layout.line(below))).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn the_patient_stands_beside_their_data() {
        for (text, want) in [
            (
                "Cumulative bloods   Bernice Achterberg   NHS 322 901 4456   Oct 2025\n",
                Some("Bernice Achterberg"),
            ),
            (
                "ABG on 4L NC 1935h 12/01/2025 - Cuthbert Anstruther H771230 dob 08/03/1948\n",
                Some("Cuthbert Anstruther"),
            ),
            (
                "Ward round 06/03/25\nBed 14 Horace Pemberton 81M  MRN 7719033\n",
                Some("Horace Pemberton"),
            ),
            (
                "RX# 7741093\nODALYS FERREIRA\nTAKE 1 CAPSULE BY MOUTH THREE TIMES DAILY\nCEPHALEXIN 500 MG CAPSULE\n",
                Some("ODALYS FERREIRA"),
            ),
            (
                "RX 7741093    Dr. S PATTERSON\nODALYS FERREIRA          02/03/25\nTAKE 1 CAPSULE BY MOUTH THREE TIMES DAILY\n",
                Some("ODALYS FERREIRA"),
            ),
            (
                "Ward 4B discharge: Nora Sheehan DOB 02/03/1941\n",
                Some("Nora Sheehan"),
            ),
            ("Ward round\nDr Horace Pemberton 8812345\n", None),
            ("Cedar Grove Pharmacy   MRN 7719033\n", None),
            ("Discharge plan\nFollow up in 2 weeks\n", None),
        ] {
            let told = told(text, "person", ["role", "name"]);
            let patient = told.iter().find(|[role, _]| role == "patient");
            assert_eq!(patient.map(|[_, name]| name.as_str()), want, "{text}");
        }
    }
}
