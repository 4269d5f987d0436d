//! How much was supplied, where no word says it: a number before the product on a label (`28 Amlodipine 5mg tablets`) or at
//! the end of its row, behind the sig (`ONE DAILY, 28`, `1 o.d.   x 28`, `bd prn (28)`).

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    layout::Span,
    sig::{Part, repair::Read},
};

/// Fewer pieces than these are a dose, unless a sign or brackets set the number apart.
const LEAST: u32 = 7;

/// The number that a line tells of the drug of this name.
pub(super) fn number(text: &str, line: &Span, name: &Span, found: &[Read]) -> Option<Span> {
    before(text, line, name, found).or_else(|| behind(text, line, name, found))
}

/// Nothing else stands before the name, and a form of what is counted behind it.
fn before(text: &str, line: &Span, name: &Span, found: &[Read]) -> Option<Span> {
    let number = crate::layout::trim(text, line.start..name.start);
    let count = text[number.clone()].parse::<u32>().ok()?;
    let pieces = found.iter().any(|read| {
        let form = text[read.found.span.clone()].to_lowercase();
        read.found.part == Part::Form
            && read.found.span.end <= line.end
            && ["tab", "cap", "sachet", "patch", "supp", "pess", "loz"]
                .iter()
                .any(|kind| form.contains(kind))
    });
    (count >= LEAST && number.len() < 4 && pieces).then_some(number)
}

/// Behind the last phrase of the line, which tells how often or how much is taken.
fn behind(text: &str, line: &Span, name: &Span, found: &[Read]) -> Option<Span> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:\s?,\s|\s*(\()|\s{2,}(x)\s?)([1-9][0-9]{0,2})\)?\s*(?:$|-\s|\.$)")
            .expect("a valid expression")
    });
    let last = found
        .iter()
        .map(|read| &read.found)
        .rfind(|item| item.span.start >= name.end && item.span.end <= line.end)?;
    let sig = matches!(
        last.part,
        Part::Frequency | Part::Dose | Part::Prn | Part::Duration
    );
    let rest = text[last.span.end..line.end].trim_end_matches(['.', ' ']);
    let told = NUMBER.captures(rest).filter(|_| sig)?;
    let marked = told.get(1).or(told.get(2)).is_some();
    let number = told.get(3)?;
    let count = number.as_str().parse::<u32>().ok()?;
    let at = last.span.end + number.start();
    (marked || count >= LEAST).then_some(at..at + number.len())
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_is_supplied_stands_at_either_end() {
        for (text, want) in [
            ("28 Amlodipine 5mg tablets\nTake ONE daily\n", "28"),
            (
                "Medication:\nRamipril 2.5mg capsules, ONE DAILY, 28\n",
                "28",
            ),
            (
                "Medication:\nZimovane 3.75 mg    1 nocte p.r.n.     x 7\n",
                "7",
            ),
            ("Rx: Difene 75mg caps i bd prn (28)\n", "28"),
            ("Medication:\nRamipril 2.5mg capsules, ONE DAILY, 2\n", ""),
            ("Medication:\nAspirin 75 mg daily, 2025\n", ""),
            ("2 Amlodipine 5mg tablets\n", ""),
            ("Medication:\nAspirin 75 mg od x 7 days\n", ""),
        ] {
            assert_eq!(told(text, "medication", ["quantity"]), [[want]], "{text}");
        }
    }
}
