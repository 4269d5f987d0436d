//! Whether an engine reads another value at the words of a dangerous field. Engines that only garble a word
//! (`Lisinoprll`, `5OO`) say nothing against it; one that reads another number, another unit, another drug
//! or another flag does, unless it hardly believes itself.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Engine, Vote};

use crate::{
    lexicon::{Lexicon, distance},
    sentinel::lookalikes,
    sig::{counts, unit_of},
};

/// A vote below this calibrated confidence is no reason to stop a person's work. Chosen by
/// `benches --bin sentinel`: all mutations of two engines' readings are still caught.
const HEARD: f32 = 0.4;

/// Readers this sure of the same value make up for a word that the vote is unsure of.
const SURE: f32 = 0.7;

/// A word of a dangerous field and what was read there.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a> {
    pub field: &'static str,
    pub printed: &'a str,
    pub votes: &'a [Vote],
}

/// Why the votes make a word of a field doubtful; none when they do not. `refuted` says of a reading, as number
/// or word, that it cannot be what is printed here, while the second, what the word says, can.
pub(crate) fn of(
    word: Word,
    lexicon: &Lexicon,
    refuted: &dyn Fn(&str, &str) -> bool,
) -> Option<String> {
    let Word {
        field,
        printed,
        votes,
    } = word;
    if votes.is_empty() {
        return None;
    }
    let readers = votes.iter().filter(|vote| vote.confidence.get() > 0.0);
    let whole = votes.iter().any(|vote| vote.engine == Engine::PdfText);
    let same = |vote: &&Vote| vote.text == printed || agrees(field, printed, &vote.text);
    let supporters = readers.clone().filter(same).count();
    let silent = readers.clone().filter(|vote| vote.text.is_empty()).count();
    if readers.clone().count() < 2 + silent && !whole {
        return Some(format!("only one engine read the {field}"));
    }
    // A stroke is a one, which no engine is sure of.
    let stroke = |vote: &Vote| !is_name(field) && is_stroke(&vote.text);
    let other = readers
        .filter(|vote| vote.confidence.get() >= HEARD || supporters < 2 || stroke(vote))
        .filter(|vote| differs(field, printed, &vote.text, lexicon))
        .any(|vote| {
            let slip = field == "value" && supporters > 1 && is_cut(printed, &vote.text);
            !slip && !is_refuted(field, printed, &vote.text, refuted)
        });
    other.then(|| format!("the engines disagree about the {field}"))
}

/// Do two readers at least say what is printed, each of them sure, and nobody anything that could stand there
/// instead? Then the word is not doubtful only because they write it in several ways. Where all write it the
/// same, what made the vote doubt it is something else.
pub(crate) fn is_agreed(
    word: Word,
    lexicon: &Lexicon,
    refuted: &dyn Fn(&str, &str) -> bool,
) -> bool {
    let Word {
        field,
        printed,
        votes,
    } = word;
    let readers = votes
        .iter()
        .filter(|vote| vote.confidence.get() > 0.0 && !vote.text.is_empty());
    let (same, others): (Vec<&Vote>, Vec<&Vote>) =
        readers.partition(|vote| agrees(field, printed, &vote.text));
    let sure = same.iter().filter(|vote| vote.confidence.get() >= SURE);
    let written_alike = others.is_empty() && same.iter().all(|vote| vote.text == printed);
    sure.count() > 1
        && !written_alike
        && others.iter().all(|vote| {
            let other = field == "name" && !is_garbled(printed, &vote.text);
            // Whoever lost the digits may have seen others.
            let lost = !Value::of(printed).numbers.is_empty();
            let against = other || lost || differs(field, printed, &vote.text, lexicon);
            !against || is_refuted(field, printed, &vote.text, refuted)
        })
}

/// Is it this name with a letter or two misread?
fn is_garbled(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    distance(&a.letters, &b.letters, GARBLED).is_some()
}

/// Is the value the same, whatever marks and spaces stand in it?
fn agrees(field: &str, printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let numeric = !a.numbers.is_empty() && field != "name";
    // A mark behind a number is a flag, however it is read.
    let marked = |text: &str| !text.ends_with(|c: char| c.is_alphanumeric());
    if field == "flag" && numeric {
        return a.numbers == b.numbers && marked(printed) == marked(read);
    }
    a.numbers == b.numbers && a.letters == b.letters && (numeric || !a.letters.is_empty())
}

