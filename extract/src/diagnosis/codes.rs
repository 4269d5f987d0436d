//! Codes of ICD-10 that stand without a name: behind a heading (`ICD-10: I10, E78.5`) or as the lines of a section
//! of diagnoses (`A. M54.16  B. M51.26`). Who prints a name beside the code is read elsewhere.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Diagnosis, Fact};

use crate::{context::Context, draft::Draft, layout::Span, sections::SectionKind};

/// A code, pointers and commas before it.
const CODES: &str =
    r"(?:(?:[A-L1-9][0-9]?[.):]|[,;/&|\s]|\band\b)*\b[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?\b)+";

/// The codes that no draft holds yet, each a diagnosis.
pub(super) fn alone(context: &Context, before: &[Draft]) -> Vec<Draft> {
    let layout = &context.layout;
    let mut out = Vec::new();
    for line in &layout.lines {
        let Some(run) = run(context, &line.span) else {
            continue;
        };
        for code in codes(layout.text, run) {
            if super::prose::is_taken(before, &code) {
                continue;
            }
            let fact = Fact::Diagnosis(Diagnosis {
                code: Some(context.text(&code)),
            });
            let mut draft = Draft::new(fact, 0.9).with("code", code.clone());
            draft.value = Some(code);
            out.push(draft);
        }
    }
    out
}

/// `Primary: Acute cholecystitis      ICD 10 code: K80.0`: the one code of a line is that of the one name before it.
/// Gives the codes that are nobody's.
pub(super) fn beside_names(
    context: &Context,
    alone: Vec<Draft>,
    named: &mut [Draft],
) -> Vec<Draft> {
    let line = |draft: &Draft| context.layout.line_at(draft.span().start);
    let lines: Vec<usize> = alone.iter().map(line).collect();
    let mut rest = Vec::new();
    for (n, code) in alone.into_iter().enumerate() {
        let single = lines.iter().filter(|other| **other == lines[n]).count() == 1;
        let mut names = named.iter_mut().filter(|draft| line(draft) == lines[n]);
        let (first, second) = (names.next(), names.next());
        let place = code.span();
        match (first, second) {
            (Some(name), None) if single && name.span().end <= place.start => {
                if let Fact::Diagnosis(diagnosis) = &mut name.fact
                    && diagnosis.code.is_none()
                {
                    diagnosis.code = Some(context.text(&place));
                    name.add("code", place, false);
                    name.reasons.retain(|reason| reason != super::UNKNOWN);
                    continue;
                }
                rest.push(code);
            }
            _ => rest.push(code),
        }
    }
    rest
}

/// Are these codes and nothing else?
pub(super) fn only(text: &str) -> bool {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!("^{CODES}(?:\\s+[A-L][.):])*\\W*$")).expect("a valid expression")
    });
    WHOLE.is_match(text)
}

/// Where codes alone stand on a line.
fn run(context: &Context, line: &Span) -> Option<Span> {
    static HEADED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"(?:\b(?i:ICD[\s-]?(?:10)?(?:[\s-]?CM)?(?:\s*codes?)?|(?:diagnos[ei]s|dx)(?:\s*codes?)?(?:\s*\(?ICD[\s-]?10(?:[\s-]?CM)?\)?)?))\s*[:#.=-]*\s*(?<codes>{CODES})"
        ))
        .expect("a valid expression")
    });
    // `66 DX 0   67 K85.90   A E87.6   B I10`: the principal one stands in field 67 of a hospital's bill.
    static BILLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\bDX\b[^\n]{0,12}?\b67\s+(?<codes>[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?(?:\s+[A-Q]\s+[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?)*)(?:\s|$)")
            .expect("a valid expression")
    });
    let text = context.layout.get(line);
    let within = |range: std::ops::Range<usize>| line.start + range.start..line.start + range.end;
    if let Some(codes) = BILLED.captures(text).and_then(|found| found.name("codes")) {
        return Some(within(codes.range()));
    }
    if let Some(codes) = HEADED.captures(text).and_then(|found| found.name("codes")) {
        let rest = &text[codes.end()..];
        // A word right behind it is the name of the last one.
        let named = rest.trim_start_matches([' ', '-', '–', ':', ',', '(']);
        let apart = rest.starts_with("  ") || rest.starts_with('\t') || rest.starts_with('|');
        return (apart || !named.starts_with(char::is_alphabetic)).then(|| within(codes.range()));
    }
    let listed = context.section(line.start) == Some(SectionKind::Diagnoses);
    (listed && only(text)).then(|| line.clone())
}

fn codes(text: &str, run: Span) -> Vec<Span> {
    static CODE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?\b").expect("a valid expression")
    });
    CODE.find_iter(&text[run.clone()])
        .map(|code| run.start + code.start()..run.start + code.end())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn codes_without_a_name() {
        for (text, want) in [
            ("ICD-10: I10, E78.5, M10.9", "I10 E78.5 M10.9"),
            (
                "HEALTH INSURANCE CLAIM FORM\n21. DIAGNOSIS  A. M54.16  B. M51.26\n",
                "M54.16 M51.26",
            ),
            (
                "Principal diagnosis: J18.9\nOther diagnoses: J44.0   I50.32   N18.30\n",
                "J18.9 J44.0 I50.32 N18.30",
            ),
            (
                "HEALTH INSURANCE CLAIM FORM\n10. CONDITION RELATED TO:  EMPLOYMENT? NO\n14. DATE OF CURRENT ILLNESS  09 28 2024\n21. DIAGNOSIS   ICD Ind. 0\nA. J20.9     B. R05.1     C.          D.\n24. A DATES OF SERVICE      B     D CPT\n",
                "J20.9 R05.1",
            ),
            (
                "66 DX 0   67 N17.9    A E87.5    B I10\n",
                "N17.9 E87.5 I10",
            ),
            ("Vitamin B12 low, room C12, dose D10", ""),
        ] {
            let found = told(text, "diagnosis", ["code"]).concat();
            assert_eq!(found.join(" "), want, "{text}");
        }
    }
}
