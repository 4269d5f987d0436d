//! Whether a name and the cells behind it are a result: a known analyte where results stand, or a unit,
//! a range and a heading that prove it. Sigs, vital signs and sums look alike and are none.

use std::sync::LazyLock;

use regex::Regex;

use schemas::{Assertion, DocumentKind};

use super::{
    cells::{Cell, CellKind},
    former,
    header::Header,
    parts::{Parts, dated_columns},
    trend,
};
use crate::{
    context::Context,
    draft::Draft,
    layout::Span,
    sections::SectionKind,
    sig::{self, Part},
};

/// `Glucose 201-250   2 units`: a scale of insulin, and no result is in units of nothing.
pub(super) fn is_in_pieces(text: &str, cell: &Cell) -> bool {
    cell.kind == CellKind::Unit
        && matches!(&*text[cell.span.clone()].to_lowercase(), "unit" | "units")
}

/// Cells become one result, or one for each dated column.
pub(super) fn assemble(
    context: &Context,
    name: &Span,
    known: bool,
    cells: &[Cell],
    line: &Span,
    header: Option<&Header>,
) -> Vec<Draft> {
    let text = context.layout.text;
    let covered: usize = cells
        .iter()
        .filter(|c| c.span.start >= name.end)
        .map(|c| c.span.len())
        .sum();
    let rest = text[name.end + super::name::time_remark(&text[name.end..line.end])..line.end]
        .chars()
        .filter(|c| c.is_alphanumeric())
        .count();
    let has = |kind: CellKind| cells.iter().any(|c| c.kind == kind);
    let numeric = has(CellKind::Number) || has(CellKind::Range);
    if !(numeric || has(CellKind::Word)) || covered * 10 < rest * 6 {
        return Vec::new();
    }
    let first = cells
        .iter()
        .find(|c| c.span.start >= name.end)
        .map_or(usize::MAX, |c| c.span.start);
    let behind = name.end + super::name::time_remark(&text[name.end..line.end]);
    let gap = text[behind.min(first)..first.min(line.end)].trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '|' | '=' | '-' | '.' | '*' | '(')
    });
    // `Haemoglobin   Result: 92 g/L`.
    let named = matches!(
        &*gap.to_lowercase(),
        "" | "result" | "results" | "value" | "level" | "reading"
    );
    if !named {
        return Vec::new();
    }
    let two_ranges = cells.iter().filter(|c| c.kind == CellKind::Range).count() > 1;
    let proof = has(CellKind::Unit) && (has(CellKind::Range) || has(CellKind::Flag))
        || has(CellKind::Range) && has(CellKind::Number) && header.is_some();
    let lab_place = header.is_some()
        || context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs);
    if looks_like_sig(context, name, line, proof) {
        return Vec::new();
    }
    if cells.iter().any(|cell| is_in_pieces(text, cell)) {
        return Vec::new();
    }
    let accepted = if known {
        lab_place && (numeric || has(CellKind::Word))
            || has(CellKind::Unit) && numeric
            || proof
            || two_ranges && header.is_some()
    } else {
        proof && lab_place
            || proof && has(CellKind::Unit) && has(CellKind::Range)
            || header.is_some() && has(CellKind::Number) && has(CellKind::Unit)
            || header.is_some() && two_ranges
    };
    // `Trastuzumab 6 mg/kg`: what a drug is given by is no unit of a result.
    let printed = &text[name.clone()];
    let drug = !known
        && (context.lexicon.is_any_drug(printed)
            || printed.split(' ').any(|word| context.lexicon.is_drug(word))
            || printed
                .split([' ', '.'])
                .next()
                .is_some_and(|word| sig::is_form(&word.to_lowercase())));
    // `1-0-0` says when something is taken.
    let drug = drug
        || cells.iter().any(|cell| {
            let rest = text[cell.span.end..].trim_start_matches(' ');
            let next = rest.strip_prefix('-').map(str::trim_start);
            cell.kind == CellKind::Range
                && next.is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()))
        });
    // `Prediabetes: 5.7 - 6.4` says what results would mean.
    let condition = !known && context.lexicon.is_condition(printed);
    if !accepted
        || drug
        || condition
        || is_fluid(text, name, cells)
        || !known && is_vital_or_sum(&text[name.clone()])
    {
        return Vec::new();
    }
    if let Some(header) = header.filter(|h| h.dates.len() >= 2) {
        let drafts = dated_columns(context, name, known, cells, header);
        if !drafts.is_empty() {
            return drafts;
        }
    }
    let mut cells = cells.to_vec();
    let former = header.and_then(|header| {
        let mut own = former::take(text, &mut cells, header)?;
        let common = |c: &&Cell| matches!(c.kind, CellKind::Unit | CellKind::Range);
        own.extend(cells.iter().filter(common).cloned());
        let parts = Parts::of(text, &own, None)?;
        Some(parts.draft(context, name, known, header.former.as_ref()))
    });
    let measured = |c: &Cell| matches!(c.kind, CellKind::Number | CellKind::Word);
    let parts =
        Parts::of(text, &cells, header).filter(|_| former.is_none() || cells.iter().any(measured));
    let unread = parts
        .as_ref()
        .zip(header)
        .is_some_and(|(parts, header)| parts.is_unread(text, header));
    let mut current = parts.map(|parts| parts.draft(context, name, known, None));
    if let Some(draft) = &mut current
        && unread
    {
        draft.doubt("it stands below the heading of the reference, where no result was read");
    }
    if let Some(draft) = &mut current
        && header.is_some_and(|header| former::is_open(text, &cells, header))
    {
        draft.doubt("it is not clear which date the value belongs to");
    }
    let aside = trend::in_brackets(text, line)
        .filter(|_| former.is_none() && current.is_some())
        .and_then(|other| {
            let mut draft = Parts::of(text, &other.cells, None)?.draft(context, name, known, None);
            draft.assertion = Assertion::Historical;
            Some(draft)
        });
    current.into_iter().chain(former).chain(aside).collect()
}

