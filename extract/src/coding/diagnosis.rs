//! Diagnoses: a printed code that ICD-10-CM has, or else the one code whose title or inclusion term the
//! printed words are, in any order.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Candidate, Code, Diagnosis};

use super::{ICD10CM, Packer, Vocabulary, candidates, term};
use crate::Lexicon;

/// What stands before a code, so that no term is ever taken for one.
const CODE: &str = "icd10cm";

pub(super) fn diagnosis(
    name: &str,
    fact: &Diagnosis,
    lexicon: &Lexicon,
) -> (Vec<Code>, Vec<Candidate>) {
    let Some(icd) = &lexicon.icd10cm else {
        return (Vec::new(), Vec::new());
    };
    let named = icd.codes(&sorted(name));
    let Some(printed) = fact.code.as_deref() else {
        return match named.len() {
            1 => (named, Vec::new()),
            _ => (Vec::new(), candidates("code", named)),
        };
    };
    let exact = icd.codes(&code_term(printed));
    if !exact.is_empty() {
        let others = named.into_iter().filter(|code| !exact.contains(code));
        let others = candidates("code", others.collect());
        return (exact, others);
    }
    // The code may be misread, or of another edition: what it may be stands beside it.
    let near = meant(printed).flat_map(|code| icd.codes(&code_term(&code)));
    let near: Vec<Code> = near.collect();
    let near = if near.is_empty() { named } else { near };
    (Vec::new(), candidates("code", near))
}

/// Does the classification call an illness so? Its symptoms (R), accidents (V to Y) and reasons of contact (Z) are none.
pub(crate) fn is_illness(icd: &Vocabulary, name: &str) -> bool {
    let codes = icd.codes(&sorted(name));
    let illness = |code: &Code| {
        code.code
            .starts_with(|c: char| matches!(c, 'A'..='Q' | 'S' | 'T'))
    };
    !codes.is_empty() && codes.iter().all(illness)
}

/// Adds a row of the classification: a title or an inclusion term of a code.
pub fn add_icd10cm(packer: &mut Packer, code: &str, title: &str, text: &str) {
    let is_title = title == text;
    if is_title {
        packer.add(&code_term(code), ICD10CM, code, title, 0);
    }
    let rank = u8::from(!is_title);
    for spelling in [text, &without_brackets(text)] {
        packer.add(&sorted(spelling), ICD10CM, code, title, rank);
    }
}

/// Its words in the order of the alphabet: `diabetes mellitus type 2` is `type 2 diabetes mellitus`.
fn sorted(name: &str) -> String {
    let term = term(name);
    let mut words: Vec<&str> = term
        .split(' ')
        .filter(|word| !matches!(*word, "nos" | "the" | "a" | "of"))
        .collect();
    words.sort_unstable();
    words.join(" ")
}

fn code_term(code: &str) -> String {
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{CODE} {bare}")
}

/// Words in brackets may be there or not.
fn without_brackets(text: &str) -> String {
    static BRACKETS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\([^()]*\)|\[[^\[\]]*\]").expect("a valid expression"));
    BRACKETS.replace_all(text, " ").into_owned()
}

/// What a code may have been before it was misread: a letter, then digits.
fn meant(code: &str) -> impl Iterator<Item = String> {
    let mut characters = code.chars();
    let letters = match characters.next() {
        Some('0') => "ODQ",
        Some('1') => "IL",
        Some('2') => "Z",
        Some('4') => "A",
        Some('5') => "SJ",
        Some('6') => "G",
        Some('7') => "T",
        Some('8') => "B",
        _ => "",
    };
    let rest: String = characters
        .map(|c| match c {
            'O' | 'o' => '0',
            'I' | 'l' => '1',
            c => c,
        })
        .collect();
    let printed = code.chars().next().filter(|_| letters.is_empty());
    let firsts = letters.chars().chain(printed);
    firsts.map(move |first| format!("{first}{rest}"))
}

#[cfg(test)]
mod tests {
    use schemas::Diagnosis;

    use super::{add_icd10cm, diagnosis};
    use crate::{
        Lexicon,
        coding::{Packer, Vocabulary},
    };

    #[test]
    fn names_and_printed_codes() {
        let mut packer = Packer::default();
        for (code, title, text) in [
            (
                "I10",
                "Essential (primary) hypertension",
                "Essential (primary) hypertension",
            ),
            (
                "I10",
                "Essential (primary) hypertension",
                "hypertension (arterial) (benign)",
            ),
            (
                "E11",
                "Type 2 diabetes mellitus",
                "Type 2 diabetes mellitus",
            ),
            (
                "J18.9",
                "Pneumonia, unspecified organism",
                "Pneumonia, unspecified organism",
            ),
            ("A00", "One", "twofold"),
            ("A01", "Two", "twofold"),
        ] {
            add_icd10cm(&mut packer, code, title, text);
        }
        let icd = Vocabulary::read(packer.pack().unwrap()).unwrap();
        let lexicon = Lexicon::builtin().with_icd10cm(icd);
        for (name, printed, codes, beside) in [
            ("Hypertension", None, &["I10"][..], &[][..]),
            ("Essential hypertension", None, &["I10"], &[]),
            ("diabetes mellitus type 2", None, &["E11"], &[]),
            ("Chest infection", Some("J18.9"), &["J18.9"], &[]),
            ("Chest infection", Some("J189"), &["J18.9"], &[]),
            ("Hypertension", Some("E11"), &["E11"], &["I10"]),
            ("Hypertension", Some("I1O"), &[], &["I10"]),
            ("Twofold", None, &[], &["A00", "A01"]),
            ("I10", None, &[], &[]),
        ] {
            let fact = Diagnosis {
                code: printed.map(str::to_owned),
            };
            let (found, others) = diagnosis(name, &fact, &lexicon);
            let found: Vec<_> = found.iter().map(|code| code.code.as_str()).collect();
            let others: Vec<_> = others.iter().filter_map(|c| c.code.as_deref()).collect();
            assert_eq!(
                (&found[..], &others[..]),
                (codes, beside),
                "{name} {printed:?}"
            );
        }
    }
}
