//! Amounts of the package and not of what is taken: what a bottle or tube holds, the volume that a drug is given in, the
//! bag that it is added to.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    layout::Span,
    sig::{Found, Part, repair::Read},
};

/// `100ml Lactulose … Take THREE 5ml spoonfuls`: what a bottle holds stands before its name, what is taken behind it.
pub(super) fn tell_supply(text: &str, found: &mut [Read], name: usize) {
    let taken = found
        .iter()
        .any(|read| read.found.part == Part::Dose && read.found.span.start > name);
    let Some(first) = found.first_mut().filter(|read| read.found.span.end <= name) else {
        return;
    };
    // `10 x 1ml Levomepromazine`: so many ampoules.
    let line = text[..first.found.span.start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let before = &text[line..first.found.span.start];
    let pack = before
        .trim_end()
        .strip_suffix(['x', '×'])
        .is_some_and(|count| {
            let count = count.trim();
            !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit())
        });
    if pack && matches!(first.found.part, Part::Strength | Part::Dose) {
        first.found.part = Part::Quantity;
        first.found.span.start = line;
        first.found.value.start = line;
        return;
    }
    let value = text[first.found.value.clone()].to_lowercase();
    let bottle = value.ends_with("ml")
        || value.ends_with('g') && !value.ends_with("mg") && !value.ends_with("mcg");
    if taken
        && (bottle || super::amounts::is_supply(&value))
        && matches!(first.found.part, Part::Strength | Part::Dose)
    {
        first.found.part = Part::Quantity;
    }
}

/// `28 capsule - take ONE each morning`, `1 x 200 dose`: what British prescriptions let be supplied, in the singular, in a
/// line or cell of its own.
pub(super) fn tell_issue(text: &str, found: &mut [Read], name: usize) {
    static ISSUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)(?:^|  )[ ]*(?P<issue>(?P<packs>[0-9]{1,3}\s?x\s?)?(?P<count>[0-9]{1,4})\s(?:(?P<pieces>tablet|capsule|sachet|patch|suppository|pessary|lozenge|ampoule)|(?P<sprays>dose)|gram|ml))(?:\s*$|\s+-\s|\s{2}|\t)")
            .expect("a valid expression")
    });
    for told in ISSUE.captures_iter(text) {
        // A bottle holds many sprays.
        let least = if told.name("sprays").is_some() { 30 } else { 7 };
        let counted = told.name("pieces").or(told.name("sprays")).is_some();
        let many = counted
            && told["count"]
                .parse::<u32>()
                .is_ok_and(|count| count >= least);
        let Some(issue) = told.name("issue").map(|issue| issue.range()) else {
            continue;
        };
        if !many && told.name("packs").is_none() {
            continue;
        }
        let within = |read: &Found| {
            matches!(read.part, Part::Dose | Part::Strength)
                && read.span.start >= name
                && issue.contains(&read.span.start)
        };
        for read in found.iter_mut().map(|read| &mut read.found) {
            if within(read) {
                read.part = Part::Quantity;
                read.span.start = issue.start;
                read.value = issue.start..read.span.end;
            }
        }
    }
}

/// `50 units in 50 ml sodium chloride`, `in 50 ml 50% dextrose`: the volume before the fluid's name is no dose of it.
fn is_in_a_volume(text: &str, item: &Found) -> bool {
    let unit = crate::sig::strength_unit(&text[item.value.clone()]);
    matches!(item.part, Part::Strength | Part::Dose)
        && unit.is_some_and(|unit| matches!(&*unit, "ml" | "mls" | "l" | "cc"))
        && text[..item.span.start]
            .trim_end()
            .to_lowercase()
            .ends_with(" in")
}

/// `oral solution 100ml. Take 2.5ml`, `100ML MIXTURE … Give 7.5 mL`: what a bottle or tube holds stands beside the form,
/// and what is taken of it behind a verb.
pub(super) fn tell_bottle(text: &str, found: &mut [Read], name: usize) {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:take|put|give|apply|instil+|use|inhale|inject|insert|drink|swallow|rinse|gargle|swish)\b",
        )
        .expect("a valid expression")
    });
    const NEAR: usize = 2;
    for n in 0..found.len() {
        let item = &found[n].found;
        let value = text[item.value.clone()].to_lowercase();
        let bottle = crate::sig::strength_unit(&value)
            .is_some_and(|unit| matches!(&*unit, "ml" | "mls" | "g" | "gm"));
        if !bottle
            || value.contains('/')
            || item.span.start < name
            || text[..item.span.start].ends_with('(')
            || !matches!(item.part, Part::Strength | Part::Dose)
        {
            continue;
        }
        let form = |other: &Found| other.part == Part::Form;
        let beside = n > 0
            && form(&found[n - 1].found)
            && item.span.start - found[n - 1].found.span.end.min(item.span.start) <= NEAR
            || found.get(n + 1).is_some_and(|next| {
                form(&next.found) && next.found.span.start <= item.span.end + NEAR
            });
        let taken = found[n + 1..].iter().any(|next| {
            matches!(next.found.part, Part::Strength | Part::Dose)
                && text
                    .get(item.span.end..next.found.value.start)
                    .is_some_and(|lead| VERB.is_match(lead))
        });
        if beside && taken {
            found[n].found.part = Part::Quantity;
        }
    }
}

/// `0.9% 1000 ml KCl 20 mmol`: a share and a volume before a name that has its own amount are of the bag that it is
/// added to.
pub(super) fn without_bag(text: &str, found: &mut Vec<Read>, name: &Span) {
    found.retain(|read| read.found.span.end > name.start || !is_in_a_volume(text, &read.found));
    let own = found.iter().any(|read| {
        let unit = crate::sig::strength_unit(&text[read.found.value.clone()]);
        read.found.part == Part::Strength
            && read.found.span.start >= name.end
            && read.found.span.start <= name.end + 2
            && unit.is_some_and(|unit| matches!(&*unit, "mmol" | "meq" | "mg" | "g" | "units"))
    });
    let share = found.iter().any(|read| {
        read.found.span.end <= name.start && text[read.found.value.clone()].ends_with('%')
    });
    if own && share {
        found.retain(|read| read.found.span.start >= name.end);
    }
}
