//! A letter among digits, `85o mg`, and a digit among letters, `D0B`: figures of old style and letters without serifs
//! look like each other, and what an engine makes of them it makes of every one on the page. Where another engine
//! read a character of the kind of its neighbours in that place, that one stands. A number's last letter may be its
//! unit, `5l`, `2g`, so that it stays; and no number becomes another one.

use std::ops::Range;

use crate::{parties::Decision, priors::Words, vote::Ballot};

/// Digits and the letters that look like them: those that no number ends in, and those that are units too.
const ALIKE: [(char, &str); 2] = [('0', "oO"), ('2', "zZ")];
const INSIDE: [(char, &str); 4] = [('1', "lIıi|"), ('5', "sSşș"), ('9', "gq"), ('6', "b")];
/// A number that begins with a letter, `s02`, may be a name, unless it has so many digits, `o1/12/2026`.
const DATE: usize = 4;
/// What is counted, besides units: a number stands before it.
const COUNTED: [&str; 15] = [
    "tab", "tabs", "tablet", "tablets", "cap", "caps", "capsule", "capsules", "puff", "puffs",
    "drop", "drops", "spray", "sprays", "days",
];
const MARKS: [char; 3] = ['.', ',', ';'];
/// What stands in numbers and dates besides digits.
const SIGNS: &str = ".,/:-–%+()<>#~$£€";

impl Ballot<'_> {
    /// Puts the characters that make a number or a known word of it in the place of those that look like them.
    /// What stands before a unit or what is counted is a number, so that it needs no digit of its own: `so mL`, `I tab`.
    pub(crate) fn adopt_kind(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let after = decisions.get(slots.end + 1..).unwrap_or_default();
        let after: String = after
            .iter()
            .map_while(|decision| Some(decision.winner).filter(|ch| *ch != Some(' ')))
            .flatten()
            .collect();
        let is_counted = self.expected.is_unit(&after)
            || COUNTED.contains(&after.trim_end_matches(MARKS).to_lowercase().as_str());
        let places: Vec<usize> = slots.filter(|&i| decisions[i].winner.is_some()).collect();
        let text: Vec<char> = places.iter().filter_map(|&i| decisions[i].winner).collect();
        let is_read = |at: usize, ch: char| self.network.slots[places[at]].has(ch);
        let changes = number(&text, is_counted)
            .filter(|changes| changes.iter().all(|(at, digit)| is_read(*at, *digit)))
            .or_else(|| word(&text, self.expected, is_read));
        for (at, ch) in changes.unwrap_or_default() {
            decisions[places[at]].overrule(Some(ch));
        }
    }
}

/// Which characters, by which digits, make a number of what is one but for them.
fn number(text: &[char], is_counted: bool) -> Option<Vec<(usize, char)>> {
    let looks_like = |list: &[(char, &str)], ch: char| {
        list.iter()
            .find(|(_, alike)| alike.contains(ch))
            .map(|(digit, _)| *digit)
    };
    if let (true, [one]) = (is_counted, text) {
        return looks_like(&INSIDE[..1], *one).map(|digit| vec![(0, digit)]);
    }
    let first = text.iter().find(|ch| ch.is_alphanumeric())?;
    let digits = text.iter().filter(|ch| ch.is_ascii_digit()).count();
    let least = if first.is_alphabetic() { DATE } else { 1 };
    if first.is_uppercase() || !(is_counted || digits >= least) {
        return None;
    }
    let mut changes = Vec::new();
    for (at, ch) in text.iter().enumerate() {
        if ch.is_ascii_digit() || SIGNS.contains(*ch) {
            continue;
        }
        let goes_on = text
            .get(at + 1)
            .is_some_and(|next| next.is_ascii_digit() || looks_like(&ALIKE, *next).is_some());
        let digit =
            looks_like(&ALIKE, *ch).or_else(|| looks_like(&INSIDE, *ch).filter(|_| goes_on))?;
        changes.push((at, digit));
    }
    Some(changes)
}

/// Which digits, by which letters, make a known word of one that is not, or the month of a date.
fn word(
    text: &[char],
    expected: &Words,
    is_read: impl Fn(usize, char) -> bool,
) -> Option<Vec<(usize, char)>> {
    let own: String = text.iter().collect();
    if !text.iter().any(|ch| ch.is_alphabetic()) || expected.has_term(&own) {
        return None;
    }
    let mut changes = Vec::new();
    let mut letters = text.to_vec();
    for (at, ch) in text.iter().enumerate() {
        let alike = ALIKE.iter().chain(&INSIDE).find(|(digit, _)| digit == ch);
        let read = alike.and_then(|(_, alike)| alike.chars().find(|letter| is_read(at, *letter)));
        if let Some(letter) = read {
            changes.push((at, letter));
            letters[at] = letter;
        }
    }
    let candidate: String = letters.iter().collect();
    (expected.has_term(&candidate) || expected.is_date(&candidate)).then_some(changes)
}

#[cfg(test)]
mod tests {
    use super::{number, word};
    use crate::priors::Words;

    fn changed(text: &str, changes: Option<Vec<(usize, char)>>) -> Option<String> {
        let mut text: Vec<char> = text.chars().collect();
        for (at, ch) in changes? {
            text[at] = ch;
        }
        Some(text.into_iter().collect())
    }

    #[test]
    fn letters_among_digits_are_digits_and_units_and_codes_stay() {
        for (text, want) in [
            ("85o", Some("850")),
            ("2o", Some("20")),
            ("28/o1/2026", Some("28/01/2026")),
            ("05/0z/2026", Some("05/02/2026")),
            ("8şo", Some("850")),
            ("1l0", Some("110")),
            ("o1/12/2026", Some("01/12/2026")),
            ("s02", None),
            ("5l", None),
            ("2g", None),
            ("10s", None),
            ("O2", None),
            ("I10", None),
            ("S1", None),
            ("1-o-1", Some("1-0-1")),
            ("$559.oo", Some("$559.00")),
            ("10mg", None),
            ("oo", None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let found = changed(text, number(&chars, false));
            assert_eq!(found.as_deref(), want, "{text}");
        }
        for (text, want) in [
            ("so", Some("50")),
            ("s0", Some("50")),
            ("I", Some("1")),
            ("a", None),
            ("is", None),
            ("of", None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let found = changed(text, number(&chars, true));
            assert_eq!(found.as_deref(), want, "{text} mL");
        }
    }

    #[test]
    fn digits_among_letters_are_letters_where_that_makes_a_known_word() {
        let words = Words::new(["dob", "spo2"]);
        for (text, read, want) in [
            ("D0B:", 'O', Some("DOB:")),
            ("Sp02", 'O', Some("SpO2")),
            ("b1d", 'i', Some("bid")),
            ("27-0CT-1985", 'O', Some("27-OCT-1985")),
            ("27N0V25", 'O', Some("27NOV25")),
            ("27A0V25", 'O', None),
            ("D0B:", 'Q', None),
            ("D0X", 'O', None),
            ("10", 'O', None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let found = word(&chars, &words, |_, ch| ch == read);
            assert_eq!(changed(text, found).as_deref(), want, "{text}");
        }
    }
}
