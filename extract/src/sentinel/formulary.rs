//! Strengths that products have and the largest single dose, for drugs of one ingredient that are swallowed
//! (and some that are injected), in the United States and the United Kingdom; and pairs of names that are
//! known to be confused (of the kind that the Institute for Safe Medication Practices lists). Written for
//! this project; `infra/docs/vocabularies.md` says what it was compared with.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;
use schemas::{Entity, Fact, Medication};

use crate::lexicon::key;

const TABLE: &str = include_str!("formulary.tsv");
const LOOKALIKES: &str = include_str!("lookalikes.txt");

/// Tablets or capsules at once that are rather a zero too many.
const MANY: f64 = 10.0;

/// What is sold of a drug, in milligrams.
#[derive(Debug)]
struct Drug {
    strengths: Vec<f64>,
    most: f64,
}

static DRUGS: LazyLock<HashMap<&'static str, Drug>> = LazyLock::new(|| {
    let row = |row: &'static str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, unit, strengths, most] = cells[..] else {
            return None;
        };
        let scale = milligrams(unit)?;
        let value = |text: &str| text.parse::<f64>().ok().map(|v| v * scale);
        let strengths = strengths.split(',').filter_map(value).collect();
        let most = value(most)?;
        Some((name, Drug { strengths, most }))
    };
    TABLE.lines().skip(1).filter_map(row).collect()
});

fn milligrams(unit: &str) -> Option<f64> {
    Some(match unit.to_lowercase().as_str() {
        "mg" | "milligram" | "milligrams" => 1.0,
        "mcg" | "ug" | "µg" | "μg" | "microgram" | "micrograms" => 1e-3,
        "g" | "gm" | "gram" | "grams" => 1e3,
        "ng" => 1e-6,
        _ => return None,
    })
}

/// One amount of mass, and nothing else: `500 mg`, not `250 mg/5 mL`.
fn mass(printed: &str) -> Option<f64> {
    static MASS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]*\.?[0-9]+)\s*(\p{L}+)$")
            .expect("a valid expression")
    });
    let found = MASS.captures(printed.trim())?;
    let number: f64 = found[1].replace(',', "").parse().ok()?;
    Some(number * milligrams(&found[2])?)
}

/// The drug of a printed name: the whole, or its first words.
fn drug(name: &str) -> Option<(&'static str, &'static Drug)> {
    let name = key(name);
    let words: Vec<&str> = name.split(' ').collect();
    let (n, found) = (1..=words.len()).rev().find_map(|n| {
        let found = DRUGS.get_key_value(words[..n].join(" ").as_str())?;
        Some((n, found))
    })?;
    // `Amlodipine/Benazepril` is a product of its own.
    let combined = words[n..].iter().any(|word| DRUGS.contains_key(word));
    (!combined).then_some((*found.0, found.1))
}

/// The names, in lower case, that one in lower case is confused with.
pub fn lookalikes(name: &str) -> impl Iterator<Item = &'static str> {
    LOOKALIKES.lines().filter_map(move |line| {
        let (a, b) = line.split_once(' ')?;
        if a == name {
            Some(b)
        } else {
            (b == name).then_some(a)
        }
    })
}

pub(super) fn doubts(entity: &Entity) -> Vec<String> {
    match &entity.fact {
        Fact::Medication(medication) => doubts_about(medication),
        _ => Vec::new(),
    }
}

/// Does the table hold the drug, and is it sold and taken so? None where the table cannot tell.
pub(crate) fn is_usual(medication: &Medication) -> Option<bool> {
    medication.name.as_deref().and_then(drug)?;
    let tells = !liquid_or_local(medication)
        && [&medication.strength, &medication.dose]
            .into_iter()
            .flatten()
            .any(|amount| mass(amount).is_some());
    tells.then(|| doubts_about(medication).is_empty())
}

fn doubts_about(medication: &Medication) -> Vec<String> {
    let mut out: Vec<String> = [
        ("strength", &medication.strength),
        ("dose", &medication.dose),
    ]
    .into_iter()
    .filter_map(|(field, printed)| impossible(field, printed.as_deref()?))
    .collect();
    let counted = medication.dose.as_deref().and_then(count);
    if counted.is_some_and(|counted| counted >= MANY) {
        out.push("so many tablets are rarely taken at once".into());
    }
    let Some((name, drug)) = medication.name.as_deref().and_then(drug) else {
        return out;
    };
    if liquid_or_local(medication) {
        return out;
    }
    let strength = medication.strength.as_deref().and_then(mass);
    let dose = medication.dose.as_deref().and_then(mass);
    for (field, amount) in [("strength", strength), ("dose", dose)] {
        let Some(amount) = amount else { continue };
        if amount > drug.most * 1.001 {
            out.push(format!(
                "the {field} is above the largest single dose of {name}"
            ));
        }
    }
    // `Risperidone 2 bd`: two tablets, or two milligrams.
    let bare = medication
        .dose
        .as_deref()
        .and_then(|dose| dose.parse::<f64>().ok());
    if medication.strength.is_none() && bare.is_some_and(|count| drug.strengths.contains(&count)) {
        out.push("the number may be a strength without its unit".into());
    }
    if let (Some(strength), Some(counted)) = (strength, counted)
        && strength * counted > drug.most * 1.001
        && strength <= drug.most * 1.001
    {
        out.push(format!(
            "strength times dose is above the largest single dose of {name}"
        ));
    }
    if let Some(strength) = strength.filter(|s| !sold(drug, *s, medication.form.is_some())) {
        out.push(format!(
            "no product of {name} that is known here has this strength"
        ));
        for other in lookalikes(name) {
            if DRUGS.get(other).is_some_and(|o| sold(o, strength, true)) {
                out.push(format!(
                    "{name} looks like {other}, which has this strength"
                ));
            }
        }
    }
    out
}

