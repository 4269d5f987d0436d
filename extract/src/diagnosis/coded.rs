//! Codes beside names: of an item, and of lines that hold both outside of any section. Letters read as digits are
//! codes too where the name is known.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Diagnosis, Fact};

use super::{
    known::holds_condition,
    trim::{close_bracket, first_sentence, tidy, without_label},
};
use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
};

static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:(?i:\bICD(?:[- ]?(?:9|10))?(?:[- ]?CM)?\s*(?:code)?\s*[:#]?\s*))?\b([A-TV-Za-tv-z][0-9][0-9AB](?:\.[0-9A-Za-z]{1,4})|[A-TV-Z][0-9OoIl][0-9AB](?:\.[0-9A-Z]{1,4}|[.,]\s?[0-9][0-9A-Z]{0,3})?)\b").expect("a valid expression")
});

/// The code of an item whose letter was read as a digit; ICD-9 codes look like it too.
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^[\s(\[]*|[(\[]\s*|\s)([0-9][0-9OoIl]{2}\.[0-9A-Z]{1,4})(?:\s*[)\]]|\s|$)")
        .expect("a valid expression")
});

const NO_LETTER: &str = "the code has no letter";

/// The text of an item without its code, and the code.
pub(super) fn split(text: &str, item: &Span) -> (Span, Option<Span>) {
    let edge = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '.' | ',' | ';' | ':' | '-' | '(' | ')' | '[' | ']' | '|' | '–' | '—' | '#' | '*'
            )
    };
    let part = &text[item.clone()];
    let found = CODE.captures(part).or_else(|| DIGITS.captures(part));
    let Some(found) = found else {
        return (tidy(text, item.clone()), None);
    };
    let (Some(all), Some(code)) = (found.get(0), found.get(1)) else {
        return (tidy(text, item.clone()), None);
    };
    // `previous TIA`: a word of letters that look like digits.
    if !code.as_str().contains(|c: char| c.is_ascii_digit()) {
        return (tidy(text, item.clone()), None);
    }
    let before = trim_by(text, item.start..item.start + all.start(), edge);
    let after = trim_by(text, item.start + all.end()..item.end, edge);
    let code = item.start + code.start()..item.start + code.end();
    let before_word = text[before.clone()]
        .chars()
        .filter(|c| c.is_alphabetic())
        .count();
    let name = if before_word >= 2 && !is_rank(&text[before.clone()]) {
        before
    } else {
        first_sentence(text, after)
    };
    (close_bracket(text, name), Some(code))
}

/// `Primary     J01.90   Acute sinusitis`: what comes before the code says which of them it is.
pub(super) fn is_rank(before: &str) -> bool {
    static RANK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:primary|principal|secondary|additional|main|other|final|admitting|discharge|working)?(?: ?(?:diagnos[ei]s|dx))?(?: ?#?[0-9]{1,2})?$")
            .expect("a valid expression")
    });
    RANK.is_match(before)
}

/// A code of an item, with what speaks against it.
pub(super) fn add(text: &str, code: Span, draft: &mut Draft) {
    let printed = &text[code.clone()];
    if printed[1..].contains([',', ' ', 'o', 'O', 'I', 'l']) {
        draft.doubt("letters or spaces stand in the code");
    }
    if is_digits(text, &code) && !prints_icd9(text) {
        draft.doubt(NO_LETTER);
    }
    draft.add("code", code, false);
}

/// The document says that its codes are of the ninth revision, whose codes are digits, and of no other.
fn prints_icd9(text: &str) -> bool {
    static REVISION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bICD[\s-]*(9|10)\b").expect("a valid expression"));
    let mut revisions = REVISION.captures_iter(text).map(|found| found[1].len());
    let first = revisions.next();
    first == Some(1) && revisions.all(|digits| digits == 1)
}

pub(super) fn is_digits(text: &str, code: &Span) -> bool {
    text[code.clone()].starts_with(|c: char| c.is_ascii_digit())
}

/// Lines that hold a code and words outside of any section, as `Essential Hypertension (ICD-10: I10)` or
/// `B. K35.80 Acute appendicitis`.
pub(super) fn lines(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static BRACKETED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?<name>[\p{L}][\p{L}0-9 ,'’/-]{3,80}?)\s*[\[(]\s*(?:ICD[- ]?(?:9|10)?(?:[- ]?CM)?\s*:?\s*)?(?<code>[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?|[0-9]{3}\.[0-9A-Z]{1,4})\s*[\])]").expect("a valid expression")
    });
    static ITEM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^(?:(?<lead>[A-L1-9][.)]|[\[(][xX][\])]|(?i:(?:principal |primary |secondary |final )?(?:diagnos[ei]s|dx)(?: codes?)?)(?:\s?#?\d{1,2})?(?:\s*\(ICD[^()]*\))?\W*)\s+)?(?<code>[A-TV-Z][0-9][0-9AB]\.[0-9A-Z]{1,4})(?:\s*[:–-])?\s+(?<name>[\p{L}][\p{L}0-9 ,'’/-]{3,80})$").expect("a valid expression")
    });
    let text = context.layout.text;
    BRACKETED
        .captures_iter(text)
        .chain(ITEM.captures_iter(text))
        .filter_map(|found| {
            let (name, code) = (found.name("name")?, found.name("code")?);
            let span = without_label(text, tidy(text, name.range()));
            let seen = before.iter().any(|d| {
                d.pieces
                    .iter()
                    .any(|p| p.span.start < code.end() && code.start() < p.span.end)
            });
            let digits = is_digits(text, &code.range());
            // A line that a code begins.
            let bare = digits || found.name("lead").is_none() && code.start() < name.start();
            if seen || span.is_empty() || bare && !holds_condition(context, &span) {
                return None;
            }
            let fact = Fact::Diagnosis(Diagnosis {
                code: Some(code.as_str().into()),
            });
            let mut draft = Draft::new(fact, 0.9)
                .with("diagnosis", span.clone())
                .with("code", code.range());
            draft.value = Some(span);
            if digits && !prints_icd9(text) {
                draft.doubt(NO_LETTER);
            }
            Some(draft)
        })
        .collect()
}
