//! How much there was of a specimen, `Quantity   25 ml`, as the first row of an examination of urine or semen has it. A
//! word of many forms: only before a list of results, or before a known test of a report.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, Fact, Lab};

use super::name;
use crate::{context::Context, draft::Draft};

/// `listed`: which lines are of a list of results.
pub(super) fn of_specimen(context: &Context, index: usize, listed: &[bool]) -> Option<Draft> {
    static ROW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^((?:urine )?(?:quantity|volume))\s*[:\t ]\s*([0-9]{1,4}(?:\.[0-9])?)\s?(mls?|cc)\.?$")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let below = layout.below(index)?;
    if context.kind != DocumentKind::LabReport && !listed[below] {
        return None;
    }
    let line = &layout.lines[index].span;
    let row = ROW.captures(layout.get(line))?;
    let next = &layout.lines[below].span;
    name::row_name(context, next).filter(|(_, known)| *known)?;
    let [name, value, unit] = [1, 2, 3].map(|n| {
        let found = row.get(n).map_or(0..0, |found| found.range());
        line.start + found.start..line.start + found.end
    });
    let fact = Fact::Lab(Lab {
        name: Some(context.text(&name)),
        value: Some(context.text(&value)),
        unit: Some(context.text(&unit)),
        ..Lab::default()
    });
    let mut draft = Draft::new(fact, 0.9).with("name", name);
    draft.add("value", value, true);
    draft.add("unit", unit, true);
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn of_a_specimen_and_of_no_prescription() {
        for (text, want) in [
            (
                "LABORATORY REPORT\nURINE EXAMINATION\nVolume          40 ml\nColour          Yellow\npH              6.0\n",
                vec!["Volume", "Colour", "pH"],
            ),
            (
                "Rx\nAmoxicillin 250 mg/5 ml suspension\nQuantity     100 ml\nRefills      0\n",
                vec![],
            ),
        ] {
            let names: Vec<String> = told(text, "lab", ["name"]).into_iter().flatten().collect();
            assert_eq!(names, want, "{text}");
        }
    }
}
