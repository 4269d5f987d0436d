//! Whether two readings of a word mean the same: other numbers, units, drugs, results and flags do not, while
//! words that are only garbled do.

use crate::{
    lexicon::{Lexicon, distance},
    reading::{self, RESULTS, Value, is_stroke, likeness},
    sentinel::lookalikes,
    sig::{self, counts, is_form},
};

/// Does a reading mean something else than what stands in the text?
pub(super) fn differs(field: &str, printed: &str, read: &str, lexicon: &Lexicon) -> bool {
    if read.is_empty() || read == printed || is_mere_number(field, printed, read) {
        return false;
    }
    let (a, b) = (Value::of(printed), Value::of(read));
    // `1PO`: no route has digits, and a line beside it is one.
    if field == "route" {
        return words_differ(field, &a.letters, &b.letters, lexicon);
    }
    // A flag that stands at a number: what the number is, its own field asks.
    if field == "flag" && !a.numbers.is_empty() {
        let flag = |value: &Value| matches!(&*value.letters, "h" | "l" | "hh" | "ll");
        return flag(&b) && a.letters != b.letters;
    }
    // A digit in the place of a flag is none.
    if field == "flag" {
        return words_differ(field, &a.letters, &b.letters, lexicon);
    }
    if field != "frequency" && is_garbled_word(&a, &b) {
        return false;
    }
    // The powers of ten of a unit are read in many ways, and none of them is another unit.
    let wordy = a.numbers.is_empty() && (b.numbers.is_empty() || field == "frequency");
    if wordy || field == "unit" {
        return words_differ(field, &a.letters, &b.letters, lexicon);
    }
    if let Some(likeness) = likeness(read).filter(|_| field != "frequency") {
        // One letter is no reading of two digits; a stroke is one of anything.
        let whole = is_stroke(read)
            || likeness.len() > 2
            || a.numbers.iter().all(|own| own.len() == likeness.len());
        return a.letters.is_empty() && whole && a.numbers != [likeness];
    }
    // Letters are no other number.
    if b.numbers.is_empty() && unit_of(&b.letters).is_none() {
        return false;
    }
    if field == "value" && a.letters.is_empty() && reading::is_garbled_number(&b) {
        return false;
    }
    a.numbers != b.numbers && !b.numbers.is_empty() || units_differ(&a.letters, &b.letters)
}

/// `6b` for `tab`, `10g` and `ng` for `mg`: what is no number and no other unit that products have.
fn is_garbled_word(printed: &Value, read: &Value) -> bool {
    let mixed = !read.numbers.is_empty() && read.letters.contains(char::is_alphabetic);
    let word = printed.numbers.is_empty() && is_form(&printed.letters);
    let milligrams = printed.letters == "mg"
        && match read.letters.as_str() {
            // Nobody is given nanograms.
            "ng" => read.numbers == printed.numbers || printed.numbers.is_empty(),
            "g" => printed.numbers.is_empty() && read.numbers == ["10"],
            _ => false,
        };
    word && mixed && unit_of(&read.letters).is_none() || milligrams
}

/// As an engine writes it: it reads the middle of `mcg` as an e or a q.
pub(super) fn unit_of(letters: &str) -> Option<&'static str> {
    match letters {
        "meg" | "mcq" => Some("mcg"),
        letters => sig::unit_of(letters),
    }
}

/// A number where a unit or a form is printed is the reading of a neighbour and no other unit.
fn is_mere_number(field: &str, printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    matches!(field, "strength" | "dose")
        && a.numbers.is_empty()
        && a.letters.chars().count() > 1
        && (unit_of(&a.letters).is_some() || is_form(&a.letters))
        && b.letters.is_empty()
        && !b.numbers.is_empty()
}

pub(super) fn is_name(field: &str) -> bool {
    matches!(field, "name" | "unit" | "flag" | "frequency" | "route")
}

fn words_differ(field: &str, printed: &str, read: &str, lexicon: &Lexicon) -> bool {
    if printed == read || read.is_empty() {
        return false;
    }
    if field == "name" {
        return lexicon.is_any_drug(read)
            || !lexicon.is_any_drug(printed)
            || is_nearer_lookalike(printed, read);
    }
    // Before units: the flag `L` is no litre.
    if field == "flag" {
        // `HICH` is `HIGH`; what is no flag says nothing against one.
        let longer = printed.len() > GARBLED && distance(printed, read, GARBLED).is_some();
        return !longer && FLAGS.contains(&read);
    }
    if unit_of(printed).is_some() {
        return units_differ(printed, read);
    }
    match field {
        "value" if RESULTS.contains(&printed) => is_nearer_result(printed, read),
        // A value that is a word may be any word; a letter more or less is none.
        "value" => distance(printed, read, 1).is_none(),
        "route" => ROUTES.contains(&printed) && ROUTES.contains(&read),
        _ => counts(read) || unit_of(read).is_some() && field != "unit",
    }
}

/// Words that routes are told apart by, in lower case: a misread one that is another of them is another route.
const ROUTES: [&str; 24] = [
    "po", "iv", "im", "sc", "s/c", "sq", "sl", "pr", "pv", "ng", "inh", "neb", "top", "td", "ou",
    "os", "od", "left", "right", "both", "eye", "ear", "eyes", "ears",
];

/// What flags are written as, in lower case.
const FLAGS: [&str; 11] = [
    "h", "l", "hh", "ll", "a", "n", "high", "low", "abn", "abnormal", "critical",
];

/// Is it another result that tests have, or more like another one?
fn is_nearer_result(printed: &str, read: &str) -> bool {
    let far = |word: &str| (0..=GARBLED).find(|n| distance(word, read, *n).is_some());
    let own = far(printed);
    RESULTS
        .iter()
        .filter(|other| **other != printed)
        .filter_map(|other| far(other))
        .any(|other| own.is_none_or(|own| other < own))
}

/// Letters of a name that an engine may garble.
pub(super) const GARBLED: usize = 2;

/// Is it this name with a letter or two misread?
pub(super) fn is_garbled(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    distance(&a.letters, &b.letters, GARBLED).is_some()
}

/// A garbled `①xycodone` is no misreading of hydrocodone, but of the name that hydrocodone is confused with.
fn is_nearer_lookalike(printed: &str, read: &str) -> bool {
    let far = |name: &str| (0..=GARBLED).find(|n| distance(name, read, *n).is_some());
    let own = far(printed);
    lookalikes(printed)
        .filter_map(far)
        .any(|other| own.is_none_or(|own| other < own))
}

/// Two units, and not one that lost what stands below its line.
fn units_differ(printed: &str, read: &str) -> bool {
    let (one, other) = (unit_of(printed), unit_of(read));
    let cut = printed.contains('/') && !read.contains('/');
    one.is_some() && other.is_some() && one != other && !cut
}
