//! Words of a change that only advise or set a condition: `do not stop`, `stop if`, `hold for ANC < 1.5`, `if K is low,
//! stop`. Nothing happened.

use std::sync::LazyLock;

use regex::Regex;

/// What stands before the word, the word, what stands behind it.
pub(super) fn is_advice(before: &str, word: &str, behind: &str) -> bool {
    is_denied(before, word)
        || is_for_later(behind)
        || is_conditional(before)
        || is_limit(behind)
        || would_be(before, behind)
}

/// `do not stop`, `then stop`, `may be increased`. `You may stop ranitidine` ends it.
fn is_denied(before: &str, word: &str) -> bool {
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:then|until|not|never|if|without|before|may|or)|n['’]t)\s+(?:be\s+|been\s+|to\s+)?$")
            .expect("a valid expression")
    });
    static ALLOWED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:he|she|you|they|patient)\s+may\s+$").expect("a valid expression")
    });
    let allowed = matches!(word, "stop" | "discontinue") && ALLOWED.is_match(before);
    OTHERWISE.is_match(before) && !allowed
}

/// `stop if drowsy`, `stop in 5 days`.
fn is_for_later(behind: &str) -> bool {
    static LATER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:if|unless|in (?:a|[0-9]{1,2}|one|two|three|four|six) (?:days?|weeks?|months?)|next (?:week|month))\b")
            .expect("a valid expression")
    });
    LATER.is_match(behind)
}

/// `If potassium is low, stop`, `consider adding`: a clause that begins so.
fn is_conditional(before: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:^|[.;:!?•]\s+|\n)\W*(?:if|should|consider)\b[^.;]*$")
            .expect("a valid expression")
    });
    CONDITION.is_match(before)
}

/// `should be reduced to 30 mg if CrCl falls below 50`.
fn would_be(before: &str, behind: &str) -> bool {
    static SHOULD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:should|can|could|would|to|must) (?:then )?be $")
            .expect("a valid expression")
    });
    static IF: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^[^.;]{0,50}\bif\b").expect("a valid expression"));
    SHOULD.is_match(before) && IF.is_match(behind)
}

/// `hold for systolic < 100`, `hold for sedation`.
fn is_limit(behind: &str) -> bool {
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:for|when)\s+(?:[a-z/-]+\s+){1,3}[<>≤≥]|^\s+for\s+(?:sedation|bleeding|diarrh|loose|drows)")
            .expect("a valid expression")
    });
    LIMIT.is_match(behind)
}

#[cfg(test)]
mod tests {
    use super::is_advice;

    #[test]
    fn advice_is_told_from_what_happened() {
        for (before, word, behind, advice) in [
            ("do not ", "stop", " bisoprolol", true),
            ("", "stop", " if drowsy", true),
            ("", "hold", " for ANC < 1.5", true),
            ("If potassium is low, ", "stop", " spironolactone", true),
            ("dose may be ", "increased", " to 10 mg", true),
            ("You may ", "stop", " ranitidine", false),
            (
                "edoxaban should be ",
                "reduced",
                " to 30 mg if CrCl falls",
                true,
            ),
            ("ramipril should be ", "stopped", " now", false),
            ("Plan: ", "stop", " ramipril", false),
            ("metformin was ", "increased", " to 1 g", false),
        ] {
            let told = is_advice(before, word, behind);
            assert_eq!(told, advice, "{before}{word}{behind}");
        }
    }
}
