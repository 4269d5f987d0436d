//! Fits the regressions that rank what a chat's answer is put together from, on the questions that are not
//! put aside. Folds are whole documents, and cards by seed, so that what is printed holds for
//! documents and cards that nothing was fitted on. Each question that has an answer is learnt from a second time, as
//! one without: put to the same document or cards as if what proves it were nowhere.

use std::fmt::Write as _;

use fixtures::rng::Rng;
use ingest::chat::{
    Candidates,
    rank::{Features, Seen},
};

use crate::{
    logistic::{self, Sparse},
    questions::{Row, TUNED, says_all, stands},
};

/// Folds of the cards' questions.
const FOLDS: i64 = 10;
const SEED: u64 = 1;
/// Lines of an answer.
const MOST: usize = 5;
/// What a question that lost its proof counts beside one that was asked: all of them are more than those without an
/// answer.
const BEREFT: f64 = 0.3;
/// Weights of the squared weights.
const RIDGES: [f64; 2] = [1.0, 3.0];

/// A question with its candidates.
pub struct Sample {
    row: Row,
    fold: String,
    candidates: Candidates,
    proves: Vec<bool>,
    /// The same without what proves the answer: a question that has none, though all around it is there.
    bereft: Option<Candidates>,
}

impl Sample {
    /// Of a row of the table; `rng` draws the fold of a question to the cards.
    #[must_use]
    pub fn new(row: Row, candidates: Candidates, rng: &mut Rng) -> Self {
        let fold = match row.scope.as_str() {
            "cards" => rng.int(1, FOLDS).to_string(),
            name => name.to_owned(),
        };
        let quotes = &candidates.quotes;
        let proves = quotes
            .iter()
            .map(|(quote, _)| row.answerable && proves(&row, quote, quotes));
        Self {
            proves: proves.collect(),
            bereft: None,
            row,
            fold,
            candidates,
        }
    }

    /// What proves the answer: the texts of lines, or the id of the card; nothing where there is no answer.
    #[must_use]
    pub fn proofs(&self) -> Vec<String> {
        let quotes = self.candidates.quotes.iter().zip(&self.proves);
        let proofs = quotes.filter(|(_, proves)| **proves);
        proofs.map(|((quote, _), _)| quote.clone()).collect()
    }

    /// Is there an answer?
    #[must_use]
    pub fn is_answerable(&self) -> bool {
        self.row.answerable
    }

    /// With what the ranking sees without the proofs.
    #[must_use]
    pub fn bereft(self, candidates: Candidates) -> Self {
        Self {
            bereft: Some(candidates),
            ..self
        }
    }

    /// The generator of folds.
    #[must_use]
    pub fn rng() -> Rng {
        Rng::new(SEED)
    }

    fn seen(&self, by: usize) -> &Seen {
        &self.candidates.seen[by]
    }

    /// Would the best of an order be right and cited? Of cards only whether the right one is first.
    fn is_right(&self, order: &[usize]) -> bool {
        let quotes = &self.candidates.quotes;
        if self.row.scope == "cards" {
            return order
                .first()
                .is_some_and(|n| quotes[*n].0 == self.row.citation);
        }
        let best = &order[..order.len().min(MOST)];
        let said: Vec<&str> = best.iter().map(|n| quotes[*n].1.as_str()).collect();
        let proven = best
            .iter()
            .any(|n| stands(&quotes[*n].0, &self.row.citation));
        proven && says_all(&said.join("\n"), &self.row)
    }
}

/// Does a candidate prove the answer: is it the card or the line, a part of it, or one of the few lines that
/// hold a fact of the answer?
fn proves(row: &Row, quote: &str, quotes: &[(String, String)]) -> bool {
    if row.scope == "cards" {
        return quote == row.citation;
    }
    let part = quote.split_whitespace().count() > 2 && stands(&row.citation, quote);
    let holds_rare = || {
        let ways = row.facts.iter().flat_map(|fact| fact.split('~'));
        let mut rare = ways.filter(|way| {
            let lines = quotes.iter().filter(|(quote, _)| stands(quote, way));
            way.len() >= 4 && lines.count() <= 2
        });
        rare.any(|way| stands(quote, way))
    };
    stands(quote, &row.citation) || part || holds_rare()
}

