//! Identifiers with their roles, and check digits where a scheme has them: NPI (Luhn over 80840 and
//! the number), DEA, NHS number (modulo 11). A failed check is a reason for review, never a rejection.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Id, IdRole as Role};

use crate::{
    context::Context,
    draft::Draft,
    labels::{self, Target},
    layout::{Span, trim_by},
};

mod column;

static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[#\s:]*([A-Z]{1,4} [0-9]{3,}|[A-Za-z]{0,6}[-/]?[0-9OIl][A-Za-z0-9]*(?:[-/.][A-Za-z0-9]+)*)")
        .expect("a valid expression")
});
static NHS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[#\s:]*([0-9]{3}\s?-?[0-9]{3}\s?-?[0-9]{4})\b").expect("a valid expression")
});

/// All identifiers; the same value in the same role once.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let text = context.layout.text;
    for (n, label) in context.labels.iter().enumerate() {
        let Target::Id(role) = label.target else {
            continue;
        };
        let key = labels::letters(context.layout.get(&label.span));
        let vague = matches!(
            key.as_str(),
            "rx" | "group"
                | "account"
                | "claim"
                | "plan"
                | "policy"
                | "lab"
                | "chart"
                | "spec"
                | "acc"
                | "req"
                | "prescription"
                | "mr"
                | "visit"
                | "encounter"
                | "invoice"
                | "nhs"
                | "fin"
                | "icn"
                | "grp"
                | "file"
                | "medicare"
                | "medicaid"
                | "enc"
                | "har"
                | "pid"
                | "ihi"
        );
        // `Account   SB4470128`: a cell of its own.
        let own_cell = label.at_start && text[label.span.end..].starts_with('\t');
        let marked = label.colon
            || label.numbered
            || own_cell
            || role == Role::NhsNumber && NHS.is_match(&text[label.span.end..]);
        if vague && !marked && !has_number_sign(text, label.span.end) {
            continue;
        }
        let pattern = if role == Role::NhsNumber {
            &*NHS
        } else {
            &*TOKEN
        };
        let places = labels::places(&context.layout, &context.labels, n);
        let value = places
            .iter()
            .find_map(|place| value_at(context, place, pattern, role));
        let Some(value) = value else { continue };
        let printed = context.text(&value);
        let twin = out.iter().any(|d| matches!(&d.fact, Fact::Id(id) if id.role == Some(role) && id.value.as_deref() == Some(&printed)));
        if twin {
            continue;
        }
        out.push(of_value(
            role,
            printed,
            value,
            if label.colon { 0.96 } else { 0.88 },
        ));
    }
    inline_license(context, &mut out);
    for (role, value) in column::extract(context) {
        if !is_told(&out, &value, context.layout.get(&value)) {
            out.push(of_value(role, context.text(&value), value, 0.9));
        }
    }
    out
}

/// Is there an identifier of these letters, or one at this place?
fn is_told(out: &[Draft], place: &Span, printed: &str) -> bool {
    out.iter().any(|draft| {
        let meets = |piece: &crate::draft::Piece| {
            piece.span.start < place.end && place.start < piece.span.end
        };
        let alike = matches!(&draft.fact, Fact::Id(id) if id.value.as_deref() == Some(printed));
        alike || draft.pieces.iter().any(meets)
    })
}

/// An identifier, doubted where its check digit does not fit.
fn of_value(role: Role, printed: String, place: Span, sure: f32) -> Draft {
    let fits = check(role, &printed);
    let fact = Fact::Id(Id {
        role: Some(role),
        value: Some(printed),
    });
    let mut draft = Draft::new(fact, sure).with("value", place);
    if fits == Some(false) {
        draft.doubt(format!(
            "the check digit of the {} does not fit",
            scheme(role)
        ));
    }
    draft
}

fn has_number_sign(text: &str, end: usize) -> bool {
    text[..end].ends_with(['#', '.']) || text[end..].trim_start().starts_with('#')
}

fn value_at(context: &Context, place: &Span, pattern: &Regex, role: Role) -> Option<Span> {
    let text = context.layout.text;
    let found = pattern.captures(&text[place.clone()])?.get(1)?;
    let end = found.end() + further_groups(&text[place.clone()], found.range(), role);
    let span = place.start + found.start()..place.start + end;
    let value = trim_by(text, span, |c| matches!(c, '-' | '.' | '/'));
    let printed = &text[value.clone()];
    let digits = printed.chars().filter(char::is_ascii_digit).count();
    // What `NO 1234` and the like begin with is another label.
    let lead = printed.split_once(' ').map_or("", |(lead, _)| {
        lead.trim_end_matches(|c: char| !c.is_alphabetic())
    });
    let labelled = labels::exact(lead).is_some() || matches!(lead, "NO" | "ID" | "NR" | "REF");
    let is_date = context
        .dates
        .iter()
        .any(|d| d.span.start < value.end && value.start < d.span.end);
    let least = if matches!(role, Role::Npi | Role::NhsNumber) {
        8
    } else {
        3
    };
    (digits >= least.min(3)
        && printed.len() >= least.min(4)
        && !is_date
        && !labelled
        && printed.contains(|c: char| c.is_alphanumeric() && c != '0')
        && digits * 4 >= printed.len())
    .then_some(value)
}

