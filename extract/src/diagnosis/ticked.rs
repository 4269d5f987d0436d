//! Boxes before conditions: `[x] HTN   [ ] CAD`, `( ) N80.9   Endometriosis`. What is not ticked is not the patient's.

use std::sync::LazyLock;

use regex::Regex;

use crate::context::Context;

/// Is the box of what begins at this place ticked? None, where no box stands before it.
pub(super) fn before(context: &Context, start: usize) -> Option<bool> {
    static BOX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\[\s?(?<square>[xX✓✔*]?)\s?\]|\((?<round>[xX✓✔]|\s)\)|(?<drawn>[☐☑☒]))\s*(?:[A-Z0-9][A-Z0-9.]{2,7}\s+)?(?:[^\s:()\[\]☐☑☒]+ )*$")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(start)].span;
    let lead = &context.layout.text[line.start.min(start)..start];
    let found = BOX.captures(lead)?;
    let mark = ["square", "round", "drawn"]
        .into_iter()
        .find_map(|name| found.name(name))?;
    Some(!matches!(mark.as_str().trim(), "" | "☐"))
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn only_ticked_conditions_are_the_patients() {
        for (text, want) in [
            (
                "[ ] COPD      [x] Asthma      [ ] Epilepsy   [x] Gout\n",
                "Asthma Gout",
            ),
            (
                "DX (circle)\n(X) N92.0   Excessive and frequent menstruation with regular cycle\n( ) N80.9   Endometriosis, unspecified\n(X) D50.0   Iron deficiency anemia secondary to blood loss\n",
                "Excessive and frequent menstruation with regular cycle Iron deficiency anemia secondary to blood loss",
            ),
            (
                "Reason: [x] opinion   [ ] admission   Dx: Asthma\n",
                "Asthma",
            ),
        ] {
            let told = told(text, "diagnosis", ["text", "assertion"]);
            let present = told.iter().filter(|[_, assertion]| assertion == "present");
            let names: Vec<&str> = present.map(|[name, _]| name.as_str()).collect();
            assert_eq!(names.join(" "), want, "{text}");
        }
    }
}
