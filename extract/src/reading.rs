//! What one reading of a word says and what it can be a slip of: the numbers and letters in it, however they are
//! written, and the marks of how engines misread: points that are lost or stray, characters that are cut off or
//! caught from a neighbour, letters for digits. Limit: one word beside one reading; who reads it, and how surely,
//! [`crate::dissent`] weighs.

use std::sync::LazyLock;

use regex::Regex;

use crate::sig::unit_of;

/// A word as numbers and letters.
#[derive(Debug, PartialEq)]
pub(crate) struct Value {
    /// Digits with their points; letters that stand among digits are the digits that they look like.
    pub numbers: Vec<String>,
    /// In lower case.
    pub letters: String,
}

impl Value {
    pub fn of(word: &str) -> Self {
        static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"[0-9OoIl|@QS&]*[0-9][0-9OoIl|@QS&]*(?:[.,·][0-9OoIl|@QS&]+)*|\b[LOoQ][.,][0-9]+|@[.,][0-9]+|[.,][0-9]+")
                .expect("a valid expression")
        });
        static SPACED_POINT: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\s*([.,·])\s*").expect("a valid expression"));
        let digit = |c: char| match c {
            'O' | 'o' | '@' | 'Q' => '0',
            'I' | 'l' | 'L' | '|' => '1',
            'S' => '5',
            '&' => '8',
            ',' | '·' => '.',
            c => c,
        };
        // An engine may see spaces around a point, or between the digits of what is nothing but a number.
        let word: String = if word.contains(char::is_alphabetic) {
            SPACED_POINT.replace_all(word, "$1").into_owned()
        } else {
            word.chars().filter(|c| !c.is_whitespace()).collect()
        };
        // `.3,8`: a number has one point, and the mark before it is dirt.
        let pointed = |rest: &&str| {
            rest.contains(['.', ',', '·']) && rest.starts_with(|c: char| c.is_ascii_digit())
        };
        let word = match word.strip_prefix(['.', ',', '·']).filter(pointed) {
            Some(rest) => rest.to_owned(),
            None => word,
        };
        let mut numbers = Vec::new();
        let mut rest = String::new();
        let mut at = 0;
        for found in NUMBER.find_iter(&word) {
            // `ril10` is no 110: a letter that ends a word is no digit.
            let joined = word[..found.start()].ends_with(char::is_alphabetic);
            let letters = if joined {
                let number = found.as_str().trim_start_matches(char::is_alphabetic);
                found.len() - number.len()
            } else {
                0
            };
            rest.push_str(&word[at..found.start() + letters]);
            at = found.end();
            let number: String = found.as_str()[letters..].chars().map(digit).collect();
            numbers.push(with_zero_point(number));
        }
        rest.push_str(&word[at..]);
        let letters = rest
            .chars()
            .filter(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '<' | '>'))
            .flat_map(char::to_lowercase)
            .collect();
        Self { numbers, letters }
    }
}

/// `04` is 0.4: nobody prints a zero before the digits of a whole number.
fn with_zero_point(number: String) -> String {
    let digits = number.len() > 1 && number.bytes().all(|b| b.is_ascii_digit());
    let zero = number.starts_with('0') && number.bytes().any(|b| b != b'0');
    if digits && zero {
        return format!("0.{}", &number[1..]);
    }
    number
}

/// Is the value the same, whatever marks and spaces stand in it?
pub(crate) fn agrees(field: &str, printed: &str, read: &str) -> bool {
    let a = Value::of(printed);
    let numeric = !a.numbers.is_empty() && field != "name";
    let same = |b: &Value| {
        // A mark behind a number is a flag, however it is read.
        let marked = |text: &str| !text.ends_with(|c: char| c.is_alphanumeric());
        if field == "flag" && numeric {
            return a.numbers == b.numbers && marked(printed) == marked(read);
        }
        let stray = field == "value" && is_dirt(&a, b);
        let mark = field == "value" && printed.ends_with('*') && b.letters == "%";
        let letters = a.letters == b.letters || stray || mark;
        a.numbers == b.numbers && letters && (numeric || !a.letters.is_empty())
    };
    let alike = numeric && a.letters.is_empty() && likeness(read).is_some_and(|n| a.numbers == [n]);
    same(&Value::of(read)) || alike || numeric && other_writings(read).iter().any(same)
}

/// Letters beside the same number that are no unit are dirt: `LL_0.38`.
fn is_dirt(printed: &Value, read: &Value) -> bool {
    printed.letters.is_empty()
        && read.letters.chars().all(char::is_alphabetic)
        && read.letters.chars().count() > 1
        && unit_of(&read.letters).is_none()
}

