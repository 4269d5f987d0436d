//! A line below a table that says what its columns leave out: `Units: WBC, Plt in K/uL; Hgb g/dL`.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Fact;

use super::{group, shapes};
use crate::{context::Context, draft::Draft, layout::Span, lexicon::key};

/// Gives the results of the table above the units that a line says for their tests.
pub(super) fn set_units(context: &Context, line: &Span, out: &mut [Draft]) {
    const FARTHEST: usize = 20;
    let layout = &context.layout;
    let here = layout.line_at(line.start);
    for (name, unit) in units(context, line) {
        let name = key(layout.get(&name));
        for draft in out.iter_mut() {
            let near = layout.line_at(draft.span().start) + FARTHEST >= here;
            let named = matches!(&draft.fact, Fact::Lab(lab) if lab.name.as_deref().map(key).as_deref() == Some(&*name));
            if near && named {
                group::set_unit(context, &unit, draft);
            }
        }
    }
}

/// Each test that a line of units names, and its unit.
fn units(context: &Context, line: &Span) -> Vec<(Span, Span)> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^units?(?: are| used)?:?\s+").expect("a valid expression")
    });
    let text = context.layout.text;
    let Some(head) = HEAD.find(&text[line.clone()]) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut start = line.start + head.end();
    for clause in text[start..line.end].split(';') {
        let end = start + clause.len();
        let said = clause.trim().trim_end_matches('.');
        let unit = said.rsplit_once(' ').map_or("", |(_, unit)| unit);
        if shapes::is_unit(unit) {
            let at = start + clause.rfind(unit).unwrap_or_default();
            let names = text[start..at].trim_end().trim_end_matches(" in");
            let mut from = start;
            for name in names.split(',') {
                let bare = name.trim();
                let own = from + name.len() - name.trim_start().len();
                from += name.len() + 1;
                if context.lexicon.is_analyte(bare) {
                    out.push((own..own + bare.len(), at..at + unit.len()));
                }
            }
        }
        start = end + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn units_below_the_table() {
        let text = "Counts today     03/11      prior\n   WBC            3.3 L      5.0\n   Plt            180        190\n   Hgb            11.0       11.4\nUnits: WBC, Plt in K/uL; Hgb g/dL.\n";
        let told = told(text, "lab", ["name", "value", "unit"]);
        let want = [
            ["WBC", "3.3", "K/uL"],
            ["WBC", "5.0", "K/uL"],
            ["Plt", "180", "K/uL"],
            ["Plt", "190", "K/uL"],
            ["Hgb", "11.0", "g/dL"],
            ["Hgb", "11.4", "g/dL"],
        ];
        assert_eq!(told, want);
    }
}
