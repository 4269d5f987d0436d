//! Cultures and swabs whose result is a germ, or that nothing grew: `wound swab - Staph aureus`, `blood culture no growth`.
//! Only as lists of results have them: what a sentence tells with a verb is part of its story.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Lab};

use crate::{context::Context, draft::Draft, layout::Span};

/// The results in a line.
pub(super) fn found(context: &Context, line: &Span) -> Vec<Draft> {
    static RESULT: LazyLock<Regex> = LazyLock::new(|| {
        let specimen = "blood|urine|sputum|stool|csf|throat|wound|pus|nasal|nose|ear|eye|skin|high vaginal|vaginal|cervical|urethral|rectal|catheter urine|csu|msu|hvs|line tip|ulcer|fluid";
        let species = "aureus|epidermidis|saprophyticus|pneumoniae|pyogenes|agalactiae|viridans|milleri|faecalis|faecium|aeruginosa|mirabilis|vulgaris|albicans|typhi|paratyphi|baumannii|oxytoca|cloacae|influenzae|catarrhalis|spp\\.?|species";
        let genus = "staph(?:ylococcus)?|strep(?:tococcus)?|klebsiella|pseudomonas|proteus|enterococcus|candida|salmonella|shigella|acinetobacter|enterobacter|haemophilus|moraxella|serratia|citrobacter|campylobacter";
        Regex::new(&format!(
            r"(?i)\b((?:{specimen})(?: (?:cultures?|swabs?(?: culture)?|c/s|c&s|mc&s))|(?:msu|csu|hvs)(?: culture)?)\s{{0,3}}(?::|-|=)?\s{{0,24}}\b(no (?:significant )?growth|sterile|negative|(?:mrsa|mssa|e\. ?coli|escherichia coli|(?:{genus})\.?(?: (?:{species}))?)\b)"
        ))
        .expect("a valid expression")
    });
    let text = context.layout.text;
    RESULT
        .captures_iter(&text[line.clone()])
        .filter_map(|result| {
            let at = |n: usize| {
                let found = result.get(n)?;
                Some(line.start + found.start()..line.start + found.end())
            };
            let (name, value) = (at(1)?, at(2)?);
            let fact = Fact::Lab(Lab {
                name: Some(context.text(&name)),
                value: Some(context.text(&value)),
                ..Lab::default()
            });
            let mut draft = Draft::new(fact, 0.88);
            draft.add("name", name, false);
            draft.add("value", value, true);
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn germs_and_no_growth() {
        for (text, want) in [
            (
                "Throat swab: Strep pyogenes.",
                vec![["Throat swab", "Strep pyogenes"]],
            ),
            (
                "Urine culture - E. coli, sensitive to trimethoprim.",
                vec![["Urine culture", "E. coli"]],
            ),
            (
                "Blood cultures no growth, sputum culture negative.",
                vec![
                    ["Blood cultures", "no growth"],
                    ["sputum culture", "negative"],
                ],
            ),
            (
                "Wound swab sent today. Stool culture pending. Blood cultures grew E. coli.",
                vec![],
            ),
        ] {
            assert_eq!(told(text, "lab", ["name", "value"]), want, "{text}");
        }
    }
}
