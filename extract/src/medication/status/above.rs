//! What a line right above a list of drugs says of them: `CONTINUE THESE MEDICINES`, `Keep taking:`, `Previously tried:`,
//! though no label of sections knows it.

use super::of_heading;
use crate::layout::{Layout, Span};

/// So many words a heading has at most, brackets aside.
const LONGEST: usize = 6;
/// So far above a drug it may stand.
const FARTHEST: usize = 15;

/// The nearest line above that names no drug, where it is a heading that says so. What stands in brackets, as to whom a
/// prescription was sent, is no part of it.
pub(in crate::medication) fn of_list(
    layout: &Layout,
    name: &Span,
    names: &[Span],
) -> Option<&'static str> {
    let own = layout.line_at(name.start);
    let named = |index: usize| {
        let line = &layout.lines[index].span;
        names.iter().any(|name| line.contains(&name.start))
    };
    let heading = (own.saturating_sub(FARTHEST)..own)
        .rev()
        .find(|index| !named(*index))?;
    let line = layout.line(heading);
    let bare = line.split('(').next().unwrap_or(line).trim();
    let plain = !bare.contains(|c: char| c.is_ascii_digit())
        && !bare.ends_with('.')
        && bare.split_whitespace().count() <= LONGEST
        && layout.lines[heading].cells.len() == 1;
    let titled = bare.ends_with(':') || line.contains('(') || !bare.contains(char::is_lowercase);
    of_heading(bare).filter(|_| plain && titled)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_heading_tells_of_the_rows_below_it() {
        for (heading, want) in [
            ("CONTINUE THESE MEDICINES", "continued"),
            ("Keep taking:", "continued"),
            ("Previously tried:", "stopped"),
            ("She was started on tablets.", ""),
            ("Home medications:", ""),
        ] {
            let text = format!(
                "Discharge summary\n{heading}\n  Atorvastatin 80 mg tablet   1 tablet nightly\n  Clopidogrel 75 mg tablet   1 tablet daily\n"
            );
            let told = told(&text, "medication", ["status"]);
            assert_eq!(told, [[want], [want]], "{heading}");
        }
    }
}