/// Is it a strength of the drug? Where no form is printed it may be an amount made of several.
fn sold(drug: &Drug, amount: f64, form: bool) -> bool {
    drug.strengths.iter().any(|strength| {
        let times = amount / strength;
        let whole = (times - times.round()).abs() < 1e-3 && (1.0..4.5).contains(&times);
        (times - 1.0).abs() < 1e-3 || !form && whole && amount <= drug.most
    })
}

/// Amounts that nobody swallows, whatever the drug.
fn impossible(field: &str, printed: &str) -> Option<String> {
    let per = printed.contains('/') || printed.contains(" per ");
    let milligrams = mass(printed).filter(|_| !per)?;
    (!(1e-5..=20_000.0).contains(&milligrams))
        .then(|| format!("the {field} is no amount that a product has"))
}

/// Drops, creams, inhalers and injections have other strengths than tablets.
fn liquid_or_local(medication: &Medication) -> bool {
    let form = medication
        .form
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    let local = [
        "drop", "cream", "oint", "gel", "inhal", "spray", "susp", "solution", "soln", "syrup",
        "patch", "supp", "inj", "vial", "neb", "lotion", "powder", "elixir", "liquid", "pen",
        "foam", "enema", "haler", "shampoo", "syringe", "amp",
    ];
    let dose = medication
        .dose
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    let taken = [
        "ml",
        "puff",
        "drop",
        "gtt",
        "spray",
        "application",
        "neb",
        "patch",
        "unit",
    ];
    let route = medication.route_norm.as_deref();
    local.iter().any(|word| form.contains(word))
        || taken.iter().any(|word| dose.contains(word))
        || route.is_some_and(|r| !matches!(r, "oral" | "subcutaneous" | "sublingual"))
}

/// How many are taken at once, at least.
fn count(dose: &str) -> Option<f64> {
    let first = dose.split([' ', '-', '(']).next()?.to_lowercase();
    let words = ["one", "two", "three", "four", "five", "six"];
    let counted = dose.to_lowercase();
    let pieces = ["tab", "cap", "pill"]
        .iter()
        .any(|word| counted.contains(word));
    let word = words
        .iter()
        .position(|w| *w == first)
        .map(|n| n as f64 + 1.0);
    let digits: String = first
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    word.or_else(|| digits.parse().ok()).filter(|_| pieces)
}

#[cfg(test)]
mod tests {
    use super::{DRUGS, LOOKALIKES, TABLE};
    use crate::probe::entities;

    fn reasons(line: &str) -> Vec<String> {
        let mut entities = entities(&format!("Medications\n{line}\n"));
        assert_eq!(entities.len(), 1, "{line}: {entities:?}");
        entities.remove(0).reasons
    }

    #[test]
    fn strengths_and_doses() {
        for (line, want) in [
            ("Lisinopril 10 mg tablet, 1 tablet daily", ""),
            (
                "Lisinopril 100 mg tablet, 1 tablet daily",
                "the strength is above the largest single dose of lisinopril",
            ),
            (
                "Metformin 50 mg tablet, 1 tablet twice daily",
                "no product of metformin that is known here has this strength",
            ),
            ("Metformin 1.5 g daily", ""),
            ("Levothyroxine 88 mcg tablet daily", ""),
            (
                "Levothyroxine 88 mg tablet daily",
                "the strength is above the largest single dose of levothyroxine",
            ),
            (
                "Zorbamine 5 mg tablet, take 20 tablets daily",
                "so many tablets are rarely taken at once",
            ),
            ("Prednisolone 5 mg tablet, take 8 tablets daily", ""),
            (
                "Warfarin 5 mg tablet, take 4 tablets daily",
                "strength times dose is above the largest single dose of warfarin",
            ),
            (
                "Hydralazine 75 mg tablet",
                "no product of hydralazine that is known here has this strength",
            ),
            ("Amoxicillin 400 mg/5 mL suspension, 5 mL twice daily", ""),
            ("Timolol 0.5% eye drops, 1 drop daily", ""),
            (
                "Paracetamol 50000 mg tablet daily",
                "the strength is no amount that a product has",
            ),
            (
                "Glipizide 1.25 mg tablet daily",
                "glipizide looks like glyburide, which has this strength",
            ),
        ] {
            let reasons = reasons(line);
            let said = want.is_empty() && reasons.is_empty() || reasons.iter().any(|r| r == want);
            assert!(said, "{line}: {reasons:?}");
        }
    }

    #[test]
    fn tables_hold_together() {
        assert_eq!(DRUGS.len(), TABLE.lines().count() - 1);
        for (name, drug) in DRUGS.iter() {
            let largest = drug.strengths.iter().copied().fold(0.0, f64::max);
            assert!(drug.most >= largest, "{name}");
            assert!(drug.strengths.is_sorted(), "{name}");
        }
        let pair = |line: &str| line.split(' ').count() == 2;
        assert!(LOOKALIKES.lines().all(pair));
    }
}