/// `418` and `8` for `41.8`: engines lose points and the characters at the ends of a word far more often than two
/// of them invent the same. Zeros that are lost are no slip: `10` and `100` are both results.
fn is_cut(printed: &str, read: &str) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    let ([whole], [cut]) = (&a.numbers[..], &b.numbers[..]) else {
        return false;
    };
    let pointless = whole.replace('.', "") == *cut && whole != cut;
    let ahead = whole.len() > cut.len() && whole.ends_with(cut.as_str());
    let behind = whole
        .strip_prefix(cut.as_str())
        .is_some_and(|lost| lost.contains(|c: char| c.is_ascii_digit() && c != '0'));
    pointless || ahead || behind
}

fn is_refuted(
    field: &str,
    printed: &str,
    read: &str,
    refuted: &dyn Fn(&str, &str) -> bool,
) -> bool {
    let (a, b) = (Value::of(printed), Value::of(read));
    match field {
        "value" | "strength" | "dose" => {
            let ([own], false) = (&a.numbers[..], b.numbers.is_empty()) else {
                return false;
            };
            let other = b.numbers.join(".");
            let units = a.letters == b.letters || b.letters.is_empty();
            let could_be = [
                Some(other.trim_start_matches('.').to_owned()),
                with_point(&other, own),
            ];
            units
                && [other]
                    .into_iter()
                    .chain(could_be.into_iter().flatten())
                    .all(|other| other == *own || refuted(own, &other))
        }
        "flag" | "frequency" => refuted(printed, read),
        _ => false,
    }
}

/// `09` with its point where `0.7` has it: an engine that lost it may still have seen another digit.
fn with_point(read: &str, own: &str) -> Option<String> {
    let decimals = own.split_once('.')?.1.len();
    let whole = read
        .len()
        .checked_sub(decimals)
        .filter(|whole| *whole > 0)?;
    let digits = read.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("{}.{}", &read[..whole], &read[whole..]))
}

/// Does a reading mean something else than what stands in the text?
fn differs(field: &str, printed: &str, read: &str, lexicon: &Lexicon) -> bool {
    if read.is_empty() || read == printed {
        return false;
    }
    let (a, b) = (Value::of(printed), Value::of(read));
    // A flag that stands at a number: what the number is, its own field asks.
    if field == "flag" && !a.numbers.is_empty() {
        let flag = |value: &Value| matches!(&*value.letters, "h" | "l" | "hh" | "ll");
        return flag(&b) && a.letters != b.letters;
    }
    // The powers of ten of a unit are read in many ways, and none of them is another unit.
    let wordy = a.numbers.is_empty() && (b.numbers.is_empty() || field == "frequency");
    if wordy || field == "unit" {
        return words_differ(field, &a.letters, &b.letters, lexicon);
    }
    if let Some(likeness) = likeness(read).filter(|_| field != "frequency") {
        return a.letters.is_empty() && a.numbers != [likeness];
    }
    // Letters are no other number.
    if b.numbers.is_empty() && unit_of(&b.letters).is_none() {
        return false;
    }
    a.numbers != b.numbers && !b.numbers.is_empty() || units_differ(&a.letters, &b.letters)
}

fn is_name(field: &str) -> bool {
    matches!(field, "name" | "unit" | "flag" | "frequency" | "route")
}

fn is_stroke(read: &str) -> bool {
    !read.is_empty() && likeness(read).is_some_and(|number| number.chars().all(|c| c == '1'))
}

/// The number that one or two letters and signs look like, `]` like 1 and `S` like 5: it speaks for that number
/// and against any other.
fn likeness(read: &str) -> Option<String> {
    let digit = |c: char| match c {
        'l' | 'I' | '|' | ']' | '[' | '!' | 'j' => Some('1'),
        'O' | 'o' | 'Q' => Some('0'),
        'S' | '$' => Some('5'),
        'Z' => Some('2'),
        'B' | '&' => Some('8'),
        _ => None,
    };
    let short = (1..=2).contains(&read.chars().count());
    short.then(|| read.chars().map(digit).collect()).flatten()
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
        return true;
    }
    if unit_of(printed).is_some() {
        return units_differ(printed, read);
    }
    match field {
        // A value that is a word may be any word; a letter more or less is none.
        "value" => distance(printed, read, 1).is_none(),
        _ => counts(read) || unit_of(read).is_some() && field != "unit",
    }
}

