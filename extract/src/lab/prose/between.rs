//! What stands between a test and its result, and between one result and the next.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    lab::cells::{Cell, CellKind},
    layout::Span,
};

/// What may stand between the name of a test and its result.
pub(super) static LINK: LazyLock<Regex> = LazyLock::new(|| {
    // `has come down from 890 to 140`: the last of them counts.
    let changed = r"(?:(?:has|have|had)\s+)?(?:since\s+|now\s+)?(?:gone|went|rose|risen|fell|fallen|dropped|improved|increased|decreased|settled|climbed|come down|came down|gone up|went up|gone down|went down)\s+(?:from\s+[<>]?[0-9]+(?:\.[0-9]+)?(?:\s?%|\s?[a-zµ]+/[a-z0-9.]+)?\s+(?:(?:on|in)\s+(?:DAY|[a-z]{3,9}(?: [0-9]{4})?)\s+)?)?to";
    // `ESR on 01/07/2025 was 92`.
    let day = r"(?:[0-9]{1,4}[/.-](?:[0-9]{1,2}|[a-z]{3,9})[/.-][0-9]{1,4}|[0-9]{1,2} [a-z]{3,9},?(?: [0-9]{4})?|[a-z]{3,9} [0-9]{1,2}(?:, [0-9]{4})?|[0-9]{1,2}/[0-9]{1,2})";
    // `Cl-: 101`.
    let pattern = r"(?i)^-?(?:\s*(?:level|count|value|result|reading)?\s*(?:(?:(?:from|taken|dated) |(?:taken |dated )?on )DAY(?:,?\s+(?:was|is|were)\s+|:\s*)|(?:(?:on (?:admission|discharge|arrival)|at (?:admission|discharge|reaction|baseline|presentation)|while (?:on|off) [a-z]{3,15}|today|initially|now|(?:peaked|remained|came back|returned|measured|(?:is|was|are|were|remains?) (?:very |slightly |mildly )?(?:low|high|raised|elevated|normal|borderline|up|down))(?: at)?|(?:rose|fell|improved|came down|went up) to|CHANGED)\s*)?(?::|=|of|was|is|at|were|\(|[-–]\s)?\s*)|\s+)";
    let pattern = pattern.replace("CHANGED", changed).replace("DAY", day);
    Regex::new(&pattern).expect("a valid expression")
});

/// `(baseline 1.2)` behind a result.
pub(super) static ASIDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[HL*]?\s*\([^()]{1,25}\)").expect("a valid expression"));

/// Where the result ends before its cells do: `CD4 612 (28%)` says the same anew, and no unit stands behind a comma.
pub(super) fn end_of_result(text: &str, cells: &[Cell]) -> Option<usize> {
    (1..cells.len()).find(|n| {
        let gap = &text[cells[n - 1].span.end..cells[*n].span.start];
        let anew = cells[*n].kind == CellKind::Number && gap.contains('(');
        // `INR 3.4, 5 mg`: nor another number.
        anew || matches!(cells[*n].kind, CellKind::Unit | CellKind::Number) && gap.contains(',')
    })
}

/// Where what stands between the results of a line begins, before the next test with its number: `, `, a wide gap, a
/// bar, a slash.
pub(in crate::lab) fn next_test(context: &Context, within: &Span) -> Option<usize> {
    static GAP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[,;.] | {2,}|\t| ?\| ?| ?/ ?| and ").expect("a valid expression")
    });
    let text = context.layout.text;
    GAP.find_iter(&text[within.clone()])
        .filter(|gap| {
            text[within.start..within.start + gap.start()].contains(|c: char| c.is_ascii_digit())
        })
        .find(|gap| names_test(context, &text[within.start + gap.end()..within.end]))
        .map(|gap| within.start + gap.start())
}

/// Does a text begin with a test and its number?
fn names_test(context: &Context, text: &str) -> bool {
    const LONGEST: usize = 4;
    let link = |word: &&str| !matches!(*word, "was" | "were" | "is" | "are" | "of" | ":" | "=");
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(link)
        .take(LONGEST)
        .map(|word| {
            word.trim_start_matches(['*', '<', '>', '('])
                .trim_end_matches([':', '='])
        })
        .collect();
    (1..words.len()).any(|n| {
        words[n].starts_with(|c: char| c.is_ascii_digit())
            && context
                .lexicon
                .is_analyte(words[..n].join(" ").trim_end_matches(['-', '+']))
    })
}

/// `, ferritin 14 ug/L`: the next result follows behind a comma.
pub(super) fn leads_to_test(context: &Context, rest: &str) -> bool {
    static JOINT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?: ?[HL*↑↓]{1,2})?(?: and |[,;.] | ?\| ?| ?/ ?|\t| +)")
            .expect("a valid expression")
    });
    JOINT
        .find(rest)
        .is_some_and(|joint| names_test(context, &rest[joint.end()..]))
}
