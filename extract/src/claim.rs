//! What claims hold: service lines with a procedure code and a charge, and amounts with their labels.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Amount, DocumentKind, Fact, Procedure};

use crate::{
    context::Context,
    draft::Draft,
    layout::trim_by,
    sections::{self, SectionKind},
};

const MONEY: &str =
    r"\$?\s?[0-9]{1,3}(?:,[0-9]{3})*\.[0-9]{2}|\$\s?[0-9]+(?:\.[0-9]{2})?|[0-9]+\.[0-9]{2}";

/// Procedures of service lines and of procedure sections.
pub(crate) fn procedures(context: &Context) -> Vec<Draft> {
    static ROW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"(?:^|[\s|])([0-9]{{5}}|[A-V][0-9]{{4}})(?:-[0-9A-Z]{{2}})?[\s|]+(.*?)({MONEY})"
        ))
        .expect("a valid expression")
    });
    static LOOSE_ROW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?:^|[\s|])([0-9]{5}|[A-V][0-9]{4})(?:-[0-9A-Z]{2})?[\s|]+(.*?)(\$?\s?\b[0-9]{1,3}(?:,[0-9]{3})*\s?[.,]\s?[0-9]{2})\b",
        )
        .expect("a valid expression")
    });
    static POINTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\s+(?:[A-L]{1,4}|[1-4](?:,[1-4])*)?\s*\$?\s*$").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let mut out = Vec::new();
    for line in &layout.lines {
        let part = layout.get(&line.span);
        let dated = context
            .dates
            .iter()
            .any(|d| d.span.start >= line.span.start && d.span.end <= line.span.end);
        if !(dated || context.kind == DocumentKind::InsuranceForm) {
            continue;
        }
        let strict = ROW.captures(part);
        let misread_charge = strict.is_none();
        let Some(found) = strict.or_else(|| LOOSE_ROW.captures(part)) else {
            continue;
        };
        let (Some(code), Some(about), Some(charge)) = (found.get(1), found.get(2), found.get(3))
        else {
            continue;
        };
        let shift = |start: usize, end: usize| line.span.start + start..line.span.start + end;
        let end = POINTER
            .find(about.as_str())
            .map_or(about.end(), |m| about.start() + m.start());
        let about = trim_by(text, shift(about.start(), end.max(about.start())), |c| {
            c.is_whitespace() || c == '|'
        });
        let charge = trim_by(text, shift(charge.start(), charge.end()), |c| {
            c.is_whitespace() || c == '$'
        });
        let code = shift(code.start(), code.end());
        let zip = about.is_empty() || context.layout.get(&about).starts_with(['|', '(']);
        if zip {
            continue;
        }
        let fact = Fact::Procedure(Procedure {
            code: Some(context.text(&code)),
            charge: Some(context.text(&charge)),
        });
        let mut draft = Draft::new(fact, 0.95)
            .with("code", code)
            .with("procedure", about.clone());
        draft.add("charge", charge, true);
        if misread_charge {
            draft.doubt("the decimal point of the charge is misread");
        }
        draft.value = Some(about);
        out.push(draft);
    }
    for section in context.sections_of(&[SectionKind::Procedures]) {
        for item in sections::items(layout, &section.body) {
            let name = trim_by(text, item, |c| {
                c.is_whitespace() || matches!(c, '.' | ',' | ':')
            });
            let words = layout.get(&name).split_whitespace().count();
            let prose = layout.get(&name).contains(". ");
            if (1..=10).contains(&words)
                && !prose
                && !layout.get(&name).to_lowercase().starts_with("none")
            {
                let mut draft = Draft::new(Fact::Procedure(Procedure::default()), 0.8)
                    .with("procedure", name.clone());
                draft.value = Some(name);
                out.push(draft);
            }
        }
    }
    out
}

/// Amounts of money with a label before them on the line or on the line above.
pub(crate) fn amounts(context: &Context) -> Vec<Draft> {
    static LABELS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            ("total charges?|total charged|total billed|amount billed|billed charges|billed amount|total amount", "total_charge"),
            ("amount paid|plan paid|paid amount|insurance paid|payment|total paid", "amount_paid"),
            ("balance due|amount due|patient balance|balance", "balance_due"),
            ("patient responsibility|you owe|your responsibility|member responsibility|amount you owe|patient owes", "patient_responsibility"),
            ("deductible", "deductible"),
            ("co-?pay(?:ment)?", "copay"),
            ("co-?insurance", "coinsurance"),
            ("allowed amount|amount allowed|allowed|plan allowed", "allowed"),
            ("discount|adjustment|plan discount", "adjustment"),
        ]
        .into_iter()
        .map(|(words, role)| {
            let pattern = format!(r"(?i)\b(?:{words})\b[^\n0-9$]{{0,25}}(?:\n[^\n0-9$]{{0,5}})?({MONEY})");
            (Regex::new(&pattern).expect("a valid expression"), role)
        })
        .collect()
    });
    let text = context.layout.text;
    let mut out: Vec<Draft> = Vec::new();
    for (pattern, role) in LABELS.iter() {
        for found in pattern.captures_iter(text) {
            let Some(value) = found.get(1) else { continue };
            let span = trim_by(text, value.range(), |c| c.is_whitespace() || c == '$');
            let taken = out.iter().any(|d| d.pieces.iter().any(|p| p.span == span));
            if taken {
                continue;
            }
            let fact = Fact::Amount(Amount {
                role: Some((*role).into()),
                value: Some(context.text(&span)),
            });
            let mut draft = Draft::new(fact, 0.93);
            draft.add("value", span, true);
            out.push(draft);
        }
    }
    out
}