/// Letters of a name that an engine may garble.
const GARBLED: usize = 2;

/// A garbled `①xycodone` is no misreading of hydrocodone, but of the name that hydrocodone is confused with.
fn is_nearer_lookalike(printed: &str, read: &str) -> bool {
    distance(printed, read, GARBLED).is_none()
        && lookalikes(printed).any(|other| distance(other, read, GARBLED).is_some())
}

/// Two units, and not one that lost what stands below its line.
fn units_differ(printed: &str, read: &str) -> bool {
    let (one, other) = (unit_of(printed), unit_of(read));
    let cut = printed.contains('/') && !read.contains('/');
    one.is_some() && other.is_some() && one != other && !cut
}

/// A word as numbers and letters.
#[derive(Debug)]
struct Value {
    /// Digits with their points; letters that stand among digits are the digits that they look like.
    numbers: Vec<String>,
    /// In lower case.
    letters: String,
}

impl Value {
    fn of(word: &str) -> Self {
        static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"[0-9OoIl|@QS&]*[0-9][0-9OoIl|@QS&]*(?:[.,·][0-9OoIl|@QS&]+)*|[.,][0-9]+")
                .expect("a valid expression")
        });
        let digit = |c: char| match c {
            'O' | 'o' | '@' | 'Q' => '0',
            'I' | 'l' | '|' => '1',
            'S' => '5',
            '&' => '8',
            ',' | '·' => '.',
            c => c,
        };
        // An engine may see spaces around a point.
        let word: String = word.chars().filter(|c| !c.is_whitespace()).collect();
        let numbers = NUMBER
            .find_iter(&word)
            .map(|found| found.as_str().chars().map(digit).collect())
            .collect();
        let letters = NUMBER
            .replace_all(&word, "")
            .chars()
            .filter(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '<' | '>'))
            .flat_map(char::to_lowercase)
            .collect();
        Self { numbers, letters }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Confidence, Engine, Vote};

    use super::{HEARD, Word, is_agreed, of};
    use crate::Lexicon;

    #[test]
    fn other_values_count_and_garbled_ones_do_not() {
        let lexicon = Lexicon::builtin();
        for (field, printed, read, doubtful) in [
            ("strength", "500", "500", false),
            ("strength", "500", "5OO", false),
            ("strength", "500", "50", true),
            ("strength", "1.0", "10", true),
            ("strength", "1.0", "1,0", false),
            ("strength", "500mg", "500mg.", false),
            ("strength", "500mg", "500mcg", true),
            ("strength", "mg", "mcg", true),
            ("strength", "mg", "mq", false),
            ("strength", "mg", "", false),
            ("name", "Lisinopril", "Lisinoprll", false),
            ("name", "Hydroxyzine", "hydroxyzine", false),
            ("name", "Hydroxyzine", "Hydralazine", true),
            ("name", "Hydroxyzine", "ydralazine", true),
            ("flag", "H", "L", true),
            ("flag", "L", "H", true),
            ("value", "Negative", "Positive", true),
            ("frequency", "daily", "dally", false),
            ("frequency", "BID", "TID", true),
            ("frequency", "once", "twice", true),
            ("value", "5", "S", false),
            ("value", "6", "S", true),
            ("dose", "1", "]", false),
            ("dose", "7", "]", true),
            ("dose", "7", "em", false),
            ("value", "0.024", "0 . 024", false),
            ("value", "120", "12@", false),
            ("value", "Trace", "Trce", false),
            ("unit", "10^9/L", "10*9/1", false),
            ("unit", "mmol/L", "mmoL", false),
            ("unit", "mg/dL", "g/dL", true),
            ("unit", "%", "90", false),
        ] {
            let votes = [
                (Engine::Paddle, printed),
                (Engine::Tesseract, printed),
                (Engine::Easyocr, read),
            ]
            .map(|(engine, text)| Vote {
                engine,
                text: text.into(),
                confidence: Confidence::new(0.9),
            });
            let said = |votes: &[Vote]| {
                let word = Word {
                    field,
                    printed,
                    votes,
                };
                of(word, &lexicon, &|_, _| false)
            };
            let reason = said(&votes);
            assert_eq!(
                reason.is_some(),
                doubtful,
                "{field} {printed} {read}: {reason:?}"
            );
            let [a, b, mut c] = votes;
            c.confidence = Confidence::new(HEARD / 2.0);
            let reason = said(&[a.clone(), b, c]);
            let stroke = read == "]" && doubtful;
            assert_eq!(reason.is_some(), stroke, "{field} {printed} {read}");
            assert!(said(&[a]).is_some(), "one reader");
            assert_eq!(said(&[]), None);
        }
    }

    #[test]
    fn slips_of_one_engine_are_no_rivals() {
        let lexicon = Lexicon::builtin();
        for (field, printed, read, refuted, doubtful) in [
            ("value", "41.8", "418", false, false),
            ("value", "98", "8", false, false),
            ("value", "27", "2", false, false),
            ("value", "100", "10", false, true),
            ("value", "41.8", "47.8", false, true),
            ("value", "41.8", "47.8", true, false),
            ("strength", "1.25", "125", false, true),
            ("strength", "1.25", "125", true, false),
            ("strength", "mg", "mcg", true, true),
            ("strength", "5mg", "5mcg", true, true),
            ("flag", "1.9*", "19°", false, false),
            ("flag", "19H", "19L", false, true),
        ] {
            let votes = votes([printed, printed, read]);
            let word = Word {
                field,
                printed,
                votes: &votes,
            };
            let reason = of(word, &lexicon, &|_, _| refuted);
            assert_eq!(reason.is_some(), doubtful, "{field} {printed} {read}");
        }
    }

    #[test]
    fn sure_readers_agree_in_spite_of_marks() {
        let lexicon = Lexicon::builtin();
        for (field, printed, read, agreed) in [
            ("dose", "2capsules", ["2 capsules", "2-capsules"], true),
            ("value", "62*", ["62\"", "a"], false),
            ("value", "62*", ["62\"", "62°"], true),
            ("flag", "62*", ["62\"", "62°"], true),
            ("flag", "62*", ["62", "62"], false),
            ("value", "1.0", ["10", "0"], false),
            (
                "name",
                "Nitrofurantoin",
                ["Nitrofuratoin", "Nitrofurantoin"],
                true,
            ),
            ("name", "Hydroxyzine", ["Hydralazine", "Hydroxyzine"], false),
            ("name", "Hydroxyzine", ["Hdrlazine", "Hydroxyzine"], false),
        ] {
            let votes = votes([printed, read[0], read[1]]);
            let word = Word {
                field,
                printed,
                votes: &votes,
            };
            let found = is_agreed(word, &lexicon, &|_, _| false);
            assert_eq!(found, agreed, "{field} {printed} {read:?}");
        }
    }

    #[test]
    fn a_reading_with_a_lost_or_stray_point_speaks_for_its_digits() {
        let lexicon = Lexicon::builtin();
        // Results below 1.5, and whole ones around 140, can be.
        let refuted = |_: &str, other: &str| {
            let other: f32 = other.parse().unwrap();
            !(0.5..1.5).contains(&other) && !(130.0..150.0).contains(&other)
        };
        for (printed, read, doubtful) in [
            ("0.7", "09", true),
            ("0.7", "07", false),
            ("143", ".141", true),
            ("143", ".143", false),
            ("143", "9.9", false),
        ] {
            let votes = votes([printed, printed, read]);
            let word = Word {
                field: "value",
                printed,
                votes: &votes,
            };
            assert_eq!(
                of(word, &lexicon, &refuted).is_some(),
                doubtful,
                "{printed} {read}"
            );
        }
    }

    fn votes(read: [&str; 3]) -> Vec<Vote> {
        let engines = [Engine::Paddle, Engine::Tesseract, Engine::Easyocr];
        let vote = |(engine, text): (Engine, &str)| Vote {
            engine,
            text: text.into(),
            confidence: Confidence::new(0.9),
        };
        engines.into_iter().zip(read).map(vote).collect()
    }
}
