//! How long something lasts: where that is asked for in numbers, a card that has none does not tell it.

use crate::chat::{evidence::CardEvidence, expression::expression};

expression!(
    ASKED,
    r"\bhow many (seconds|minutes|mins|hours|days|nights|weeks|months|years)\b"
);
expression!(
    TOLD,
    r"(?i)\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|forty|fifty|sixty|ninety)[ -]?(full |whole |more |or more )?(seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?)\b|\b(an?|half an?) (hour|minute|week|month|year)\b"
);

/// May this card answer, as far as it is asked how long something lasts?
pub(super) fn may_tell(question: &str, card: &CardEvidence) -> bool {
    let mut told = card.sentences.iter().map(|sentence| &sentence.text);
    !ASKED.is_match(&question.to_lowercase()) || told.any(|text| TOLD.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::may_tell;
    use crate::chat::{
        evidence::{CardEvidence, CardSentence},
        words,
    };

    #[test]
    fn minutes_are_told_in_numbers_alone() {
        let card = |text: &str| CardEvidence {
            sentences: vec![CardSentence {
                text: text.into(),
                stems: words::stems(text),
            }],
            ..CardEvidence::titled("Teeth")
        };
        let asked = "for how many minutes should they brush";
        assert!(!may_tell(
            asked,
            &card("Brush every day, for some minutes.")
        ));
        assert!(may_tell(asked, &card("Brush twice a day for two minutes.")));
        assert!(may_tell("what helps teeth", &card("Brush every day.")));
    }
}
