//! Results in running text and in lists without a heading.

use std::sync::LazyLock;

use regex::Regex;

use schemas::{DocumentKind, Fact};

use super::{
    accept::{is_fluid, is_vital_or_sum, looks_like_sig},
    cells::{self, Cell, CellKind},
    parts::Parts,
    serology, trend,
};
use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
    lexicon::key,
    sections::SectionKind,
};

/// `WBC 8.2, Hgb 13.4 g/dL`, `creatinine was 1.4 mg/dL`.
pub(super) fn in_prose(
    context: &Context,
    index: usize,
    among_results: bool,
    before: &[Draft],
) -> Vec<Draft> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        // `has come down from 890 to 140`: the last of them counts.
        let changed = r"(?:(?:has|have|had)\s+)?(?:since\s+|now\s+)?(?:rose|risen|fell|fallen|dropped|improved|increased|decreased|settled|climbed|come down|came down|gone up|went up|gone down|went down)\s+(?:from\s+[<>]?[0-9]+(?:\.[0-9]+)?(?:\s?%|\s?[a-zµ]+/[a-z0-9.]+)?\s+)?to";
        // `ESR on 01/07/2025 was 92`.
        let day = r"(?:[0-9]{1,4}[/.-](?:[0-9]{1,2}|[a-z]{3,9})[/.-][0-9]{1,4}|[0-9]{1,2} [a-z]{3,9},?(?: [0-9]{4})?|[a-z]{3,9} [0-9]{1,2}(?:, [0-9]{4})?)";
        let pattern = r"(?i)^(?:\s*(?:level|count|value|result|reading)?\s*(?:(?:(?:from|taken|dated) |(?:taken |dated )?on )DAY,?\s+(?:was|is|were)\s+|(?:(?:on (?:admission|discharge|arrival)|at (?:admission|discharge)|today|initially|now|(?:peaked|remained) at|(?:rose|fell|improved|came down|went up) to|CHANGED)\s*)?(?::|=|of|was|is|at|were|\(|[-–]\s)?\s*)|\s+)";
        let pattern = pattern.replace("CHANGED", changed).replace("DAY", day);
        Regex::new(&pattern).expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let line = layout.lines[index].span.clone();
    if BATH.is_match(&text[line.clone()]) {
        return Vec::new();
    }
    let words = layout.lines[index].words.clone();
    let sera = serology::found(context, &line);
    let mut out: Vec<Draft> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let found = (1..=4.min(words.len() - i)).rev().find_map(|n| {
            let span = trim_by(text, words[i].start..words[i + n - 1].end, |c| {
                c.is_whitespace()
                    || matches!(
                        c,
                        ':' | '|'
                            | ','
                            | '('
                            | ')'
                            | ';'
                            | '.'
                            | '='
                            | '<'
                            | '>'
                            | '≤'
                            | '≥'
                            | '-'
                            | '–'
                            | '•'
                            | '*'
                    )
            });
            let name = &text[span.clone()];
            // `Dipstick: blood ++`, `VBG: pH 7.31`: a name goes over no colon.
            let whole =
                !span.is_empty() && ![": ", "; ", "\t"].iter().any(|gap| name.contains(gap));
            (whole && context.lexicon.is_analyte(name)).then_some((n, span))
        });
        let Some((n, name)) = found else {
            i += 1;
            continue;
        };
        i += n;
        let in_serum = sera.iter().any(|serum| overlap(&serum.span(), &name));
        if in_serum
            || is_limit(&text[line.start..name.start])
            || ends_drug(context, line.start, &name)
        {
            continue;
        }
        let name = without_level(context, name);
        let section = context.section(name.start);
        let among_drugs = section == Some(SectionKind::Medications);
        let Some(link) = LINK.find(&text[name.end..line.end]) else {
            continue;
        };
        let from = name.end + link.end();
        let stop = text[from..line.end]
            .find([';', '\t'])
            .map_or(line.end, |k| from + k);
        // `K 3.4 (L), Mg 1.6`: what the next test is called is no unit of this one.
        let next = text[from..stop]
            .match_indices(", ")
            .find(|(at, _)| leads_to_test(context, &text[from + at..stop]));
        let stop = next.map_or(stop, |(at, _)| from + at);
        let cells = cells::scan_run(text, from..stop);
        let Some(first) = cells.first() else { continue };
        let printed = &text[name.clone()];
        let unit = cells.iter().any(|c| c.kind == CellKind::Unit);
        let flagged = cells.get(1).is_some_and(|c| {
            c.kind == CellKind::Flag
                && (text[..c.span.end].ends_with(')') || text[c.span.clone()].contains('('))
        });
        let short = printed.len() <= 2;
        let lab_place = among_results
            || section == Some(SectionKind::Labs)
            || context.kind == DocumentKind::LabReport;
        let upper = printed.contains(char::is_uppercase);
        let number = matches!(first.kind, CellKind::Number)
            || first.kind == CellKind::Range && unit && lab_place;
        let listed = text[..name.start].trim_end().ends_with([',', ':']);
        let dipped = DIPSTICK.is_match(&text[line.start..name.end]);
        let word = first.kind == CellKind::Word
            && (lab_place && (upper || listed) || dipped && !among_drugs);
        // `CRP 186 mg/L, WCC 17.2`: what follows a result after a comma is one too.
        let chained = out
            .last()
            .and_then(|last: &Draft| text.get(last.span().end..name.start))
            .is_some_and(|between| {
                let gap = ASIDE.replace(between, "");
                let gap = gap.trim_start_matches(['H', 'L', '*', ')']).trim();
                matches!(
                    gap,
                    "with a"
                        | "with an"
                        | "and a"
                        | "and an"
                        | ", a"
                        | "with"
                        | ","
                        | ";"
                        | ", and"
                        | "and"
                        | ";\t"
                        | ""
                        | "/"
                        | "."
                        | "|"
                )
            })
            || leads_to_test(context, &ASIDE.replace(&text[first.span.end..line.end], ""))
            || trend::follows(text, first.span.end..line.end)
            || is_named(printed, before.iter().chain(&out));
        let sure = number
            && (unit
                || lab_place && upper
                || (upper || chained && printed.len() > 2)
                    && (!short || chained || flagged)
                    && !is_vital_or_sum(printed)
                    && !context.lexicon.is_drug(printed)
                    && text[first.span.clone()].len() < 8
                    && (first.span.end == text.len()
                        || text[first.span.end..].starts_with([',', '.', ';', ' ', ')', '\n']))
                    && (chained
                        || flagged
                        || link.as_str().trim() != ""
                        || stands_alone(printed, &text[first.span.end..line.end])));
        let sentence = text[name.start..line.end].find(". ");
        let clause = text[first.span.end..line.end].find([',', ';', '|', '\t']);
        let rest_of_line = name.start..sentence.map_or(line.end, |at| name.start + at);
        let rest_of_line = clause.map_or(rest_of_line.clone(), |at| {
            name.start..rest_of_line.end.min(first.span.end + at).max(name.end)
        });
        let measured =
            among_drugs && (is_measured(context, printed, &cells) || chained && !out.is_empty());
        if !(sure || word)
            || is_fluid(text, &name, &cells)
            || among_drugs && !measured
            || !measured && looks_like_sig(context, &name, &rest_of_line, false)
        {
            continue;
        }
        let Some(parts) = Parts::of(text, &cells, None) else {
            continue;
        };
        out.push(parts.draft(context, &name, true, None));
        let behind = cells.last().map_or(first.span.end, |cell| cell.span.end);
        for cells in trend::others(text, first.span.end..behind, line.end) {
            if let Some(parts) = Parts::of(text, &cells, None) {
                out.push(parts.draft(context, &name, true, None));
            }
        }
    }
    out.extend(sera);
    out
}

