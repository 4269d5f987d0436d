//! What a sentence says of each of the drugs that it names.

use std::sync::LazyLock;

use regex::Regex;

use super::change::{Change, changes};
use crate::layout::Span;

/// In a sentence a word tells of the drugs before it when one stands in its own clause (`metformin was
/// increased`) and of the drugs behind it when none does (`stop ramipril and start amlodipine`); the next
/// such word ends its reach.
pub(super) fn in_sentence(
    text: &str,
    sentence: &Span,
    name: &Span,
    names: &[Span],
) -> Option<&'static str> {
    let inside: Vec<&Span> = names
        .iter()
        .filter(|other| other.start >= sentence.start && other.end <= sentence.end)
        .collect();
    let own = inside.iter().position(|other| *other == name)?;
    let directly = |from: usize, k: usize| {
        let gap = text[from..inside[k].start].trim_matches([' ', ':', '\t', '\n']);
        gap.is_empty()
    };
    let found: Vec<Change> = changes(text, sentence)
        .into_iter()
        .filter(|change| {
            let next = inside.iter().position(|n| n.start >= change.span.end);
            let at = |k| directly(change.span.end, k);
            // Adjectives of other things, unless the drug follows at once.
            !(matches!(&*change.word, "new" | "keep" | "off") || change.word.ends_with(" of"))
                || next.is_some_and(at)
        })
        .collect();
    let mut told: Vec<Option<&'static str>> = vec![None; inside.len()];
    for (n, change) in found.iter().enumerate() {
        let from = n
            .checked_sub(1)
            .map_or(sentence.start, |k| found[k].span.end);
        let to = found
            .get(n + 1)
            .map_or(sentence.end, |next| next.span.start);
        let between = |from: usize, to: usize| {
            let first = inside.partition_point(|name| name.start < from);
            first..inside.partition_point(|name| name.start < to).max(first)
        };
        let (behind, ahead) = (
            between(from, change.span.start),
            between(change.span.end, to),
        );
        let clause = clause_start(text, from, change.span.start);
        let exchange = change.exchanges();
        let last = n
            .checked_sub(1)
            .map_or(sentence.start, |k| found[k].span.end);
        if let Some((k, first)) = of_bracket(text, sentence, change, last, &inside) {
            // `(held, restart 18/05)`: the first word tells what is so now.
            if first {
                told[k] = Some(change.status);
            }
            continue;
        }
        if behind.clone().any(|k| inside[k].start >= clause) && !change.word.ends_with(" of") {
            let status = if exchange && !ahead.is_empty() {
                "stopped"
            } else {
                change.status
            };
            let several = tells_of_several(&text[clause..change.span.start]);
            let last = behind.end - 1;
            for k in behind.rev() {
                let listed = k == last || {
                    let gap = &text[inside[k].end..inside[k + 1].start];
                    !gap.contains(';') && (several || is_joint(gap))
                };
                if !listed || inside[k].start < clause && told[k].is_some() {
                    break;
                }
                told[k] = Some(status);
            }
            for k in ahead.filter(|_| exchange) {
                told[k] = Some("started");
            }
        } else if ahead.is_empty() {
            let lead = &text[clause..change.span.start];
            // `was held and resumed`: the later word counts.
            let again = lead.trim().is_empty();
            let any = between(sentence.start, change.span.start).last();
            let last = behind.last().filter(|k| told[*k].is_none());
            let last = if again { any } else { last };
            if let Some(k) = last.filter(|_| has_no_subject(lead)) {
                told[k] = Some(change.status);
            }
        } else if change.word != "replaced" && reaches(text, change, inside[ahead.start]) {
            let turns: Vec<Option<Turn>> = ahead
                .clone()
                .map(|k| turn(&text[change.span.end..inside[k].start]))
                .collect();
            let comes = turns.iter().rposition(|turn| *turn == Some(Turn::Comes));
            for (at, (k, turn)) in ahead.zip(&turns).enumerate() {
                told[k] = Some(match turn {
                    _ if !exchange => change.status,
                    Some(Turn::Comes) => "started",
                    Some(Turn::Goes) => "stopped",
                    None if comes.is_some_and(|comes| at < comes) => "stopped",
                    None => change.status,
                });
            }
        }
    }
    told[own]
}

