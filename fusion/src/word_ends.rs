//! Where words end without a space that won: the forms of dates and ranges tell, and known words.

use crate::{parties::Decision, priors::Words};

/// Two known words have at least so many letters together, each at least so many.
const LETTERS: usize = 6;
const OF_ONE: usize = 2;
/// After a capital alone it has so many.
const AFTER_ONE: usize = 3;
/// A word at a number has at least so many letters, and a number at a word at most so many digits.
const WORD: usize = 4;
const COUNT: usize = 3;
/// A name that a capital follows has at least so many letters: more than `Mc` and `Mac`.
const NAME: usize = 4;

/// What stands in the slots up to the next space, forwards or backwards.
fn run<'a>(decisions: impl Iterator<Item = &'a Decision>) -> String {
    decisions
        .map(|decision| decision.winner)
        .take_while(|winner| *winner != Some(' '))
        .flatten()
        .collect()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Puts in a space that an engine saw and that was voted down: before a year, `May 31,2026`, between
/// words that are known where both together are not, `Migrainewithout`, between a word and a number, `6hours`, and
/// between a value and its flag, `131L`. Specks and print that shows through fill the gaps between words, and print of
/// wide letters makes spaces look narrow, so that too few see them.
pub(crate) fn open(decisions: &mut [Decision], expected: &Words) {
    for i in 0..decisions.len() {
        let voted_down = decisions[i].winner.is_none() && decisions[i].weights.is_empty();
        if voted_down {
            let before = reversed(&run(decisions[..i].iter().rev()));
            let after = run(decisions[i + 1..].iter());
            if parts_day_from_year(&before, &after)
                || parts_words(&before, &after, expected)
                || parts_number(&before, &after, expected)
                || parts_value_from_flag(&before, &after)
            {
                decisions[i].overrule(Some(' '));
            }
        }
    }
}

/// Takes out a space before the `S` of a possessive, `PATIENT 'S`, also where only one engine saw the apostrophe
/// and the others a space.
pub(crate) fn close(decisions: &mut [Decision]) {
    for i in 0..decisions.len() {
        if decisions[i].winner != Some(' ') {
            continue;
        }
        let after = run(decisions[i + 1..].iter());
        let Some(last) = (0..i).rev().find(|&j| decisions[j].winner.is_some()) else {
            continue;
        };
        if !decisions[last].winner.is_some_and(char::is_alphabetic) {
            continue;
        }
        if ["'s", "'S", "’s", "’S"].contains(&after.as_str()) {
            decisions[i].overrule(None);
        }
        if ["s", "S"].contains(&after.as_str()) {
            let is_apostrophe = |j: &usize| {
                let decision = &decisions[*j];
                decision.winner.is_none() && decision.weights.contains_key(&Some('\''))
            };
            let next = (i + 1..decisions.len()).find(|&j| decisions[j].winner.is_some());
            let between = last + 1..next.unwrap_or(i);
            if let Some(apostrophe) = between.clone().find(is_apostrophe) {
                decisions[i].overrule(None);
                decisions[apostrophe].overrule(Some('\''));
            }
        }
    }
}

/// Does slot `i` begin what the word from `start` labels, `Physician:Jennifer`? A label's colon has a space
/// after it, which engines drop where it is narrow.
pub(crate) fn is_after_label(start: usize, i: usize, decisions: &[Decision]) -> bool {
    let begins = decisions[i].winner.is_some_and(char::is_alphanumeric);
    begins && is_label(&run(decisions[start..i].iter()))
}

/// Is this a word and a colon?
fn is_label(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(|label| {
        label.chars().count() >= OF_ONE && label.chars().all(char::is_alphabetic)
    })
}

/// Does the word from `start` end before slot `end` since a range has a space on the other side of its dash,
/// `2.0- 4.4` or `3.5 -5.1`?
pub(crate) fn is_crowded(start: usize, end: usize, decisions: &[Decision]) -> bool {
    let Some(winner) = decisions.get(end).and_then(|decision| decision.winner) else {
        return false;
    };
    let word = run(decisions[start..end].iter());
    if winner == '-' {
        let next = (end + 1..decisions.len()).find(|&i| decisions[i].winner.is_some());
        let space = next.filter(|&i| decisions[i].winner == Some(' '));
        return space.is_some_and(|i| is_range(&word, &run(decisions[i + 1..].iter())));
    }
    let after_space = start > 0 && decisions[start - 1].winner == Some(' ');
    after_space && word == "-" && {
        let low = reversed(&run(decisions[..start - 1].iter().rev()));
        is_range(&low, &run(decisions[end..].iter()))
    }
}

/// Is this the end of a day before a year, `31,`? No number is grouped so, thus the space that an engine
/// saw between them is one.
fn parts_day_from_year(before: &str, after: &str) -> bool {
    let day = before.strip_suffix(',').unwrap_or_default();
    let year: String = after.chars().take_while(char::is_ascii_digit).collect();
    matches!(day.len(), 1 | 2) && day.bytes().all(|b| b.is_ascii_digit()) && year.len() == 4
}

/// Is this the end of one word and the beginning of another?
fn parts_words(before: &str, after: &str, expected: &Words) -> bool {
    let known = |part: &str| expected.has_word(part, OF_ONE);
    let joined = format!("{before}{after}");
    let letters = joined.chars().filter(|c| c.is_alphabetic()).count();
    let ends_in_letter = before.ends_with(char::is_alphabetic);
    if ends_in_letter && letters >= LETTERS && known(before) && known(after) {
        return !expected.has_word(&joined, OF_ONE);
    }
    // `L arm`, `I have`.
    let lone = before.len() == 1 && before.bytes().all(|b| b.is_ascii_uppercase());
    if lone && after.starts_with(char::is_lowercase) && expected.has_word(after, AFTER_ONE) {
        return !expected.has_word(&joined, OF_ONE);
    }
    let mut next = after.chars();
    let capital = next.next().is_some_and(char::is_uppercase);
    let small = next.take(2).filter(|c| c.is_lowercase()).count() == 2;
    capital
        && small
        && before.chars().count() >= NAME
        && before.chars().all(char::is_alphabetic)
        && before.ends_with(char::is_lowercase)
}

/// Is this a count before what is counted, `6hours`, or a word before a number or date, `signed23-JUL-2025`, `Rf4`?
/// Units stand at their numbers as well as apart, so they tell nothing.
fn parts_number(before: &str, after: &str, expected: &Words) -> bool {
    let word = |part: &str| expected.has_word(part, WORD) && !expected.is_unit(part);
    let number =
        |part: &str| (1..=COUNT).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if number(before) {
        return word(after);
    }
    (word(before) && (number(after) || expected.is_date(after)))
        || (expected.is_shorthand(before) && number(after))
}

/// Is this a value before the flag of a laboratory, high or low? A volume, `2 L`, stands apart from its unit too.
fn parts_value_from_flag(before: &str, after: &str) -> bool {
    let value = before.trim_start_matches(['<', '>']);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    matches!(after, "H" | "L" | "HH" | "LL")
        && match value.split_once('.') {
            Some((whole, part)) => digits(whole) && digits(part),
            None => digits(value),
        }
}

/// Are these the ends of a range, `3.5` and `5.1`? With a space on one side of its dash there is one on the
/// other.
fn is_range(low: &str, high: &str) -> bool {
    let decimals = |end: &str| {
        let (whole, part) = end.split_once('.')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(whole) && digits(part)).then_some(part.len())
    };
    decimals(low).is_some_and(|low| decimals(high) == Some(low))
}

