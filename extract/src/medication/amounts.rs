//! Several amounts beside one drug: the one that held before a change (`from 10 mg to 5 mg`, `20 mg, now
//! 40 mg`), the volume of a product or of what it is given in, and amounts of which nothing tells what they
//! are to each other.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    draft::Draft,
    sig::{self, Part, repair::Read},
};

/// Which phrases tell of an amount that held before, with its frequency, or of a limit or sum. Where only a sign between two
/// amounts tells it (`5 mg -> 10 mg`), a person should look.
pub(super) fn former(text: &str, found: &[Read], draft: &mut Draft) -> Vec<bool> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\bfrom|\(\s*was|\bpreviously(?: on| was)?|\bformerly|\bold dose|\bmax(?:imum)?(?: dose)?(?: of)?|\bexceed(?:ing)?|\btotal(?: of)?)\W*$")
            .expect("a valid expression")
    });
    static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,;(]*(?:-+>|=+>|→|➔|➜|(?:and |but )?(?:is )?now(?: on)?|(?:increased|decreased|reduced|changed|raised|lowered|titrated|up|down) to)[:\s]*$")
            .expect("a valid expression")
    });
    static CHANGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:chang|increas|decreas|reduc|titrat|rais|lower)\w*\b[^.;]{0,20}$")
            .expect("a valid expression")
    });
    let mut former = vec![false; found.len()];
    for n in amounts(found) {
        let span = &found[n].found.span;
        let was = BEFORE.is_match(&text[..span.start]);
        former[n] = was;
        let Some(next) = amounts(found).find(|m| *m > n) else {
            break;
        };
        let frequency = (n + 1..next).take_while(|m| found[*m].found.part == Part::Frequency);
        let last = frequency.last().unwrap_or(n);
        if last + 1 != next {
            continue;
        }
        if was {
            former[n..next].fill(true);
            continue;
        }
        let gap = &text[found[last].found.span.end..found[next].found.span.start];
        let told = BETWEEN.is_match(gap)
            || gap.trim().eq_ignore_ascii_case("to") && CHANGED.is_match(&text[..span.start]);
        if told {
            former[n..next].fill(true);
            draft.doubt("an old amount and a new one stand with the drug");
        }
    }
    former
}

/// Where amounts with a unit stand.
fn amounts(found: &[Read]) -> impl Iterator<Item = usize> + '_ {
    (0..found.len()).filter(|n| found[*n].found.part == Part::Strength)
}

/// `100 unit/mL (3 mL) pen` and `1250 mg in 250 mL sodium chloride 0.9%`: nobody takes these millilitres, and
/// nobody a percentage.
pub(super) fn is_volume_of_product(text: &str, found: &[Read], n: usize) -> bool {
    let item = &found[n].found;
    let value = &text[item.value.clone()];
    let amount = item.part == Part::Strength;
    if amount && value.ends_with('%') && amounts(found).any(|m| m < n) {
        return true;
    }
    let volume =
        sig::strength_unit(value).is_some_and(|u| matches!(&*u, "ml" | "mls" | "l" | "cc"));
    if item.part != Part::Strength || !volume || value.contains('/') {
        return false;
    }
    let before = text[..item.span.start].trim_end();
    let diluent = before.ends_with(" in") || before.ends_with(" with");
    let product = before.ends_with('(')
        && found.get(n + 1).is_some_and(|next| {
            let gap = &text[item.span.end..next.found.span.start];
            next.found.part == Part::Form && gap.trim() == ")"
        });
    product || diluent && amounts(found).any(|m| m < n)
}

/// `28 tablets`.
pub(super) fn is_supply(dose: &str) -> bool {
    const LEAST: u32 = 14;
    let (number, unit) = dose.split_once(' ').unwrap_or_default();
    let unit = unit.to_lowercase();
    number.parse::<u32>().is_ok_and(|n| n >= LEAST)
        && ["tab", "cap", "sachet", "patch", "supp"]
            .iter()
            .any(|kind| unit.starts_with(kind))
}

/// Two amounts of one kind in a row, between which nothing says that the first is the product's and the
/// second what is taken: `5 mg alternating with 7.5 mg`, `5 mg to 10 mg`.
pub(super) fn are_rivals(text: &str, found: &[Read], n: usize, former: &[bool]) -> bool {
    let Some(first) = amounts(found).filter(|m| *m < n && !former[*m]).last() else {
        return false;
    };
    let kind = |n: usize| {
        let value = &text[found[n].found.value.clone()];
        let per = value.contains('/') || value.contains(" per ");
        match sig::strength_unit(value)?.as_str() {
            _ if per => None,
            "mg" | "mcg" | "ug" | "µg" | "μg" | "g" | "gm" => Some('g'),
            unit if unit.starts_with("micro") || unit.starts_with("milli") => Some('g'),
            "ml" | "mls" | "cc" | "l" => Some('l'),
            unit if unit.starts_with('u') || unit == "iu" => Some('u'),
            _ => None,
        }
    };
    let gap = &text[found[first].found.span.end..found[n].found.span.start];
    let parted = gap.contains(['\t', '|', '\n', '(', ':', '='])
        || found[first..n]
            .iter()
            .any(|read| matches!(read.found.part, Part::Form | Part::Dose));
    kind(first).is_some() && kind(first) == kind(n) && !parted
}
