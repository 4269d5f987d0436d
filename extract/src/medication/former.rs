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
    former
}
