//! How people ask for what a card says: a question is as near to a card as to the nearest of these (a document is
//! expanded by the questions that it answers; Nogueira and others, Document Expansion by Query Prediction, 2019).
//! They only help to find a card; nothing of them is ever said.

use std::{collections::HashMap, sync::LazyLock};

use super::{Meanings, largest};
use crate::chat::{cards, evidence::CardEvidence};

/// What parts the two sides of a title about an interaction.
const BESIDE: &str = " with ";

/// Questions by the id of the card.
static ASKED: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    include_str!("asked.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(id, questions)| (id, questions.split('|').collect()))
        .collect()
});

/// The questions of a card that ships, or of a title about an interaction; none of others.
pub(super) fn of(id: &str, title: &str) -> Vec<String> {
    if let Some(questions) = ASKED.get(id) {
        return questions.iter().map(|one| (*one).to_owned()).collect();
    }
    let Some((one, other)) = title.split_once(BESIDE) else {
        return Vec::new();
    };
    vec![
        format!("can I take {one} with {other}"),
        format!("what happens when {one} and {other} are taken together"),
        format!("is {one} safe with {other}"),
    ]
}

/// All questions of the cards that ship.
pub(super) fn texts() -> impl Iterator<Item = String> {
    let titles = cards::shipped_titles().flat_map(|title| of("", title));
    let written = ASKED.values().flatten().map(|one| (*one).to_owned());
    written.chain(titles)
}

/// How near a question comes to those of a card; to its title and sentences where it has none, as a clinic's own.
pub(super) fn nearness(question: &str, card: &CardEvidence, meanings: &Meanings) -> f32 {
    let asked = of(&card.id, &card.title);
    if asked.is_empty() {
        let sentences = card.sentences.iter().map(|sentence| &sentence.text);
        let texts = sentences.chain([&card.title]);
        return largest(texts.map(|text| meanings.cosine(question, text)));
    }
    largest(asked.iter().map(|one| meanings.cosine(question, one)))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use super::{ASKED, nearness, of};
    use crate::chat::{cards, evidence::CardEvidence, rank::Meanings};

    #[test]
    fn a_card_is_as_near_as_the_nearest_of_its_questions() {
        let embeddings = [
            ("iron stores?", [1.0, 0.0]),
            ("what is ferritin", [0.6, 0.8]),
            ("what raises ferritin", [0.0, 1.0]),
            ("Our own title", [0.8, 0.6]),
        ];
        let embeddings = embeddings.map(|(text, of)| (text.to_owned(), Arc::new(of.to_vec())));
        let meanings = Meanings::new(HashMap::from(embeddings));
        for (id, near) in [("ferritin", 0.6), ("our-own", 0.8)] {
            let card = CardEvidence {
                id: id.into(),
                ..CardEvidence::titled("Our own title")
            };
            let found = nearness("iron stores?", &card, &meanings);
            assert!((found - near).abs() < 1e-6, "{id} {found}");
        }
    }

    #[test]
    fn questions_are_those_of_cards_that_ship() {
        assert_eq!(of("x", "Oxycodone with alcohol").len(), 3);
        assert_eq!(of("x", "Our guideline"), Vec::<String>::new());
        for (id, questions) in ASKED.iter() {
            assert!(!cards::shipped_terms(id).is_empty(), "{id}");
            assert!(questions.len() >= 2, "{id}");
        }
    }
}
