//! When a person should look at a laboratory result: misread digits, an unknown unit, and a flag that
//! contradicts the value and the range beside it.

use schemas::Lab;

use super::shapes;
use crate::{coding, draft::Draft, medication::review::number as check_number};

/// The reason of a flag, or of a missing one, that contradicts value and range.
pub(crate) const FLAG_DIFFERS: &str = "the flag does not fit the value and the range";

/// Is it outside its range without a flag?
pub(crate) fn misses_flag(lab: &Lab) -> bool {
    lab.flag.is_none() && Beside::of(lab).is_some_and(|seen| !seen.backwards && seen.flag_differs)
}

/// Adds reasons and candidates.
pub(crate) fn check(lab: &Lab, draft: &mut Draft) {
    let Some(value) = &lab.value else { return };
    check_number("value", value, draft);
    if is_no_grade(value) {
        draft.doubt("graded results end at 4+");
    }
    if let Some(unit) = &lab.unit
        && !shapes::is_unit(unit)
    {
        draft.doubt("the unit is not known");
    }
    if let (Some(name), Some(unit)) = (&lab.name, &lab.unit)
        && coding::is_foreign_unit(name, unit)
    {
        draft.doubt("the test is not reported in this unit; the row may be another's");
    }
    if lab.flag.is_some()
        && is_normal_word(value)
        && lab.range.as_deref().is_none_or(is_normal_word)
    {
        draft.doubt(FLAG_DIFFERS);
    }
    let Some(seen) = Beside::of(lab) else { return };
    if seen.backwards {
        draft.doubt("the range runs backwards");
        return;
    }
    if seen.lacks_decimals {
        draft.doubt("the value has no decimals and its range has");
    }
    if seen.flag_differs {
        draft.doubt(FLAG_DIFFERS);
    }
    if seen.far_outside {
        draft.doubt("the value is far outside the range; a decimal point may be lost");
    }
}

/// `5+`, `30+`: dipsticks and smears are graded from 1+ to 4+.
fn is_no_grade(value: &str) -> bool {
    value
        .trim()
        .strip_suffix('+')
        .and_then(|grade| grade.trim().parse::<u32>().ok())
        .is_some_and(|grade| !(1..=4).contains(&grade))
}

/// `Negative` and the like, which nobody flags.
fn is_normal_word(value: &str) -> bool {
    const WORDS: [&str; 7] = [
        "negative",
        "neg",
        "normal",
        "none",
        "nil",
        "not detected",
        "absent",
    ];
    WORDS.contains(&value.trim().to_lowercase().as_str())
}

/// Does the result fit its range and flag, as far as they are printed? None without a range. Where the
/// document prints no flags, a missing one tells nothing.
pub(crate) fn fits(lab: &Lab, prints_flags: bool) -> Option<bool> {
    let seen = Beside::of(lab)?;
    if seen.backwards {
        return None;
    }
    let flag_differs = seen.flag_differs && (prints_flags || lab.flag.is_some());
    Some(!(seen.lacks_decimals || flag_differs || seen.far_outside))
}

/// A value beside its range and flag.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent contradictions"
)]
struct Beside {
    backwards: bool,
    lacks_decimals: bool,
    flag_differs: bool,
    far_outside: bool,
}

impl Beside {
    /// None where value or range are no numbers.
    fn of(lab: &Lab) -> Option<Self> {
        let (value, range) = (lab.value.as_deref()?, lab.range.as_deref()?);
        let measured = number(value)?;
        let (low, high) = bounds(range)?;
        let side = match (measured < low, measured > high) {
            (true, _) => -1,
            (_, true) => 1,
            _ => 0,
        };
        let stated = value.starts_with(['<', '>', '≤', '≥']);
        let contradiction = match (lab.flag.as_deref(), side) {
            (Some("H" | "HH"), s) => s <= 0,
            (Some("L" | "LL"), s) => s >= 0,
            (Some(_), 0) => true,
            (None, s) => s != 0,
            _ => false,
        };
        let far = measured > high * 20.0 || measured < low / 20.0;
        Some(Self {
            backwards: low > high,
            lacks_decimals: decimals(range) && !value.contains(['.', ',']),
            flag_differs: contradiction && !stated,
            far_outside: side != 0 && high.is_finite() && low > 0.0 && far,
        })
    }
}

