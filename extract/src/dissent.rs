//! Whether an engine reads another value at the words of a dangerous field. Engines that only garble a word
//! (`Lisinoprll`, `5OO`) say nothing against it; one that reads another number, another unit, another drug
//! or another flag does ([`meaning`]), unless it hardly believes itself.

use schemas::{Engine, Vote};

use meaning::{GARBLED, differs, is_garbled, is_name, unit_of};

use crate::{
    lexicon::{Lexicon, distance},
    reading::{self, Value, agrees, is_slip, is_stroke, likeness},
    sig::{counts, is_form, route_norm},
};

mod meaning;

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
            let slip = supporters > 1 && slipped(field, printed, vote);
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
    if is_known_word(field, printed, readers.clone()) {
        return true;
    }
    // Who passed over a figure between words saw none, or a speck.
    let is_figure = !printed.is_empty() && printed.bytes().all(|b| b.is_ascii_digit());
    if is_figure && votes.iter().any(|vote| vote.text.is_empty()) {
        return false;
    }
    // Who lost a point that must be there, or saw one that cannot be, read the same digits.
    let repointed = |vote: &Vote| {
        reading::has_same_digits(printed, &vote.text)
            && is_refuted(field, printed, &vote.text, refuted)
    };
    let (same, others): (Vec<&Vote>, Vec<&Vote>) =
        readers.partition(|vote| agrees(field, printed, &vote.text) || repointed(vote));
    let sure = same.iter().filter(|vote| vote.confidence.get() >= SURE);
    let written_alike = others.is_empty() && same.iter().all(|vote| vote.text == printed);
    sure.count() > 1
        && !written_alike
        && others.iter().all(|vote| {
            let other = field == "name" && !is_garbled(printed, &vote.text);
            // Whoever lost the digits may have seen others, unless they hardly saw any.
            let lost = !Value::of(printed).numbers.is_empty() && vote.confidence.get() >= SURE;
            let against = other || lost || differs(field, printed, &vote.text, lexicon);
            !against
                || slipped(field, printed, vote)
                || is_refuted(field, printed, &vote.text, refuted)
        })
}

/// Did engines see a raised mark behind this number, which the word has lost? Then it has a flag: a star, or what
/// two of them read for one.
pub(crate) fn saw_mark(word: Word) -> bool {
    let number = Value::of(word.printed).numbers;
    let marks = word.votes.iter().filter_map(|vote| {
        let mark = vote.text.trim_end().chars().next_back()?;
        let seen = matches!(mark, '*' | '"' | '\'' | '°' | '”' | '“' | '’' | '´');
        (seen && !number.is_empty() && Value::of(&vote.text).numbers == number).then_some(mark)
    });
    let marks: Vec<char> = marks.collect();
    marks.len() > 1 || marks.contains(&'*')
}

/// A word that doses and frequencies are told with (`puffs`, `nocte`), while nobody reads another such word: the
/// vocabulary is the second witness.
fn is_known_word<'a>(
    field: &str,
    printed: &str,
    mut readers: impl Iterator<Item = &'a Vote>,
) -> bool {
    /// Shorter ones (`BID`, `TID`) are a letter apart.
    const SHORTEST: usize = 4;
    let word = Value::of(printed);
    let known = |word: &str| match field {
        "dose" | "strength" => is_form(word) || unit_of(word).is_some(),
        "frequency" => counts(word),
        "route" => route_norm(word).is_some(),
        _ => false,
    };
    let garbled = |vote: &Vote| {
        let read = Value::of(&vote.text);
        let near = distance(&word.letters, &read.letters, GARBLED).is_some();
        vote.confidence.get() < HEARD
            || read.letters == word.letters
            || near && !known(&read.letters)
    };
    word.numbers.is_empty()
        && word.letters.chars().count() >= SHORTEST
        && known(&word.letters)
        && readers.all(garbled)
}

