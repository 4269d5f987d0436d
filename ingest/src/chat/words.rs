//! Words as they are compared: lower case, British as American, without endings. Two words are alike when
//! one is a misreading's distance from the other.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Words that a question holds whatever it is about, and verbs of asking.
static COMMON: LazyLock<HashSet<String>> = LazyLock::new(|| {
    include_str!("common.txt")
        .split_whitespace()
        .map(stem)
        .collect()
});

/// Words of one meaning, a class a line: lay and medical names, and forms that no ending tells. Each is compared as
/// the first of its class.
static CLASSES: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let classes = include_str!("classes.txt").lines();
    classes
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .flat_map(|(first, others)| {
            let others = others.split(' ');
            others.map(move |word| (without_ending(word), first))
        })
        .collect()
});

/// Parts between anything but letters, digits and points within numbers, in lower case.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let text = text.replace('’', "'").replace("'s", " ");
    let chars: Vec<char> = text.chars().collect();
    for (n, c) in chars.iter().enumerate() {
        let digit = |at: Option<&char>| at.is_some_and(char::is_ascii_digit);
        let within =
            matches!(c, '.' | ',') && n > 0 && digit(chars.get(n - 1)) && digit(chars.get(n + 1));
        if c.is_alphanumeric() || within {
            word.extend(c.to_lowercase());
        } else if !matches!(c, '\'' | '’') && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// A word without its ending, in American spelling, or the first word of its class.
pub(crate) fn stem(word: &str) -> String {
    let stem = without_ending(word);
    let class = CLASSES.get(&stem);
    class.map_or(stem, |first| without_ending(first))
}

/// What a lay word is called otherwise; none of a form of the word itself.
pub(crate) fn otherwise(word: &str) -> Option<&'static str> {
    let first = *CLASSES.get(&without_ending(word))?;
    (first.get(..2) != word.to_lowercase().get(..2)).then_some(first)
}

fn without_ending(word: &str) -> String {
    let mut word = word.to_lowercase();
    if word.len() > 5 {
        word = word
            .replace("ae", "e")
            .replace("oe", "e")
            .replace("our", "or");
    }
    for ending in [
        "ations", "ation", "ingly", "ings", "ing", "edly", "ies", "ied", "ers", "er", "es", "ed",
        "ly", "s", "y", "e",
    ] {
        if let Some(rest) = word.strip_suffix(ending)
            && rest.len() >= 4
            && rest.chars().all(char::is_alphabetic)
        {
            let doubled = rest.as_bytes()[rest.len() - 1] == rest.as_bytes()[rest.len() - 2]
                && matches!(ending, "ing" | "ed" | "er" | "ers" | "ings")
                && !rest.ends_with(['s', 'l']);
            return rest[..rest.len() - usize::from(doubled)].to_owned();
        }
    }
    word
}

/// The words of a text in order.
pub(crate) fn stems(text: &str) -> Vec<String> {
    tokens(text).iter().map(|word| stem(word)).collect()
}

/// Does a question hold it whatever it is about?
pub(crate) fn is_common(stem: &str) -> bool {
    COMMON.contains(stem)
}

/// Is this word there, or one that is nearly spelt so?
pub(crate) fn holds(text: &[String], word: &str) -> bool {
    text.iter().any(|other| is_near(other, word))
}

/// Equal, or one letter apart in a long word.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if a.len().min(b.len()) < 6
        || a.len().abs_diff(b.len()) > 1
        || a.iter().chain(&b).any(char::is_ascii_digit)
    {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = |skip_a: usize, skip_b: usize| {
        a[(same + skip_a).min(a.len())..] == b[(same + skip_b).min(b.len())..]
    };
    tail(1, 1) || tail(1, 0) || tail(0, 1)
}

/// Words that begin with a capital inside a sentence: names.
pub(crate) fn names(text: &str) -> HashSet<String> {
    text.split_whitespace()
        .skip(1)
        .filter(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            bare.chars().next().is_some_and(char::is_uppercase)
                && bare.chars().skip(1).any(char::is_lowercase)
        })
        .flat_map(stems)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_near, otherwise, stem};

    #[test]
    fn spellings_and_endings_do_not_matter() {
        for (one, other) in [
            ("haemoglobin", "Hemoglobin"),
            ("allergies", "allergy"),
            ("prescribed", "prescribing"),
            ("tablets", "tablet"),
            ("tumour", "tumor"),
            ("stopped", "stop"),
            ("belly", "abdominal"),
            ("jabs", "vaccination"),
            ("anaemic", "anemia"),
            ("referral", "referred"),
        ] {
            assert_eq!(stem(one), stem(other), "{one}");
        }
        assert_eq!(otherwise("jabs"), Some("vaccination"));
        assert_eq!(otherwise("vaccinated"), None);
        assert_eq!(otherwise("ferritin"), None);
        assert!(is_near("bisoprolol", "bisopro1ol") || !is_near("5", "50"));
        assert!(is_near("amoxicilin", "amoxicillin"));
        assert!(!is_near("hydralazine", "hydroxyzine"));
    }
}
