//! Tests for germs and antibodies whose result is a word: `H. pylori serology negative`, `MRSA screen: not
//! detected`. The name is the germ with the kind of test behind it.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Lab};

use crate::{context::Context, draft::Draft, layout::Span};

/// The results in a line.
pub(super) fn found(context: &Context, line: &Span) -> Vec<Draft> {
    static RESULT: LazyLock<Regex> = LazyLock::new(|| {
        let germ = r"h\.? ?pylori|hepatitis [abce]|hep [abc]|hbsag|anti-hbs|anti-hcv|hiv(?: 1/2| [12])?|mrsa|vre|cpe|covid(?:-19)?|sars-cov-2|influenza(?: [ab])?|rsv|quantiferon(?:[- ]tb)?(?: gold)?(?: plus)?|t-spot|mantoux|(?:rapid |group a )?strep(?: a)?|monospot|chlamydia|gonorrh?oea|syphilis|vdrl|rpr|treponemal|c\.? ?diff(?:icile)?|lyme|ebv|cmv|toxoplasma|rubella|varicella|dengue(?: ns1)?|widal|malarial? parasites?|anca|ana|anti-dsdna|hla[- ]b27|coeliac|celiac|ttg|faecal occult blood|fecal occult blood|fobt|pregnancy|urine hcg|direct coombs|coombs";
        let kind = r"serology|screen(?:ing)?|swab|test|pcr|naat|antibod(?:y|ies)|antigen|ag|ab|toxin|igg|igm|iga|smear|titre|titer";
        let word = r"negative|positive|not detected|detected|non[- ]?reactive|reactive|indeterminate|equivocal|not seen";
        Regex::new(&format!(
            r"(?i)\b((?:{germ})(?:,? (?:{kind})){{0,2}})\s{{0,3}}(?::|-|=|was|is|were|came back)?\s{{0,8}}\b({word})\b"
        ))
        .expect("a valid expression")
    });
    let text = context.layout.text;
    let results = RESULT.captures_iter(&text[line.clone()]);
    results
        .filter_map(|result| {
            let at = |n: usize| {
                result
                    .get(n)
                    .map(|m| line.start + m.start()..line.start + m.end())
            };
            let (name, value) = (at(1)?, at(2)?);
            let fact = Fact::Lab(Lab {
                name: Some(context.text(&name)),
                value: Some(context.text(&value)),
                ..Lab::default()
            });
            let mut draft = Draft::new(fact, 0.9);
            draft.add("name", name, false);
            draft.add("value", value, true);
            Some(draft)
        })
        .collect()
}