/// A slip of an engine, told by its form and by how sure the engine is.
fn slipped(field: &str, printed: &str, vote: &Vote) -> bool {
    let stray = || {
        vote.confidence.get() < SURE && reading::has_a_stray_digit(printed, &vote.text)
            || reading::has_a_line_before(printed, &vote.text)
    };
    // `l1` is a one and a line, or a one that was seen twice.
    let doubled = || {
        let rest = vote.text.strip_prefix(['l', 'I', '|', '!', '[']);
        field == "dose" && rest.is_some_and(|rest| agrees(field, printed, rest))
    };
    is_slip(field, printed, &vote.text) || field == "value" && stray() || doubled()
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
            let other = if b.numbers.is_empty() {
                likeness(read).unwrap_or_default()
            } else {
                b.numbers.join(".")
            };
            let ([own], false) = (&a.numbers[..], other.is_empty()) else {
                return false;
            };
            let units = a.letters == b.letters || b.letters.is_empty() || b.numbers.is_empty();
            // Behind a line or the end of a neighbour that looks like a digit.
            let line = other.starts_with(['1', '4', '7']);
            let cut = other.get(1..).filter(|cut| {
                (line || cut.len() == own.len()) && cut.starts_with(|c: char| c.is_ascii_digit())
            });
            let could_be = [
                Some(other.trim_start_matches('.').to_owned()),
                reading::with_point(&other, own),
                cut.map(ToOwned::to_owned),
            ];
            units
                && [other]
                    .into_iter()
                    .chain(could_be.into_iter().flatten())
                    .all(|other| other == *own || refuted(own, &other))
        }
        "flag" | "frequency" | "unit" => refuted(printed, read),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Confidence, Engine, Vote};

    use super::{HEARD, Word, is_agreed, of, saw_mark};
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
            ("name", "Hydralazine", "Hydraxyzine", true),
            ("name", "Hydroxyzine", "Hydraxyzine", false),
            ("strength", "mg", "meg", true),
            ("strength", "mcg", "meg", false),
            ("strength", "mg", "ng", false),
            ("strength", "mg", "10g", false),
            ("strength", "mg", "g", true),
            ("strength", "10", "|QO", true),
            ("dose", "tab", "6b", false),
            ("dose", "tab", "5 mg", true),
            ("flag", "A", "4", false),
            ("flag", "H", "A", true),
            ("value", "Negative", "egalhe", false),
            ("value", "Negative", "Positwe", true),
            ("value", "3.1", "3a.", false),
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
            ("value", "3.8", ".3,8", false),
            ("route", "PO", "1PO.", false),
            ("route", "PO", "IV", true),
            ("route", "left", "right", true),
            ("route", "mouth", "month", false),
            ("dose", "7", "{", true),
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
            let stroke = matches!(read, "]" | "{") && doubtful;
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
            ("value", "16", "416", false, false),
            ("value", "16", "216", false, true),
            ("dose", "1", "l1", false, false),
            ("value", "41.8", "47.8", false, true),
            ("value", "41.8", "47.8", true, false),
            ("value", "10", "410", false, false),
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
            ("strength", "5", ["5", "$"], true),
            ("strength", "5", ["", "$"], false),
            ("strength", "5", ["", "5"], false),
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
    fn a_lost_point_leaves_no_other_number() {
        let lexicon = Lexicon::builtin();
        // 5 mg of it is sold, 25 mg is not.
        let refuted = |_: &str, other: &str| other == "25";
        let votes = votes(["2.5", "25", "25"]);
        let word = Word {
            field: "strength",
            printed: "2.5",
            votes: &votes,
        };
        assert_eq!(of(word, &lexicon, &refuted), None);
    }

    #[test]
    fn a_lost_mark_was_seen_by_others() {
        for (read, seen) in [
            (["154", "154*", "154"], true),
            (["154", "154\"", "154°"], true),
            (["154", "154\"", "154"], false),
            (["154", "194*", "154"], false),
        ] {
            let votes = votes(read);
            let word = Word {
                field: "value",
                printed: "154",
                votes: &votes,
            };
            assert_eq!(saw_mark(word), seen, "{read:?}");
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
            // Behind the line that looks like a seven stands another result.
            ("1.3", "70.9", true),
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
