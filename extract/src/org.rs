//! Organisations: from labels, and from letterheads by the word that heads their name (`Hospital`,
//! `Laboratories`, `Insurance`).

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, Fact, Org, OrgRole as Role};

use crate::{
    context::Context,
    draft::Draft,
    labels::{self, Target},
    layout::{Span, trim_by},
};

static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:(laborator(?:y|ies)|labs?\b|patholog\w+|diagnostics?|reference lab)|(insurance|assurance|benefits?|health ?plans?|mutual|administrators|blue cross|blue shield|aetna|cigna|humana|unitedhealthcare|health alliance|payers?|medicaid|medicare|indemnity|health fund|underwriters)|(pharmacy|pharmacies|chemists?|drugstore|walgreens|cvs|apothecary)|(hospitals?|clinics?|medical|infirmary|health ?(?:care|centre|center|system|services|group|partners|network)?|cent(?:er|re)|institute|associates|surgery|practice|pediatrics|paediatrics|cardiology|endocrinology|orthop\w+|dermatology|neurology|oncology|medicine|physicians|nhs|trust|foundation|hospice|urgent care|gastroenterology|ophthalmology|eye care|imaging|radiology|rheumatology|urology|nephrology|family care|primary care|women's health|wellness|sanatorium|polyclinic|specialists|rehabilitation))\b").expect("a valid expression")
});
static TITLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:health insurance claim form|claim form|explanation of benefits|electronic prescription|prescription|discharge summary|laboratory report|lab report|pathology report|final report|imaging report|radiology report|referral letter|medical report|consultation report|clinic letter|remittance advice|referral form|patient referral)\b\s*[-:|]*\s*").expect("a valid expression")
});
static NOT_HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:summary|report|results?|history|diagnos[ei]s|medications?|allergies|patient|specimen|physician|director|department of|instructions|insured|policy|claim form|records?|page|urinalysis|panel|comment|directions|notes?|form|prescription|emergency department|transferred|plan of|assessment|referred|seen|admitted|provider|test|signature|letter|statement|course|chart|certificate|nos?|numbers?|ref(?:erence)?|claim)\b").expect("a valid expression")
});
/// What an address or a telephone number looks like.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[A-Z]{2},? [0-9]{5}\b|\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}\b|\(?[0-9]{3}\)?[ -][0-9]{3}[ -]?[0-9]{4}|(?i:\b(?:tel|phone|fax)\b)").expect("a valid expression")
});

/// A letterhead stands within so many lines with text.
const TOP_LINES: usize = 6;

/// Does a name hold a word that heads organisations' names?
pub(crate) fn has_head(name: &str) -> bool {
    HEAD.is_match(name)
}

/// All organisations; the same once.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut found: Vec<(Role, Span, f32)> = Vec::new();
    for (n, label) in context.labels.iter().enumerate() {
        let role = match label.target {
            Target::Org(role) => role,
            Target::Doctor if label.colon => Role::Provider,
            _ => continue,
        };
        if !label.colon && !label.alone && !label.numbered {
            continue;
        }
        let name = labels::places(&context.layout, &context.labels, n)
            .iter()
            .filter_map(|place| name_at(context, place))
            .find(|name| name.start > label.span.start || has_head(context.layout.get(name)));
        let named =
            |name: &Span| label.target != Target::Doctor || has_head(context.layout.get(name));
        if let Some(name) = name.filter(named) {
            found.push((role, name, 0.92));
        }
    }
    from_letterhead(context, &mut found);
    let mut out: Vec<(Role, Span, f32)> = Vec::new();
    for (role, name, rule) in found {
        let key = crate::lexicon::key(context.layout.get(&name));
        let known = out.iter().any(|(_, other, _)| {
            let other = crate::lexicon::key(context.layout.get(other));
            other == key || other.contains(&key)
        });
        if !known {
            out.push((role, name, rule));
        }
    }
    out.into_iter()
        .map(|(role, name, rule)| {
            let fact = Fact::Org(Org {
                role: Some(role),
                name: Some(context.text(&name)),
            });
            Draft::new(fact, rule).with("name", name)
        })
        .collect()
}

