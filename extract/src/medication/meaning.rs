//! What an amount means, told by its unit, the drug, and the words right before and behind it.

use std::sync::LazyLock;

use regex::Regex;

use crate::{layout::Span, sig};

/// `reduce to`, `increasing by`, right before an amount; or brackets before it that tell of a course, `(taper: 400 mg`.
pub(super) fn comes_later(lead: &str) -> bool {
    static LATER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:reduc|increas|titrat|taper|wean|decreas|step|drop|go|rais|lower|build)\w*\s+(?:down |up |gradually |slowly )?(?:to|by)\s+$|\((?:taper|load|titrat|bridg|wean|initial|first|starting)\w*\b[^()]*$")
            .expect("a valid expression")
    });
    LATER.is_match(lead)
}

/// A strength in hundredths.
pub(super) fn is_share(strength: &str) -> bool {
    strength.trim_end().ends_with('%')
}

/// `take 5 mg`: what is taken, not what the product holds.
pub(super) fn dose_verb(text: &str, span: &Span, from: usize) -> bool {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:take|takes|taking|give|inject|administer|apply|use|mix|drink|dissolve|dose\s*[:=])\s*$")
            .expect("a valid expression")
    });
    from <= span.start && VERB.is_match(&text[from..span.start])
}

/// `10 mg daily and now takes 5 mg`: the amount before is no product's.
pub(super) fn is_told_anew(lead: &str) -> bool {
    static NOW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:now|currently|instead|but|then|today)\b").expect("a valid expression")
    });
    NOW.is_match(lead)
}

/// Units of insulin and volumes are taken; they are no product's strength.
pub(super) fn is_dose_unit(value: &str) -> bool {
    let per = value.contains('/') || value.contains(" per ");
    let unit = sig::strength_unit(value).unwrap_or_default();
    !per && matches!(
        unit.as_str(),
        "unit" | "units" | "u" | "iu" | "ml" | "cc" | "mls"
    )
}

pub(super) fn is_in_units(value: &str) -> bool {
    sig::strength_unit(value).is_some_and(|unit| unit.starts_with('u') || unit.contains('i'))
}

/// Vitamins and the like are sold by their units: `colecalciferol 400 units` is the product's strength.
pub(super) fn is_vitamin(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("calciferol") || name.starts_with("vit") || name.ends_with("d3")
}

/// `daily except on methotrexate day`: the frequency is not the whole of it.
pub(super) fn has_exception(rest: &str) -> bool {
    static EXCEPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^[\s,(]{0,3}(?:except|but not|apart from|other than|omit(?:ting)?|excluding)\b",
        )
        .expect("a valid expression")
    });
    EXCEPT.is_match(rest)
}

#[cfg(test)]
mod tests {
    use super::comes_later;

    #[test]
    fn what_comes_later_is_told_from_what_is_taken() {
        for (lead, later) in [
            (" 200 mg daily, reduce to ", true),
            (" 200 mg PO daily (taper: ", true),
            (" 200 mg tds (load, then ", true),
            (" 500 mg tablet (take ", false),
            (" 5 mg, 2 tablets ", false),
            (" 5 mg (taper finished), ", false),
        ] {
            assert_eq!(comes_later(lead), later, "{lead}");
        }
    }
}
