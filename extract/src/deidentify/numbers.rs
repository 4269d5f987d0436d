//! Numbers that point to somebody: telephone and fax, social security, record, plan, account, licence, vehicle
//! and device numbers, and any long number that is no quantity.

use std::sync::LazyLock;

use regex::Regex;
use schemas::IdRole as Role;

use super::Found;
use crate::layout::Span;

pub(crate) fn label(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Npi) => "NPI",
        Some(Role::Dea) => "DEA",
        Some(Role::Mrn) => "MRN",
        Some(Role::NhsNumber) => "NHS",
        Some(Role::RxNumber) => "RX",
        Some(Role::License) => "LICENSE",
        Some(Role::Accession) => "ACCESSION",
        Some(Role::MemberId) => "MEMBER",
        Some(Role::Group) => "GROUP",
        Some(Role::Account) => "ACCOUNT",
        Some(Role::Claim) => "CLAIM",
        Some(Role::Other) | None => "ID",
    }
}

/// A number that a label names, the value in the first group.
static LABELLED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let phone = r"(\+?(?:\(?[0-9]{1,5}\)?[-. ]?){1,3}[0-9]{3,6})";
    let value = r"([A-Za-z]{0,6}[-/ ]?[0-9][A-Za-z0-9]*(?:[-/. ]?[A-Za-z]{0,3}[0-9][A-Za-z0-9]*)*)";
    let number = r"(?:[ \t]*(?:no|nr|num|number|id|code|#))?[.:#]*[ \t]*(?:is[ \t]+)?[:#]?[ \t]*";
    [
        (r"(?:tel|telephone|phone|ph|mobile|cell|pager|bleep|contact|call)", "PHONE"),
        (r"(?:fax|facsimile)", "FAX"),
        (r"(?:ssn|social security|ss#|national insurance|ni)", "SSN"),
        (r"(?:mrn|medical record|med rec|hospital|chart|record|patient id|unit)", "MRN"),
        (r"(?:member|subscriber|policy|plan|beneficiary|medicare|medicaid|insurance|health plan|hicn|mbi|payer)", "MEMBER"),
        (r"(?:account|acct|iban|invoice|bill|card)", "ACCOUNT"),
        (r"(?:licen[sc]e|lic|certificate|cert|registration|reg|gmc|npi|dea|clia|passport|driver'?s licen[sc]e)", "LICENSE"),
        (r"(?:vin|vehicle|plate|licen[sc]e plate|number plate|registration plate)", "VEHICLE"),
        (r"(?:serial|s/n|sn|udi|device|implant|lead|pacemaker|model|lot|ref)", "DEVICE"),
        (r"(?:accession|acc|specimen|sample|claim|case|visit|encounter|csn|fin|order|requisition|rx|prescription|group|grp|file|referral|auth(?:ori[sz]ation)?|nhs|chi|study|trial|subject|badge|employee)", "ID"),
    ]
    .into_iter()
    .map(|(words, label)| {
        let value = if matches!(label, "PHONE" | "FAX") { phone } else { value };
        let pattern = format!(r"(?i)\b{words}{number}{value}");
        (Regex::new(&pattern).expect("a valid expression"), label)
    })
    .collect()
});

/// Numbers whose form alone tells them.
static FORMED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"[0-9]{3}-[0-9]{2}-[0-9]{4}", "SSN"),
        (r"(?:\+?1[-. ]?)?(?:\([0-9]{3}\)[ ]?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}(?:[ ]?(?:x|ext\.?)[ ]?[0-9]{1,6})?", "PHONE"),
        (r"\+[0-9]{1,3}[ ]?(?:\([0-9]\)[ ]?)?[0-9]{2,5}(?:[ -]?[0-9]{2,6}){1,4}", "PHONE"),
        (r"\(?0[0-9]{2,4}\)?[ -][0-9]{3,4}[ -]?[0-9]{3,4}", "PHONE"),
        (r"[A-HJ-NPR-Z0-9]{11}[0-9]{6}", "VEHICLE"),
        (r"\(01\)[0-9]{14}(?:\([0-9]{2}\)[A-Za-z0-9]+)*", "DEVICE"),
        // A letter or three and at least five digits: no ICD, HCPCS or laboratory name has so many.
        (r"[A-Z]{1,4}[-/]?[0-9]{5,}[A-Z0-9]*", "ID"),
        (r"[A-Z]{1,3}\.[0-9]{4,}\.[A-Z]{1,3}", "ID"),
        (r"[0-9]{2}-[ ]?[0-9]{7}|[0-9]{3,}-[0-9]{4,}", "ID"),
        (r"[0-9]{7,}", "ID"),
    ]
    .into_iter()
    .map(|(form, label)| (Regex::new(form).expect("a valid expression"), label))
    .collect()
});

/// What makes a number a quantity or a code of a terminology.
static QUANTITY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[ \t]?(?:%|mg|mcg|µg|ug|ng|g|kg|ml|l|dl|iu|i\.u|units?|u|cells?|copies|cfu|mmol|meq|/|x ?10|\*|tablets?|capsules?)(?:\b|[^a-z])")
        .expect("a valid expression")
});
static CODE_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\b(?:ndc|snomed(?: ?ct)?|rxcui|loinc|icd(?:-?10)?(?:-cm)?|cpt|hcpcs)[ \t]*(?:code|no)?[:#]?[ \t]*|[$£€][ \t]*|[0-9][.,])$")
        .expect("a valid expression")
});

pub(crate) fn find(text: &str) -> Vec<Found> {
    let mut out = Vec::new();
    for (pattern, label) in LABELLED.iter() {
        for found in pattern.captures_iter(text) {
            let Some(value) = found.get(1) else { continue };
            let printed = value.as_str();
            let digits = printed.chars().filter(char::is_ascii_digit).count();
            let span = until_words(printed, value.start());
            if digits >= least(label) && is_number(text, &span) {
                out.push(Found::new(span.clone(), label, &text[span]));
            }
        }
    }
    for (pattern, label) in FORMED.iter() {
        for found in pattern.find_iter(text) {
            if is_number(text, &found.range()) {
                out.push(Found::new(found.range(), label, found.as_str()));
            }
        }
    }
    out
}

/// Fewer digits are a quantity, a page, a room.
fn least(label: &str) -> usize {
    match label {
        "PHONE" | "FAX" => 6,
        "VEHICLE" => 2,
        _ => 4,
    }
}

/// The value without words that follow it after a space: `H183900 Exam` ends after its digits.
fn until_words(printed: &str, start: usize) -> Span {
    let mut end = 0;
    for part in printed.split_inclusive(' ') {
        if end > 0 && !part.contains(|c: char| c.is_ascii_digit()) {
            break;
        }
        end += part.len();
    }
    start..start + printed[..end].trim_end().len()
}

/// It stands alone, and nothing says that it is a quantity, a date or a code.
fn is_number(text: &str, span: &Span) -> bool {
    let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let decimal = after
        .strip_prefix('.')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !joined(before.chars().next_back())
        && !joined(after.chars().next())
        && !decimal
        && !QUANTITY_AFTER.is_match(after)
        && !CODE_BEFORE.is_match(before)
}
