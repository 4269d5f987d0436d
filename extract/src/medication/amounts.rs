//! Several amounts beside one drug: what was supplied, and amounts of which nothing tells what they are to each
//! other.

use std::sync::LazyLock;

use regex::Regex;

use super::elsewhere;
use crate::{
    layout::Span,
    sig::{self, Part, repair::Read},
};

/// Where amounts with a unit stand.
pub(super) fn amounts(found: &[Read]) -> impl Iterator<Item = usize> + '_ {
    (0..found.len()).filter(|n| found[*n].found.part == Part::Strength)
}

/// `28 tablets`: more than anybody takes at once.
pub(super) fn is_supply(dose: &str) -> bool {
    const LEAST: u32 = 14;
    pieces(dose).is_some_and(|number| number >= LEAST)
}

/// `12 tabs`: behind what is taken each time so many are what was supplied.
pub(super) fn is_pack(dose: &str) -> bool {
    const LEAST: u32 = 4;
    pieces(dose).is_some_and(|number| number >= LEAST)
}

/// How many pieces of a product.
fn pieces(dose: &str) -> Option<u32> {
    let (number, unit) = dose.split_once(' ').unwrap_or_default();
    let unit = unit.to_lowercase();
    let counted = ["tab", "cap", "sachet", "patch", "supp"]
        .iter()
        .any(|kind| unit.starts_with(kind));
    number.parse::<u32>().ok().filter(|_| counted)
}

/// `30 g`, as creams are sold.
pub(super) fn is_tube(amount: &str) -> bool {
    const LEAST: f32 = 10.0;
    let grams = sig::strength_unit(amount)
        .is_some_and(|unit| matches!(&*unit, "g" | "gm" | "gram" | "grams"));
    let number = amount
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .next();
    grams
        && !amount.contains('/')
        && number
            .and_then(|number| number.parse::<f32>().ok())
            .is_some_and(|number| number >= LEAST)
}

/// `Concor 2.5  1 OD`, `Seretide 250 two puffs bd`: a number without a unit between a brand and its sig. A small count
/// alone (`Crocin 1 TDS`) is what is taken.
pub(super) fn bare_strength(text: &str, name: &Span, found: &[Read]) -> Option<Span> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[ -]([0-9]{1,4}(?:\.[0-9]{1,3})?(?:[/-][0-9]{2,4}(?:\.[0-9]{1,3})?|/[0-9](?:\.[0-9]{1,3})?)?)[ \t]")
            .expect("a valid expression")
    });
    static COUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s{1,8}(?:[1-9½]|one|two|half)\s*$").expect("a valid expression")
    });
    const FEW: f32 = 4.0;
    let number = NUMBER.captures(&text[name.end..])?.get(1)?;
    let number = name.end + number.start()..name.end + number.end();
    let next = found
        .iter()
        .map(|read| &read.found)
        .find(|item| item.span.end > number.start)?;
    let gap = text.get(number.end..next.span.start)?;
    let sig = matches!(
        next.part,
        Part::Dose | Part::Frequency | Part::Form | Part::Route | Part::Quantity
    );
    let counted = COUNT.is_match(gap) || next.part == Part::Dose;
    let few = text[number.clone()].parse::<f32>().is_ok_and(|n| n <= FEW);
    const WIDEST: usize = 40;
    let beside = gap.trim().is_empty() && gap.len() <= WIDEST && !gap.contains('\n');
    (sig && (counted || beside && !few)).then_some(number)
}

/// `Folic acid mg once weekly`, `Co-codamol 8/soo, two daily`: a unit without its number, or letters among the digits of
/// what can only be an amount, right behind the drug.
pub(super) fn is_illegible(text: &str, name: &Span) -> bool {
    static LOST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[ \t]+(?:m?c?g|[µμ]g|m[lL]|(?:[0-9]+[/.]?[oOsSlIzZ|]+|[oOsSlIzZ|]+[/.]?[0-9]+)[0-9oOsSlIzZ|/.]*)[,;]?(?:\s|$)",
        )
        .expect("a valid expression")
    });
    LOST.is_match(&text[name.end..])
}

/// `/2 tablet`, `1½2 tablets`: pieces of a fraction before what is counted.
pub(super) fn has_broken_count(text: &str) -> bool {
    static BROKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)(?:^|[\s(])(?:/[0-9]|[0-9]*[½¼¾][0-9]+)\s?(?:tab|cap|pill|puff|drop|spray|sachet|patch|spoon|m[lL]\b)",
        )
        .expect("a valid expression")
    });
    BROKEN.is_match(text)
}

