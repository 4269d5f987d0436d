//! The short campaign as a test: servers of its own, every kind of kill, and a verdict.

use std::process::Command;

#[test]
fn a_short_campaign_loses_doubles_and_forgets_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--short", "--seed", "11"])
        .output()
        .expect("the campaign runs");
    let (said, trouble) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(
        said.lines().last(),
        Some("accepted=120 finished=120 lost=0 doubled=0 stuck=0"),
        "{said}\n{trouble}"
    );
    assert!(output.status.success(), "{said}\n{trouble}");
    for kind in [
        "kills of workers",
        "kills of the API",
        "kills of the broker",
        "kills of PostgreSQL",
        "kills of the store",
        "freezes of workers",
        "freezes of the broker",
        "dropped publishes",
        "duplicated deliveries",
    ] {
        let count = said.lines().find_map(|line| line.strip_prefix(kind));
        let count: u64 = count.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        assert!(count > 0, "no {kind}\n{said}");
    }
}
