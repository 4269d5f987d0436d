//! What a question to a document asks of medicine in general besides: what a marked result points to, how another
//! drug goes with one of the list. The document answers what it says, a card the rest. What a document does not say
//! of its patient is never taken from a card: only what is asked of anybody is.

use std::collections::HashSet;

use super::{
    drug_classes,
    evidence::CardEvidence,
    expression::expression,
    question::Asked,
    rank::cards::{COMPARED, is_general},
    words,
};

expression!(
    /// What is asked of anybody: meanings, usual causes, what goes with what.
    OF_ANYBODY,
    r"(?x)\b(
        what\s(do|does|did|would|could|can|might|may)\b.{0,40}\b(mean|point\sto|stand\sfor|indicate|suggest|hint\sat)
      | tells?\s(you|one|us|me|people)\s(about|of)
      | where\s(do|does)\s.{1,40}\scome\sfrom
      | what('s|\sis|\sare)\s.{1,40}\b(anyway|in\sgeneral|generally)
      | what\swould\san?\s[\w\s]{2,30}\sbe
      | (usual|common|typical|possible|likely|frequent)\s(causes?|reasons?)
      | (which|what)\s(sort|kind|type)s?\sof\s(illness|disease|condition|problem|complaint)\w*\b.{0,40}\b(go|goes|come|comes|lie|lies)
      | (lack|shortage|deficiency|want)\sof\s(which|what)
      | what\s(can|could|might|may|usually|often|normally|generally)\s(cause|raise|lower|lead|bring|push|make)s?
      | what\scauses
    )\b"
);

/// What parts the two sides of a card about an interaction.
const BESIDE: &str = " with ";

/// May a card have to say something to a question to a document: does it ask for what holds of anybody, or name a drug?
pub(super) fn may_be_asked(asked: &Asked, is_drug: &dyn Fn(&str) -> bool) -> bool {
    OF_ANYBODY.is_match(&asked.text.to_lowercase())
        || words::tokens(&asked.text).iter().any(|word| is_drug(word))
}

/// The card that a question to a document asks for besides, of those that search found, the best first: one about two
/// things that are both named, or, where something is asked of anybody, one whose title is named.
pub(super) fn card<'a>(asked: &Asked, cards: &'a [CardEvidence]) -> Option<&'a CardEvidence> {
    let mut found = cards.iter().take(COMPARED);
    let together = about_both(asked, cards).next();
    if together.is_some() || !OF_ANYBODY.is_match(&asked.text.to_lowercase()) {
        return together;
    }
    found.find(|card| !card.title.contains(BESIDE) && names(asked, &card.title, &HashSet::new()))
}

/// The cards about two things that the question both names.
pub(super) fn about_both<'a>(
    asked: &Asked,
    cards: &'a [CardEvidence],
) -> impl Iterator<Item = &'a CardEvidence> {
    let found = cards.iter().take(COMPARED);
    found.filter(|card| names_both(asked, card))
}

/// Does the question name both sides of `Oxycodone with alcohol`, by one word each?
fn names_both(asked: &Asked, card: &CardEvidence) -> bool {
    let Some((one, other)) = card.title.split_once(BESIDE) else {
        return false;
    };
    let first: HashSet<String> = words::stems(one).into_iter().collect();
    names(asked, one, &HashSet::new()) && names(asked, other, &first)
}

/// Does the question name what a part of a title is about, or a drug of a class that it names, by another word than
/// these?
fn names(asked: &Asked, title: &str, but: &HashSet<String>) -> bool {
    let title = words::stems(title);
    let mut telling = asked
        .stems
        .iter()
        .filter(|word| word.len() > 1 && !words::is_common(word) && !is_general(word));
    telling.any(|word| {
        !but.contains(word) && (words::holds(&title, word) || drug_classes::is_named(word, &title))
    })
}

#[cfg(test)]
mod tests {
    use super::card;
    use crate::chat::{evidence::CardEvidence, question::Asked};

    #[test]
    fn what_is_asked_of_anybody_is_told_from_what_is_asked_of_the_patient() {
        let cards = [
            "Spironolactone with ACE inhibitors or ARBs",
            "Oxycodone with alcohol",
            "Ferritin",
            "Migraine",
        ]
        .map(CardEvidence::titled);
        for (question, want) in [
            ("does alcohol go with the oxycodone printed here", Some(1)),
            (
                "she gets ramipril too, next to the spironolactone of this list",
                Some(0),
            ),
            ("how often does she take the oxycodone", None),
            ("does she drink alcohol", None),
            ("what is the ferritin", None),
            ("why is the ferritin so high", None),
            ("how high is it, and what can raise ferritin", Some(2)),
            ("what does a low ferritin point to", Some(2)),
            ("it says migraine, what would a migraine be", Some(3)),
            ("what does the star mean", None),
        ] {
            let found = card(&Asked::new(question), &cards);
            let want = want.map(|n: usize| cards[n].title.as_str());
            assert_eq!(found.map(|card| card.title.as_str()), want, "{question}");
        }
    }
}
