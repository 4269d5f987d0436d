//! People that are known by name, and every form in which a text may print it: `Priya Whitcombe`, `WHITCOMBE,
//! Priya`, `Mrs Whitcombe`, `Priya`, and `Whitcornbe`, misread by a character.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Entity, Fact, PersonRole as Role};

use super::{By, Found, clinical::Kept};
use crate::{layout::Span, lexicon::distance};

/// Everybody who is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    known: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    label: &'static str,
    /// As filed: what tells this person from others.
    key: String,
    /// In lower case, without titles and initials; given names first.
    words: Vec<String>,
    /// How many of the words are given names.
    given: usize,
    /// The fullest form that was seen.
    fullest: String,
}

/// Shorter names may be any word in small letters, and have too many neighbours to look for misreadings.
const LONG: usize = 6;

pub(crate) fn is_patient(entity: &Entity) -> bool {
    matches!(&entity.fact, Fact::Person(person) if person.role == Some(Role::Patient))
}

pub(crate) fn label(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Patient) => "PATIENT",
        Some(Role::Prescriber) => "PRESCRIBER",
        Some(Role::Ordering) => "ORDERING",
        Some(Role::Attending) => "ATTENDING",
        Some(Role::Referring) => "REFERRING",
        Some(Role::Recipient) => "RECIPIENT",
        Some(Role::PrimaryCare) => "PRIMARY-CARE",
        Some(Role::FollowUpProvider) => "FOLLOW-UP",
        Some(Role::LabDirector) => "DIRECTOR",
        Some(Role::Authoriser) => "AUTHORISER",
        Some(Role::Insured) => "INSURED",
        Some(Role::Other) | None => "PERSON",
    }
}

/// A word of letters, with `'`, `’` and `-` within.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\p{L}+(?:['’\-]\p{L}+)*").expect("a valid expression"));

fn words(text: &str) -> impl Iterator<Item = &str> {
    WORD.find_iter(text).map(|word| word.as_str())
}

impl People {
    /// Adds a name as printed. One who is known already keeps the first label.
    pub(crate) fn know(&mut self, printed: &str, label: &'static str) {
        let (family, given) = if let Some((family, given)) = printed.split_once(',') {
            (family.to_owned(), given.to_owned())
        } else {
            let all: Vec<&str> = words(printed).collect();
            let Some((family, given)) = all.split_last() else {
                return;
            };
            ((*family).to_owned(), given.join(" "))
        };
        let long = |part: &str| -> Vec<String> {
            let all = words(part).filter(|word| word.chars().count() > 1);
            all.map(str::to_lowercase).collect()
        };
        let (given, family) = (long(&given), long(&family));
        if family.is_empty() {
            return;
        }
        let count = given.len();
        let names: Vec<String> = given.into_iter().chain(family).collect();
        let same = self.known.iter_mut().find(|known| {
            let (a, b) = (&known.words, &names);
            a[known.given..] == b[count..] && (known.given == 0 || count == 0 || a[0] == b[0])
        });
        if let Some(known) = same {
            if names.len() > known.words.len() {
                (known.words, known.given) = (names, count);
                printed.trim().clone_into(&mut known.fullest);
            }
            return;
        }
        self.known.push(Known {
            label,
            key: format!("{} {}", names[count..].join(" "), names[..count].join(" ")),
            words: names,
            given: count,
            fullest: printed.trim().to_owned(),
        });
    }

    /// Every name of theirs in a text. A single word of a name that a clinical value holds stays.
    pub(crate) fn find(&self, text: &str, kept: &Kept) -> Vec<Found> {
        let marked: Vec<(Span, Vec<usize>)> = WORD
            .find_iter(text)
            .filter(|word| !kept.meets(&word.range()) || self.begins_full_name(text, word.start()))
            .filter_map(|word| {
                let of = self.whose(word.as_str());
                (!of.is_empty()).then(|| (word.range(), of))
            })
            .collect();
        let mut out: Vec<Found> = Vec::new();
        let mut at = 0;
        while let Some((first, of)) = marked.get(at) {
            let (mut span, mut of) = (first.clone(), of.clone());
            at += 1;
            while let Some((next, theirs)) = marked.get(at) {
                let both: Vec<usize> = of.iter().copied().filter(|n| theirs.contains(n)).collect();
                if both.is_empty() || !joins(&text[span.end..next.start]) {
                    break;
                }
                (span.end, of) = (next.end, both);
                at += 1;
            }
            let known = &self.known[of[0]];
            out.push(Found {
                span: with_initials(text, span),
                by: By::Person {
                    label: known.label,
                    key: known.key.clone(),
                    fullest: known.fullest.clone(),
                },
            });
        }
        out
    }

