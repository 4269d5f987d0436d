//! Results and vital signs that no living person has: a point or a unit was lost. The bounds lie far outside
//! what intensive care sees, in the SI's unit where the table of tests has one, so that one row holds for
//! every unit that is printed.

use std::{collections::HashMap, sync::LazyLock};

use schemas::{Entity, Fact};

use super::number;
use crate::coding::measured;

const TABLE: &str = include_str!("limits.tsv");

type Bounds = HashMap<(&'static str, &'static str), (f64, f64)>;

static LIMITS: LazyLock<Bounds> = LazyLock::new(|| {
    let row = |row: &'static str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let [name, unit, low, high] = cells[..] else {
            return None;
        };
        Some(((name, unit), (low.parse().ok()?, high.parse().ok()?)))
    };
    TABLE.lines().skip(1).filter_map(row).collect()
});

pub(super) fn doubt(entity: &Entity) -> Option<String> {
    let value = match &entity.fact {
        Fact::Lab(lab) => lab.value.as_deref()?,
        Fact::Vital(vital) => vital.value.as_deref()?,
        _ => return None,
    };
    if let Some((systolic, diastolic)) = value.split_once('/') {
        let (systolic, diastolic) = (number(systolic)?, number(diastolic)?);
        let possible = systolic > diastolic && systolic < 330.0 && diastolic > 10.0;
        return (!possible && matches!(entity.fact, Fact::Vital(_)))
            .then(|| "no such blood pressure is possible".into());
    }
    let measured = measured(entity)?;
    let (low, high) = LIMITS.get(&(measured.name, measured.unit))?;
    let value = number(value)? * measured.factor;
    let word = if matches!(entity.fact, Fact::Lab(_)) {
        "result"
    } else {
        "sign"
    };
    (value < *low || value > *high).then(|| {
        format!("the {word} is outside what is possible; a point or the unit may be wrong")
    })
}

#[cfg(test)]
mod tests {
    use super::{LIMITS, TABLE};
    use crate::{coding, probe::entities};

    #[test]
    fn impossible_results() {
        for (row, doubtful) in [
            ("Potassium\t4.7\tmmol/L\t3.5 - 5.1", false),
            ("Potassium\t47\tmmol/L\t3.5 - 5.1\tH", true),
            ("Glucose\t95\tmg/dL\t70 - 99", false),
            ("Glucose\t95\tmmol/L\t3.9 - 5.5\tH", true),
            ("Hemoglobin\t132\tg/dL\t120 - 160", true),
            ("Haemoglobin\t132\tg/L\t120 - 160", false),
        ] {
            let text = format!("LABORATORY REPORT\nTest\tResult\tUnits\tReference\tFlag\n{row}\n");
            let entities = entities(&text);
            assert_eq!(entities.len(), 1, "{row}");
            let said = entities[0]
                .reasons
                .iter()
                .any(|r| r.contains("outside what is possible"));
            assert_eq!(said, doubtful, "{row}: {:?}", entities[0].reasons);
        }
    }

    #[test]
    fn every_row_names_a_test_and_a_unit_that_it_has() {
        assert_eq!(LIMITS.len(), TABLE.lines().count() - 1);
        for ((name, unit), (low, high)) in LIMITS.iter() {
            assert!(coding::is_measured_in(name, unit), "{name} {unit}");
            assert!(low < high, "{name}");
        }
    }
}
