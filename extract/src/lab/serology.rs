//! Tests for germs and antibodies whose result is a word: `H. pylori serology negative`, `MRSA screen: not
//! detected`. The name is the germ with the kind of test behind it.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Lab};

use crate::{context::Context, draft::Draft, layout::Span};

/// `Hepatitis B surface antigen and QuantiFERON were negative`: the first of two tests with one result.
fn of_two(context: &Context, line: &Span) -> Vec<Draft> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b((?:[\p{L}-]+ ){0,3}[\p{L}-]+) and (?:[\p{L}-]+ ){0,3}[\p{L}-]+ (?:were|are) (?:both |all )?(negative|positive|not detected|non[- ]?reactive)\b")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    PAIR.captures_iter(&text[line.clone()])
        .filter_map(|found| {
            let (names, word) = (found.get(1)?, found.get(2)?);
            let starts = names.as_str().match_indices(' ').map(|(at, _)| at + 1);
            let start = std::iter::once(0)
                .chain(starts)
                .find(|at| context.lexicon.is_analyte(&names.as_str()[*at..]))?;
            let name = line.start + names.start() + start..line.start + names.end();
            let value = line.start + word.start()..line.start + word.end();
            let fact = Fact::Lab(Lab {
                name: Some(context.text(&name)),
                value: Some(context.text(&value)),
                ..Lab::default()
            });
            let mut draft = Draft::new(fact, 0.85);
            draft.add("name", name, false);
            draft.add("value", value, true);
            Some(draft)
        })
        .collect()
}

/// The results in a line.
pub(super) fn found(context: &Context, line: &Span) -> Vec<Draft> {
    static RESULT: LazyLock<Regex> = LazyLock::new(|| {
        let germ = r"h\.? ?pylori|hepatitis [abce](?: surface)?|hep(?:atitis)? ?[abc]|hbsag|crag|cryptococcal|genexpert|xpert|esbl|sputum|flu(?: a/b)?|covid/flu|upt|urine pregnancy|hiv i (?:&|and|/) ii|anti-hbs|anti-hcv|hiv(?: 1/2| [12])?|mrsa|vre|cpe|covid(?:-19)?|sars-cov-2|influenza(?: [ab])?|rsv|quantiferon(?:[- ]tb)?(?: gold)?(?: plus)?|t-spot|mantoux|(?:rapid |group a )?strep(?: a)?|monospot|chlamydia|gonorrh?oea|syphilis|vdrl|rpr|treponemal|c\.? ?diff(?:icile)?|lyme|ebv|cmv|toxoplasma|rubella|varicella|dengue(?: ns1)?|widal|malarial? parasites?|anca|ana|anti-dsdna|hla[- ]b27|coeliac|celiac|ttg|faecal occult blood|fecal occult blood|fobt|pregnancy|urine hcg|direct coombs|coombs|clo|rapid urease|gram stain|afb|quantiferon|gbs|group b strep(?:tococcus)?|trop(?:onin)?[- ]?[it]?|d-?dimer|gxp|genexpert mtb/?rif|rhinovirus|adenovirus|norovirus|rotavirus|parainfluenza(?: [1-4])?|metapneumovirus|hmpv|pertussis|mycoplasma|preg\.?(?:nancy)?";
        // `Sputum AFB`: what was tested is said first.
        let specimen = r"sputum|urine|urinary|stool|faecal|fecal|blood|serum|csf|nasal|nasopharyngeal|throat|npa|nps|bal|wound|genital|vaginal|high vaginal|skin|biopsy";
        let kind = r"biopsy|elisa|rapid test|rat|combo|serology|screen(?:ing)?|swab|test|pcr|naat|antibod(?:y|ies)|antigen|ag|ab|toxin|igg|igm|iga|smear|titre|titer";
        let word = r"neg|pos|negative|positive|not detected|detected|non[- ]?reactive|reactive|indeterminate|equivocal|not seen|no organisms? (?:seen|isolated|grown)|(?:non-?)?immune|(?-i:NR)";
        // `Enterovirus PCR`, `HSV 1/2 PCR`: the kind of test proves what no list holds.
        let told = r"(?-i:\p{Lu})[\p{L}0-9.-]{2,}(?: (?:[0-9]/[0-9]|[0-9]{1,2}|[\p{L}-]{3,})){0,2} (?:pcr|naat|serology|antibod(?:y|ies)|antigen|toxin)";
        Regex::new(&format!(
            r"(?i)\b((?:(?:{specimen}) )?(?:{germ})(?:,? (?:{kind})){{0,2}}|{told})\s{{0,3}}(?::|-|=|was|is|were|came back)?\s{{0,24}}(\b(?:{word})|\+ve|-ve)(?:[\s,;.)]|$)"
        ))
        .expect("a valid expression")
    });
    let text = context.layout.text;
    let results = RESULT.captures_iter(&text[line.clone()]);
    let mut out: Vec<Draft> = results
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
        .collect();
    let pairs = of_two(context, line);
    let taken = |pair: &Draft| {
        out.iter().any(|other| {
            other.span().start < pair.pieces[0].span.end
                && pair.pieces[0].span.start < other.span().end
        })
    };
    let pairs: Vec<Draft> = pairs.into_iter().filter(|pair| !taken(pair)).collect();
    out.extend(pairs);
    out
}
