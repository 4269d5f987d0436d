//! In which form an answer comes: a date, a person, a number, a reason. `When` is answered by no line without a date,
//! however near it is in meaning.

use schemas::Fact;

use crate::chat::{
    days,
    evidence::{Proven, Unit},
    expression::expression,
    facts,
    question::Asked,
};

// `When does she take it` asks for a time of the day, `when should she call` for a reason to.
expression!(
    DATE,
    r"\bwhen (was|were|did|is|will|has|had)\b|\bwhen do(es)? .{1,40}\b(expires?|ends?|starts?|begins?|runs? out)\b|\b(which|what|on what|on which) (date|day|year|month)\b|\bdates?\b|\bsince when\b|\bhow long ago\b"
);
expression!(
    PERSON,
    r"\bwho(m|se)?\b|\bwhich (doctor|dr|physician|gp|consultant|nurse|surgeon|radiologist|specialist|prescriber)\b|\bname of (the|her|his|their) (doctor|dr|physician|gp|consultant|nurse|surgeon|radiologist|specialist|prescriber|patient)\b"
);
expression!(
    NUMBER,
    r"\bhow (much|many|high|low|big|large|tall|heavy|often|strong)\b|\b(phone|telephone|fax|account|member|group|order|chart) ?(number|no|id)?\b"
);
expression!(NAMED, r"\b(Dr|Mr|Mrs|Ms|Miss|Prof|MD|DO|RN|NP)\b");

expression!(
    YES_OR_NO,
    r"(?i)^\W*(is|are|was|were|does|do|did|has|have|had|can|could|any|anything|should|will)\b"
);

/// Is it to be answered with yes or no?
pub(super) fn is_yes_or_no(question: &str) -> bool {
    YES_OR_NO.is_match(question)
}

/// A form of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    Person,
    Number,
    Reason,
}

impl Form {
    /// Those, of which the first that a question has is what it asks for.
    pub(super) const ALL: [Self; 4] = [Self::Reason, Self::Date, Self::Person, Self::Number];

    /// The form that a question asks for; none when it asks for none in particular.
    pub(super) fn asked(asked: &Asked) -> Option<Self> {
        let lower = asked.text.to_lowercase();
        Self::ALL.into_iter().find(|form| match form {
            Self::Date => DATE.is_match(&lower),
            Self::Person => PERSON.is_match(&lower),
            Self::Number => NUMBER.is_match(&lower),
            Self::Reason => asked.wants_reason,
        })
    }

    /// Does a line, with the facts that rest on it, hold an answer of this form?
    pub(super) fn is_in(self, unit: &Unit, facts: &[&Proven]) -> bool {
        match self {
            Self::Date => {
                facts.iter().any(|fact| !fact.days.is_empty())
                    || !days::named(&unit.text).is_empty()
            }
            Self::Person => {
                let mut facts = facts.iter();
                facts.any(|fact| matches!(fact.entity.fact, Fact::Person(_) | Fact::Org(_)))
                    || NAMED.is_match(&unit.text)
            }
            Self::Number => unit.text.contains(|c: char| c.is_ascii_digit()),
            Self::Reason => facts::gives_reason(&unit.under, &unit.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::chat::{printed::printed, question::Asked};

    #[test]
    fn forms_are_told_by_question_and_line() {
        let document = printed(
            "Prescriber: Edith Marlow, MD\nOrdered on 03/04/2024\nAmoxicillin 250 mg capsule\n\
             History: presented with cough\nThe lungs are clear.",
        );
        for (question, form, holds) in [
            ("who signed it?", Some(Form::Person), "Marlow"),
            ("when was it ordered", Some(Form::Date), "03/04/2024"),
            ("how much amoxicillin", Some(Form::Number), "250"),
            ("why was she seen", Some(Form::Reason), "presented"),
            ("are the lungs clear", None, ""),
            ("when should she call", None, ""),
            ("when does the order expire", Some(Form::Date), "03/04/2024"),
        ] {
            let found = Form::asked(&Asked::new(question));
            assert_eq!(found, form, "{question}");
            let Some(found) = found else { continue };
            for unit in &document.units {
                let facts = document.facts.iter().filter(|fact| {
                    let mut words = fact.entity.words.iter();
                    words.any(|word| unit.words.contains(word))
                });
                let facts: Vec<_> = facts.collect();
                if unit.text.contains(holds) {
                    assert!(found.is_in(unit, &facts), "{question} {}", unit.text);
                }
                if unit.text.starts_with("The lungs") {
                    assert!(!found.is_in(unit, &facts), "{question} {}", unit.text);
                }
            }
        }
    }
}
