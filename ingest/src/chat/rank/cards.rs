//! Cards as candidates.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    Features, Fitted, Meanings, Ranked, Rarity, Seen, asked as wordings, flag, largest, telling,
};
use crate::chat::{
    drug_classes,
    evidence::CardEvidence,
    expression::expression,
    facts,
    question::{Asked, Kind},
    words,
};

static FITTED: LazyLock<Fitted> = LazyLock::new(|| Fitted::of("cards"));

/// Cards that are compared sentence by sentence: the first of the search.
pub(crate) const COMPARED: usize = 6;
/// The features of the best card that tell whether it answers.
const OF_BEST: &[usize] = &[1, 2, 3, 4, 6, 8, 12, 13, 14, 15, 16, 17];
/// The share of the question's words that a card says.
const SAYS: usize = 6;
/// What a sentence that stands later loses.
const LATER: f32 = 0.02;
/// What the words of the question weigh against the meaning of a sentence.
const SAID: f32 = 0.3;

/// Words of asking about medicine in general, which a card need not say.
static GENERAL: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let words = include_str!("general.txt").split_whitespace();
    words.map(words::stem).collect()
});
expression!(
    /// What no knowledge of medicine answers: prices, places, opening hours, products.
    ERRAND,
    r"(?i)\b(prices?|costs?|how much (is|does|do|are)|fees?|insur\w+|near (me|by)|nearest|book(ed|ing)?|appointments?|open(s|ing)?|close[sd]? (on|at)|waiting (list|time)|parking|permit|e-?mail|phone|address|website|shop|buy|order (it|them|online)|brand|mattress|best (hospital|clinic|doctor|surgeon|dentist|product|app|sunscreen|pillow)|which (day|clinic|hospital|shop))\b"
);

expression!(
    /// What is asked for itself, which a card that only mentions it does not answer.
    ITSELF,
    r"(?i)^\W*(what('s| is| are| does| do| causes?)|how (is|are|do|does|can)|define|explain|which|can .{0,30}\b(cured|treated))\b"
);

/// Is it a word of asking about medicine in general, by its stem?
pub(crate) fn is_general(stem: &str) -> bool {
    GENERAL.contains(stem)
}

/// The texts whose meanings are compared.
pub(crate) fn texts(asked: &Asked, cards: &[CardEvidence]) -> Vec<String> {
    let mut out = vec![asked.text.clone(), asked.put.clone()];
    let tokens = words::tokens(&asked.text).into_iter();
    out.extend(tokens.filter(|word| !words::is_common(&words::stem(word))));
    for card in cards.iter().take(COMPARED) {
        out.extend([card.title.clone(), card.terms.clone()]);
        out.extend(card.sentences.iter().map(|sentence| sentence.text.clone()));
        out.extend(wordings::of(&card.id, &card.title));
    }
    out
}

fn rarity(cards: &[CardEvidence]) -> Rarity {
    Rarity::of(
        cards
            .iter()
            .map(|card| card.stems.iter().collect::<HashSet<_>>()),
    )
}