/// Fits both kinds of candidates with and without meaning, prints what cross-validation gives at several
/// thresholds, and gives the weights in the form of `rank.txt`. Each kind comes with the share of its questions
/// without an answer that its threshold refuses at least.
#[must_use]
pub fn fit(lines: (&[Sample], f64), cards: (&[Sample], f64)) -> String {
    let mut out = String::new();
    for (kind, (samples, refused)) in [("lines", lines), ("cards", cards)] {
        for (by, name) in ["meaning", "words"].into_iter().enumerate() {
            println!(
                "{kind} by {name}: {} questions, folds from seed {SEED}",
                samples.len()
            );
            let fitted = Fitted::new(samples, by, refused);
            let _ = writeln!(out, "{kind}_{name}_threshold {}", fitted.threshold);
            for (part, weights) in [
                ("candidate", &fitted.candidate),
                ("question", &fitted.question),
            ] {
                let weights: Vec<String> = weights.iter().map(|w| format!("{w:.4}")).collect();
                let _ = writeln!(out, "{kind}_{name}_{part} {}", weights.join(" "));
            }
        }
    }
    out
}

struct Fitted {
    threshold: f32,
    candidate: Vec<f32>,
    question: Vec<f32>,
}

impl Fitted {
    fn new(samples: &[Sample], by: usize, refused: f64) -> Self {
        let mut folds: Vec<&str> = samples.iter().map(|sample| sample.fold.as_str()).collect();
        folds.sort_unstable();
        folds.dedup();
        let mut scores: Vec<Vec<f32>> = vec![Vec::new(); samples.len()];
        let mut bereft: Vec<Sparse> = vec![Sparse::new(); samples.len()];
        for fold in &folds {
            let weights = of_candidates(samples, by, |sample| sample.fold != *fold);
            for (n, sample) in samples.iter().enumerate() {
                if sample.fold != *fold {
                    continue;
                }
                scores[n] = scored(sample.seen(by), &weights);
                if let Some(candidates) = sample.bereft.as_ref().filter(|bereft| !bereft.refused) {
                    let seen = &candidates.seen[by];
                    bereft[n] = sparse(&seen.question(&scored(seen, &weights)));
                }
            }
        }
        print_cuts(samples, &scores);
        let questions: Vec<Sparse> = samples
            .iter()
            .zip(&scores)
            .map(|(sample, scores)| {
                // It is refused before anything is ranked.
                if sample.candidates.refused {
                    return Sparse::new();
                }
                sparse(&sample.seen(by).question(scores))
            })
            .collect();
        let of_questions = |of: &dyn Fn(&Sample) -> bool| {
            let asked = samples.iter().zip(&questions);
            let asked = asked.map(|(sample, row)| (sample, (row, sample.row.answerable, 1.0)));
            let bereft = samples.iter().zip(&bereft);
            let bereft = bereft.map(|(sample, row)| (sample, (row, false, BEREFT)));
            let rows: Vec<(&Sparse, bool, f64)> = asked
                .chain(bereft)
                .filter(|(sample, (row, ..))| of(sample) && !row.is_empty())
                .map(|(_, row)| row)
                .collect();
            let features = rows.iter().map(|(row, ..)| row.len()).max();
            logistic::newton(&rows, features.unwrap_or_default(), RIDGES[1])
        };
        let mut tested = vec![0.0_f32; samples.len()];
        let mut tested_bereft: Vec<f32> = Vec::new();
        for fold in &folds {
            let weights = of_questions(&|sample: &Sample| sample.fold != *fold);
            for (n, sample) in samples.iter().enumerate() {
                let told = |row: &Sparse| 1.0 / (1.0 + (-logistic::sum(row, &weights)).exp());
                if sample.fold == *fold && !questions[n].is_empty() {
                    tested[n] = told(&questions[n]);
                }
                if sample.fold == *fold && !bereft[n].is_empty() {
                    tested_bereft.push(told(&bereft[n]));
                }
            }
        }
        let right: Vec<bool> = samples
            .iter()
            .zip(&scores)
            .map(|(sample, scores)| sample.row.answerable && sample.is_right(&falling(scores)))
            .collect();
        Self {
            threshold: table(samples, (&tested, &tested_bereft), &right, refused),
            candidate: of_candidates(samples, by, |_| true),
            question: of_questions(&|_: &Sample| true),
        }
    }
}