/// Every number of the range has decimals.
fn decimals(range: &str) -> bool {
    let mut numbers = range
        .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .filter(|n| n.contains(|c: char| c.is_ascii_digit()))
        .peekable();
    numbers.peek().is_some()
        && numbers.all(|n| n.contains('.') || crate::number::has_decimal_comma(n))
}

fn number(text: &str) -> Option<f64> {
    crate::number::read(text.trim_start_matches(['<', '>', '=', '≤', '≥', ' ']))
}

/// Lower and upper bound of `0.5 - 2.2`, `<5.0` or `>60`.
fn bounds(range: &str) -> Option<(f64, f64)> {
    let range = range.trim();
    if range.starts_with(['<', '≤']) {
        return Some((f64::NEG_INFINITY, number(range)?));
    }
    if range.starts_with(['>', '≥']) {
        return Some((number(range)?, f64::INFINITY));
    }
    if let Some((low, high)) = range.split_once(" to ") {
        return Some((number(low.trim())?, number(high.trim())?));
    }
    let cut = range
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '-' | '–' | '—' | '~'))?;
    let low = number(range[..cut.0].trim())?;
    let high = number(
        range[cut.0 + cut.1.len_utf8()..]
            .trim()
            .trim_end_matches('%'),
    )?;
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use schemas::{Fact, Lab};

    use super::check;
    use crate::draft::Draft;

    #[test]
    fn a_unit_that_the_test_never_has() {
        for (name, unit, doubtful) in [
            ("Hemoglobin", "pg/mL", true),
            ("Hemoglobin", "g/dL", false),
            ("Hemoglobin", "g/L", false),
            ("Potassium", "mmol/L", false),
            ("Potassium", "mg/L", true),
            ("Zorbamine", "pg/mL", false),
            ("D-Dimer", "mg/L", false),
            ("INR", "mg/L", true),
        ] {
            let lab = Lab {
                name: Some(name.into()),
                value: Some("12".into()),
                unit: Some(unit.into()),
                ..Lab::default()
            };
            let mut draft = Draft::new(Fact::Lab(lab.clone()), 1.0);
            check(&lab, &mut draft);
            assert_eq!(!draft.reasons.is_empty(), doubtful, "{name} {unit}");
        }
    }

    #[test]
    fn flags_that_contradict() {
        for (value, range, flag, doubtful) in [
            ("0.53", "0.57 - 1.25", Some("L"), false),
            ("0.53", "0.57 - 1.25", Some("H"), true),
            ("0.53", "0.57 - 1.25", None, true),
            ("0.80", "0.57 - 1.25", Some("L"), true),
            ("76", ">60", None, false),
            ("3.5", "<5.0", None, false),
            ("7.6", "<5.0", Some("H"), false),
            ("4O", "10-50", None, true),
            ("9", "8.6-10.3", None, true),
            ("9", "8-10.3", None, false),
            ("1.3", "0.8 to 1.8", None, false),
            ("13", "0.8 to 1.8", None, true),
            ("3+", "Negative", None, false),
            ("30+", "Negative", None, true),
            ("5+", "Negative", Some("Abnormal"), true),
            ("07", "", None, true),
            ("Negative", "Negative", Some("Abnormal"), true),
            ("Negative", "Negative", None, false),
            ("Negative", "Positive", Some("Abnormal"), false),
            ("Positive", "Negative", Some("Abnormal"), false),
        ] {
            let lab = Lab {
                value: Some(value.into()),
                range: Some(range.into()),
                flag: flag.map(Into::into),
                ..Lab::default()
            };
            let mut draft = Draft::new(Fact::Lab(lab.clone()), 1.0);
            check(&lab, &mut draft);
            assert_eq!(
                !draft.reasons.is_empty(),
                doubtful,
                "{value} {range} {flag:?}"
            );
        }
    }
}
