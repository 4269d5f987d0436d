//! What a process writes when it panics, seen from outside.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

use std::{
    panic,
    process::{Command, Output},
    thread,
};

use serde_json::Value;

/// What a document says.
const SECRET: &str = "Jane Doe takes warfarin";
/// Set for the process that panics.
const PANICS: &str = "MEDBOT_TEST_PANICS";

/// Runs one test of this program as a process of its own.
fn process(format: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["panics_if_asked", "--exact", "--nocapture"])
        .env(PANICS, "yes")
        .env("MEDBOT_LOG_FORMAT", format)
        .env_remove("MEDBOT_LOG")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap()
}

/// Panics in the ways that a service does: in a thread, in a task, and where it is caught.
#[test]
fn panics_if_asked() {
    if std::env::var_os(PANICS).is_none() {
        return;
    }
    let _telemetry = infra::telemetry::start().unwrap();
    assert!(thread::spawn(|| panic!("{SECRET}")).join().is_err());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let task = runtime.spawn(async { panic!("{SECRET}") });
    let ended: Result<(), _> = runtime.block_on(task);
    assert!(ended.is_err());
    let caught = panic::catch_unwind(|| SECRET.parse::<u8>().expect(SECRET));
    assert!(caught.is_err());
}

#[test]
fn a_panic_leaves_its_place_as_a_line_and_none_of_its_words() {
    let output = process("json");
    let written = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{written}");
    assert!(!written.contains("Jane"), "{written}");
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    assert_eq!(lines.len(), 3, "{written}");
    for line in lines {
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["message"], "a thread panicked", "{line}");
        let place = line["place"].as_str().unwrap();
        assert!(place.contains("tests/panics.rs:"), "{line}");
        assert!(line["thread"].is_string(), "{line}");
    }

    let written = String::from_utf8(process("text").stderr).unwrap();
    assert_eq!(written.matches("a thread panicked").count(), 3, "{written}");
    assert!(!written.contains("Jane"), "{written}");
}