/// Prints what is right, and how many candidates are told, when those that score so much less than the best one are
/// left out.
fn print_cuts(samples: &[Sample], scores: &[Vec<f32>]) {
    for cut in [1.0, 1.5, 2.0, 2.5, 3.0, 4.0] {
        let (mut right, mut told, mut all) = (0, 0, 0);
        let answerable = samples.iter().zip(scores);
        for (sample, scores) in answerable.filter(|(sample, _)| sample.row.answerable) {
            let mut order = falling(scores);
            let best = order.first().map_or(0.0, |n| scores[*n]);
            order.retain(|n| scores[*n] >= best - cut);
            right += usize::from(sample.is_right(&order));
            told += order.len().min(MOST);
            all += 1;
        }
        let share = |count: usize| count as f64 / f64::from(all.max(1));
        println!(
            "within {cut}: {:.3} right, {:.2} told",
            share(right),
            share(told)
        );
    }
}

/// Prints shares by threshold, also of the questions that lost their proof, and gives the one that refuses enough.
fn table(
    samples: &[Sample],
    (tested, bereft): (&[f32], &[f32]),
    right: &[bool],
    refused: f64,
) -> f32 {
    let share = |of: &dyn Fn(&Sample) -> bool, holds: &dyn Fn(usize) -> bool| {
        let these: Vec<usize> = (0..samples.len()).filter(|n| of(&samples[*n])).collect();
        let held = these.iter().filter(|n| holds(**n)).count();
        held as f64 / these.len().max(1) as f64
    };
    let mut without: Vec<f32> = (0..samples.len())
        .filter(|n| !samples[*n].row.answerable)
        .map(|n| tested[n])
        .collect();
    without.sort_by(f32::total_cmp);
    let halves: String = TUNED[1..].iter().map(|half| format!("{half:>8}")).collect();
    println!("threshold  refused  bereft   right: tune{halves}");
    let mut chosen = 0.0;
    for aim in [0.0, 0.7, 0.8, 0.85, 0.9, 0.95, refused] {
        let at = (aim * without.len() as f64).ceil() as usize;
        chosen = at
            .checked_sub(1)
            .and_then(|at| without.get(at))
            .map_or(0.0, |p| p + 1e-4);
        let refuses = share(&|sample: &Sample| !sample.row.answerable, &|n: usize| {
            tested[n] < chosen
        });
        let without = bereft.iter().filter(|p| **p < chosen).count();
        let without = without as f64 / bereft.len().max(1) as f64;
        print!("{chosen:>9.3} {refuses:>8.3} {without:>7.3}       ");
        for half in TUNED {
            let of = |sample: &Sample| sample.row.answerable && sample.row.half == half;
            print!("{:>8.3}", share(&of, &|n| right[n] && tested[n] >= chosen));
        }
        println!();
    }
    chosen
}

fn of_candidates(samples: &[Sample], by: usize, of: impl Fn(&Sample) -> bool) -> Vec<f32> {
    let rows: Vec<(Sparse, bool)> = samples
        .iter()
        .filter(|sample| sample.row.answerable && of(sample))
        .flat_map(|sample| {
            let rows = sample.seen(by).rows.iter().map(sparse);
            rows.zip(sample.proves.iter().copied())
        })
        .collect();
    let rows: Vec<(&Sparse, bool, f64)> = rows
        .iter()
        .map(|(row, proves)| (row, *proves, 1.0))
        .collect();
    let features = rows.iter().map(|(row, ..)| row.len()).max();
    logistic::newton(&rows, features.unwrap_or_default(), RIDGES[0])
}

fn sparse(features: &Features) -> Sparse {
    features.iter().copied().enumerate().collect()
}

fn scored(seen: &Seen, weights: &[f32]) -> Vec<f32> {
    let score = |row: &Features| row.iter().zip(weights).map(|(x, w)| x * w).sum();
    seen.rows.iter().map(score).collect()
}

fn falling(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}