/// How many bytes go on with an identifier that is printed in groups, `2953 70418 6`, `BH 7731`: what stands behind a
/// whole number may be an age as well.
fn further_groups(text: &str, first: Span, role: Role) -> usize {
    static GROUP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^ ([0-9]{1,6}[A-Z]?)(?:[\s,;.)]|$)").expect("a valid expression")
    });
    const SHORT: usize = 5;
    const LEAST: usize = 3;
    let mut end = first.end;
    let digits = text[first].chars().filter(char::is_ascii_digit).count();
    if digits > SHORT || role == Role::NhsNumber {
        return 0;
    }
    let start = end;
    while let Some(group) = GROUP.captures(&text[end..]).and_then(|found| found.get(1)) {
        if role != Role::MemberId && group.len() < LEAST {
            break;
        }
        end += group.end();
    }
    end - start
}

/// `Joshua Munoz, M.D. - License XR99892`: the label stands in the middle of a line, without a colon.
fn inline_license(context: &Context, out: &mut Vec<Draft>) {
    static INLINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(lic(?:en[cs]e)?(?: no| number)?|gmc(?: no| number)?|hcpc(?: no)?|ahpra(?: no)?|cpso|cpsbc|cpsa)|(npi)|(dea)|(rx no|rx number|prescription no)|(mrn)|(nhs no|nhs number))\b[.:#\s]*\s([A-Za-z]{0,4}[0-9][A-Za-z0-9]{3,}(?:[-/][A-Za-z0-9]+)*)\b").expect("a valid expression")
    });
    let roles = [
        Role::License,
        Role::Npi,
        Role::Dea,
        Role::RxNumber,
        Role::Mrn,
        Role::NhsNumber,
    ];
    for found in INLINE.captures_iter(context.layout.text) {
        let (Some(i), Some(value)) = ((1..=6).find(|i| found.get(*i).is_some()), found.get(7))
        else {
            continue;
        };
        let role = roles[i - 1];
        if !is_told(out, &value.range(), value.as_str()) {
            out.push(of_value(role, value.as_str().into(), value.range(), 0.85));
        }
    }
}

fn scheme(role: Role) -> &'static str {
    match role {
        Role::Npi => "NPI",
        Role::Dea => "DEA number",
        _ => "NHS number",
    }
}

/// Does the check digit fit? None when the scheme has none.
fn check(role: Role, value: &str) -> Option<bool> {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    match role {
        Role::Npi => Some(digits.len() == 10 && luhn(&digits)),
        Role::Dea => {
            let letters = value.chars().take_while(char::is_ascii_alphabetic).count();
            let fits = letters == 2 && digits.len() == 7;
            let sum =
                || digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5]);
            Some(fits && sum() % 10 == digits[6])
        }
        Role::NhsNumber => {
            if digits.len() != 10 {
                return Some(false);
            }
            let sum: u32 = digits[..9]
                .iter()
                .zip((2..=10).rev())
                .map(|(d, w)| d * w)
                .sum();
            let digit = 11 - sum % 11;
            Some(digit != 10 && digit % 11 == digits[9])
        }
        _ => None,
    }
}

/// Luhn over the prefix 80840 and the ten digits; the prefix adds 24.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            if i % 2 == 0 {
                *d
            } else {
                d * 2 / 10 + d * 2 % 10
            }
        })
        .sum();
    (sum + 24).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use schemas::IdRole;

    use super::check;

    #[test]
    fn check_digits() {
        for (role, value, want) in [
            (IdRole::Npi, "1234567893", Some(true)),
            (IdRole::Npi, "1234567890", Some(false)),
            (IdRole::Dea, "AB1234563", Some(true)),
            (IdRole::Dea, "AB1234564", Some(false)),
            (IdRole::NhsNumber, "943 476 5919", Some(true)),
            (IdRole::NhsNumber, "943 476 5918", Some(false)),
            (IdRole::Mrn, "1", None),
        ] {
            assert_eq!(check(role, value), want, "{value}");
        }
    }
}
