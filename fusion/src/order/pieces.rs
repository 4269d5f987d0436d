//! A word that was cut in two becomes one again: a fold across it looks like a ruled line, at which boxes are
//! cut, `or|ganization`, `05|-Nov-1959`. Only pieces that stand closer than a word space, are not words by
//! themselves and make a known word, a date or a unit together are joined; a number is never put together.

use schemas::{Confidence, Quad, Vote};

use super::OrderedLine;
use crate::{priors::Words, vote::FusedWord};

/// Pieces are no further apart than this many line heights, and overlap by no more.
const APART: f32 = 0.25;
const OVERLAP: f32 = 0.5;
/// A word that is put together has at least so many letters.
const LETTERS: usize = 6;
/// Where dates and units are cut.
const CUTS: [char; 3] = ['/', '-', '.'];

/// Joins the pieces of a line.
pub(super) fn join(line: &mut OrderedLine, expected: &Words) {
    let mut joined: Vec<(bool, super::Segment)> = Vec::new();
    for (wide, mut segment) in line.segments.drain(..) {
        let mut words: Vec<FusedWord> = Vec::new();
        for word in segment.words {
            let last = match words.last_mut() {
                Some(last) => Some(last),
                None => joined
                    .last_mut()
                    .and_then(|(_, before)| before.words.last_mut()),
            };
            match last.filter(|last| touch(last, &word) && belong(&last.text, &word.text, expected))
            {
                Some(last) => append(last, word),
                None => words.push(word),
            }
        }
        if !words.is_empty() {
            segment.words = words;
            joined.push((wide, segment));
        }
    }
    line.segments = joined;
}

/// Is there less than a word space between them?
fn touch(left: &FusedWord, right: &FusedWord) -> bool {
    let (a, b) = (left.quad.bbox(), right.quad.bbox());
    let height = f32::midpoint(a.height(), b.height());
    (-OVERLAP * height..APART * height).contains(&(b.x0 - a.x1))
}

/// Do they make one word, and are none by themselves?
fn belong(left: &str, right: &str, expected: &Words) -> bool {
    let whole = format!("{left}{right}");
    let (Some(last), Some(first)) = (left.chars().next_back(), right.chars().next()) else {
        return false;
    };
    if last.is_alphabetic() && first.is_alphabetic() {
        let is_word = |part: &str| {
            expected.has_word(part, 2) || ["a", "i"].contains(&part.to_lowercase().as_str())
        };
        return expected.has_word(&whole, LETTERS) && !(is_word(left) && is_word(right));
    }
    let cut = CUTS.contains(&last) != CUTS.contains(&first);
    let date = |text| expected.is_date(text);
    cut && ((date(&whole) && !date(left) && !date(right)) || expected.is_unit(&whole))
}

/// One word of two. Who read only one of them has no vote on the whole.
fn append(left: &mut FusedWord, right: FusedWord) {
    let [a, b] = [left.quad.0, right.quad.0];
    left.quad = Quad([a[0], b[1], b[2], a[3]]);
    left.text.push_str(&right.text);
    left.confidence = least(left.confidence, right.confidence);
    left.votes = left
        .votes
        .iter()
        .filter_map(|vote| {
            let other = right.votes.iter().find(|v| v.engine == vote.engine)?;
            Some(Vote {
                engine: vote.engine,
                text: format!("{}{}", vote.text, other.text),
                confidence: least(vote.confidence, other.confidence),
            })
        })
        .collect();
}

fn least(a: Confidence, b: Confidence) -> Confidence {
    if a.get() <= b.get() { a } else { b }
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence, Engine, Vote};

    use super::{OrderedLine, join};
    use crate::{FusedWord, Segment, Words};

    /// Words at places, each in a box of its own or all in one.
    fn joined(words: &[(&str, f32)], own_boxes: bool) -> (String, Vec<Vec<Vote>>) {
        let words = words.iter().map(|(text, x)| {
            let quad = BBox::new(*x, 0.0, x + 10.0 * text.len() as f32, 20.0).quad();
            FusedWord {
                text: (*text).into(),
                quad,
                confidence: Confidence::ONE,
                votes: vec![Vote {
                    engine: Engine::Paddle,
                    text: (*text).into(),
                    confidence: Confidence::ONE,
                }],
            }
        });
        let words: Vec<FusedWord> = words.collect();
        let segment = |words: &[FusedWord]| Segment {
            quad: words[0].quad,
            words: words.to_vec(),
        };
        let segments = if own_boxes {
            words.chunks(1).map(|word| (false, segment(word))).collect()
        } else {
            vec![(false, segment(&words))]
        };
        let mut line = OrderedLine { segments };
        let expected = Words::new(["amlodipine", "organization", "diagnoses"]);
        join(&mut line, &expected);
        assert!(line.segments.iter().all(|(_, s)| !s.words.is_empty()));
        let texts: Vec<String> = line.segments.iter().map(|(_, s)| s.text()).collect();
        let words = line.segments.into_iter().flat_map(|(_, s)| s.words);
        (texts.join(" "), words.map(|word| word.votes).collect())
    }

    #[test]
    fn a_word_that_a_fold_cut_is_one_again() {
        for (words, want) in [
            ([("or", 0.0), ("ganization", 20.5)], "organization"),
            ([("amlod", 0.0), ("ipine,", 51.0)], "amlodipine,"),
            ([("Diagnose", 0.0), ("s", 82.0)], "Diagnoses"),
            ([("05", 0.0), ("-Nov-1959", 21.0)], "05-Nov-1959"),
            ([("15", 0.0), ("/12/2025", 21.0)], "15/12/2025"),
            ([("mmol", 0.0), ("/mol", 41.0)], "mmol/mol"),
            ([("or", 0.0), ("ganization", 28.0)], "or ganization"),
            ([("with", 0.0), ("out", 41.0)], "with out"),
            ([("1", 0.0), ("5/12/2025", 11.0)], "1 5/12/2025"),
            ([("12", 0.0), ("/5", 21.0)], "12 /5"),
            ([("1", 0.0), (".5", 11.0)], "1 .5"),
            ([("a", 0.0), ("mount", 11.0)], "a mount"),
        ] {
            for own_boxes in [false, true] {
                assert_eq!(joined(&words, own_boxes).0, want, "{words:?}");
            }
        }
    }

    #[test]
    fn a_joined_word_has_the_votes_of_who_read_both_pieces() {
        let (_, votes) = joined(&[("or", 0.0), ("ganization", 20.5)], true);
        let said: Vec<&str> = votes[0].iter().map(|vote| vote.text.as_str()).collect();
        assert_eq!(said, ["organization"]);
    }
}
