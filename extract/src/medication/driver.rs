//! Drugs that run together in a syringe driver: `Syringe pump (CSCI) over 24 hours:` above rows that print each drug's amount
//! alone tells the route and how often of all of them.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use crate::{context::Context, draft::Draft, layout::Span};

/// So far above a drug its heading may stand.
const FARTHEST: usize = 8;

/// Sets route and frequency from the nearest line above that names no drug.
pub(super) fn fill(
    context: &Context,
    name: &Span,
    names: &[Span],
    medication: &mut Medication,
    draft: &mut Draft,
) {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:syringe (?:driver|pump)|csci|(?:continuous )?subcut\w* infusion)\b.*\b(over (?:12|24|48) ?(?:h(?:ou)?rs?|h)\b)|\b(over (?:12|24|48) ?(?:h(?:ou)?rs?|h))\b.*\b(?:syringe (?:driver|pump)|csci)\b")
            .expect("a valid expression")
    });
    static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:csci|subcutaneous(?:ly)?|subcut|s/c|sc)\b")
            .expect("a valid expression")
    });
    let amount = medication.strength.is_some() || medication.dose.is_some();
    if !amount || medication.frequency.is_some() || medication.route.is_some() {
        return;
    }
    let layout = &context.layout;
    let own = layout.line_at(name.start);
    let named = |index: usize| {
        let line = &layout.lines[index].span;
        names.iter().any(|name| line.contains(&name.start))
    };
    let above = (own.saturating_sub(FARTHEST)..own)
        .rev()
        .find(|index| !named(*index));
    let Some(line) = above.map(|index| layout.lines[index].span.clone()) else {
        return;
    };
    let heading = layout.get(&line);
    let Some(often) = HEADING
        .captures(heading)
        .and_then(|found| found.get(1).or(found.get(2)))
    else {
        return;
    };
    draft.value.get_or_insert(draft.span());
    let at = |found: regex::Match| line.start + found.start()..line.start + found.end();
    medication.frequency = Some(often.as_str().to_owned());
    draft.add("frequency", at(often), true);
    if let Some(route) = ROUTE.find(heading) {
        medication.route = Some(route.as_str().to_owned());
        draft.add("route", at(route), true);
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_driver_tells_of_the_drugs_in_it() {
        let text = "Prescription sheet\nSyringe pump (CSCI) over 24 hours:\n   Oxycodone 20 mg\n   Midazolam 10 mg\nBreakthrough:\n   Haloperidol 1.5 mg\n";
        let told = told(text, "medication", ["name", "route", "frequency", "text"]);
        assert_eq!(
            told,
            [
                ["Oxycodone", "CSCI", "over 24 hours", "Oxycodone 20 mg"],
                ["Midazolam", "CSCI", "over 24 hours", "Midazolam 10 mg"],
                ["Haloperidol", "", "", "Haloperidol 1.5 mg"],
            ]
        );
    }
}
