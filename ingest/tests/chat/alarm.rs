//! Red flags with the real encoder, on every sixth message of the tables; all of them are counted by
//! `benches --bin red_flags`.

use ingest::{
    chat::{alarm, shorthand},
    compose,
};

/// Of so many messages one is tested.
const EVERY: usize = 6;
/// Halves of the tables that are only ever reported.
const ASIDE: [&str; 2] = ["shut", "kept"];

#[test]
fn emergencies_are_told_from_harmless_messages() {
    let encoder = compose::encoder().expect("the sentence encoder is installed");
    let alarms = |table: &str| {
        let rows = table
            .lines()
            .skip(1)
            .filter(|row| !ASIDE.iter().any(|half| row.starts_with(half)));
        let messages: Vec<&str> = rows
            .step_by(EVERY)
            .map(|row| row.rsplit('\t').next().unwrap())
            .collect();
        assert!(messages.len() > 100);
        let told = messages.iter().filter(|message| {
            let message = shorthand::written_out(message);
            alarm::is_alarming(&message, &encoder.encode(&message).unwrap())
        });
        told.count() as f64 / messages.len() as f64
    };
    let recall = alarms(include_str!("../tables/red_flags.tsv"));
    let harmless = alarms(include_str!("../tables/harmless.tsv"));
    assert!(recall >= 0.98, "of emergencies {recall}");
    assert!(harmless <= 0.05, "of harmless messages {harmless}");
}