/// `senna 15 mg (held 3 days)`: what brackets say is said of the drug before them; and whether the word is their first,
/// where the one before it ends at `last`. Nothing, where a drug stands in the brackets too or they speak of something
/// else.
fn of_bracket(
    text: &str,
    sentence: &Span,
    change: &Change,
    last: usize,
    inside: &[&Span],
) -> Option<(usize, bool)> {
    let before = &text[sentence.start..change.span.start];
    let open = sentence.start
        + before
            .rfind(['(', '['])
            .filter(|open| !before[*open..].contains([')', ']']))?;
    let close = text[change.span.end..sentence.end]
        .find([')', ']'])
        .map_or(sentence.end, |at| change.span.end + at);
    let own = inside
        .iter()
        .any(|name| name.start > open && name.end <= close);
    let first = last <= open;
    let lead = text[last.max(open + 1)..change.span.start].trim_matches([',', ';', ' ']);
    let drug = inside.iter().rposition(|name| name.end <= open)?;
    (!own && has_no_subject(lead)).then_some((drug, first))
}

/// Of two drugs that are exchanged, which one this is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Comes,
    Goes,
}

/// By the last such word before its name: `switch from omeprazole to lansoprazole`, `replace timolol with brinzolamide`.
fn turn(lead: &str) -> Option<Turn> {
    lead.to_lowercase()
        .split_whitespace()
        .rev()
        .find_map(|word| match word {
            "to" | "with" | "by" => Some(Turn::Comes),
            "from" => Some(Turn::Goes),
            _ => None,
        })
}

/// `were stopped`, `both held`: more drugs than the last.
fn tells_of_several(clause: &str) -> bool {
    static SEVERAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:were|have|are|both|all)\b").expect("a valid expression")
    });
    SEVERAL.is_match(clause)
}

/// `aspirin, ramipril and`: nothing but what joins names.
fn is_joint(gap: &str) -> bool {
    gap.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '+' | '&'))
        .all(|word| matches!(word, "" | "and" | "the" | "her" | "his"))
}

/// An amount may grow or fall of its own: only `increased the dose of X` and the like tell of a drug.
fn reaches(text: &str, change: &Change, name: &Span) -> bool {
    const BETWEEN: &[&str] = &[
        "the",
        "a",
        "an",
        "her",
        "his",
        "their",
        "your",
        "dose",
        "doses",
        "of",
        "to",
        "from",
        "down",
        "up",
        "on",
        "both",
        "further",
        "mg",
        "mcg",
        "micrograms",
        "g",
        "units",
        "ml",
    ];
    !matches!(change.status, "increased" | "decreased" | "changed")
        || text[change.span.end..name.start]
            .to_lowercase()
            .split_whitespace()
            .map(|word| word.trim_end_matches([':', ',']))
            .all(|word| {
                word.is_empty()
                    || BETWEEN.contains(&word)
                    || word.contains(|c: char| c.is_ascii_digit())
            })
}

/// `, which was recently stopped`: nothing else is spoken of.
fn has_no_subject(lead: &str) -> bool {
    const WORDS: &[&str] = &[
        "which", "that", "this", "it", "dose", "was", "is", "has", "been", "had", "now",
        "recently", "also", "later", "today", "the", "to", "be",
    ];
    lead.to_lowercase()
        .split_whitespace()
        .all(|word| WORDS.contains(&word))
}

/// Where the clause of a word begins: behind the last comma, bracket, conjunction or subject before it.
fn clause_start(text: &str, from: usize, to: usize) -> usize {
    static BREAK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;:(]|\b(?:and|but|while|whereas|so|we|i|he|she|they|patient)\b")
            .expect("a valid expression")
    });
    BREAK
        .find_iter(&text[from..to])
        .last()
        .map_or(from, |m| from + m.end())
}