/// `stop if WBC < 3.5, neutrophils < 1.6`: what would have to be found for something to be done.
fn is_limit(before: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:if|unless|whenever)\b(?:[^.;]|\.[0-9])*$")
            .expect("a valid expression")
    });
    static BOUND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:is|was|were|has|had|came|showed)\b").expect("a valid expression")
    });
    let condition = CONDITION.find(before);
    condition.is_some_and(|found| !BOUND.is_match(found.as_str()))
}

/// `INR 2.6 (08/05/2025)`: a test that has no unit, and nothing goes on behind its number.
fn stands_alone(printed: &str, rest: &str) -> bool {
    let unitless = matches!(&*printed.to_lowercase(), "inr" | "egfr" | "hba1c" | "a1c" | "crp" | "tsh" | "bnp");
    let rest = rest.trim_start();
    unitless && (rest.is_empty() || rest.starts_with(['(', ',', ';', '.']))
}

/// What a fluid is made of is nobody's result.
static BATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:dialysate|dialysis (?:fluid|bath|prescription)|bath|replacement fluid|TPN|parenteral nutrition|feeds?)\b")
        .expect("a valid expression")
});
/// Words before results that are words.
static DIPSTICK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:urine|dip(?:stick)?|urinalysis|u/a|ua)\b").expect("a valid expression")
});
/// `(baseline 1.2)` behind a result.
static ASIDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[HL*]?\s*\([^()]{1,25}\)").expect("a valid expression"));

