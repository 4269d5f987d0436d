//! Laboratory tests and vital signs: printed name and unit to LOINC, the unit to UCUM, and what makes a
//! value one of the SI. The table is ours; `infra/docs/vocabularies.md` says where its facts are from.
//!
//! One analyte has a code for each property that is measured: the unit decides which. Without a unit, or
//! with one that the table does not give the analyte, the codes are candidates only.

use std::{collections::HashMap, sync::LazyLock};

use schemas::{Candidate, Code, Entity, Lab, Vital};

use super::{LOINC, UCUM, candidates, loinc, of, ucum};
use crate::lexicon::key;

const TABLE: &str = include_str!("analytes.tsv");
/// Stands for a unit where the value is a word.
const WORDS: &str = "{ord}";
/// Units of what has none.
const BARE: [&str; 4] = ["1", "{ratio}", "{INR}", "[pH]"];

/// A LOINC code with the units that its values have.
#[derive(Debug)]
struct Property {
    loinc: &'static str,
    display: &'static str,
    si: &'static str,
    /// UCUM unit, and what a value in it is multiplied by to be in the unit of the SI.
    units: Vec<(&'static str, Option<f64>)>,
}

struct Table {
    /// The first name of each analyte.
    firsts: Vec<&'static str>,
    analytes: Vec<Vec<Property>>,
    names: HashMap<String, usize>,
}

static ANALYTES: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        firsts: Vec::new(),
        analytes: Vec::new(),
        names: HashMap::new(),
    };
    for row in TABLE.lines().skip(1) {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (names, loinc, display, si, units) = (cell(), cell(), cell(), cell(), cell());
        if !names.is_empty() {
            table.analytes.push(Vec::new());
            table.firsts.extend(names.split('|').next());
        }
        let at = table.analytes.len() - 1;
        for name in names.split('|').filter(|name| !name.is_empty()) {
            table.names.insert(key(name), at);
        }
        let units = units.split(',').map(|unit| match unit.rsplit_once('=') {
            Some((unit, factor)) => (unit, factor.parse().ok()),
            None => (unit, None),
        });
        table.analytes[at].push(Property {
            loinc,
            display,
            si,
            units: units.collect(),
        });
    }
    table
});

type Coded = (Vec<Code>, Vec<Candidate>);

pub(super) fn lab(lab: &Lab) -> Coded {
    let value = lab.value.as_deref().unwrap_or_default();
    coded(lab.name.as_deref(), value, lab.unit.as_deref(), false)
}

pub(super) fn vital(vital: &Vital) -> Coded {
    let value = vital.value.as_deref().unwrap_or_default();
    let assumed = vital.unit.as_deref();
    coded(vital.name.as_deref(), value, assumed, true)
}

/// `alone`: where an analyte is measured in one way only, its unit need not be printed.
fn coded(name: Option<&str>, value: &str, unit: Option<&str>, alone: bool) -> Coded {
    let unit_code = unit.and_then(ucum);
    let mut codes: Vec<Code> = Vec::new();
    let properties = name
        .and_then(|name| ANALYTES.names.get(&key(name)))
        .map_or(&[][..], |at| &ANALYTES.analytes[*at]);
    let fits = |property: &&Property| match (&unit_code, unit) {
        (Some(unit), _) => property.units.iter().any(|(known, _)| known == unit),
        (None, Some(_)) => false,
        (None, None) => {
            // `2+` is a grade and no number.
            let number = value.contains(|c: char| c.is_ascii_digit()) && !value.ends_with('+');
            let bare = |unit: &str| BARE.contains(&unit) || !number && unit == WORDS;
            property.units.iter().any(|(known, _)| bare(known)) || alone && properties.len() == 1
        }
    };
    let found: Vec<&Property> = properties.iter().filter(fits).collect();
    let mut others = Vec::new();
    if let [property] = found[..] {
        codes.push(loinc(property.loinc, property.display));
    } else {
        let all = properties.iter().map(|p| loinc(p.loinc, p.display));
        others = candidates("name", all.collect());
    }
    if let (Some(code), Some(printed)) = (unit_code, unit) {
        codes.push(of(UCUM, &code, printed));
    }
    (codes, others)
}

/// What a coded result's value is multiplied by, and the unit of the SI that it then has. None where
/// the value already is in that unit, or the table does not know.
pub(crate) fn si(entity: &Entity) -> Option<(f64, &'static str)> {
    let code_of = |system: &str| {
        let code = entity.codes.iter().find(|code| code.system == system)?;
        Some(code.code.as_str())
    };
    let (loinc, unit) = (code_of(LOINC)?, code_of(UCUM)?);
    let property = ANALYTES
        .analytes
        .iter()
        .flatten()
        .find(|property| property.loinc == loinc)?;
    let (_, factor) = property.units.iter().find(|(known, _)| *known == unit)?;
    let factor = (*factor)?;
    (unit != property.si).then_some((factor, property.si))
}

