//! Several amounts beside one drug: what was supplied, and amounts of which nothing tells what they are to each
//! other.

use crate::sig::{self, Part, repair::Read};

/// Where amounts with a unit stand.
pub(super) fn amounts(found: &[Read]) -> impl Iterator<Item = usize> + '_ {
    (0..found.len()).filter(|n| found[*n].found.part == Part::Strength)
}

/// `28 tablets`.
pub(super) fn is_supply(dose: &str) -> bool {
    const LEAST: u32 = 14;
    let (number, unit) = dose.split_once(' ').unwrap_or_default();
    let unit = unit.to_lowercase();
    number.parse::<u32>().is_ok_and(|n| n >= LEAST)
        && ["tab", "cap", "sachet", "patch", "supp"]
            .iter()
            .any(|kind| unit.starts_with(kind))
}

/// Two amounts of one kind in a row, between which nothing says that the first is the product's and the
/// second what is taken: `5 mg alternating with 7.5 mg`, `5 mg to 10 mg`.
pub(super) fn are_rivals(text: &str, found: &[Read], n: usize, former: &[bool]) -> bool {
    let Some(first) = amounts(found).filter(|m| *m < n && !former[*m]).last() else {
        return false;
    };
    let kind = |n: usize| {
        let value = &text[found[n].found.value.clone()];
        let per = value.contains('/') || value.contains(" per ");
        match sig::strength_unit(value)?.as_str() {
            _ if per => None,
            "mg" | "mcg" | "ug" | "µg" | "μg" | "g" | "gm" => Some('g'),
            unit if unit.starts_with("micro") || unit.starts_with("milli") => Some('g'),
            "ml" | "mls" | "cc" | "l" => Some('l'),
            unit if unit.starts_with('u') || unit == "iu" => Some('u'),
            _ => None,
        }
    };
    let gap = &text[found[first].found.span.end..found[n].found.span.start];
    let parted = gap.contains(['\t', '|', '\n', '(', ':', '='])
        || found[first..n]
            .iter()
            .any(|read| matches!(read.found.part, Part::Form | Part::Dose));
    kind(first).is_some() && kind(first) == kind(n) && !parted
}
