//! Laws that hold of any text: nothing panics, every entity is where it says it is, its words prove
//! it, and the same input gives the same output.

use std::sync::LazyLock;

use extract::{Lexicon, Source, SourceWord, extract};
use proptest::prelude::*;
use schemas::Confidence;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::builtin);

const PIECES: &[&str] = &[
    "Name:",
    "Patient Name",
    "Date of Birth:",
    "DOB",
    "MRN:",
    "NHS No",
    "Dr.",
    "MD",
    "Jo Li",
    "REID, Timothy",
    "Lisinopril",
    "Metformin HCl",
    "Tylenoll",
    "10 mg",
    "l0 mg",
    ".5",
    "1.0",
    "1 tablet",
    "po",
    "bid",
    "q8h prn",
    "x 10 days",
    "# 30",
    "Refills:",
    "Glucose",
    "WBC, Urine",
    "86",
    "70-99",
    "mg/dL",
    "H",
    "Negative",
    "x10³/µL",
    "°F",
    "½",
    "é",
    "İ",
    "ß",
    "’",
    "—",
    "•",
    "(",
    ")",
    "[X]",
    ",",
    ";",
    ":",
    ".",
    "?",
    "-",
    "/",
    "$ 12.50",
    "99213",
    "Allergies:",
    "Penicillin (rash)",
    "NKDA",
    "Diagnosis:",
    "Gout (M10.9)",
    "history of asthma",
    "denies",
    "mother",
    "05/10/2023",
    "10-Jan-2024",
    "July 12, 2005",
    "seen by",
    "TEST RESULT FLAG RANGE",
    "BP 120/80",
    "Temp: 98.6°F",
    "\t",
    "  ",
    "\n",
    "\n",
    "\n",
    "\u{c}",
    "1.",
    "2)",
    "℞",
    "日本",
    "𝛼",
];

fn document() -> impl Strategy<Value = String> {
    proptest::collection::vec((proptest::sample::select(PIECES), any::<bool>()), 0..60).prop_map(
        |parts| {
            parts
                .into_iter()
                .map(|(piece, space)| {
                    if space {
                        format!("{piece} ")
                    } else {
                        piece.to_owned()
                    }
                })
                .collect()
        },
    )
}

/// The words of a text as a page would give them.
fn words(text: &str) -> Vec<(String, [usize; 2])> {
    let mut out = Vec::new();
    let mut start = None;
    let scalars: Vec<char> = text.chars().collect();
    for (i, c) in scalars.iter().enumerate() {
        if c.is_whitespace() {
            if let Some(from) = start.take() {
                out.push((format!("p0w{}", out.len()), [from, i]));
            }
        } else {
            start.get_or_insert(i);
        }
    }
    if let Some(from) = start {
        out.push((format!("p0w{}", out.len()), [from, scalars.len()]));
    }
    out
}

fn check(text: &str, lexicon: &Lexicon) -> Result<(), TestCaseError> {
    let ids = words(text);
    let source_words: Vec<SourceWord> = ids
        .iter()
        .map(|(id, span)| SourceWord {
            id,
            page: 0,
            span: *span,
            confidence: Confidence::new(0.9),
            votes: &[],
        })
        .collect();
    let source = Source {
        text,
        words: &source_words,
    };
    let read = extract(&source, lexicon);
    prop_assert_eq!(&read, &extract(&source, lexicon));
    let scalars: Vec<char> = text.chars().collect();
    let mut last = 0;
    for (n, entity) in read.entities.iter().enumerate() {
        prop_assert_eq!(&entity.id, &format!("e{n}"));
        let [start, end] = entity.span;
        prop_assert!(start < end && end <= scalars.len(), "{:?}", entity);
        let covered: String = scalars[start..end].iter().collect();
        prop_assert_eq!(&covered, &entity.text);
        prop_assert!(start >= last, "reading order");
        last = start;
        prop_assert!(!entity.words.is_empty(), "no word proves {:?}", entity);
        prop_assert_eq!(entity.page, Some(0));
        prop_assert_eq!(entity.needs_review, !entity.reasons.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn entities_stand_where_they_say(text in document()) {
        check(&text, &LEXICON)?;
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        check(&text, &LEXICON)?;
    }
}

#[test]
fn units_that_are_names_of_tests_follow_one_another() {
    check("10 mg 10 mg 10 mg", &LEXICON).unwrap();
}