/// What a coded result measures.
pub(crate) struct Measured {
    /// The analyte's first name in the table.
    pub name: &'static str,
    /// The unit of the SI, or the printed one's UCUM where the table has none; `1` without a unit.
    pub unit: &'static str,
    /// What the value is multiplied by to be in that unit.
    pub factor: f64,
}

pub(crate) fn measured(entity: &Entity) -> Option<Measured> {
    let of = |system: &str| entity.codes.iter().find(|code| code.system == system);
    let loinc = of(LOINC)?;
    let (at, property) = ANALYTES.analytes.iter().enumerate().find_map(|(at, all)| {
        let property = all.iter().find(|property| property.loinc == loinc.code)?;
        Some((at, property))
    })?;
    let name = ANALYTES.firsts[at];
    let Some(printed) = of(UCUM) else {
        let bare = property.units.iter().any(|(unit, _)| BARE.contains(unit));
        let (unit, factor) = ("1", 1.0);
        return bare.then_some(Measured { name, unit, factor });
    };
    let (known, factor) = property
        .units
        .iter()
        .find(|(unit, _)| *unit == printed.code)?;
    let (unit, factor) = factor.map_or((*known, 1.0), |factor| (property.si, factor));
    Some(Measured { name, unit, factor })
}

/// Units that a test of this first name is reported in where it is another one of the same name (cells of urine and of
/// spinal fluid, ketones of blood) or is printed otherwise than the table codes it.
const FURTHER: [(&str, &str); 10] = [
    ("wbc", "/[HPF]"),
    ("rbc", "/[HPF]"),
    ("wbc", "10*6/L"),
    ("rbc", "10*6/L"),
    ("rbc", "/uL"),
    ("ketones", "mmol/L"),
    ("urine protein/creatinine ratio", "mg/mmol"),
    ("ca 19-9", "k[iU]/L"),
    ("ca 125", "k[iU]/L"),
    ("afp", "k[iU]/L"),
];

/// Is this a unit in which a known test is never reported? Unknown tests and units are not judged.
pub(crate) fn is_foreign_unit(name: &str, unit: &str) -> bool {
    let (Some(at), Some(unit)) = (ANALYTES.names.get(&key(name)), ucum(unit)) else {
        return false;
    };
    if FURTHER.contains(&(ANALYTES.firsts[*at], &unit)) {
        return false;
    }
    let mut units = ANALYTES.analytes[*at].iter().flat_map(|p| &p.units);
    // What a mark in braces adds is seldom printed.
    units.all(|(known, _)| {
        let (known, unit) = (known.split('{').next(), unit.split('{').next());
        let (known, unit) = (known.unwrap_or_default(), unit.unwrap_or_default());
        per_litre(known) != per_litre(unit) && !is_of_a_hormone(known, unit)
    })
}

/// `ng/mL` is `ug/L`.
fn per_litre(unit: &str) -> &str {
    match unit {
        "pg/mL" => "ng/L",
        "ng/mL" => "ug/L",
        "ug/mL" => "mg/L",
        "mg/mL" => "g/L",
        "u[iU]/mL" => "m[iU]/L",
        unit => unit,
    }
}

/// What one country measures by nanograms or less another does by moles or units.
fn is_of_a_hormone(known: &str, unit: &str) -> bool {
    matches!(per_litre(known), "ng/L" | "ug/L")
        && matches!(
            per_litre(unit),
            "pmol/L" | "nmol/L" | "m[iU]/L" | "[iU]/L" | "ug/L" | "ng/L"
        )
}

/// Is this test measured in this unit? Not for what the table does not know.
pub(crate) fn is_own_unit(name: &str, unit: &str) -> bool {
    ANALYTES.names.contains_key(&key(name)) && ucum(unit).is_some() && !is_foreign_unit(name, unit)
}