impl Seen {
    /// Of a question that is put to cards, the best of the search first. `drugs` are those that it names.
    pub(crate) fn of_cards(
        asked: &Asked,
        cards: &[CardEvidence],
        drugs: &[String],
        meanings: &Meanings,
    ) -> Self {
        let rarity = rarity(cards);
        let telling = telling(&asked.stems);
        let compared = &cards[..cards.len().min(COMPARED)];
        let sentence = |card: &CardEvidence| {
            let near = card.sentences.iter();
            largest(near.map(|sentence| meanings.cosine(&asked.text, &sentence.text)))
        };
        let rows: Vec<[f32; 5]> = compared
            .iter()
            .map(|card| {
                let title = card.headings();
                [
                    card.cosine as f32,
                    sentence(card),
                    rarity.share(&telling, &[&card.stems]),
                    rarity.share(&telling, &[&title]),
                    card.rank as f32,
                ]
            })
            .collect();
        let best = |n: usize| largest(rows.iter().map(|row| row[n]));
        let [cosine, near, said, titled, _] = [0, 1, 2, 3, 4].map(best);
        let specific: Vec<&&String> = telling
            .iter()
            .filter(|word| !GENERAL.contains(**word) && !facts::is_date_or_number(word))
            .collect();
        let lacking = |card: &CardEvidence| {
            let gone = specific.iter();
            gone.filter(|word| !says(card, word)).count() as f32
        };
        let lacking_title = |card: &CardEvidence| {
            let title = card.headings();
            let gone = specific.iter().filter(|word| {
                !words::holds(&title, word) && !drug_classes::is_named(word, &title)
            });
            gone.count() as f32
        };
        let unsaid = |card: &CardEvidence| -> Vec<String> {
            let words = words::tokens(&asked.text).into_iter();
            let is_unsaid = |word: &String| {
                let stem = words::stem(word);
                specific.iter().any(|asked| ***asked == stem) && !says(card, &stem)
            };
            words.filter(is_unsaid).collect()
        };
        let itself = ITSELF.is_match(&asked.text) && drugs.is_empty();
        let put: Vec<f32> = compared
            .iter()
            .map(|card| wordings::nearness(&asked.put, card, meanings))
            .collect();
        let best_put = largest(put.iter().copied());
        let full = compared
            .iter()
            .zip(&rows)
            .zip(&put)
            .map(|((card, row), put)| -> Features {
                vec![
                    1.0,
                    row[0],
                    row[0] - cosine,
                    meanings.cosine(&asked.text, &card.title),
                    row[1],
                    row[1] - near,
                    row[2],
                    row[2] - said,
                    row[3],
                    row[3] - titled,
                    flag(!names_all(card, drugs)),
                    flag(row[0] >= cosine - 1e-6),
                    row[4],
                    lacking(card).min(3.0),
                    flag(lacking(card) < 0.5),
                    lacking_title(card).min(3.0),
                    meanings.cosine(&asked.text, &card.terms),
                    nearest_to(&unsaid(card), card, meanings),
                    flag(itself) * lacking_title(card).min(3.0),
                    *put,
                    put - best_put,
                ]
            });
        let unheard = specific.iter().filter(|word| {
            let mut cards = cards.iter();
            !cards.any(|card| says(card, word))
        });
        let unheard = unheard.count() as f32;
        let least = compared.iter().map(&lacking).fold(3.0, f32::min);
        Self {
            rows: full.collect(),
            of_best: OF_BEST,
            says: SAYS,
            question: [
                cosine,
                near,
                said,
                titled,
                flag(drugs.len() > 1),
                flag(drugs.is_empty()),
                unheard.min(3.0),
                flag(unheard > 0.5),
                least,
                flag(least < 0.5),
                flag(asked.kind == Kind::Interaction),
                specific.len().min(6) as f32 / 6.0,
                flag(ERRAND.is_match(&asked.text)),
            ]
            .into_iter()
            .chain(meanings.features(&asked.text))
            .collect(),
            fits: compared.iter().map(|card| names_all(card, drugs)).collect(),
        }
    }
}

/// How near in meaning a card comes to the farthest of the words that it does not say; 1 where it says all.
fn nearest_to(missing: &[String], card: &CardEvidence, meanings: &Meanings) -> f32 {
    let near = missing.iter().map(|word| {
        let sentences = card.sentences.iter().map(|sentence| &sentence.text);
        let texts = sentences.chain([&card.title, &card.terms]);
        largest(texts.map(|text| meanings.cosine(word, text)))
    });
    near.fold(1.0, f32::min)
}

/// Does a card say this word, or name the class that it is of?
fn says(card: &CardEvidence, word: &str) -> bool {
    words::holds(&card.stems, word) || drug_classes::is_named(word, &words::stems(&card.title))
}

/// Does a card name all of these drugs?
pub(crate) fn names_all(card: &CardEvidence, drugs: &[String]) -> bool {
    drugs.iter().all(|drug| says(card, drug))
}

/// Ranks the first cards of the search.
pub(crate) fn ranked(
    asked: &Asked,
    cards: &[CardEvidence],
    drugs: &[String],
    meanings: &Meanings,
) -> Ranked {
    FITTED
        .by(meanings)
        .rank(&Seen::of_cards(asked, cards, drugs, meanings))
}

/// Places of the sentences of a card that answer best, in their order.
pub(crate) fn sentences(
    asked: &Asked,
    card: &CardEvidence,
    cards: &[CardEvidence],
    meanings: &Meanings,
    most: usize,
) -> Vec<usize> {
    let rarity = rarity(cards);
    let telling = telling(&asked.stems);
    let mut scored: Vec<(usize, f32)> = (0..)
        .zip(&card.sentences)
        .filter(|(_, sentence)| !sentence.text.starts_with("Ask:"))
        .map(|(n, sentence)| {
            let near = meanings.cosine(&asked.text, &sentence.text);
            let said = rarity.share(&telling, &[&sentence.stems]);
            (n, near + SAID * said - LATER * n as f32)
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<usize> = scored.into_iter().take(most).map(|(n, _)| n).collect();
    chosen.sort_unstable();
    chosen
}