/// Two amounts of one kind in a row, between which nothing says that the first is the product's and the
/// second what is taken: `5 mg alternating with 7.5 mg`, `5 mg to 10 mg`.
pub(super) fn are_rivals(text: &str, found: &[Read], n: usize, former: &[bool]) -> bool {
    let Some(first) = amounts(found).filter(|m| *m < n && !former[*m]).last() else {
        return false;
    };
    let kind = |n: usize| {
        let value = &text[found[n].found.value.clone()];
        let per = value.contains('/') || value.contains(" per ");
        match sig::strength_unit(value)?.as_str() {
            _ if per => None,
            "mg" | "mcg" | "ug" | "µg" | "μg" | "g" | "gm" => Some('g'),
            unit if unit.starts_with("micro") || unit.starts_with("milli") => Some('g'),
            "ml" | "mls" | "cc" | "l" => Some('l'),
            unit if unit.starts_with('u') || unit == "iu" => Some('u'),
            _ => None,
        }
    };
    let gap = &text[found[first].found.span.end..found[n].found.span.start];
    let parted = gap.contains(['\t', '|', '\n', '(', ':', '='])
        || found[first..n]
            .iter()
            .any(|read| matches!(read.found.part, Part::Form | Part::Dose));
    kind(first).is_some() && kind(first) == kind(n) && !parted
}

/// `Take ONE capsule at night        Take TWO tablets in the morning`: directions side by side, each of its own drug.
pub(super) fn has_two_sigs(stretch: &str) -> bool {
    static SIGS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^.*\b(?:take|inhale|apply|inject|instil+|use|give|chew|insert|put)\b.{6,}(?:\s{2,}|\t)(?:take|inhale|apply|inject|instil+|use|give|chew|insert|put)\b")
            .expect("a valid expression")
    });
    SIGS.is_match(stretch)
}

/// What stands beside an amount and makes another one of it, and is in no phrase: a unit that goes on, several
/// pieces of it, days on which alone it holds.
pub(super) fn left_open(text: &str, found: &[Read], n: usize) -> Vec<&'static str> {
    static UNIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?/\s?\p{L}|^\s+per\s+(?:kg|kilo|m2|m²|min|minute|hour|square)")
            .expect("a valid expression")
    });
    static DAYS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:on\s+)?(?:(?:mon|tues?|wed|thurs?|fri|sat|sun)(?:[a-z]*day)?s?\b|(?:all |the )?other days?\b|(?:odd|even) days?\b|(?:non-)?dialysis days?\b)")
            .expect("a valid expression")
    });
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?s?\s*[:=-]?\s*$",
        )
        .expect("a valid expression")
    });
    let item = &found[n].found;
    let behind = &text[item.span.end..];
    let on_a_day = DAY.is_match(&text[..item.span.start]);
    let is_phrase = found.iter().any(|read| {
        read.found.span.start >= item.span.end && read.found.span.start <= item.span.end + 1
    });
    let mut reasons = Vec::new();
    // `500 mg/tab`: the form is no unit.
    let formed = found.get(n + 1).is_some_and(|next| {
        next.found.part == Part::Form && next.found.span.start <= item.span.end + 1
    });
    if item.part == Part::Strength && !formed && UNIT.is_match(behind) {
        reasons.push("the unit of an amount goes on");
    }
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?[x×]\s?[2-9]\s*(?:$|[;,.)]|(?:with|daily|once|twice|od|bd|tds|qds|bid|tid|nocte|mane|at|in|every)\b)")
            .expect("a valid expression")
    });
    if elsewhere::is_counted(text, &item.span) || TIMES.is_match(behind) {
        reasons.push("several pieces of an amount are taken at once");
    }
    static BY_FOOD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:per|:|for (?:every|each))\s*[0-9]+\s?g\b")
            .expect("a valid expression")
    });
    if BY_FOOD.is_match(behind) {
        reasons.push("the dose goes by what is eaten");
    }
    static CHANGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:reduc|increas|lower|rais|chang|titrat|decreas)\w*\s+to\s+$")
            .expect("a valid expression")
    });
    static IF: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[^.;\n]{0,30}\bif\s+(\p{L}+)").expect("a valid expression")
    });
    let condition = IF.captures(behind).is_some_and(|found| {
        !matches!(
            &*found[1].to_lowercase(),
            "needed" | "required" | "necessary" | "not"
        )
    });
    if condition && CHANGE.is_match(&text[..item.span.start]) {
        reasons.push("an amount holds under a condition");
    }
    if on_a_day || !is_phrase && DAYS.is_match(behind) {
        reasons.push("an amount holds on some days alone");
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::{has_broken_count, is_illegible};

    #[test]
    fn a_piece_of_a_fraction_is_told_from_a_whole_one() {
        for (sig, broken) in [
            (" 25 mg tablet\t/2 tablet every morning", true),
            (" 5 mg 1½2 tablets daily", true),
            (" 5 mg ½ tablet daily", false),
            (" 5 mg 1½ tablets daily", false),
            (" 5 mg 1/2 tablet daily", false),
            (" 100 mg/5 mL", false),
        ] {
            assert_eq!(has_broken_count(sig), broken, "{sig}");
        }
    }

    #[test]
    fn an_amount_that_cannot_be_read_is_told_from_a_sig() {
        for (behind, illegible) in [
            (" mg once weekly", true),
            (" mcg daily", true),
            (" 8/soo, two daily", true),
            (" 5oo twice a day", true),
            (" so mg", false),
            (" 5 mg daily", false),
            (" 8/500, two daily", false),
            (" 1 OD", false),
            (" MR 30 daily", false),
            (" gel at night", false),
            ("\n mg", false),
        ] {
            let text = format!("Drug{behind}");
            assert_eq!(is_illegible(&text, &(0..4)), illegible, "{behind:?}");
        }
    }
}
