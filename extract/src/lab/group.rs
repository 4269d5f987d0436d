//! Rows of one unit below a line that prints it and nothing else: `mmol/L` above `Sodium   131   L   (133-146)`.

use schemas::Fact;

use super::shapes;
use crate::{coding, context::Context, draft::Draft, layout::Span};

/// The unit that a line holds alone. A quotient: `%` alone may be anything.
pub(super) fn unit_alone(context: &Context, line: &Span) -> Option<Span> {
    let printed = context.layout.get(line);
    (printed.contains('/') && shapes::is_unit(printed)).then(|| line.clone())
}

/// Gives a result of a row its group's unit, where it has none of its own and the test is measured in it.
pub(super) fn set_unit(context: &Context, unit: &Span, draft: &mut Draft) {
    let row = draft.span();
    let Fact::Lab(lab) = &mut draft.fact else {
        return;
    };
    let printed = context.text(unit);
    let own = lab
        .name
        .as_ref()
        .is_some_and(|name| coding::is_own_unit(name, &printed));
    if lab.unit.is_none() && own {
        lab.unit = Some(printed);
        draft.add("unit", unit.clone(), true);
        draft.value = Some(row);
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn a_unit_alone_is_that_of_the_rows_below() {
        let text = "Laboratory report\nSpecimen: serum   Collected: 02/12/2025\n                mmol/L\nSodium          131   L   (133-146)\nPotassium       4.4       (3.5-5.3)\n                umol/L\nCreatinine      121   H   (45-84)\nAlbumin         38        (35-50)\n";
        let told = told(text, "lab", ["name", "unit"]);
        let want = [
            ["Sodium", "mmol/L"],
            ["Potassium", "mmol/L"],
            ["Creatinine", "umol/L"],
            // Nobody measures it in moles.
            ["Albumin", ""],
        ];
        assert_eq!(told, want);
    }
}
