//! Drugs that are named for another's sake: compared with it, taken beside it, or what it is mixed with.

use std::sync::LazyLock;

use regex::Regex;

use super::Mention;
use crate::context::Context;

/// `take while on prednisone`, `edoxaban rather than rivaroxaban` name no further drug when the text speaks of it elsewhere.
pub(super) fn left_out(context: &Context, mentions: &[Mention]) -> Vec<Mention> {
    static WHILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bwhile (?:on|taking|using)\s+$").expect("a valid expression")
    });
    // In a sentence, or in a cell of its own behind a volume.
    static DILUENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:in|with)\s+(?:[0-9.]+\s?(?:ml|mls|l)\s+(?:of\s+)?)?$|(?:\s{2}|\t|\|\s?)[0-9.]+\s?(?:ml|mls|l)\s+$")
            .expect("a valid expression")
    });
    static RATHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:rather than|as opposed to|in preference to|unlike)\s+(?:the |a |her |his )?$")
            .expect("a valid expression")
    });
    // `lidocaine 2% with epinephrine 1:100,000`: what is mixed into another, in parts of so many.
    static ADDITIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:with|and|plus)\s+$|[+/]\s?$").expect("a valid expression")
    });
    static RATIO: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s+(?:in\s+)?1\s?(?::|in)\s?[0-9]{2,3}[, ]?000\b")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let name = |mention: &Mention| crate::lexicon::key(&text[mention.name.clone()]);
    let keys: Vec<String> = mentions.iter().map(name).collect();
    let named_before = |n: usize| keys[..n].contains(&keys[n]);
    mentions
        .iter()
        .enumerate()
        .filter(|(n, m)| {
            let before = &text[..m.name.start];
            let same_line = |other: &Mention| !text[other.name.end..m.name.start].contains('\n');
            let beside = n.checked_sub(1).is_some_and(|k| same_line(&mentions[k]));
            let additive =
                beside && ADDITIVE.is_match(before) && RATIO.is_match(&text[m.name.end..]);
            // `325 mg (65 mg elemental iron)`: how much of a salt it is.
            let part = beside && before.to_lowercase().ends_with("elemental ");
            let other = RATHER.is_match(before) || additive || part;
            let diluent = beside && is_fluid(&keys[*n]) && DILUENT.is_match(before);
            !(other || diluent || WHILE.is_match(before) && named_before(*n))
        })
        .map(|(_, mention)| mention.clone())
        .collect()
}

/// What others are given in.
fn is_fluid(key: &str) -> bool {
    matches!(
        key,
        "sodium chloride" | "nacl" | "normal saline" | "saline" | "glucose" | "dextrose" | "water"
    )
}
