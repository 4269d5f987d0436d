//! How far a text is from gold: CER and WER by Levenshtein distance (1966) over a whole document,
//! word and digit-token F1 over bags of tokens. Decision: counts add up over documents and are
//! divided at the end (micro averages). Limit: case, kinds of quotes and dashes, and white space do
//! not count as errors.

use std::{collections::HashMap, hash::Hash, ops::AddAssign};

/// Punctuation that a token loses at both ends.
const EDGE: &[char] = &[
    '.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '{', '}', '"', '\'', '|', '_', '*', '=', '~',
    '`', '<', '>', '#',
];

/// Counts of one or more documents; add them, then ask for rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextCounts {
    /// Edits between normalised texts, in characters.
    pub char_edits: usize,
    /// Characters of normalised gold.
    pub chars: usize,
    /// Edits in words.
    pub word_edits: usize,
    /// Words of gold.
    pub words: usize,
    /// Tokens of gold and prediction, as bags.
    pub tokens: Matches,
    /// Those with a digit.
    pub digits: Matches,
}

/// What two bags share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// In both.
    pub both: usize,
    /// In the prediction.
    pub predicted: usize,
    /// In gold.
    pub gold: usize,
}

impl Matches {
    /// Share of the prediction that is in gold; 1 when neither has anything.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.both, self.predicted, self.gold)
    }

    /// Share of gold that is in the prediction; 1 when neither has anything.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.both, self.gold, self.predicted)
    }

    /// Harmonic mean of precision and recall.
    #[must_use]
    pub fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r == 0.0 {
            0.0
        } else {
            2.0 * p * r / (p + r)
        }
    }
}

fn share(part: usize, whole: usize, other: usize) -> f64 {
    match (whole, other) {
        (0, 0) => 1.0,
        (0, _) => 0.0,
        _ => part as f64 / whole as f64,
    }
}

impl AddAssign for Matches {
    fn add_assign(&mut self, other: Self) {
        self.both += other.both;
        self.predicted += other.predicted;
        self.gold += other.gold;
    }
}

impl AddAssign for TextCounts {
    fn add_assign(&mut self, other: Self) {
        self.char_edits += other.char_edits;
        self.chars += other.chars;
        self.word_edits += other.word_edits;
        self.words += other.words;
        self.tokens += other.tokens;
        self.digits += other.digits;
    }
}

impl TextCounts {
    /// Compares one document with its gold.
    #[must_use]
    pub fn of(gold: &str, predicted: &str) -> Self {
        let (g, p) = (normal(gold), normal(predicted));
        let (g_chars, p_chars): (Vec<_>, Vec<_>) = (g.chars().collect(), p.chars().collect());
        let (g_words, p_words) = (split(&g), split(&p));
        let (g_tokens, p_tokens) = (tokens(&g), tokens(&p));
        let digits = |tokens: &[&str]| -> Vec<String> {
            let some = tokens.iter().filter(|token| token.chars().any(is_digit));
            some.map(|token| (*token).to_owned()).collect()
        };
        Self {
            char_edits: edits(&g_chars, &p_chars),
            chars: g_chars.len(),
            word_edits: edits(&g_words, &p_words),
            words: g_words.len(),
            tokens: overlap(&g_tokens, &p_tokens),
            digits: overlap(&digits(&g_tokens), &digits(&p_tokens)),
        }
    }

    /// Character error rate: edits a character of gold; above 1 when much is invented.
    #[must_use]
    pub fn cer(&self) -> f64 {
        self.char_edits as f64 / self.chars.max(1) as f64
    }

    /// Word error rate: edits a word of gold.
    #[must_use]
    pub fn wer(&self) -> f64 {
        self.word_edits as f64 / self.words.max(1) as f64
    }
}

/// Character error rate of one text.
#[must_use]
pub fn cer(gold: &str, predicted: &str) -> f64 {
    TextCounts::of(gold, predicted).cer()
}

/// Lower case, plain quotes and dashes, micro signs as `u`, single spaces.
#[must_use]
pub fn normal(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| *c != '\u{feff}')
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
            '\u{b5}' | '\u{3bc}' => 'u',
            '\u{1c}'..='\u{1f}' => ' ',
            other => other,
        })
        .collect();
    plain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

fn split(normal: &str) -> Vec<&str> {
    normal.split_whitespace().collect()
}

/// A digit of any script, raised and lowered ones too, but no fraction.
fn is_digit(c: char) -> bool {
    c.is_numeric() && !matches!(c, '\u{bc}'..='\u{be}' | '\u{2150}'..='\u{2189}')
}

