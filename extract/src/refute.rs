//! Whether a reading that differs from the printed one can be what stands on the paper at all: a result that its
//! range and flag contradict, a strength that no product of the drug has, a frequency that is none. Such a
//! reading is a slip of its engine and no reason to ask a person, as long as the printed value itself fits.
//! Where nothing tells, nothing is refuted.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Lab, Medication};

use crate::{
    coding, lab, sentinel,
    sig::{self, Part},
};

/// What a document prints beside its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Some result has a flag, so that one without a flag is inside its range.
    pub prints_flags: bool,
    /// Several results are outside their ranges and none has a flag: the document prints none, or they were lost.
    pub lacks_flags: bool,
    /// Nearly every result has its unit and range, so that one with neither was read in part.
    pub prints_rows: bool,
}

impl Habits {
    /// Dipsticks are graded up to it.
    const HIGHEST_GRADE: u32 = 4;
    /// Fewer results show no habit.
    const LEAST: usize = 4;
    /// Fewer results without a flag may be misread ones.
    const UNFLAGGED: usize = 3;

    pub fn of<'a>(facts: impl Iterator<Item = &'a Fact>) -> Self {
        let (mut results, mut flagged, mut full, mut outside) = (0, 0, 0, 0);
        for fact in facts {
            if let Fact::Lab(lab) = fact {
                results += 1;
                flagged += usize::from(lab.flag.is_some());
                full += usize::from(lab.unit.is_some() && lab.range.is_some());
                outside += usize::from(lab::misses_flag(lab));
            }
        }
        Self {
            prints_flags: flagged > 0,
            lacks_flags: flagged == 0 && outside >= Self::UNFLAGGED,
            prints_rows: results >= Self::LEAST && full * 4 >= results * 3,
        }
    }

    /// A result without the unit and the range that the others have.
    pub fn misses(self, fact: &Fact) -> bool {
        self.prints_rows
            && matches!(fact, Fact::Lab(lab) if lab.unit.is_none() && lab.range.is_none())
    }

    /// Do value and range say what the flag says? Then a word that was read with doubt has its second witness in them.
    pub fn prove_flag(self, fact: &Fact) -> bool {
        let Fact::Lab(result) = fact else {
            return false;
        };
        let plain = matches!(result.flag.as_deref(), Some("H" | "L" | "Abnormal"));
        plain
            && lab::misses_flag(&Lab {
                flag: None,
                ..result.clone()
            })
            && lab::fits(result, true) == Some(true)
    }

    /// Fits the printed value, and could `read` not stand in the place of `printed` in this field?
    pub fn refute(self, fact: &Fact, field: &str, printed: &str, read: &str) -> bool {
        match fact {
            Fact::Lab(result) => self.refutes_result(result, field, printed, read),
            Fact::Medication(drug) if field == "frequency" => {
                let value = drug.frequency.as_deref();
                value.is_some_and(|value| refutes_frequency(value, printed, read))
            }
            Fact::Medication(drug) => refutes_amount(drug, field, printed, read),
            _ => false,
        }
    }

    fn refutes_result(self, result: &Lab, field: &str, printed: &str, read: &str) -> bool {
        let fits = |result: &Lab| lab::fits(result, self.prints_flags);
        let mut other = result.clone();
        match field {
            "value" if result.value.as_deref() == Some(printed) => other.value = Some(read.into()),
            // Both say that it is not normal: value and range tell which.
            "flag" if matches!(lab::flag_norm(read), Some("Abnormal")) => {
                return matches!(result.flag.as_deref(), Some("H" | "HH" | "L" | "LL"))
                    && fits(result) == Some(true);
            }
            "unit" => {
                let foreign = |unit: &str| {
                    let unit = unit.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
                    let name = result.name.as_deref().unwrap_or_default();
                    coding::is_foreign_unit(name, unit)
                };
                return result.unit.as_deref() == Some(printed)
                    && foreign(read)
                    && !foreign(printed);
            }
            // `34` for `3+`: a dipstick's grade is no such number.
            "value" if result.value.as_deref() == Some(&format!("{printed}+")) => {
                let graded = read
                    .parse::<u32>()
                    .is_ok_and(|read| read > Self::HIGHEST_GRADE);
                let words = result.range.as_deref();
                return graded && words.is_some_and(|range| !range.contains(char::is_numeric));
            }
            // What is no flag at all is a garbled one: value and range tell which.
            "flag" if !lab::is_flag(read) => {
                return result.flag.is_some() && fits(result) == Some(true);
            }
            "flag" => other.flag = lab::flag_norm(read).map(Into::into),
            _ => return false,
        }
        fits(result) == Some(true) && fits(&other) == Some(false)
    }
}