/// Can results of the analyte of this first name be in this unit?
#[cfg(test)]
pub(crate) fn is_measured_in(name: &str, unit: &str) -> bool {
    let at = ANALYTES.firsts.iter().position(|first| *first == name);
    at.is_some_and(|at| {
        ANALYTES.analytes[at].iter().any(|property| {
            property.si == unit
                || property
                    .units
                    .iter()
                    .any(|(known, _)| *known == unit || unit == "1" && BARE.contains(known))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{ANALYTES, TABLE, coded, is_foreign_unit};
    use crate::coding::{LOINC, UCUM, ucum};

    fn codes(name: &str, value: &str, unit: Option<&str>) -> Vec<String> {
        let (codes, _) = coded(Some(name), value, unit, false);
        codes.into_iter().map(|code| code.code).collect()
    }

    #[test]
    fn the_unit_decides_what_was_measured() {
        for (name, value, unit, want) in [
            ("Glucose", "95", Some("mg/dL"), &["2345-7", "mg/dL"][..]),
            ("GLUCOSE", "5.3", Some("mmol/L"), &["14749-6", "mmol/L"]),
            ("Neutrophils", "61", Some("%"), &["26511-6", "%"]),
            ("Neutrophils", "4.1", Some("K/uL"), &["26499-4", "10*3/uL"]),
            ("INR", "2.4", None, &["6301-6"]),
            ("Nitrite", "Negative", None, &["32710-6"]),
            ("Protein", "2+", None, &["2887-8"]),
            ("ALT", "31", Some("IU/L"), &["1742-6", "[iU]/L"]),
            ("Glucose", "95", None, &[]),
            ("Glucose", "95", Some("U/L"), &["U/L"]),
            ("Zorblax", "95", Some("mg/dL"), &["mg/dL"]),
        ] {
            assert_eq!(codes(name, value, unit), want, "{name} {value} {unit:?}");
        }
        let (_, candidates) = coded(Some("Glucose"), "95", None, false);
        let found: Vec<_> = candidates
            .iter()
            .filter_map(|c| c.code.as_deref())
            .collect();
        assert_eq!(found, ["2345-7", "14749-6"]);
        assert_eq!(
            (LOINC, UCUM),
            ("http://loinc.org", "http://unitsofmeasure.org")
        );
    }

    #[test]
    fn units_of_another_test_of_the_name_are_not_foreign() {
        for (name, unit, foreign) in [
            ("Urate", "mmol/L", false),
            ("WBC", "/HPF", false),
            ("Platelet count", "lakhs/cu.mm", false),
            ("Ketones", "mmol/L", false),
            ("PCR", "mg/mmol", false),
            ("Ketones", "U/L", true),
            ("Haemoglobin", "/HPF", true),
            ("Sodium", "mg/mmol", true),
        ] {
            assert_eq!(is_foreign_unit(name, unit), foreign, "{name} {unit}");
        }
    }

    /// The last digit of a LOINC code is that of Luhn's formula.
    #[test]
    fn every_code_has_its_check_digit() {
        for property in ANALYTES.analytes.iter().flatten() {
            let (number, check) = property.loinc.split_once('-').unwrap();
            let sum: u32 = number
                .bytes()
                .rev()
                .enumerate()
                .map(|(i, digit)| {
                    let digit = u32::from(digit - b'0') * if i % 2 == 0 { 2 } else { 1 };
                    digit / 10 + digit % 10
                })
                .sum();
            assert_eq!(
                (10 - sum % 10) % 10,
                check.parse::<u32>().unwrap(),
                "{property:?}"
            );
        }
        assert!(ANALYTES.analytes.len() > 150, "{}", ANALYTES.analytes.len());
    }

    /// Factors of rows that name a molar mass follow from it and from the prefixes of their units.
    #[test]
    fn factors_follow_from_molar_masses() {
        let scale = |unit: &str| -> f64 {
            match unit.chars().next() {
                Some('d') => 1e-1,
                Some('m') if unit != "mol" => 1e-3,
                Some('u') => 1e-6,
                Some('n') => 1e-9,
                Some('p') => 1e-12,
                _ => 1.0,
            }
        };
        let mut checked = 0;
        for row in TABLE.lines().skip(1) {
            let cells: Vec<&str> = row.split('\t').collect();
            let Some(mass) = cells[5].strip_prefix("M=") else {
                continue;
            };
            let mass: f64 = mass.parse().unwrap();
            let (si_over, si_under) = cells[3].split_once('/').unwrap();
            for unit in cells[4].split(',') {
                let (unit, factor) = unit.split_once('=').unwrap();
                let (over, under) = unit.split_once('/').unwrap();
                let want = scale(over) / scale(under) / mass * scale(si_under) / scale(si_over);
                let factor: f64 = factor.parse().unwrap();
                assert!((factor / want - 1.0).abs() < 1e-3, "{row}: {factor} {want}");
                checked += 1;
            }
        }
        assert!(checked > 50, "{checked}");
    }

    #[test]
    fn units_of_the_table_are_those_that_printed_ones_become() {
        for property in ANALYTES.analytes.iter().flatten() {
            for (unit, _) in &property.units {
                let made = unit.starts_with('{') || unit.starts_with('[') || *unit == "1";
                let printed = unit.replace("[iU]", "IU").replace("[HPF]", "HPF");
                let printed = printed.replace("[LPF]", "LPF").replace("{cells}", "cells");
                let printed = printed.replace("{FEU}", "FEU").replace("{WBCs}", "WBCs");
                let printed = printed.replace("mm[Hg]", "mmHg").replace("Cel", "C");
                assert!(
                    made || ucum(&printed).as_deref() == Some(unit),
                    "{unit} {printed}"
                );
            }
        }
    }
}
