//! Units of amounts: which one a strength has, and the one name of each.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{UNIT, re};

/// The unit of a strength, in lower case.
pub(crate) fn strength_unit(strength: &str) -> Option<String> {
    static AFTER: LazyLock<Regex> =
        LazyLock::new(|| re(&format!(r"(?:^|\P{{L}})[0-9OolI|]*[0-9OolI|]\s*({UNIT})")));
    AFTER
        .captures_iter(strength)
        .last()
        .and_then(|c| c.get(1))
        .map(|m| m.as_str().to_lowercase())
}

/// The one name of a unit of amounts, by its letters in lower case; none for what is no such unit.
pub(crate) fn unit_of(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "mg" | "mgs" | "milligram" | "milligrams" => "mg",
        "mcg" | "ug" | "µg" | "μg" | "microg" | "microgram" | "micrograms" => "mcg",
        "g" | "gm" | "gram" | "grams" => "g",
        "ng" => "ng",
        "kg" => "kg",
        "ml" | "mls" | "cc" => "mL",
        "l" => "L",
        "u" | "unit" | "units" => "unit",
        "iu" => "IU",
        "meq" => "mEq",
        "mmol" => "mmol",
        "%" => "%",
        "mg/dl" => "mg/dL",
        "g/dl" => "g/dL",
        "g/l" => "g/L",
        "mg/l" => "mg/L",
        "ug/l" | "mcg/l" | "µg/l" => "ug/L",
        "ng/ml" => "ng/mL",
        "pg/ml" => "pg/mL",
        "mcg/ml" | "ug/ml" => "ug/mL",
        "mcg/dl" | "ug/dl" | "µg/dl" => "ug/dL",
        "mmol/l" => "mmol/L",
        "umol/l" | "µmol/l" | "μmol/l" => "umol/L",
        "nmol/l" => "nmol/L",
        "pmol/l" => "pmol/L",
        "meq/l" => "mEq/L",
        "u/l" => "U/L",
        "iu/l" => "IU/L",
        "miu/l" => "mIU/L",
        "mg/ml" => "mg/mL",
        _ => return None,
    })
}