#[cfg(test)]
mod tests {
    use super::{
        is_label, is_range, parts_day_from_year, parts_number, parts_value_from_flag, parts_words,
    };
    use crate::priors::Words;

    #[test]
    fn known_words_stand_apart_where_both_together_are_none() {
        let words = Words::new([
            "migraine",
            "without",
            "chlor",
            "promazine",
            "chlorpromazine",
            "of",
        ]);
        for (before, after, apart) in [
            ("Migraine", "without", true),
            ("(Migraine", "without,", true),
            ("Chlor", "promazine", false),
            ("5.4", "mg/L", false),
            ("1", "0", false),
            ("Judith", "Female", true),
            ("Mac", "Donald", false),
            ("Hb", "Alc", false),
            ("L", "without", true),
            ("C", "hlor", false),
            ("of", "of", false),
        ] {
            assert_eq!(
                parts_words(before, after, &words),
                apart,
                "{before} {after}"
            );
        }
    }

    #[test]
    fn numbers_stand_apart_from_words_and_not_from_units() {
        let words = Words::new(["hours", "signed", "units"]);
        for (before, after, apart) in [
            ("6", "hours", true),
            ("signed", "23-JUL-2025", true),
            ("Rf", "4", true),
            ("Signed", "44", true),
            ("5", "mg", false),
            ("10", "units", false),
            ("2000", "hours", false),
            ("B", "12", false),
            ("1.5", "hours", false),
        ] {
            assert_eq!(
                parts_number(before, after, &words),
                apart,
                "{before} {after}"
            );
        }
    }

    #[test]
    fn labels_are_words_with_a_colon() {
        for (word, label) in [
            ("Physician:", true),
            ("RF:", true),
            ("A:", false),
            ("10:", false),
            ("Physician", false),
            (":", false),
        ] {
            assert_eq!(is_label(word), label, "{word}");
        }
    }

    #[test]
    fn days_stand_apart_from_years_and_ends_of_ranges_alike() {
        for (before, after, apart) in [
            ("31,", "2026", true),
            ("31,", "2026.", true),
            ("1,", "296.00", false),
            ("131,", "2026", false),
            ("A31,", "2026", false),
        ] {
            assert_eq!(
                parts_day_from_year(before, after),
                apart,
                "{before} {after}"
            );
        }
        for (low, high, range) in [
            ("3.5", "5.1", true),
            ("0.40", "4.50", true),
            ("555", "0114", false),
            ("3.5", "51", false),
            ("1.2.3", "4.5", false),
        ] {
            assert_eq!(is_range(low, high), range, "{low} {high}");
        }
    }

    #[test]
    fn a_flag_stands_apart_from_its_value() {
        for (before, after, apart) in [
            ("131", "L", true),
            ("<0.58", "L", true),
            ("4820", "HH", true),
            ("10.2.", "L", false),
            ("LDL", "H", false),
            ("2", "L/min", false),
            ("", "H", false),
        ] {
            assert_eq!(
                parts_value_from_flag(before, after),
                apart,
                "{before} {after}"
            );
        }
    }
}
