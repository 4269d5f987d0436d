//! Specks of dirt that readers took for marks.
//!
//! A detected line that holds nothing but a point or a quote is no text: a point belongs to a word. Where a
//! page has many of them, lone letters of which the readers are not sure are specks too. So is a segment of which
//! no word is more than a guess of some readers where another saw nothing.

use super::Segment;

/// What a speck is read as. Not `+`, `-` and `*`, which are values and flags of tables.
const MARKS: &str = ".,:;'\u{2018}\u{2019}\"\u{201c}\u{201d}`\u{b4}\u{b0}\u{b7}_~|";
/// So many specks make a page dirty.
const DIRTY: usize = 10;
/// On a dirty page, letters of a lone segment below this confidence are specks, at most so many.
const UNSURE: f32 = 0.8;
const LETTERS: usize = 2;
/// Words below this confidence are guesses.
const GUESS: f32 = 0.15;

/// The segments that are text.
#[must_use]
pub(super) fn without(segments: Vec<Segment>) -> Vec<Segment> {
    let before = segments.len();
    let mut text: Vec<Segment> = segments
        .into_iter()
        .filter(|s| !is_speck(s) && !is_guess(s))
        .collect();
    if before - text.len() >= DIRTY {
        text.retain(|segment| !is_unsure_letter(segment));
    }
    text
}

fn is_speck(segment: &Segment) -> bool {
    let mut characters = segment.words.iter().flat_map(|word| word.text.chars());
    characters.all(|c| MARKS.contains(c))
}

fn is_guess(segment: &Segment) -> bool {
    segment.words.iter().all(|word| {
        word.confidence.get() < GUESS && word.votes.iter().any(|vote| vote.text.is_empty())
    })
}

fn is_unsure_letter(segment: &Segment) -> bool {
    let characters = || segment.words.iter().flat_map(|word| word.text.chars());
    let letters = characters().filter(|c| !MARKS.contains(*c));
    letters.clone().count() <= LETTERS
        && letters.clone().all(char::is_alphabetic)
        && segment
            .words
            .iter()
            .all(|word| word.confidence.get() < UNSURE)
}

#[cfg(test)]
mod tests {
    use schemas::{Confidence, Engine, Vote};

    use super::{super::tests::segment, without};

    #[test]
    fn a_guess_where_another_reader_saw_nothing_is_no_text() {
        let kept = |sure: f32, other: &str| {
            let mut segment = segment("one", 0.0, 0.0);
            segment.words[0].confidence = Confidence::new(sure);
            segment.words[0].votes = vec![Vote {
                engine: Engine::Paddle,
                text: other.into(),
                confidence: Confidence::new(0.0),
            }];
            !without(vec![segment]).is_empty()
        };
        assert!(!kept(0.1, ""));
        assert!(kept(0.1, "ore") && kept(0.5, ""));
    }

    #[test]
    fn specks_are_no_text_and_values_are() {
        let texts = |specks: usize, sure: f32| -> Vec<String> {
            let mut segments: Vec<_> = (0..specks)
                .map(|n| segment(".", 10.0 * n as f32, 0.0))
                .collect();
            for text in ["Sodium", "+", "-", "*", "1", "r ,", "H", "140 \u{b0}"] {
                let mut segment = segment(text, 0.0, 40.0);
                for word in &mut segment.words {
                    word.confidence = Confidence::new(sure);
                }
                segments.push(segment);
            }
            without(segments).iter().map(super::Segment::text).collect()
        };
        let all = ["Sodium", "+", "-", "*", "1", "r ,", "H", "140 \u{b0}"];
        assert_eq!(texts(3, 0.5), all);
        assert_eq!(texts(30, 0.99), all);
        assert_eq!(texts(30, 0.5), ["Sodium", "+", "-", "*", "1", "140 \u{b0}"]);
    }
}
