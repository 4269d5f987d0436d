//! What cards say to a question: the card that is about the two things that it names, or the best ones that name every
//! drug of it, or nothing.

use super::{MOST, lasting::may_tell};
use crate::chat::{
    answer::Sentence,
    cite::of_card,
    evidence::CardEvidence,
    general,
    question::Asked,
    rank::{Meanings, cards},
    words,
};

/// The second card is told too when its score is not lower by more.
const ALSO_FITS: f32 = 1.5;

/// The drugs that a question names.
pub(crate) fn drugs(asked: &Asked, is_drug: &dyn Fn(&str) -> bool) -> Vec<String> {
    words::tokens(&asked.text)
        .into_iter()
        .filter(|word| word.len() > 4 && is_drug(word))
        .map(|word| words::stem(&word))
        .collect()
}

/// What the cards say to a question; none when they do not say. The best card answers, and the next one too
/// when it fits about as well. A card must name every drug that the question names. Where cards are about two things
/// that the question both names, nothing has to be weighed.
pub(crate) fn in_cards(
    asked: &Asked,
    found: &[CardEvidence],
    meanings: &Meanings,
    is_drug: &dyn Fn(&str) -> bool,
) -> Option<Vec<Sentence>> {
    let both: Vec<&CardEvidence> = general::about_both(asked, found).take(2).collect();
    if !both.is_empty() {
        let most = MOST + 2 - both.len();
        let sentences = both.into_iter();
        return Some(
            sentences
                .flat_map(|card| told(asked, card, found, meanings, most))
                .collect(),
        );
    }
    let drugs = drugs(asked, is_drug);
    let ranked = cards::ranked(asked, found, &drugs, meanings);
    if !ranked.answers {
        return None;
    }
    // Whether to stop warfarin is no question of what garlic does to it.
    let alone = asked.decides_dose && drugs.len() == 1;
    let fitting: Vec<usize> = ranked
        .order
        .into_iter()
        .filter(|place| cards::names_all(&found[*place], &drugs))
        .filter(|place| may_tell(&asked.text, &found[*place]))
        .filter(|place| !alone || !is_of_two(&found[*place]))
        .collect();
    let best = ranked.scores[*fitting.first()?];
    let fitting: Vec<&CardEvidence> = fitting
        .into_iter()
        .take(2)
        .filter(|place| ranked.scores[*place] >= best - ALSO_FITS)
        .map(|place| &found[place])
        .collect();
    let most = MOST + 2 - fitting.len();
    let sentences = fitting
        .into_iter()
        .flat_map(|card| told(asked, card, found, meanings, most));
    Some(sentences.collect())
}

/// What one card says, of those that search found.
pub(crate) fn of_card_alone(
    asked: &Asked,
    card: &CardEvidence,
    found: &[CardEvidence],
    meanings: &Meanings,
) -> Vec<Sentence> {
    told(asked, card, found, meanings, MOST)
}

/// At most so many sentences of a card that answer best.
fn told(
    asked: &Asked,
    card: &CardEvidence,
    found: &[CardEvidence],
    meanings: &Meanings,
    most: usize,
) -> Vec<Sentence> {
    let places = cards::sentences(asked, card, found, meanings, most);
    let sentence = |n: usize| {
        let text = card.sentences[n].text.clone();
        Sentence {
            citations: vec![of_card(card, &text)],
            text,
            needs_review: false,
        }
    };
    places.into_iter().map(sentence).collect()
}

/// Is the card about what one thing does to another? Their titles name both.
fn is_of_two(card: &CardEvidence) -> bool {
    card.title.contains(" with ")
}

#[cfg(test)]
mod tests {
    use super::in_cards;
    use crate::chat::{
        evidence::{CardEvidence, CardSentence},
        question::Asked,
        rank::Meanings,
        words,
    };

    #[test]
    fn a_card_about_two_things_that_are_both_named_answers_without_being_weighed() {
        let card = |title: &str, text: &str| CardEvidence {
            sentences: vec![CardSentence {
                text: text.into(),
                stems: words::stems(text),
            }],
            ..CardEvidence::titled(title)
        };
        let cards = [
            card("Sertraline with pimozide", "The heart may lose its rhythm."),
            card(
                "Sertraline with blood thinners",
                "Both make bleeding likelier.",
            ),
        ];
        for (question, want) in [
            ("clopidogrel and sertraline, what then", Some("Both make")),
            ("what does sertraline do", None),
        ] {
            let asked = Asked::new(question);
            let said = in_cards(&asked, &cards, &Meanings::default(), &|_| false);
            let said = said.map(|said| said[0].text.clone());
            match want {
                Some(part) => assert!(said.is_some_and(|said| said.contains(part)), "{question}"),
                None => assert_eq!(said, None, "{question}"),
            }
        }
    }
}