fn refutes_amount(drug: &Medication, field: &str, printed: &str, read: &str) -> bool {
    let mut other = drug.clone();
    let place = match field {
        "strength" => &mut other.strength,
        "dose" => &mut other.dose,
        _ => return false,
    };
    let Some(value) = place.as_mut().filter(|value| value.contains(printed)) else {
        return false;
    };
    *value = value.replacen(printed, read, 1);
    sentinel::is_usual(drug) == Some(true) && sentinel::is_usual(&other) == Some(false)
}

/// `46h` is no frequency where `q6h` stands, and nothing is taken every 46 hours.
fn refutes_frequency(value: &str, printed: &str, read: &str) -> bool {
    static HOURS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\bq\.?\s?|\bevery\s+)([0-9]+)\s?h").expect("a valid expression")
    });
    const USUAL: [&str; 10] = ["1", "2", "3", "4", "6", "8", "12", "24", "48", "72"];
    if !value.contains(printed) {
        return false;
    }
    let other = value.replacen(printed, read, 1);
    let whole = |text: &str| {
        let found = sig::scan(text, 0..text.len(), &[]);
        found
            .iter()
            .any(|found| found.part == Part::Frequency && found.span == (0..text.len()))
    };
    let unusual = HOURS
        .captures(&other)
        .is_some_and(|found| !USUAL.contains(&&found[1]));
    whole(value) && (!whole(&other) || unusual)
}

#[cfg(test)]
mod tests {
    use schemas::{Fact, Lab, Medication};

    use super::Habits;

    #[test]
    fn a_grade_is_no_number() {
        for (value, range, read, refuted) in [
            ("3+", "Negative", "34", true),
            ("3+", "Negative", "1", false),
            ("3+", "0-5", "34", false),
        ] {
            let fact = lab(value, range, None);
            let habits = Habits::of(std::iter::once(&fact));
            assert_eq!(habits.refute(&fact, "value", "3", read), refuted, "{read}");
        }
    }

    fn lab(value: &str, range: &str, flag: Option<&str>) -> Fact {
        Fact::Lab(Lab {
            value: Some(value.into()),
            range: Some(range.into()),
            flag: flag.map(Into::into),
            ..Lab::default()
        })
    }

    fn drug(name: &str, strength: &str, frequency: &str) -> Fact {
        Fact::Medication(Medication {
            name: Some(name.into()),
            strength: Some(strength.into()),
            form: Some("tablet".into()),
            frequency: Some(frequency.into()),
            ..Medication::default()
        })
    }