/// What a reading may be meant for: a closing bracket that nothing opens is a one, the nine of `5m9` and the
/// letter of `Smg` stand for what they look like.
fn other_writings(read: &str) -> Vec<Value> {
    let mut out = Vec::new();
    if !read.contains(['(', '[', '{']) && read.contains([']', ')', '}']) {
        out.push(Value::of(&read.replace([']', ')', '}'], "1")));
    }
    for sign in ["%0", "%o", "%O"] {
        if let Some(share) = read.strip_suffix(sign) {
            out.push(Value::of(&format!("{share}%")));
        }
    }
    let (head, tail) = read
        .char_indices()
        .rev()
        .nth(1)
        .map_or(("", read), |(at, _)| read.split_at(at));
    if matches!(tail, "m9" | "mq") {
        out.push(Value::of(&format!("{head}mg")));
    }
    if let Some(unit) = read.strip_prefix('S')
        && unit_of(&unit.to_lowercase()).is_some()
    {
        out.push(Value::of(&format!("5{unit}")));
    }
    out
}

/// A slip of one engine where others agree: of results a point or an end that is lost, or a point before whole
/// digits; of a share the sign that became a digit (`18` for `1%`).
pub(crate) fn is_slip(field: &str, printed: &str, read: &str) -> bool {
    match field {
        "value" => is_cut(printed, read) || has_a_stray_point(printed, read),
        "strength" | "dose" => has_a_swallowed_percent(printed, read),
        _ => false,
    }
}

