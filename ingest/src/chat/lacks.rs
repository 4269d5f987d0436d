//! What a document lacks of what a question names, so that nothing in it answers, however near its lines are.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Fact;

use super::{
    evidence::{DocumentEvidence, Proven},
    facts,
    question::Asked,
    rank, say, words,
};

/// Something that the question names and the document does not: a day, a person, a drug, or an attribute of what is
/// there.
pub(crate) fn something(
    asked: &Asked,
    document: &DocumentEvidence,
    is_drug: &dyn Fn(&str) -> bool,
) -> bool {
    a_date(asked, document)
        || a_name(asked, document, is_drug)
        || an_attribute(asked, document)
        || a_medicine(asked, document, is_drug)
        || an_allergen(asked, document, is_drug)
        || an_earlier_result(asked, document)
}

/// What is asked of a day is not answered by another one.
fn a_date(asked: &Asked, document: &DocumentEvidence) -> bool {
    asked.days.iter().any(|day| !day.is_among(&document.days))
}

/// Names of people and drugs are never meant otherwise; classes of drugs are.
fn a_name(asked: &Asked, document: &DocumentEvidence, is_drug: &dyn Fn(&str) -> bool) -> bool {
    let missing: Vec<&String> = asked
        .subjects
        .iter()
        .filter(|word| !document.says(word))
        .collect();
    // `insulin` is a class too; a drug is none because it stands beside words that ask for one.
    let is_class = |word: &str| rank::topic_words(word).contains(&words::stem(word));
    missing.iter().any(|word| asked.names.contains(*word))
        || words::tokens(&asked.text)
            .iter()
            .any(|word| missing.contains(&&words::stem(word)) && is_drug(word) && !is_class(word))
}

/// For how long.
static PERIOD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(\d+|one|two|three|four|five|six|seven|ten)[ -]?(day|week|month)s?\b|\b\d+/(7|52|12)\b|\buntil\b")
        .expect("a valid expression")
});

/// An attribute that a drug may be written with, how it is asked for, and whether a fact has it.
struct Attribute {
    asked: Regex,
    has: fn(&Proven) -> bool,
}

static OF_DRUGS: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let attribute = |expression: &str, has: fn(&Proven) -> bool| Attribute {
        asked: Regex::new(expression).expect("a valid expression"),
        has,
    };
    vec![
        attribute(
            r"\bhow (many|much) (more )?(days|weeks|months)\b|\b(for )?how long\b.{0,40}\b(take|takes|taking|use|uses|last|lasts|keep|course|supply|treatment|on)\b|\bfor how long\b|\buntil when\b",
            |fact| {
                drug(fact).is_some_and(|drug| drug.duration.is_some())
                    || PERIOD.is_match(&fact.quote)
            },
        ),
        attribute(r"\brefill", |fact| {
            drug(fact).is_some_and(|drug| drug.refills.is_some())
                || says(fact, &["refill", "rf", "repeat"])
        }),
        attribute(
            r"\b(which|what|any|anything)\b.{0,40}\b(stopped|discontinued|withdrawn)\b",
            |fact| says(fact, &["stop", "discontinu", "withdraw", "cease"]),
        ),
        attribute(
            r"\b(take|taking|took|on|dose|much|many|have|had)\b.{0,25}\b(before|previously|formerly|earlier|in the past)\s*\??$|\b(previous|former|old|earlier) (dose|strength)\b|\bused to (take|have)\b",
            |fact| says(fact, &["before", "previous", "former", "from", "was"]),
        ),
    ]
});

fn drug(fact: &Proven) -> Option<&schemas::Medication> {
    match &fact.entity.fact {
        Fact::Medication(drug) => Some(drug),
        _ => None,
    }
}

/// Does a word of the lines that prove the fact begin so?
fn says(fact: &Proven, beginnings: &[&str]) -> bool {
    let words = words::tokens(&fact.quote);
    let mut beginnings = beginnings.iter();
    beginnings.any(|beginning| words.iter().any(|word| word.starts_with(beginning)))
}

/// Of a drug something is asked that is not written of it: how long, how often again, what it was before. Of no
/// drug in particular it may be written of any.
fn an_attribute(asked: &Asked, document: &DocumentEvidence) -> bool {
    let drugs: Vec<&Proven> = document
        .facts
        .iter()
        .filter(|fact| drug(fact).is_some())
        .collect();
    let named: Vec<&Proven> = drugs
        .iter()
        .copied()
        .filter(|fact| facts::share_named(asked, fact) > 0.0)
        .collect();
    let meant = match (named.is_empty(), asked.wants("medication", None)) {
        (false, _) => named,
        (true, true) => drugs,
        (true, false) => return false,
    };
    let lower = asked.text.to_lowercase();
    !meant.is_empty()
        && OF_DRUGS.iter().any(|attribute| {
            attribute.asked.is_match(&lower) && !meant.iter().any(|fact| (attribute.has)(fact))
        })
}