fn name_at(context: &Context, place: &Span) -> Option<Span> {
    let text = context.layout.text;
    let part = &text[place.clone()];
    let cut = part.find(['\t', ';', '\n', '|']).unwrap_or(part.len());
    let cut = part[..cut].find("  ").unwrap_or(cut);
    let cut = ["Phone", "Tel", "Fax", "PHONE", "TEL:"]
        .iter()
        .filter_map(|word| part[..cut].find(word).filter(|i| *i > 0))
        .min()
        .unwrap_or(cut);
    let cut = part[..cut]
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(cut);
    let name = trim_by(text, place.start..place.start + cut, |c| {
        c.is_whitespace() || matches!(c, ',' | '-' | ':' | '.' | '(' | '#' | '&')
    });
    let printed = &text[name.clone()];
    let letters = printed.chars().filter(|c| c.is_alphabetic()).count();
    if printed.starts_with("Dr") && crate::names::titled(text, &name).is_some() {
        return None;
    }
    (letters >= 4
        && printed.starts_with(char::is_uppercase)
        && printed.split_whitespace().count() <= 9)
        .then_some(name)
}

/// Names at the top of pages. On a page after the first, an address or a telephone number below has to prove
/// that it is another letterhead.
fn from_letterhead(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    let layout = &context.layout;
    let mut page = 0;
    let mut seen = 0;
    let mut heads = 0;
    for (index, line) in layout.lines.iter().enumerate() {
        if line.page != page {
            (page, seen, heads) = (line.page, 0, 0);
        }
        if line.span.is_empty() {
            continue;
        }
        seen += 1;
        let addressed = || {
            let below = layout.below(index).unwrap_or(index);
            ADDRESS.is_match(&layout.text[line.span.start..layout.lines[below].span.end])
        };
        if seen > TOP_LINES || heads >= 2 || page > 0 && !addressed() {
            continue;
        }
        let labelled = context.labels_on(index).any(|(_, l)| l.colon || l.numbered);
        for cell in &line.cells {
            if let Some((role, name)) = of_letterhead(context, cell, labelled) {
                heads += 1;
                found.push((role, name, 0.9));
            }
        }
    }
}

fn of_letterhead(context: &Context, cell: &Span, labelled: bool) -> Option<(Role, Span)> {
    let text = context.layout.text;
    let title = TITLE.find(context.layout.get(cell)).map_or(0, |m| m.end());
    if labelled && title == 0 {
        return None;
    }
    let name = letterhead_name(text, &(cell.start + title..cell.end))?;
    let role = if title > 0 && context.kind == DocumentKind::InsuranceForm {
        Role::Insurer
    } else {
        role_of(context, &text[name.clone()])?
    };
    Some((role, name))
}

/// The name before an address, a dash or a number.
fn letterhead_name(text: &str, place: &Span) -> Option<Span> {
    let part = &text[place.clone()];
    let cut = part
        .char_indices()
        .find(|(i, c)| {
            matches!(c, '|' | '•' | ';' | '—' | '–' | ',')
                || c.is_ascii_digit() && *i > 0
                || part[*i..].starts_with(" - ")
                || part[*i..].starts_with("Phone")
                || part[*i..].starts_with("Tel")
        })
        .map_or(part.len(), |(i, _)| i);
    let name = trim_by(text, place.start..place.start + cut, |c| {
        c.is_whitespace() || matches!(c, ',' | '-' | ':' | '.' | '*')
    });
    let printed = &text[name.clone()];
    let words: Vec<&str> = printed.split_whitespace().collect();
    let small = ["of", "and", "the", "for", "at", "&", "de", "in"];
    let titled = words.iter().all(|w| {
        w.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '&')
            || small.contains(w)
    });
    ((1..=8).contains(&words.len())
        && titled
        && printed.len() >= 5
        && !printed.contains(':')
        && !NOT_HEADER.is_match(printed))
    .then_some(name)
}

fn role_of(context: &Context, name: &str) -> Option<Role> {
    let heads: Vec<_> = HEAD.captures_iter(name).collect();
    if heads.is_empty() {
        return None;
    }
    let has = |i: usize| heads.iter().any(|h| h.get(i).is_some());
    let last = heads.last()?;
    let generic = name.split_whitespace().count() == 1 && !name.ends_with("Labs");
    let department = matches!(
        name.to_lowercase().as_str(),
        "diagnostic imaging" | "medical imaging"
    );
    if generic || department {
        return None;
    }
    if has(2) && (context.kind == DocumentKind::InsuranceForm || last.get(2).is_some()) {
        return Some(Role::Insurer);
    }
    if has(3) {
        return Some(Role::Pharmacy);
    }
    if has(1) && (context.kind == DocumentKind::LabReport || last.get(1).is_some()) {
        return Some(Role::Laboratory);
    }
    if context.kind == DocumentKind::InsuranceForm {
        return Some(Role::Insurer);
    }
    Some(Role::Facility)
}
