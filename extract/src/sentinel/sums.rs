//! Counts that must add up: the shares of a white cell differential make a hundred.

use schemas::{Entity, Fact};

use super::number;
use crate::lexicon::key;

const CELLS: [&str; 5] = [
    "neutrophil",
    "lymphocyte",
    "monocyte",
    "eosinophil",
    "basophil",
];
const OTHERS: [&str; 7] = [
    "band",
    "blast",
    "metamyelocyte",
    "myelocyte",
    "promyelocyte",
    "immature",
    "atypical",
];
/// Rounding and the cells that a report leaves out.
const SLACK: f64 = 3.0;

/// A cell's part of a differential.
struct Share {
    index: usize,
    cell: String,
    percent: f64,
}

/// The index of each result that is part of a wrong sum, with the reason.
pub(super) fn doubts(entities: &[Entity]) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    // One differential a date of a cumulative report; the same cell once more begins another.
    let mut open: Vec<(Option<&str>, Vec<Share>)> = Vec::new();
    for (index, entity) in entities.iter().enumerate() {
        let Some((cell, date, percent)) = share(entity) else {
            continue;
        };
        let at = open
            .iter()
            .position(|(of, _)| *of == date)
            .unwrap_or_else(|| {
                open.push((date, Vec::new()));
                open.len() - 1
            });
        let shares = &mut open[at].1;
        if shares.iter().any(|share| share.cell == cell) {
            close(&std::mem::take(shares), &mut out);
        }
        shares.push(Share {
            index,
            cell,
            percent,
        });
    }
    for (_, shares) in &open {
        close(shares, &mut out);
    }
    out
}

fn close(shares: &[Share], out: &mut Vec<(usize, String)>) {
    let main = |cell: &&&str| shares.iter().any(|share| share.cell.starts_with(**cell));
    if CELLS.iter().filter(main).count() < CELLS.len() {
        return;
    }
    let sum: f64 = shares.iter().map(|share| share.percent).sum();
    if (sum - 100.0).abs() > SLACK {
        let reason = format!("the differential adds up to {sum:.1} and not to 100");
        out.extend(shares.iter().map(|share| (share.index, reason.clone())));
    }
}

/// The cell, its date and its share of the differential in per cent.
fn share(entity: &Entity) -> Option<(String, Option<&str>, f64)> {
    let Fact::Lab(lab) = &entity.fact else {
        return None;
    };
    let name = key(lab.name.as_deref()?);
    let mut cells = CELLS.iter().chain(&OTHERS);
    let known = cells.any(|cell| name.contains(cell)) && lab.unit.as_deref() == Some("%");
    let share = number(lab.value.as_deref()?)?;
    known.then_some((name, lab.date.as_deref(), share))
}

#[cfg(test)]
mod tests {
    use crate::probe::entities;

    #[test]
    fn shares_make_a_hundred() {
        for (neutrophils, doubtful) in [("61", false), ("16", true), ("6.1", true)] {
            let text = format!(
                "LABORATORY REPORT\nTest\tResult\tUnits\nWBC\t7.1\tK/uL\nNeutrophils\t{neutrophils}\t%\nLymphocytes\t28\t%\nMonocytes\t7\t%\nEosinophils\t3\t%\nBasophils\t1\t%\n"
            );
            let entities = entities(&text);
            assert_eq!(entities.len(), 6);
            let said = |at: usize| entities[at].reasons.iter().any(|r| r.contains("adds up"));
            assert!(!said(0), "the count of all cells is no share");
            assert!((1..6).all(|at| said(at) == doubtful), "{neutrophils}");
        }
    }
}
