//! Misread drug names: recall at one and two errors of the kind that readers make, precision, and how many
//! ordinary words pass for a drug. The ordinary text is this repository's own prose (README, architecture,
//! vocabularies, the change log and the licence; what stands between fences is no prose), in which no word
//! was ever looked up while the rule and its list of ordinary words were made; drugs there do not count.

use extract::{Lexicon, Source, extract};
use schemas::Fact;

const PROSE: [&str; 5] = [
    include_str!("../../README.md"),
    include_str!("../../LICENSE"),
    include_str!("../../infra/docs/architecture.md"),
    include_str!("../../infra/docs/vocabularies.md"),
    include_str!("../../infra/docs/CHANGELOG.md"),
];
const DRUGS: &str = include_str!("../src/lexicon/drugs.txt");
/// What readers make of letters.
const ERRORS: &[(&str, &str)] = &[
    ("l", "i"),
    ("i", "l"),
    ("l", "1"),
    ("o", "0"),
    ("o", "c"),
    ("e", "c"),
    ("c", "e"),
    ("a", "o"),
    ("rn", "m"),
    ("m", "rn"),
    ("n", "u"),
    ("u", "n"),
    ("h", "b"),
    ("t", "f"),
    ("f", "t"),
    ("d", "cl"),
    ("s", "5"),
    ("v", "y"),
    ("i", ""),
    ("t", ""),
    ("e", ""),
    ("a", ""),
    ("r", "n"),
    ("p", "n"),
    ("z", "s"),
    ("b", "6"),
    ("g", "q"),
    ("y", "v"),
    ("n", "r"),
    ("x", "k"),
];

/// A linear congruential generator (Knuth's MMIX constants): the same errors every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// One more error somewhere in the name.
fn misread(name: &str, dice: &mut Dice) -> String {
    let mut places: Vec<(usize, &str, &str)> = Vec::new();
    for (from, to) in ERRORS {
        places.extend(name.match_indices(from).map(|(at, _)| (at, *from, *to)));
    }
    match places.len() {
        0 => name.to_owned(),
        n => {
            let (at, from, to) = places[dice.below(n)];
            format!("{}{to}{}", &name[..at], &name[at + from.len()..])
        }
    }
}

#[test]
fn misread_names_are_matched_and_words_are_not() {
    let lexicon = Lexicon::builtin();
    let names: Vec<&str> = DRUGS
        .split([',', '\n'])
        .map(str::trim)
        .filter(|name| name.len() >= 6 && name.bytes().all(|b| b.is_ascii_lowercase()))
        .collect();
    let mut dice = Dice(41);
    let (mut right, mut wrong) = (0, 0);
    let mut recall = [0.0; 2];
    for (errors, share) in recall.iter_mut().enumerate() {
        let (mut hit, mut all) = (0, 0);
        for name in &names {
            let mut read = (*name).to_owned();
            for _ in 0..=errors {
                read = misread(&read, &mut dice);
            }
            if lexicon.is_any_drug(&read) {
                continue;
            }
            all += 1;
            match lexicon.misread_drug(&read) {
                Some(found) if found == *name => hit += 1,
                Some(_) => wrong += 1,
                None => {}
            }
        }
        right += hit;
        *share = f64::from(hit) / f64::from(all);
        println!(
            "{} errors: {hit} of {all} names found, recall {:.3}",
            errors + 1,
            *share
        );
    }
    let prose: Vec<&str> = PROSE
        .iter()
        .flat_map(|text| text.split("```").step_by(2))
        .collect();
    let words: Vec<&str> = prose
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphabetic()))
        .filter(|word| !word.is_empty() && !lexicon.is_any_drug(word))
        .collect();
    let accepted: Vec<&str> = words
        .iter()
        .copied()
        .filter(|w| lexicon.misread_drug(w).is_some())
        .collect();
    let rate = accepted.len() as f64 * 1000.0 / words.len() as f64;
    println!(
        "words alone: {} of {} accepted, {rate:.2} in 1,000: {accepted:?}",
        accepted.len(),
        words.len()
    );
    let text = prose.join("\n");
    let source = Source {
        text: &text,
        words: &[],
    };
    let entities = extract(&source, &lexicon).entities;
    let invented = entities
        .iter()
        .filter(|e| {
            matches!(e.fact, Fact::Medication(_)) && e.reasons.iter().any(|r| r.contains("misread"))
        })
        .count();
    println!(
        "in context: {invented} medications of misread names in {} words",
        words.len()
    );
    let precision = f64::from(right) / f64::from(right + wrong);
    println!("precision {precision:.4}: {right} right, {wrong} wrong");
    assert!(precision >= 0.995, "{precision:.4}");
    assert!(rate <= 0.5, "{rate:.2} in 1,000");
    assert!(recall[0] >= 0.9 && recall[1] >= 0.75, "{recall:?}");
    assert_eq!(invented, 0);
}