/// `Glucose 5%` is given, not found.
pub(super) fn is_fluid(text: &str, name: &Span, cells: &[Cell]) -> bool {
    let sugar = matches!(&*text[name.clone()].to_lowercase(), "glucose" | "dextrose");
    let share = |cell: &Cell| cell.kind == CellKind::Unit && text[cell.span.clone()] == *"%";
    sugar && cells.iter().any(share)
}

pub(super) fn is_vital_or_sum(name: &str) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:bp|blood pressure|pulse|heart rate|hr|temp(?:erature)?|resp(?:iratory rate)?|rr|weight|wt|height|ht|bmi|spo2|fio2|o2 sat\w*|age|page|phone|tel|fax|total(?: (?:amount|charges?|due|paid|billed|cost|fee)|$)|amount|room|suite|date|time|charge|balance|copay|deductible|apt|po box|days?|visit|qty|refills?)\b").expect("a valid expression")
    });
    NOT.is_match(name)
}

/// `Potassium Chloride 20 mEq once daily` is no result.
pub(super) fn looks_like_sig(context: &Context, name: &Span, line: &Span, proof: bool) -> bool {
    let text = context.layout.text;
    // `Hb genotype   SC` is given by no needle.
    let genotype = text[name.clone()].to_lowercase().contains("genotype");
    if genotype || proof && context.kind == DocumentKind::LabReport {
        return false;
    }
    let listed = context.section(name.start) == Some(SectionKind::Medications);
    let found = sig::scan(text, name.end..line.end, &[]);
    let drug = context.lexicon.is_drug(&text[name.clone()]);
    let taken = drug && found.iter().any(|f| f.part == Part::Frequency);
    // `magnesium 1.6 mg/dL`: no dose is so much in a litre.
    let dissolved = |value: &Span| {
        let rest: String = text[value.end..].chars().take(4).collect();
        ["/dl", "/l", "/ul", "/100"]
            .iter()
            .any(|volume| rest.to_lowercase().starts_with(volume))
    };
    let spoken = found.iter().any(|f| {
        matches!(
            f.part,
            Part::Frequency | Part::Route | Part::Form | Part::Refills | Part::Quantity
        ) || f.part == Part::Dose && f.value.len() > 3 && !dissolved(&f.value)
    });
    let strength = found
        .iter()
        .find(|f| f.part == Part::Strength)
        .is_some_and(|f| {
            let value = &text[f.value.clone()];
            let unit = sig::strength_unit(value).unwrap_or_default();
            !value.contains('/')
                && !dissolved(&f.value)
                && matches!(
                    unit.as_str(),
                    "mg" | "mcg" | "g" | "iu" | "meq" | "units" | "gm"
                )
        });
    let product = strength && drug;
    taken || !proof && (listed || spoken || product)
}
