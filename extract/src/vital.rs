//! Vital signs: blood pressure, pulse, temperature, breathing, saturation, weight, height, BMI, pain.
//! In prose and in lines of pairs here, in charts of several observations in [`chart`].

mod chart;

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Vital};

use crate::{context::Context, draft::Draft, layout::Span, medication, sections::SectionKind};

/// What says "blood pressure".
const PRESSURE: &str = r"(?i:blood\s?pressure|b/?p)";
/// What names another sign.
const OTHER: &str = r"(?i:heart\s?rate|pulse\s?ox(?:imetry)?|pulse(?:\s?rate)?|HR|temp(?:erature)?|respiratory\s?rate|resp(?:irations?)?|RR|SpO2|Sp02|SaO2|O2\s?sat(?:uration)?s?|oxygen\s?saturation|sats?|weight|wt|height|ht|BMI|body\s?mass\s?index|pain(?:\s?(?:score|scale|level))?)";

static SIGN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r#"(?x)(?:
        \b(?P<bp>{PRESSURE})\b [\s:=]* (?i:(?:was|is|of|at|elevated\ at|\([^)\n]{{1,12}}\))[\s:=]*)* (?P<bpv>[0-9]{{2,3}}\s?/\s?[0-9]{{2,3}}) (?:\s?(?P<bpu>(?i:mm\s?hg)))?
        |\b(?P<n>{OTHER}\b|[TPR]\b(?:\s?:)?) [\s:=]* (?i:(?:was|is|of|at|\([^)\n]{{1,12}}\))[\s:=]*)* (?P<v>[0-9]{{1,3}}(?:\.[0-9]+)?(?:'\s?[0-9]{{1,2}}"?)?) (?:\s?(?P<u>(?i:bpm|beats\s?(?:per|/)\s?min(?:ute)?|/\s?min|breaths\s?(?:per|/)\s?min(?:ute)?|rpm|°?\s?[CF]\b|degrees\s?[CF]|%|kgs?/m2|kg/m²|kgs?|lbs?|pounds|cms?|in(?:ches)?\b|ft|m\b|/\s?10\b)))?
        )"#,
    ))
    .expect("a valid expression")
});
/// A line that begins with this is one of vital signs, in which single letters name them.
static HEADED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i:\bvitals?\b|\bVS\b|\bobs\b|\bO/E\b)|\b{PRESSURE}\b"
    ))
    .expect("a valid expression")
});

/// All vital signs outside of `taken` spans.
pub(crate) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mut out = chart::extract(context, taken);
    let charted: Vec<Span> = out.iter().map(Draft::span).collect();
    for found in SIGN.captures_iter(context.layout.text) {
        // `50 mL/hr`: the end of a unit.
        let unit_goes_on = found
            .get(0)
            .is_some_and(|all| context.layout.text[..all.start()].ends_with('/'));
        if unit_goes_on {
            continue;
        }
        let name = found.name("bp").or_else(|| found.name("n"));
        let value = found.name("bpv").or_else(|| found.name("v"));
        let unit = found.name("bpu").or_else(|| found.name("u"));
        let (Some(name), Some(value)) = (name, value) else {
            continue;
        };
        let all = name.start()..unit.map_or(value.end(), |u| u.end());
        let bare = name.as_str().trim_end_matches([':', ' ']);
        let name = name.start()..name.start() + bare.len();
        let glued =
            context.layout.text[all.end..].starts_with(|c: char| c.is_ascii_digit() || c == '/');
        if glued
            || bare.len() == 1 && unit.is_none() && !is_among_signs(context, all.start)
            || medication::overlaps(&all, taken)
            || medication::overlaps(&all, &charted)
        {
            continue;
        }
        out.push(draft(
            context,
            &name,
            &value.range(),
            unit.map(|u| u.range()),
        ));
    }
    out
}

fn draft(context: &Context, name: &Span, value: &Span, unit: Option<Span>) -> Draft {
    let fact = Fact::Vital(Vital {
        name: Some(context.text(name)),
        value: Some(context.text(value)),
        unit: unit.as_ref().map(|unit| context.text(unit)),
        date: None,
    });
    let mut draft = Draft::new(fact, 0.92).with("name", name.clone());
    draft.add("value", value.clone(), true);
    if let Some(unit) = unit {
        draft.add("unit", unit, true);
    }
    draft
}

/// Does the line speak of vital signs, so that `T`, `P` and `R` are names?
fn is_among_signs(context: &Context, position: usize) -> bool {
    context.section(position) == Some(SectionKind::Vitals)
        || HEADED.is_match(context.layout.line(context.layout.line_at(position)))
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    /// `name value unit` of each vital sign, parted by `; `.
    fn signs(text: &str) -> String {
        told(text, "vital", ["name", "value", "unit"])
            .iter()
            .map(|sign| sign.join(" ").trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn signs_of_prose_and_of_pairs_are_read() {
        for (text, expected) in [
            (
                "Her blood pressure was 150/90 mmHg and her pulse 72 bpm.",
                "blood pressure 150/90 mmHg; pulse 72 bpm",
            ),
            (
                "Vitals: T 98.6 P 72 R 16 BP 120/80 SpO2 98%",
                "T 98.6; P 72; R 16; BP 120/80; SpO2 98 %",
            ),
            ("Pain score: 3/10", "Pain score 3 /10"),
            ("BP (sitting): 128/82 mmHg", "BP 128/82 mmHg"),
            ("Room T 12, plan R 4", ""),
            (
                "Weight: 72.5 kg  Height: 5'10\"",
                "Weight 72.5 kg; Height 5'10\"",
            ),
        ] {
            assert_eq!(signs(text), expected, "{text}");
        }
    }

    #[test]
    fn a_row_of_a_chart_has_one_sign_for_each_time() {
        let chart = "Time 06:00 10:00 14:00\n\
                     Blood pressure (mmHg) 120/80 132/84 128/78\n\
                     Temperature (C) 36.6 37.1 36.9\n\
                     SpO2 (%) 98 97 99\n";
        assert_eq!(
            signs(chart),
            "Blood pressure 120/80 mmHg; Blood pressure 132/84 mmHg; Blood pressure 128/78 mmHg; \
             Temperature 36.6 C; Temperature 37.1 C; Temperature 36.9 C; \
             SpO2 98 %; SpO2 97 %; SpO2 99 %"
        );
    }

    #[test]
    fn rows_below_the_names_of_signs_are_read_column_by_column() {
        let chart = "Vital signs\n\
                     Date        BP       Pulse   Temp (F)\n\
                     01/02/2026  120/80   72      98.6\n\
                     01/03/2026  124/82   75      99.1\n\
                     Seen by 3 nurses\n";
        assert_eq!(
            signs(chart),
            "BP 120/80; Pulse 72; Temp 98.6 F; BP 124/82; Pulse 75; Temp 99.1 F"
        );
    }
}