/// `418` and `8` for `41.8`: engines lose points and the characters at the ends of a word far more often than two
/// of them invent the same. Zeros that are lost are no slip: `10` and `100` are both results.
fn is_cut(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([whole], [cut]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    let ahead = whole.len() > cut.len() && whole.ends_with(cut.as_str());
    let behind = whole
        .strip_prefix(cut.as_str())
        .is_some_and(|lost| lost.contains(|c: char| c.is_ascii_digit() && c != '0'));
    is_pointless(printed, read) || ahead || behind
}

/// The same digits, with a point in one of them alone.
pub(crate) fn has_same_digits(printed: &str, read: &str) -> bool {
    is_pointless(printed, read) || is_pointless(read, printed)
}

/// The same digits without the point.
fn is_pointless(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([whole], [read]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    whole.replace('.', "") == *read && whole != read
}

/// `.90` for `90`: a fraction is printed with its zero.
fn has_a_stray_point(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([whole], [read]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    read.strip_prefix('.') == Some(whole)
}

/// `78.83` for `8.83`: a line or the end of a neighbour before the number.
pub(crate) fn has_a_stray_digit(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([own], [read]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    read.len() == own.len() + 1 && read.ends_with(own.as_str())
}

/// `416` for `16`: a ruled line before the number, which looks like these digits.
pub(crate) fn has_a_line_before(printed: &str, read: &str) -> bool {
    has_a_stray_digit(printed, read)
        && Value::of(read)
            .numbers
            .first()
            .is_some_and(|number| number.starts_with(['1', '4', '7']))
}

/// `3a`, `Tair5`: letters that are neither unit nor flag touch the digits, so that nothing was read for a number.
pub(crate) fn is_garbled_number(read: &Value) -> bool {
    let letters = read.letters.as_str();
    let unit = unit_of(letters).is_some() && letters.len() > 1;
    let flag = matches!(letters, "h" | "l" | "hh" | "ll" | "a");
    letters.contains(char::is_alphabetic) && !letters.contains('/') && !unit && !flag
}

/// A result as a word, of those that tests of strips and smears have.
pub(crate) const RESULTS: [&str; 26] = [
    "negative",
    "positive",
    "trace",
    "small",
    "moderate",
    "large",
    "few",
    "many",
    "none",
    "clear",
    "cloudy",
    "turbid",
    "hazy",
    "yellow",
    "amber",
    "straw",
    "normal",
    "abnormal",
    "reactive",
    "nonreactive",
    "detected",
    "present",
    "absent",
    "rare",
    "occasional",
    "heavy",
];

fn has_a_swallowed_percent(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([own], [read]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    let digits = read.strip_prefix(own.as_str()).unwrap_or_default();
    let sign = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    a.letters == "%" && b.letters.is_empty() && sign && !digits.starts_with('0')
}

/// `09` with its point where `10.7` has it: an engine that lost it may still have seen another digit.
pub(crate) fn with_point(read: &str, own: &str) -> Option<String> {
    let decimals = own.split_once('.')?.1.len();
    let whole = read
        .len()
        .checked_sub(decimals)
        .filter(|whole| *whole > 0)?;
    let digits = read.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("{}.{}", &read[..whole], &read[whole..]))
}

pub(crate) fn is_stroke(read: &str) -> bool {
    !read.is_empty() && likeness(read).is_some_and(|number| number.chars().all(|c| c == '1'))
}

/// More letters that all look like digits are a word.
const LONGEST_LIKENESS: usize = 4;

/// The number that some letters and signs look like, `]` like 1, `S` like 5 and `|QO` like 100: it speaks for that
/// number and against any other. Letters that are rarely digits (`AO`) are only so beside one that often is.
pub(crate) fn likeness(read: &str) -> Option<String> {
    let often = |c: char| match c {
        'l' | 'I' | '|' | ']' | '[' | '!' | 'j' | '{' | '}' => Some('1'),
        'O' | 'o' | 'Q' => Some('0'),
        'S' | '$' => Some('5'),
        'Z' => Some('2'),
        'B' | '&' => Some('8'),
        _ => None,
    };
    let rarely = |c: char| match c {
        'A' => Some('4'),
        'G' | 'b' => Some('6'),
        'g' | 'q' => Some('9'),
        _ => None,
    };
    let count = read.chars().count();
    let anchored = count == 2 && read.chars().any(|c| often(c).is_some());
    let digit = |c: char| often(c).or_else(|| rarely(c).filter(|_| anchored));
    (1..=LONGEST_LIKENESS)
        .contains(&count)
        .then(|| read.chars().map(digit).collect())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Value, agrees, has_a_stray_digit, has_same_digits, is_slip, likeness};

    #[test]
    fn numbers_of_a_word() {
        for (word, numbers, letters) in [
            ("5OO", &["500"][..], ""),
            ("0 . 024", &["0.024"], ""),
            ("7.50 )", &["7.50"], ""),
            ("ril 10", &["10"], "ril"),
            ("ril10", &["10"], "ril"),
            ("04", &["0.4"], ""),
            ("0", &["0"], ""),
            ("L.0", &["1.0"], ""),
            ("10mL", &["10"], "ml"),
            ("l0", &["10"], ""),
        ] {
            let value = Value::of(word);
            assert_eq!(
                (&value.numbers[..], &*value.letters),
                (
                    &*numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(),
                    letters
                ),
                "{word}"
            );
        }
    }

    #[test]
    fn the_same_value_in_other_writing() {
        for (field, printed, read, same) in [
            ("value", "0.38", "LL_0.38", true),
            ("value", "0.38", "<0.38", false),
            ("value", "0.38", "Li 038,", true),
            ("value", "571", "57)", true),
            ("value", "57", "(57)", true),
            ("value", "131*", "13] *", true),
            ("value", "6.4*", "\u{201c}6.4%", true),
            ("value", "5", "S", true),
            ("value", "5", "6", false),
            ("strength", "5mg", "5m9", true),
            ("strength", "5mg", "Smg", true),
            ("strength", "5mg", "5mcg", false),
            ("strength", "50", "50mg", false),
            ("strength", "0.4", "04", true),
            ("strength", "40", "04", false),
            ("strength", "0.4", "o.4", true),
            ("value", "0.80", "@.80", true),
            ("strength", "100", "|QO", true),
            ("strength", "10", "|QO", false),
            ("strength", "2.5%", "2.5%0", true),
        ] {
            assert_eq!(agrees(field, printed, read), same, "{printed} {read}");
        }
    }

    #[test]
    fn slips_have_forms() {
        for (field, printed, read, slip) in [
            ("value", "41.8", "418", true),
            ("value", "41.8", "8", true),
            ("value", "100", "10", false),
            ("value", "90", ".90", true),
            ("value", "90", "0.90", false),
            ("strength", "1%", "18", true),
            ("strength", "0.5%", "0.58", true),
            ("strength", "1%", "10", false),
            ("strength", "1%", "2", false),
            ("strength", "1", "18", false),
        ] {
            assert_eq!(is_slip(field, printed, read), slip, "{printed} {read}");
        }
        assert!(has_same_digits("23", ".23") && has_same_digits("2.3", "23"));
        assert!(!has_same_digits("23", "23") && !has_same_digits("23", "2.4"));
        assert!(has_a_stray_digit("8.83", "78.83"));
        assert!(!has_a_stray_digit("8.83", "8.38"));
        assert!(!has_a_stray_digit("25", "250"));
    }

    #[test]
    fn letters_that_look_like_numbers() {
        for (read, number) in [
            ("]", Some("1")),
            ("AO", Some("40")),
            ("A", None),
            ("ce", None),
            ("gS", Some("95")),
        ] {
            assert_eq!(likeness(read).as_deref(), number, "{read}");
        }
    }
}
