//! Of several amounts beside one drug the one that held before a change (`from 10 mg to 5 mg`, `20 mg, now 40 mg`),
//! and limits and sums, which nobody takes at once.

use std::sync::LazyLock;

use regex::Regex;

use super::amounts::amounts;
use crate::{
    draft::Draft,
    sig::{Part, repair::Read},
};

/// Which phrases tell of an amount that held before, with its frequency, or of a limit or sum. Where only a sign between two
/// amounts tells it (`5 mg -> 10 mg`), a person should look.
pub(super) fn former(text: &str, found: &[Read], draft: &mut Draft) -> Vec<bool> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\bfrom|\(\s*was|\b(?:you |she |he |they )?(?:were|was) (?:previously |formerly )?(?:taking|on|using)|\bused to (?:take|be on|use)|\b(?:prior|previous|earlier) dose(?: was| of)?|\bpreviously(?: on| was)?|\bformerly|\bold dose|\binstead of|\brather than|\bin place of|\bnot|\bmax(?:imum)?(?: dose)?(?: of)?|\bexceed(?:ing)?|\btotal(?: of)?|\b(?:more|less|over) than|\bat (?:least|most)|\blimit(?: of)?)\W*$")
            .expect("a valid expression")
    });
    static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,;(]*(?:-+>|=+>|→|➔|➜|↑|↓|(?:and |but )?(?:is )?now(?: on)?|(?:increased|decreased|reduced|changed|raised|lowered|titrated|up|down) to)[:\s]*$")
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
    routes(text, found, draft, &mut former);
    former
}

/// `IV co-amoxiclav -> PO 625 mg`: the way before a sign or `to` was the way so far. Where an amount stands before it
/// too, a person should look.
fn routes(text: &str, found: &[Read], draft: &mut Draft, former: &mut [bool]) {
    static CHANGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:-+>|=+>|→|➔|➜|\b(?:then|switch(?:ed)? to|changed to|converted to|step(?:ped)? down to))\s*$")
            .expect("a valid expression")
    });
    let routes: Vec<usize> = (0..found.len())
        .filter(|n| found[*n].found.part == Part::Route)
        .collect();
    for pair in routes.windows(2) {
        let (old, new) = (&found[pair[0]].found.span, &found[pair[1]].found.span);
        // What stands above the name is the last of the phrases.
        let Some(between) = text.get(old.end..new.start) else {
            continue;
        };
        let direct = between.trim().eq_ignore_ascii_case("to");
        if direct || CHANGE.is_match(between) {
            former[pair[0]] = true;
            if amounts(found).any(|n| found[n].found.span.start < new.start) {
                draft.doubt("an old route and a new one stand with the drug");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::Fact;

    use crate::probe::entities;

    #[test]
    fn the_way_before_a_change_is_not_the_way_now() {
        for (text, route, review) in [
            ("Plan\n1) IV co-amoxiclav -> PO 625mg TDS\n", "PO", false),
            ("Plan\n1) Co-amoxiclav 1.2 g IV -> PO TDS\n", "PO", true),
            ("Plan\n1) Ciprofloxacin IV to PO 500 mg BD\n", "PO", false),
            ("Plan\n1) Ciprofloxacin IV 400 mg BD\n", "IV", false),
        ] {
            let entities = entities(text);
            let drug = entities
                .iter()
                .find_map(|e| match &e.fact {
                    Fact::Medication(m) => Some((m.route.as_deref(), e.needs_review)),
                    _ => None,
                })
                .expect(text);
            assert_eq!(drug, (Some(route), review), "{text}");
        }
    }
}