fn overlap(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// `lithium level was 0.62 mmol/L` names the lithium.
fn without_level(context: &Context, name: Span) -> Span {
    let printed = &context.layout.text[name.clone()];
    let cut = printed.len().saturating_sub(" level".len());
    let bare = printed.get(..cut).map(str::trim_end);
    let level = printed
        .get(cut..)
        .is_some_and(|end| end.eq_ignore_ascii_case(" level"));
    match bare.filter(|bare| level && context.lexicon.is_analyte(bare)) {
        Some(bare) => name.start..name.start + bare.len(),
        None => name,
    }
}

/// The document has a result of this test already.
fn is_named<'a>(printed: &str, before: impl IntoIterator<Item = &'a Draft>) -> bool {
    before.into_iter().any(|draft| {
        matches!(&draft.fact, Fact::Lab(lab) if lab.name.as_deref().is_some_and(|name| key(name) == key(printed)))
    })
}

/// `sodium chloride 0.9%`: the word before it makes a drug of it.
fn ends_drug(context: &Context, from: usize, name: &Span) -> bool {
    let text = context.layout.text;
    let before = text[from..name.start].trim_end_matches(' ');
    let word = before
        .rfind([' ', '\t', ',', ';', ':', '|', '('])
        .map_or(0, |at| at + 1);
    word < before.len() && context.lexicon.is_drug(&text[from + word..name.end])
}

/// Below a list of drugs: a concentration that is no drug's strength.
fn is_measured(context: &Context, printed: &str, cells: &[Cell]) -> bool {
    let text = context.layout.text;
    let unit = cells.iter().find(|c| c.kind == CellKind::Unit);
    let under = unit.and_then(|unit| {
        let unit = text[unit.span.clone()].to_lowercase();
        unit.split_once('/')
            .map(|(_, under)| under.trim().to_owned())
    });
    // No product holds so much in a litre of blood.
    let in_blood = under
        .as_deref()
        .is_some_and(|under| matches!(under, "l" | "dl" | "ul" | "mol" | "mmol"));
    let concentration = under.as_deref() == Some("ml");
    // Values that a list of drugs names without a unit; none of them is taken.
    let never_taken = matches!(
        &*printed.to_lowercase(),
        "inr" | "egfr" | "hba1c" | "a1c" | "tsh" | "crp" | "hdl" | "ldl"
    );
    in_blood || (concentration || never_taken) && !context.lexicon.is_any_drug(printed)
}

/// `, ferritin 14 ug/L`: the next result follows behind a comma.
fn leads_to_test(context: &Context, rest: &str) -> bool {
    let rest = rest.strip_prefix(" /").map_or(rest, |_| &rest[1..]);
    let Some(next) = rest
        .strip_prefix([',', ';', '/', '.'])
        .or_else(|| rest.strip_prefix(" and"))
        .and_then(|r| r.strip_prefix(' '))
    else {
        return false;
    };
    let link = |word: &&str| !matches!(*word, "was" | "were" | "is" | "are" | "of");
    let words: Vec<&str> = next.split_whitespace().filter(link).take(4).collect();
    (1..words.len()).any(|n| {
        words[n].starts_with(|c: char| c.is_ascii_digit())
            && context.lexicon.is_analyte(&words[..n].join(" "))
    })
}
