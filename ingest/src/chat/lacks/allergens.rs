//! An allergy that is asked for and not written.

use schemas::Fact;

use crate::chat::{
    evidence::DocumentEvidence, expression::expression, question::Asked, say, words,
};

expression!(
    pub(super) ALLERGY,
    r"\b(allerg\w*|intoleran\w*)\b"
);
expression!(
    /// What people are allergic to that is no drug.
    ALLERGEN,
    r"\b(latex|(pea)?nuts?|eggs?|shellfish|fish|shrimps?|prawns?|milk|soya?|wheat|gluten|pollen|grass|dust|mites?|cats?|dogs?|bees?|wasps?|contrast|dye|iodine|plasters?|nickel|sulfa|penicillins?)\b"
);
expression!(
    NO_ALLERGY,
    r"(?i)\b(no (known )?(drug )?allerg|none known|nkda|nka\b|not allergic|allerg\w*\W+(none|nil|no)\b)"
);

/// An allergy to one thing is no answer about another, and where nothing is about allergies nothing answers of any.
pub(super) fn is_lacking(
    asked: &Asked,
    document: &DocumentEvidence,
    is_drug: &dyn Fn(&str) -> bool,
) -> bool {
    let lower = asked.text.to_lowercase();
    if !ALLERGY.is_match(&lower) {
        return false;
    }
    let drugs = words::tokens(&lower).into_iter();
    let mut named: Vec<String> = drugs
        .filter(|word| is_drug(word))
        .map(|word| words::stem(&word))
        .collect();
    named.extend(
        ALLERGEN
            .find_iter(&lower)
            .map(|found| words::stem(found.as_str())),
    );
    let about: Vec<Vec<String>> = document
        .units
        .iter()
        .filter(|unit| ALLERGY.is_match(&format!("{} {}", unit.under, unit.text).to_lowercase()))
        .map(|unit| unit.stems.clone())
        .chain(document.facts.iter().filter_map(|fact| {
            matches!(fact.entity.fact, Fact::Allergy(_))
                .then(|| words::stems(say::name(&fact.entity)))
        }))
        .collect();
    if named.is_empty() {
        return about.is_empty();
    }
    let is_named = |word: &String| about.iter().any(|stems| words::holds(stems, word));
    let denied = || {
        let mut units = document.units.iter();
        units.any(|unit| NO_ALLERGY.is_match(&unit.text))
    };
    !named.iter().any(is_named) && !denied()
}
