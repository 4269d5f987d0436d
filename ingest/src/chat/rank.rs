//! Which lines of a document and which cards answer a question, told by regressions on features of meaning
//! and words (pointwise learning to rank; Liu, Learning to Rank for Information Retrieval, 2009): one gives
//! every candidate its score, another says from the best of them whether there is an answer at all.
//! `benches --bin retrieval -- --fit` makes the weights, and prints what cross-validation gives.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, OnceLock},
};

mod asked;
pub(crate) mod cards;
mod forms;
mod glosses;
pub(crate) mod language;
pub(crate) mod lines;
mod owner;
mod terms;
mod topics;
mod ways;

use super::words;

/// The wordings that questions are compared with.
pub(crate) fn wordings() -> impl Iterator<Item = String> {
    ways::texts().map(str::to_owned).chain(asked::texts())
}

/// Words of a question that name a topic, such as a class of drugs, which may stand in other words.
pub(crate) fn topic_words(question: &str) -> Vec<String> {
    words::stems(&topics::Topics::of(question).put())
}

/// What a question calls drugs and illnesses without their names, such as `blood thinner` or `clot`.
pub(crate) struct Called(topics::Topics);

impl Called {
    pub(crate) fn of(question: &str) -> Self {
        Self(topics::Topics::of(question))
    }

    /// Does the question call this so?
    pub(crate) fn is_name(&self, name: &str) -> bool {
        self.0.in_line(name, &[]).contains(&true)
    }
}

/// Embeddings of texts; empty without the encoder.
#[derive(Clone, Debug, Default)]
pub struct Meanings(HashMap<String, Arc<Vec<f32>>>);

impl Meanings {
    /// Of texts that were encoded.
    #[must_use]
    pub fn new(of: HashMap<String, Arc<Vec<f32>>>) -> Self {
        Self(of)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a text means as features: which questions have answers is told by what is asked too, whatever is there.
    /// Nothing where it is not known.
    fn features(&self, text: &str) -> impl Iterator<Item = f32> {
        let known = self.0.get(text).into_iter();
        known.flat_map(|embedding| embedding.iter().map(|x| x * MEANT))
    }

    /// Cosine of two texts, -1..1; 0 where one is not known.
    fn cosine(&self, one: &str, other: &str) -> f32 {
        match (self.0.get(one), self.0.get(other)) {
            (Some(a), Some(b)) => a.iter().zip(b.iter()).map(|(x, y)| x * y).sum(),
            _ => 0.0,
        }
    }
}

/// How large the numbers of an embedding are beside other features, so that the penalty of their weights is as large as
/// it should be.
const MEANT: f32 = 2.5;

/// Weights of one kind of candidates: with the encoder, and by words alone.
struct Fitted {
    meaning: Model,
    words: Model,
}

#[derive(Default)]
struct Model {
    /// Least probability that is answered.
    threshold: f32,
    /// Of a candidate's features.
    candidate: Vec<f32>,
    /// Of a question's features.
    question: Vec<f32>,
}

static JUST_FITTED: OnceLock<String> = OnceLock::new();

/// Ranks by weights that were just fitted in the place of those that were built in; they are said before the first
/// question.
pub fn use_weights(weights: String) {
    let _ = JUST_FITTED.set(weights);
}

/// `rank.txt`: a name and its numbers a line.
static NUMBERS: LazyLock<HashMap<&str, Vec<f32>>> = LazyLock::new(|| {
    let built_in = include_str!("rank/rank.txt");
    JUST_FITTED
        .get()
        .map_or(built_in, String::as_str)
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, numbers)| {
            let numbers = numbers.split(' ').map(|n| n.parse().expect("numbers"));
            (name, numbers.collect())
        })
        .collect()
});

impl Fitted {
    fn of(kind: &str) -> Self {
        let model = |by: &str| {
            let numbers = |part: &str| {
                let name = format!("{kind}_{by}_{part}");
                NUMBERS.get(name.as_str()).cloned().unwrap_or_default()
            };
            Model {
                threshold: numbers("threshold").first().copied().unwrap_or(1.0),
                candidate: numbers("candidate"),
                question: numbers("question"),
            }
        };
        Self {
            meaning: model("meaning"),
            words: model("words"),
        }
    }

    fn by(&self, meanings: &Meanings) -> &Model {
        if meanings.is_empty() {
            &self.words
        } else {
            &self.meaning
        }
    }
}

/// Features of one candidate for a question.
pub type Features = Vec<f32>;

/// What the regressions see of a question and its candidates.
#[derive(Clone, Debug)]
pub struct Seen {
    /// A row for each candidate.
    pub rows: Vec<Features>,
    /// The features of the best candidate that tell whether it answers.
    of_best: &'static [usize],
    /// What of the question tells it.
    question: Features,
    /// Which candidates can answer a question of its form.
    fits: Vec<bool>,
    /// The feature that tells which share of the question's words a candidate says.
    says: usize,
}