    #[test]
    fn results_that_cannot_be() {
        let inside = lab("98", "95-108", None);
        for (fact, field, printed, read, flags, refuted) in [
            (
                &lab("4.2", "4.0 - 5.6", None),
                "value",
                "4.2",
                "42",
                false,
                true,
            ),
            (&inside, "value", "98", "8", true, true),
            (&inside, "value", "98", "8", false, false),
            (&inside, "value", "98", "99", true, false),
            (
                &lab("113", "95-108", Some("H")),
                "value",
                "113",
                "13",
                true,
                true,
            ),
            (
                &lab("13", "95-108", Some("H")),
                "value",
                "13",
                "113",
                true,
                false,
            ),
            (
                &lab("113", "95-108", Some("H")),
                "flag",
                "H",
                "L",
                true,
                true,
            ),
            (&lab("5.4", "", None), "value", "5.4", "54", true, false),
            (
                &lab("1.3", "0.8 to 1.8", None),
                "value",
                "1.3",
                "13",
                false,
                true,
            ),
            (
                &lab("129", "133-146", Some("L")),
                "flag",
                "L",
                "kL",
                true,
                true,
            ),
            (
                &lab("140", "133-146", Some("L")),
                "flag",
                "L",
                "kL",
                true,
                false,
            ),
            (
                &lab("129", "133-146", Some("L")),
                "flag",
                "L",
                "LL",
                true,
                false,
            ),
            (
                &lab("129", "133-146", Some("L")),
                "flag",
                "L",
                "A",
                true,
                true,
            ),
            (
                &lab("140", "133-146", Some("L")),
                "flag",
                "L",
                "A",
                true,
                false,
            ),
        ] {
            let habits = Habits {
                prints_flags: flags,
                lacks_flags: false,
                prints_rows: false,
            };
            let found = habits.refute(fact, field, printed, read);
            assert_eq!(found, refuted, "{field} {printed} {read}: {fact:?}");
        }
    }

    #[test]
    fn a_flag_is_proven_by_value_and_range() {
        for (value, flag, proven) in [
            ("148", Some("H"), true),
            ("148", Some("Abnormal"), true),
            ("128", Some("L"), true),
            ("148", Some("L"), false),
            ("140", Some("H"), false),
            ("148", None, false),
        ] {
            let fact = lab(value, "133-146", flag);
            let habits = Habits::of(std::iter::once(&fact));
            assert_eq!(habits.prove_flag(&fact), proven, "{value} {flag:?}");
        }
    }

    #[test]
    fn units_of_other_tests_are_refuted() {
        let fact = Fact::Lab(Lab {
            name: Some("Bicarbonate".into()),
            unit: Some("mmol/L".into()),
            ..Lab::default()
        });
        let habits = Habits::of([&fact].into_iter());
        for (read, refuted) in [("nmol/L", true), ("~nmol/L", true), ("mmol/L", false)] {
            let found = habits.refute(&fact, "unit", "mmol/L", read);
            assert_eq!(found, refuted, "{read}");
        }
    }

    #[test]
    fn a_document_without_flags() {
        let outside = lab("113", "95-108", None);
        let inside = lab("98", "95-108", None);
        let flagged = lab("113", "95-108", Some("H"));
        for (facts, lacks) in [
            (vec![&outside, &outside, &outside, &inside], true),
            (vec![&outside, &outside, &inside, &inside], false),
            (vec![&outside, &outside, &outside, &flagged], false),
        ] {
            assert_eq!(Habits::of(facts.into_iter()).lacks_flags, lacks);
        }
    }

    #[test]
    fn rows_that_miss_what_the_others_have() {
        let full = Fact::Lab(Lab {
            unit: Some("mmol/L".into()),
            range: Some("1-2".into()),
            ..Lab::default()
        });
        let bare = Fact::Lab(Lab::default());
        for (others, missing) in [(3, true), (2, false)] {
            let facts = std::iter::repeat_n(&full, others).chain([&bare]);
            let habits = Habits::of(facts);
            assert_eq!(habits.misses(&bare), missing, "{others}");
            assert!(!habits.misses(&full));
        }
    }

    #[test]
    fn amounts_and_frequencies_that_cannot_be() {
        let known = drug("Bisoprolol", "1.25 mg", "q6h");
        let unknown = drug("Unheardofol", "1.25 mg", "q6h");
        for (fact, field, printed, read, refuted) in [
            (&known, "strength", "1.25", "125", true),
            (&known, "strength", "1.25", "2.5", false),
            (&unknown, "strength", "1.25", "125", false),
            (&known, "frequency", "q6h", "46h", true),
            (&known, "frequency", "q6h", "q8h", false),
        ] {
            let habits = Habits {
                prints_flags: false,
                lacks_flags: false,
                prints_rows: false,
            };
            let found = habits.refute(fact, field, printed, read);
            assert_eq!(found, refuted, "{field} {printed} {read}: {fact:?}");
        }
    }
}
