//! Whether an engine reads another value at the words of a dangerous field. Engines that only garble a word
//! (`Lisinoprll`, `5OO`) say nothing against it; one that reads another number, another unit, another drug
//! or another flag does, unless it hardly believes itself.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Engine, Vote};

use crate::{
    lexicon::{Lexicon, distance},
    sig::{counts, unit_of},
};

/// A vote below this calibrated confidence is no reason to stop a person's work. Chosen by
/// `benches --bin sentinel`: all mutations of two engines' readings are still caught.
const HEARD: f32 = 0.4;

/// Why the votes make a word of a field doubtful; none when they do not.
pub(crate) fn of(field: &str, printed: &str, votes: &[Vote], lexicon: &Lexicon) -> Option<String> {
    if votes.is_empty() {
        return None;
    }
    let readers = votes.iter().filter(|vote| vote.confidence.get() > 0.0);
    let whole = votes.iter().any(|vote| vote.engine == Engine::PdfText);
    let supporters = readers.clone().filter(|vote| vote.text == printed).count();
    let silent = readers.clone().filter(|vote| vote.text.is_empty()).count();
    if readers.clone().count() < 2 + silent && !whole {
        return Some(format!("only one engine read the {field}"));
    }
    let other = readers
        .filter(|vote| vote.confidence.get() >= HEARD || supporters < 2)
        .any(|vote| differs(field, printed, &vote.text, lexicon));
    other.then(|| format!("the engines disagree about the {field}"))
}

/// Does a reading mean something else than what stands in the text?
fn differs(field: &str, printed: &str, read: &str, lexicon: &Lexicon) -> bool {
    if read.is_empty() || read == printed {
        return false;
    }
    let (a, b) = (Value::of(printed), Value::of(read));
    // The powers of ten of a unit are read in many ways, and none of them is another unit.
    let wordy = a.numbers.is_empty() && (b.numbers.is_empty() || field == "frequency");
    if wordy || field == "unit" {
        return words_differ(field, &a.letters, &b.letters, lexicon);
    }
    // `S` for `5` is a letter and no other number.
    if b.numbers.is_empty() && unit_of(&b.letters).is_none() {
        return false;
    }
    a.numbers != b.numbers && !b.numbers.is_empty() || units_differ(&a.letters, &b.letters)
}

fn words_differ(field: &str, printed: &str, read: &str, lexicon: &Lexicon) -> bool {
    if printed == read || read.is_empty() {
        return false;
    }
    if field == "name" {
        return lexicon.is_any_drug(read) || !lexicon.is_any_drug(printed);
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

    use super::{HEARD, of};
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
            ("flag", "H", "L", true),
            ("flag", "L", "H", true),
            ("value", "Negative", "Positive", true),
            ("frequency", "daily", "dally", false),
            ("frequency", "BID", "TID", true),
            ("frequency", "once", "twice", true),
            ("value", "5", "S", false),
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
            let reason = of(field, printed, &votes, &lexicon);
            assert_eq!(
                reason.is_some(),
                doubtful,
                "{field} {printed} {read}: {reason:?}"
            );
            let [a, b, mut c] = votes;
            c.confidence = Confidence::new(HEARD / 2.0);
            let reason = of(field, printed, &[a.clone(), b, c], &lexicon);
            assert_eq!(reason, None, "{field} {printed} {read}");
            assert!(of(field, printed, &[a], &lexicon).is_some(), "one reader");
        }
        assert_eq!(of("strength", "500", &[], &lexicon), None);
    }
}