/// Words of a normalised text without punctuation at their ends.
fn tokens(normal: &str) -> Vec<&str> {
    split(normal)
        .into_iter()
        .map(|word| word.trim_matches(EDGE))
        .filter(|token| !token.is_empty())
        .collect()
}

fn overlap<T: Eq + Hash>(gold: &[T], predicted: &[T]) -> Matches {
    let mut left: HashMap<&T, usize> = HashMap::new();
    for token in gold {
        *left.entry(token).or_default() += 1;
    }
    let mut both = 0;
    for token in predicted {
        if let Some(count) = left.get_mut(token).filter(|count| **count > 0) {
            *count -= 1;
            both += 1;
        }
    }
    Matches {
        both,
        predicted: predicted.len(),
        gold: gold.len(),
    }
}

/// Levenshtein distance: the fewest insertions, deletions and substitutions.
#[must_use]
pub fn edits<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{TextCounts, cer, edits, normal};
    use proptest::prelude::*;

    #[test]
    fn known_distances() {
        for (a, b, want) in [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("50 mg", "5.0 mg", 1),
            ("abcdef", "abcdef", 0),
            ("xaby", "xbay", 2),
        ] {
            let (x, y): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
            assert_eq!(edits(&x, &y), want, "{a} {b}");
        }
    }

    #[test]
    fn what_does_not_count_as_an_error() {
        for (gold, read) in [
            ("Dose: 5 \u{b5}g", "dose:  5 \u{3bc}g\n"),
            ("\u{201c}daily\u{201d} 1\u{2013}2", "\"daily\" 1-2"),
            ("a\u{a0}b\u{c}c", "A B C"),
        ] {
            assert!(cer(gold, read).abs() < 1e-12, "{gold}");
            assert_eq!(normal(gold), normal(read));
        }
    }

    #[test]
    fn tokens_with_digits_are_counted_apart() {
        let counts = TextCounts::of("Take 5 mg (1 tablet).", "take 6 mg 1 tablet");
        assert_eq!((counts.tokens.both, counts.tokens.gold), (4, 5));
        assert_eq!(
            (
                counts.digits.both,
                counts.digits.gold,
                counts.digits.predicted
            ),
            (1, 2, 2)
        );
        assert!((counts.digits.f1() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn nothing_against_nothing_is_perfect_and_against_something_is_not() {
        assert!((TextCounts::of("", "").tokens.f1() - 1.0).abs() < 1e-12);
        assert!(TextCounts::of("word", "").tokens.f1().abs() < 1e-12);
        assert!(TextCounts::of("", "word").tokens.f1().abs() < 1e-12);
        assert!((cer("word", "") - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_text_equals_itself(text in "\\PC{0,60}") {
            let counts = TextCounts::of(&text, &text);
            prop_assert_eq!(counts.char_edits + counts.word_edits, 0);
            prop_assert!((counts.tokens.f1() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn a_distance_is_a_metric(a in "[ab1 ]{0,12}", b in "[ab1 ]{0,12}", c in "[ab1 ]{0,12}") {
            let [x, y, z] = [&a, &b, &c].map(|s| s.chars().collect::<Vec<_>>());
            prop_assert_eq!(edits(&x, &y), edits(&y, &x));
            prop_assert!(edits(&x, &z) <= edits(&x, &y) + edits(&y, &z));
            prop_assert!(edits(&x, &y) <= x.len().max(y.len()));
            prop_assert!(edits(&x, &y) >= x.len().abs_diff(y.len()));
        }

        #[test]
        fn counts_are_symmetric_and_bounded(a in "[a-c1-3 .]{0,30}", b in "[a-c1-3 .]{0,30}") {
            let (there, back) = (TextCounts::of(&a, &b), TextCounts::of(&b, &a));
            prop_assert_eq!(there.char_edits, back.char_edits);
            prop_assert_eq!(there.word_edits, back.word_edits);
            prop_assert_eq!(there.tokens.both, back.tokens.both);
            prop_assert!((there.tokens.f1() - back.tokens.f1()).abs() < 1e-12);
            for part in [there.tokens, there.digits] {
                prop_assert!(part.both <= part.gold.min(part.predicted));
                prop_assert!((0.0..=1.0).contains(&part.f1()));
            }
        }

        #[test]
        fn order_of_words_changes_no_bag(words in prop::collection::vec("[a-z0-9]{1,5}", 1..9)) {
            let reversed: Vec<_> = words.iter().rev().cloned().collect();
            let counts = TextCounts::of(&words.join(" "), &reversed.join(" "));
            prop_assert!((counts.tokens.f1() - 1.0).abs() < 1e-12);
        }
    }
}