    /// Do two words of one person's name stand here side by side?
    fn begins_full_name(&self, text: &str, start: usize) -> bool {
        let mut around = WORD.find_iter(&text[start..]);
        let (Some(first), Some(second)) = (around.next(), around.next()) else {
            return false;
        };
        let first_of = self.whose(first.as_str());
        let second_of = self.whose(second.as_str());
        joins(&text[start + first.end()..start + second.start()])
            && first_of.iter().any(|n| second_of.contains(n))
    }

    /// Whose name a printed word is part of; the known ones in their order.
    fn whose(&self, printed: &str) -> Vec<usize> {
        let bare = printed.strip_suffix("'s").or(printed.strip_suffix("’s"));
        let bare = bare.unwrap_or(printed);
        let upper = bare.starts_with(char::is_uppercase);
        let word = bare.to_lowercase();
        let long = word.chars().count() >= LONG;
        if word.chars().count() < 2 || !upper && !long {
            return Vec::new();
        }
        let of = |fits: &dyn Fn(&String) -> bool| -> Vec<usize> {
            let known = self.known.iter().enumerate();
            let theirs = known.filter(|(_, known)| known.words.iter().any(fits));
            theirs.map(|(n, _)| n).collect()
        };
        let exactly = of(&|name| *name == word);
        if !exactly.is_empty() || !upper || !long {
            return exactly;
        }
        of(&|name| name.chars().count() >= LONG && distance(name, &word, 1).is_some())
    }
}

/// What may stand between two words of a name: a comma, an initial. Never a line's end.
fn joins(between: &str) -> bool {
    static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[ \u{a0}]{1,2}|\.? ?, ?|\. ?)(?:\p{Lu}\.?[ \u{a0}]?){0,2}$")
            .expect("a valid expression")
    });
    BETWEEN.is_match(between)
}

/// With the initials around: `J. Whitcombe`, `WHITCOMBE, P.`
fn with_initials(text: &str, span: Span) -> Span {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s(])((?:\p{Lu}\.[ \u{a0}]?){1,3})$").expect("a valid expression")
    });
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:,[ \u{a0}]?|[ \u{a0}])\p{Lu}(?:\.[ \u{a0}]?\p{Lu})?\.")
            .expect("a valid expression")
    });
    let start = BEFORE
        .captures(&text[..span.start])
        .and_then(|found| found.get(1));
    let end = AFTER.find(&text[span.end..]);
    start.map_or(span.start, |m| m.start())..span.end + end.map_or(0, |m| m.end())
}

#[cfg(test)]
mod tests {
    use super::{super::clinical::Kept, People};

    fn found(people: &People, text: &str) -> Vec<String> {
        let found = people.find(text, &Kept::default());
        found
            .iter()
            .map(|f| text[f.span.clone()].to_owned())
            .collect()
    }

    #[test]
    fn a_person_is_found_in_every_form() {
        let mut people = People::default();
        people.know("Priya K. Whitcombe", "PATIENT");
        people.know("O'Neil, Mary Ann", "PRESCRIBER");
        people.know("Day", "PERSON");
        for (text, want) in [
            ("Priya Whitcombe was seen", vec!["Priya Whitcombe"]),
            ("WHITCOMBE, PRIYA", vec!["WHITCOMBE, PRIYA"]),
            ("Whitcombe, P.", vec!["Whitcombe, P."]),
            ("for P. K. Whitcombe:", vec!["P. K. Whitcombe"]),
            ("Priya K Whitcombe", vec!["Priya K Whitcombe"]),
            ("Mrs Whitcombe's", vec!["Whitcombe's"]),
            ("Whitcornbe", vec![]),
            ("Whitcomhe", vec!["Whitcomhe"]),
            ("whitcombe takes", vec!["whitcombe"]),
            ("Dr Mary Ann O'Neil", vec!["Mary Ann O'Neil"]),
            ("Priya\nWhitcombe", vec!["Priya", "Whitcombe"]),
            ("once a day", vec![]),
            ("Dr Day", vec!["Day"]),
        ] {
            assert_eq!(found(&people, text), want, "{text}");
        }
    }
}