/// A dose or the like is asked for of a drug that is only written as an allergy, or where no drug is written at all
/// and nothing else is named.
fn a_medicine(asked: &Asked, document: &DocumentEvidence, is_drug: &dyn Fn(&str) -> bool) -> bool {
    let only_drugs = asked.wanted.iter().all(|one| one.kind == "medication");
    if asked.wanted.is_empty() || !only_drugs || ALLERGY.is_match(&asked.text.to_lowercase()) {
        return false;
    }
    let named = document.facts.iter().filter(|fact| {
        !matches!(fact.entity.fact, Fact::Person(_)) && facts::share_named(asked, fact) > 0.0
    });
    let named: Vec<&Proven> = named.collect();
    if !named.is_empty() {
        let mut named = named.iter();
        return named.all(|fact| matches!(fact.entity.fact, Fact::Allergy(_)));
    }
    let mut written = document
        .units
        .iter()
        .flat_map(|unit| words::tokens(&unit.text));
    !document.facts.iter().any(|fact| drug(fact).is_some()) && !written.any(|word| is_drug(&word))
}

static ALLERGY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(allerg\w*|intoleran\w*)\b").expect("a valid expression"));
/// What people are allergic to that is no drug.
static ALLERGEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(latex|(pea)?nuts?|eggs?|shellfish|fish|shrimps?|prawns?|milk|soya?|wheat|gluten|pollen|grass|dust|mites?|cats?|dogs?|bees?|wasps?|contrast|dye|iodine|plasters?|nickel|sulfa|penicillins?)\b",
    )
    .expect("a valid expression")
});
static NO_ALLERGY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(no (known )?(drug )?allerg|none known|nkda|nka\b|not allergic|allerg\w*\W+(none|nil|no)\b)")
        .expect("a valid expression")
});

/// An allergy to one thing is no answer about another.
fn an_allergen(asked: &Asked, document: &DocumentEvidence, is_drug: &dyn Fn(&str) -> bool) -> bool {
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
    if named.is_empty() {
        return false;
    }
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
    let is_named = |word: &String| about.iter().any(|stems| words::holds(stems, word));
    let denied = || {
        let mut units = document.units.iter();
        units.any(|unit| NO_ALLERGY.is_match(&unit.text))
    };
    !named.iter().any(is_named) && !denied()
}

static EARLIER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(a|one|two|three|six|few|some|\d+) (year|month|week|day)s? (ago|before|earlier)\b|\b(last|previous|prior) (year|month|time|test|results?|values?)\b|\bthe time before\b|\bprevious(ly)?\b",
    )
    .expect("a valid expression")
});

/// How a result was before is told only where there is more than one of it.
fn an_earlier_result(asked: &Asked, document: &DocumentEvidence) -> bool {
    if !EARLIER.is_match(&asked.text.to_lowercase()) {
        return false;
    }
    let results = document.facts.iter().filter(|fact| {
        matches!(fact.entity.fact, Fact::Lab(_)) && facts::share_named(asked, fact) > 0.99
    });
    results.count() == 1
}

#[cfg(test)]
mod tests {
    use extract::Lexicon;

    use super::something;
    use crate::chat::{printed::printed, question::Asked};

    #[test]
    fn what_is_not_written_is_lacking() {
        let document = printed(
            "Patient: Mabel Ashdown\nAllergy: Aspirin - angioedema\nMedicines\n\
             Amoxicillin 250 mg capsule: take 2 capsules by mouth every morning for 10 days\n\
             Bisoprolol 5 mg tablet: take 1 tablet once daily\nFerritin 120 ng/mL 15 to 200",
        );
        let lexicon = Lexicon::builtin();
        for (question, lacks) in [
            ("for how long does she take the amoxicillin", false),
            ("how many days does the bisoprolol last", true),
            ("which medicine was stopped", true),
            ("how much bisoprolol did she take before", true),
            ("how much bisoprolol does she take before meals", false),
            ("any refills of the amoxicillin", true),
            ("what dose of aspirin does she take", true),
            ("what dose of warfarin is she taking home", true),
            ("is she allergic to aspirin", false),
            ("is she allergic to latex", true),
            ("does she have a penicillin allergy", true),
            ("what is she allergic to", false),
            ("what was the ferritin a year ago", true),
            ("what was the ferritin", false),
        ] {
            let asked = Asked::new(question);
            let is_drug = |word: &str| lexicon.is_any_drug(word);
            assert_eq!(something(&asked, &document, &is_drug), lacks, "{question}");
        }
    }

    #[test]
    fn no_known_allergies_answer_of_any() {
        let document = printed("Patient: Mabel Ashdown\nAllergies: No known allergies");
        let asked = Asked::new("is she allergic to latex");
        assert!(!something(&asked, &document, &|_| false));
    }
}