impl Seen {
    /// What tells whether there is an answer, given a score for each candidate; nothing without candidates.
    #[must_use]
    pub fn question(&self, scores: &[f32]) -> Features {
        let order = falling(scores);
        let Some(first) = order.first() else {
            return Vec::new();
        };
        let below = |place: usize| scores[*first] - scores[order[place.min(order.len() - 1)]];
        let top = &self.rows[*first];
        let mut out = vec![1.0, scores[*first], below(1), below(3)];
        out.extend(self.of_best.iter().map(|feature| top[*feature]));
        out.push(flag(!order.iter().take(FITTING).any(|n| self.fits[*n])));
        // How far below the best one is the first that fits, and what it says.
        let fitting = order.iter().find(|n| self.fits[**n]);
        let gap = fitting.map_or(FAR, |n| (scores[*first] - scores[*n]).min(FAR));
        out.push(gap);
        out.push(fitting.map_or(0.0, |n| self.rows[*n][self.says]));
        out.extend(&self.question);
        out
    }
}

/// A candidate that is so much worse than the best one counts no more.
const FAR: f32 = 5.0;
/// Of the first so many one has to fit the question's form.
const FITTING: usize = 5;

/// Candidates in the order of how well they answer.
pub(crate) struct Ranked {
    /// Their places, the best first.
    pub order: Vec<usize>,
    /// By place.
    pub scores: Vec<f32>,
    /// That there is an answer, 0..1.
    pub probability: f32,
    /// Is that enough?
    pub answers: bool,
}

impl Model {
    fn rank(&self, seen: &Seen) -> Ranked {
        let scores: Vec<f32> = seen
            .rows
            .iter()
            .map(|row| sum(row, &self.candidate))
            .collect();
        let probability = probability(sum(&seen.question(&scores), &self.question));
        Ranked {
            order: falling(&scores),
            answers: !scores.is_empty() && probability >= self.threshold,
            scores,
            probability,
        }
    }
}

fn flag(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

/// The weighted sum of features.
fn sum(features: &[f32], weights: &[f32]) -> f32 {
    features.iter().zip(weights).map(|(x, w)| x * w).sum()
}

fn probability(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

/// How much a word tells: the logarithm of in how few texts it stands.
struct Rarity {
    known: HashMap<String, f32>,
    unknown: f32,
}

impl Rarity {
    fn of<'a>(texts: impl Iterator<Item = HashSet<&'a String>>) -> Self {
        let (mut counts, mut all) = (HashMap::<String, f32>::new(), 0.0_f32);
        for text in texts {
            all += 1.0;
            for word in text {
                *counts.entry(word.clone()).or_default() += 1.0;
            }
        }
        let known = counts
            .into_iter()
            .map(|(word, count)| (word, (1.0 + all / (1.0 + count)).ln()))
            .collect();
        Self {
            known,
            unknown: (1.0 + all).ln(),
        }
    }

    fn of_word(&self, word: &str) -> f32 {
        self.known.get(word).copied().unwrap_or(self.unknown)
    }

    /// The share of the words, by what they tell, that stand in any of the texts.
    fn share(&self, words: &[&String], texts: &[&[String]]) -> f32 {
        let (mut held, mut all) = (0.0, 0.0);
        for word in words {
            let tells = self.of_word(word);
            all += tells;
            if texts.iter().any(|text| words::holds(text, word)) {
                held += tells;
            }
        }
        held / f32::max(all, f32::MIN_POSITIVE)
    }
}

/// The words of a question that are no matter of course; all of them when all are.
fn telling(stems: &[String]) -> Vec<&String> {
    let some: Vec<&String> = stems
        .iter()
        .filter(|word| !words::is_common(word))
        .collect();
    if some.is_empty() {
        stems.iter().collect()
    } else {
        some
    }
}

/// Places of numbers in falling order; equal ones in their own order.
fn falling(numbers: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*b].total_cmp(&numbers[*a]));
    order
}

fn largest(numbers: impl Iterator<Item = f32>) -> f32 {
    numbers.fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use super::{MEANT, Meanings, Seen};
    use crate::chat::{printed::printed, question::Asked};

    #[test]
    fn what_is_asked_tells_whether_there_is_an_answer_too() {
        let document = printed("Patient: Mabel Ashdown\nBisoprolol 5 mg tablet once daily");
        let asked = Asked::new("who told her to take it");
        let embedding = vec![0.6, -0.8];
        let known = HashMap::from([(asked.text.clone(), Arc::new(embedding))]);
        let seen = |meanings: &Meanings| {
            let seen = Seen::of_document(&asked, &document, meanings);
            seen.question(&vec![0.0; seen.rows.len()])
        };
        let (with, without) = (seen(&Meanings::new(known)), seen(&Meanings::default()));
        assert_eq!(with.len(), without.len() + 2);
        assert_eq!(with[without.len()..], [0.6 * MEANT, -0.8 * MEANT]);
    }
}
