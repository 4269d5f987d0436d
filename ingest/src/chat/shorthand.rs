//! Questions as people type them, written out: `pt` is the patient, `k` potassium, `member_id` a member id. What
//! documents print is never changed, so that names which stand there for short, such as `Hb`, stay.

use std::{collections::HashMap, sync::LazyLock};

use super::expression::expression;

use regex::Captures;

static WRITTEN_OUT: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let rows = include_str!("shorthand.tsv").lines();
    rows.filter(|row| !row.is_empty() && !row.starts_with('#'))
        .filter_map(|row| row.split_once('\t'))
        .collect()
});

// With what may stand before it: the word before, which may say that it is meant otherwise.
expression!(
    WORD,
    r"(?P<before>\b(?:vitamin|vit|hepatitis|group|grade|type|stage)[ -]?)?(?P<word>\b[A-Za-z][A-Za-z0-9]*(?:/[A-Za-z]*)?)"
);
// `birthDate`: an identifier of a program.
expression!(HUMP, r"\b([a-z]{3,})([A-Z][a-z]{2,})");

/// The text with short forms written out.
#[must_use]
pub fn written_out(text: &str) -> String {
    let text = text.replace('_', " ");
    let text = HUMP.replace_all(&text, |found: &Captures<'_>| {
        format!("{} {}", &found[1], found[2].to_lowercase())
    });
    WORD.replace_all(&text, |found: &Captures<'_>| {
        let whole = found[0].to_owned();
        let word = &found["word"];
        let written = WRITTEN_OUT.get(word.to_lowercase().as_str());
        match (written, found.name("before")) {
            (Some(written), None) if !is_meant_otherwise(word) => (*written).to_owned(),
            _ => whole,
        }
    })
    .into_owned()
}

/// In capitals it is a test or an abbreviation of its own.
fn is_meant_otherwise(word: &str) -> bool {
    matches!(word, "PT" | "MED" | "TAB" | "APT" | "R" | "N" | "U")
}

#[cfg(test)]
mod tests {
    use super::written_out;

    #[test]
    fn short_forms_are_written_out() {
        for (text, want) in [
            ("whats my k", "what is my potassium"),
            ("pt's DOB?", "patient's DOB?"),
            ("Pt DOB?", "patient DOB?"),
            ("vitamin k please", "vitamin k please"),
            (
                "when is the f/u and who with",
                "when is the follow-up and who with",
            ),
            ("na on 30/06", "sodium on 30/06"),
            ("PT and INR", "PT and INR"),
            ("extract member_id", "extract member id"),
            ("patient.birthDate", "patient.birth date"),
            ("HbA1c and mmHg", "HbA1c and mmHg"),
            ("garlic w/ warfarin", "garlic with warfarin"),
            ("Dr O'Neil", "Dr O'Neil"),
        ] {
            assert_eq!(written_out(text), want, "{text}");
        }
    }
}
