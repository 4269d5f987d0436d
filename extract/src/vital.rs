//! Vital signs: blood pressure, pulse, temperature, breathing, saturation, weight, height, BMI.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Vital};

use crate::{context::Context, draft::Draft, layout::Span, medication};

static SIGN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)(?:
        \b(?P<bp>(?i:blood\s?pressure|b/?p))\b [\s:=]* (?i:(?:was|is|of|at|elevated\ at|\(mmHg\))\s*)* (?P<bpv>[0-9]{2,3}\s?/\s?[0-9]{2,3}) (?:\s?(?P<bpu>(?i:mm\s?hg)))?
        |\b(?P<n>(?i:heart\s?rate|pulse(?:\s?rate)?|HR|temp(?:erature)?|respiratory\s?rate|resp(?:irations?)?|RR|SpO2|O2\s?sat(?:uration)?s?|oxygen\s?saturation|sats?|weight|wt|height|ht|BMI|body\s?mass\s?index)|T(?:\s?:)|P(?:\s?:)|R(?:\s?:))\b? [\s:=]* (?i:(?:was|is|of|at|\([^)]{1,6}\))\s*)* (?P<v>[0-9]{1,3}(?:\.[0-9]+)?(?:'\s?[0-9]{1,2}"?)?) (?:\s?(?P<u>(?i:bpm|beats\s?(?:per|/)\s?min(?:ute)?|/\s?min|breaths\s?(?:per|/)\s?min(?:ute)?|rpm|°?\s?[CF]\b|degrees\s?[CF]|%|kgs?/m2|kg/m²|kgs?|lbs?|pounds|cms?|in(?:ches)?\b|ft|m\b)))?
        )"#,
    )
    .expect("a valid expression")
});

/// All vital signs outside of `taken` spans.
pub(crate) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mut out = Vec::new();
    for found in SIGN.captures_iter(context.layout.text) {
        let name = found.name("bp").or_else(|| found.name("n"));
        let value = found.name("bpv").or_else(|| found.name("v"));
        let unit = found.name("bpu").or_else(|| found.name("u"));
        let (Some(name), Some(value)) = (name, value) else {
            continue;
        };
        let all = name.start()..unit.map_or(value.end(), |u| u.end());
        let single = name.as_str().trim_end_matches([':', ' ']).len() == 1;
        let glued =
            context.layout.text[all.end..].starts_with(|c: char| c.is_ascii_digit() || c == '/');
        if medication::overlaps(&all, taken) || glued || single && unit.is_none() {
            continue;
        }
        let bare = name.as_str().trim_end_matches([':', ' ']);
        let fact = Fact::Vital(Vital {
            name: Some(bare.into()),
            value: Some(value.as_str().into()),
            unit: unit.map(|u| u.as_str().into()),
            date: None,
        });
        let mut draft =
            Draft::new(fact, 0.92).with("name", name.start()..name.start() + bare.len());
        draft.add("value", value.range(), true);
        if let Some(unit) = unit {
            draft.add("unit", unit.range(), true);
        }
        out.push(draft);
    }
    out
}
