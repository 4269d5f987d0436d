//! Questions that go on from the one before: `is that high?`, `and the salbutamol?`, `and in July?`. What is left
//! unsaid is taken from that question; what is said anew takes the place of what was said.

use super::{
    expression::expression,
    parts,
    question::{self, Asked},
    words,
};

/// Questions that are looked back at.
const BACK: usize = 3;
/// A question of so few words without a subject goes on from another.
const SHORT: usize = 4;

expression!(
    GOES_ON,
    r"(?i)^\s*(and|also|or|then|but|so)\b[\s,]*|^\s*(what|how) about\b\s*"
);
expression!(
    POINTS,
    r"(?i)\b(it|its|that|this|them|they|those|these|one|ones|both|same)\b"
);
expression!(OTHER, r"(?i)\b(others?|rest|else)\b");
// It asks by itself.
expression!(
    ASKS,
    r"(?i)\b(what|which|who|whom|whose|when|where|why|how|is|are|was|were|does|do|did|has|have|had|can|should|list|show|tell|give)\b"
);

/// The last of the questions as it is meant.
pub(super) fn in_context(text: &str, history: &[(String, String)]) -> Asked {
    let from = history.len().saturating_sub(BACK);
    let mut meant: Option<Asked> = None;
    for asked in history[from..]
        .iter()
        .map(|(asked, _)| asked.as_str())
        .chain([text])
    {
        let asked = Asked::new(asked);
        meant = Some(match meant {
            Some(before) => after(asked, &before),
            None => asked,
        });
    }
    meant.unwrap_or_else(|| Asked::new(text))
}

/// Each of the questions that a text asks in one breath, as one that goes on from those before it; none where it is
/// one question.
pub(super) fn parts(text: &str, history: &[(String, String)]) -> Vec<Asked> {
    let mut before = history.to_vec();
    let mut out = Vec::new();
    for part in parts::of(text) {
        let asked = in_context(part, &before);
        // `And when?` alone asks for nothing that could be found.
        if !asked.subjects.is_empty() || !asked.wanted.is_empty() {
            out.push(asked);
        }
        before.push((part.to_owned(), String::new()));
    }
    out
}

fn after(asked: Asked, before: &Asked) -> Asked {
    let lead = GOES_ON.find(&asked.text).map_or(0, |found| found.end());
    let rest = asked.text[lead..].trim();
    let goes_on = lead > 0 && !ASKS.is_match(rest);
    let points = POINTS.is_match(rest);
    let short = rest.split_whitespace().count() <= SHORT && ASKS.is_match(rest);
    let is_bare = asked.subjects.is_empty();
    // `Any allergies?` asks for something of its own, `how often?` for something of what was named.
    let is_whole = asked.wanted.iter().any(|one| one.kind != "medication") && !points;
    if is_whole || !(goes_on || is_bare && (points || short)) {
        return asked;
    }
    let is_subject = |word: &str| before.subjects.contains(&words::stem(word));
    let is_day = |word: &str| {
        let stem = words::stem(word);
        question::is_month(&stem) || stem.starts_with(|c: char| c.is_ascii_digit())
    };
    let text = if !is_bare || OTHER.is_match(rest) {
        format!("{} {rest}", without(&before.text, is_subject))
    } else if !asked.days.is_empty() {
        format!("{} {rest}", without(&before.text, is_day))
    } else {
        let subjects = words::tokens(&before.text)
            .into_iter()
            .filter(|word| is_subject(word));
        format!("{rest} {}", subjects.collect::<Vec<_>>().join(" "))
    };
    Asked::new(text.trim())
}

/// A text without some of its words.
fn without(text: &str, is_one: impl Fn(&str) -> bool) -> String {
    let kept = text.split_whitespace().filter(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        !is_one(bare.trim_end_matches("'s"))
    });
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{in_context, parts};

    #[test]
    fn what_is_unsaid_is_taken_from_the_question_before() {
        for (before, text, want) in [
            (
                "How often does she take furosemide?",
                "and the salbutamol?",
                "How often does she take the salbutamol?",
            ),
            ("potassium in june", "and in july?", "potassium in in july?"),
            (
                "his GGT?",
                "is that out of range",
                "is that out of range ggt",
            ),
            ("TSH?", "and free T4", "free T4"),
            (
                "who prescribed the hydroxyzine",
                "and what is their NPI",
                "and what is their NPI",
            ),
            (
                "how much was the bill for the radiograph",
                "and the other one",
                "how much was the bill for the the other one",
            ),
            (
                "how much codeine",
                "what is she allergic to",
                "what is she allergic to",
            ),
            ("amoxicillin dose", "how often?", "how often? amoxicillin"),
            ("amoxicillin dose", "and allergies?", "and allergies?"),
        ] {
            let history = [(before.to_owned(), String::new())];
            assert_eq!(in_context(text, &history).text, want, "{before} {text}");
        }
    }

    #[test]
    fn questions_of_one_breath_go_on_from_each_other() {
        let asked = parts("Is she on bisoprolol, and how often?", &[]);
        let texts: Vec<&str> = asked.iter().map(|asked| asked.text.as_str()).collect();
        assert_eq!(texts, ["Is she on bisoprolol", "how often? bisoprolol"]);
        assert!(parts("who ordered it, and when?", &[]).len() == 1);
        assert!(parts("How often?", &[]).is_empty());
    }
}
