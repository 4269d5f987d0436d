//! Small figures. A power of ten has its exponent raised, `10⁹/L`, which recognisers take for a degree sign or for
//! one more figure; and of a vulgar fraction, `½`, a recogniser may read the denominator once more.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use crate::{parties::Decision, vote::Ballot};

const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const FRACTIONS: &str = "¼½¾⅓⅔⅛";
const DEGREES: &str = "°º";
/// Roman numerals of one letter.
const ROMAN: std::ops::RangeInclusive<char> = 'Ⅰ'..='ⅿ';
/// Counts are thousands of millions a litre.
const EXPONENT: char = '9';

impl Ballot<'_> {
    /// Puts a raised 9 in the place of a degree sign in `10°/L`, and of nothing in `10/L`, where an engine read that
    /// figure, and takes out a digit behind a fraction.
    pub(crate) fn adopt_raised(&self, slots: Range<usize>, decisions: &mut [Decision]) {
        let places: Vec<usize> = slots.filter(|&i| decisions[i].winner.is_some()).collect();
        let text: Vec<char> = places.iter().filter_map(|&i| decisions[i].winner).collect();
        if let Some(at) = degree(&text)
            && self.network.slots[places[at]].has(EXPONENT)
        {
            decisions[places[at]].overrule(Some('⁹'));
        }
        if let Some(at) = bare_power(&text)
            && let Some(silent) = (places[at - 1] + 1..places[at])
                .find(|&place| self.network.slots[place].has(EXPONENT))
        {
            decisions[silent].overrule(Some('⁹'));
        }
        for at in 1..text.len() {
            if FRACTIONS.contains(text[at - 1]) && text[at].is_ascii_digit() {
                // What stands before the fraction may be another piece of it.
                for &place in &places[..at] {
                    decisions[place].posterior = decisions[place].posterior.min(0.5);
                }
                decisions[places[at]].overrule(None);
            }
        }
    }
}

/// Where the degree sign stands in `10°/L`: no temperature has a slash behind it.
fn degree(text: &[char]) -> Option<usize> {
    (2..text.len().saturating_sub(1)).find(|&at| {
        DEGREES.contains(text[at])
            && text[at - 2..at] == ['1', '0']
            && text[at + 1] == '/'
            && (at < 3 || !text[at - 3].is_ascii_digit())
    })
}

/// Where the slash stands in `10/L`: nothing is counted by ten litres.
fn bare_power(text: &[char]) -> Option<usize> {
    let at = text
        .windows(4)
        .position(|part| part == ['1', '0', '/', 'L'])?
        + 2;
    let inside = at > 2 && (text[at - 3].is_ascii_digit() || text[at - 3] == '.');
    (!inside).then_some(at)
}

/// `109/L`, `×103/µL`: the exponent of what cells are counted in, read as if it stood on the line. How many bytes stand
/// before it.
fn sunk_exponent(word: &str) -> Option<usize> {
    const COUNTED: [&str; 8] = ["9/L", "12/L", "6/L", "3/L", "3/µL", "3/μL", "6/µL", "6/μL"];
    let unit = word.trim_end_matches([',', ';', '.', ')']);
    let ten = unit.trim_start_matches(['×', 'x', 'X', '(']);
    let counted = ten.strip_prefix("10")?.replace("/uL", "/µL");
    COUNTED
        .contains(&&*counted)
        .then(|| unit.len() - ten.len() + 2)
}

/// A word as it is written in one line: the exponent of a ten behind a caret, `10^9/L`, as a recogniser that has no
/// letter for it writes it too, and Roman numerals in letters, `II`, for which one has a letter of its own.
pub(crate) fn written(word: &str) -> String {
    if let Some(at) = sunk_exponent(word) {
        return format!("{}^{}", &word[..at], &word[at..]);
    }
    let mut line = String::with_capacity(word.len());
    let mut raised = false;
    for ch in word.chars() {
        let figure = RAISED.chars().zip('0'..='9').find(|(up, _)| *up == ch);
        match figure {
            Some((_, figure)) if raised || is_ten(&line) => {
                if !raised {
                    line.push('^');
                }
                line.push(figure);
                raised = true;
            }
            _ if ROMAN.contains(&ch) => line.extend(ch.nfkc()),
            _ => {
                line.push(ch);
                raised = false;
            }
        }
    }
    line
}

/// Does it end in a ten, and in no longer number?
fn is_ten(text: &str) -> bool {
    text.strip_suffix("10")
        .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
}

#[cfg(test)]
mod tests {
    use super::{bare_power, degree, written};

    #[test]
    fn exponents_of_ten_are_told_from_degrees_and_squares() {
        for (text, want) in [
            ("10°/L", Some(2)),
            ("×10°/L", Some(3)),
            ("10°C", None),
            ("110°/L", None),
            ("37°", None),
            ("10°", None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(degree(&chars), want, "{text}");
        }
        for (word, want) in [
            ("10⁹/L", "10^9/L"),
            ("×10¹²/L", "×10^12/L"),
            (">10⁵", ">10^5"),
            ("Ⅱ", "II"),
            ("ⅳ.", "iv."),
            ("kg/m²", "kg/m²"),
            ("1.73m²", "1.73m²"),
            ("2010²", "2010²"),
            ("10^9/L", "10^9/L"),
            ("109/L", "10^9/L"),
            ("×109/L,", "×10^9/L,"),
            ("x1012/L", "x10^12/L"),
            ("103/uL", "10^3/uL"),
            ("109/min", "109/min"),
            ("1109/L", "1109/L"),
            ("10/L", "10/L"),
        ] {
            assert_eq!(written(word), want);
        }
    }

    #[test]
    fn a_count_by_ten_litres_has_lost_its_exponent() {
        for (text, want) in [
            ("10/L", Some(2)),
            ("×10/L", Some(3)),
            ("110/L", None),
            ("1.10/L", None),
            ("10/min", None),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(bare_power(&chars), want, "{text}");
        }
    }
}
