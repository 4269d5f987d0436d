//! Results beyond their ranges, as questions ask for them: `which are too high`, `anything flagged`.

use schemas::Fact;

use super::{evidence::Proven, expression::expression};

/// On which side of its range a result lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    High,
    Low,
    Either,
}

expression!(
    EITHER,
    r"\b(abnormal\w*|flagged|starred|asterisk|(outside|out of|not within|not in|beyond)( of)?( the| its| their| normal)* (range|limits?|norm)|out of line|not normal|anything off)\b"
);
expression!(
    HIGH,
    r"\b(too (high|much|big|large)|raised|elevated|(above|over|exceeds?|exceeding)( the| its| their| his| her| upper| normal)* (range|limits?|norm))\b"
);
expression!(
    LOW,
    r"\b(too (low|little|small)|lowered|decreased|(below|under)( the| its| their| his| her| lower| normal)* (range|limits?|norm))\b"
);

impl Side {
    /// The side that a question asks for; none when it asks for none.
    pub(super) fn asked(question: &str) -> Option<Self> {
        let question = question.to_lowercase();
        match (HIGH.is_match(&question), LOW.is_match(&question)) {
            (true, false) => Some(Self::High),
            (false, true) => Some(Self::Low),
            (true, true) => Some(Self::Either),
            (false, false) => EITHER.is_match(&question).then_some(Self::Either),
        }
    }

    /// Is it a result on this side of its range, by its flag or by its numbers?
    pub(super) fn has(self, fact: &Proven) -> bool {
        let Fact::Lab(lab) = &fact.entity.fact else {
            return false;
        };
        let Some(flag) = &lab.flag else {
            return false;
        };
        let flag = flag.to_lowercase();
        let side = match flag.chars().next() {
            Some('h') => Some(Self::High),
            Some('l') => Some(Self::Low),
            _ => by_numbers(lab.value.as_deref(), lab.range.as_deref()),
        };
        self == Self::Either || side.is_none_or(|side| side == self)
    }
}

fn by_numbers(value: Option<&str>, range: Option<&str>) -> Option<Side> {
    expression!(NUMBER, r"\d+(\.\d+)?");
    let numbers = |text: &str| -> Vec<f64> {
        let found = NUMBER.find_iter(text);
        found.filter_map(|n| n.as_str().parse().ok()).collect()
    };
    let (value, range) = (value?, range?);
    let value = *numbers(value).first()?;
    let limits = numbers(range);
    let (least, most) = match limits.as_slice() {
        [most] if range.contains(['<', '≤']) => (f64::MIN, *most),
        [least] if range.contains(['>', '≥']) => (*least, f64::MAX),
        [least, most] => (*least, *most),
        _ => return None,
    };
    if value < least {
        Some(Side::Low)
    } else if value > most {
        Some(Side::High)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Side, by_numbers};
    use crate::chat::{facts, printed::printed, question::Asked, say};

    #[test]
    fn the_side_is_told_by_question_and_numbers() {
        for (question, side) in [
            ("which results are too high?", Some(Side::High)),
            ("what is raised in his bloods", Some(Side::High)),
            ("anything below the normal range", Some(Side::Low)),
            ("what is flagged", Some(Side::Either)),
            ("too high or too low?", Some(Side::Either)),
            ("what was the sodium", None),
        ] {
            assert_eq!(Side::asked(question), side, "{question}");
        }
        for (value, range, side) in [
            ("129", "133-146", Some(Side::Low)),
            ("155", "133 to 146", Some(Side::High)),
            ("5.5", "<5.0", Some(Side::High)),
            ("4.2", "<5.0", None),
            ("12", "", None),
        ] {
            assert_eq!(
                by_numbers(Some(value), Some(range)),
                side,
                "{value} {range}"
            );
        }
    }

    #[test]
    fn all_results_of_a_side_are_listed() {
        let document = printed(
            "Test Result Units Reference Flag\nHemoglobin 12.4 g/dL 13.0 to 16.0 L\n\
             MCV 107.8 fL 80.0 to 100.0 H\nPlatelets 298 10^9/L 150 to 400\nFerritin 9 ng/mL 15 to 200 L",
        );
        for (question, names) in [
            ("which results are too high", vec!["MCV"]),
            (
                "which results are below range",
                vec!["Hemoglobin", "Ferritin"],
            ),
            ("is the MCV raised", vec![]),
        ] {
            let asked = Asked::new(question);
            let found = facts::flagged(&asked, &document).unwrap_or_default();
            let found: Vec<&str> = found.iter().map(|fact| say::name(&fact.entity)).collect();
            assert_eq!(found, names, "{question}");
        }
    }
}
