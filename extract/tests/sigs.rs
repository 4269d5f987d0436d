//! Printed sigs of many styles with what they say, read as a prescription prints them: the product on one
//! line, the directions on the next. Dose, frequency, duration and route are as printed, beside them the
//! normal forms; of a sig with several steps the first counts, and the rest must stand in the instructions.
//! Half of the table was set aside while the rules were written.

use extract::{Extraction, Lexicon, Source, extract};
use schemas::{Fact, Medication};

const TABLE: &str = include_str!("tables/sigs.tsv");

/// Cells of a row: product, sig, dose, frequency, its norm, duration, route, its norm, instructions, set.
type Row = [&'static str; 10];

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| line.split('\t').collect::<Vec<_>>();
    let row = |line| cells(line).try_into().expect("ten cells");
    TABLE.lines().skip(1).map(row).collect()
}

fn read(row: &Row) -> Option<Medication> {
    let text = format!("Medications\n{}\n{}\n", row[0], row[1]);
    let source = Source {
        text: &text,
        words: &[],
    };
    let Extraction { entities, .. } = extract(&source, &Lexicon::builtin());
    let mut found = entities.into_iter().filter_map(|e| match e.fact {
        Fact::Medication(m) => Some(m),
        _ => None,
    });
    found.next().filter(|_| found.next().is_none())
}

/// What of a row is read otherwise than printed.
fn wrong(row: &Row) -> Vec<String> {
    let Some(m) = read(row) else {
        return vec!["not one medication".into()];
    };
    let fields = [
        ("dose", row[2], &m.dose),
        ("frequency", row[3], &m.frequency),
        ("frequency_norm", row[4], &m.frequency_norm),
        ("duration", row[5], &m.duration),
        ("route", row[6], &m.route),
        ("route_norm", row[7], &m.route_norm),
    ];
    let mut out: Vec<String> = fields
        .iter()
        .filter(|(_, want, got)| got.as_deref().unwrap_or_default() != *want)
        .map(|(field, want, got)| format!("{field}: {want:?} read as {got:?}"))
        .collect();
    let instructions = m.instructions.as_deref().unwrap_or_default();
    if !instructions.contains(row[8]) {
        out.push(format!(
            "instructions: {:?} not in {instructions:?}",
            row[8]
        ));
    }
    out
}

#[test]
fn printed_sigs_are_read() {
    let rows = rows();
    assert!(rows.len() >= 150, "{}", rows.len());
    for set in ["development", "held_out"] {
        let of_set: Vec<&Row> = rows.iter().filter(|row| row[9] == set).collect();
        let mut failed = 0;
        for row in &of_set {
            let wrong = wrong(row);
            if !wrong.is_empty() {
                failed += 1;
                println!(
                    "{set}: {} | {}\n    {}",
                    row[0],
                    row[1],
                    wrong.join("\n    ")
                );
            }
        }
        let share = 1.0 - f64::from(failed) / of_set.len() as f64;
        println!("{set}: {share:.3} of {} sigs exact", of_set.len());
        assert!(share >= 0.95, "{set}: {share:.3}");
    }
}
