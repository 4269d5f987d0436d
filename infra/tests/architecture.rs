//! The shape of the workspace, checked: who may depend on whom, what a pure crate may not know, what
//! may lie at the top level, and which words may not stand in code.
//!
//! Arrows come from `cargo metadata`; what a pure crate reaches through others comes from Cargo.lock.
//! A rule sees text and not types, so it holds names and not meanings. Each rule is also shown a
//! tree that breaks it.

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use arrows::{Arrow, arrows, is_outside, leaks, locked, wrong_arrows};
use words::{VAGUE_NAMES, forbidden_words, strangers, tracked};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("infra lies in the workspace")
        .to_path_buf()
}

fn nothing(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let arrows = arrows();
    assert!(
        arrows
            .iter()
            .any(|a| a.from == "infra" && a.to == "schemas"),
        "the reader reads nothing"
    );
    nothing("arrows that point the wrong way", &wrong_arrows(&arrows));
}

#[test]
fn pure_crates_do_not_reach_the_outside_world() {
    let text = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    nothing(
        "ways out of a pure crate",
        &leaks(&arrows(), &locked(&text)),
    );
}

#[test]
fn the_top_level_holds_only_the_fixed_entries() {
    nothing(
        "entries that do not belong at the top level",
        &strangers(&tracked()),
    );
}

#[test]
fn code_keeps_the_invariants_that_words_can_show() {
    let mut found = Vec::new();
    // The rules themselves have to say the words.
    let rules = |path: &PathBuf| path.starts_with("infra/tests");
    for path in tracked()
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs") && !rules(p))
    {
        // A file that was deleted but not yet committed as such has no text.
        let Ok(text) = fs::read_to_string(root().join(path)) else {
            continue;
        };
        found.extend(forbidden_words(path, &text));
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if VAGUE_NAMES.contains(&name) {
            found.push(format!("{}: a name from the field, please", path.display()));
        }
    }
    nothing("code that breaks an invariant", &found);
}

#[test]
fn the_rules_see_what_they_are_for() {
    let arrow = |from: &str, to: &str, dev| Arrow {
        from: from.into(),
        to: to.into(),
        dev,
    };
    for (case, arrow, wrong) in [
        ("up", arrow("fusion", "workers", false), true),
        ("sideways", arrow("extract", "infra", false), true),
        ("to benches", arrow("ingest", "benches", true), true),
        (
            "fixtures in code",
            arrow("workers", "fixtures", false),
            true,
        ),
        (
            "fixtures in tests",
            arrow("workers", "fixtures", true),
            false,
        ),
        ("down", arrow("ingest", "extract", false), false),
        ("benches use all", arrow("benches", "ingest", false), false),
    ] {
        assert_eq!(!wrong_arrows(&[arrow]).is_empty(), wrong, "{case}");
    }

    let lock = "[[package]]\nname = \"nice\"\ndependencies = [\"tokio 1.0.0\"]\n[[package]]\nname = \"tokio\"\n";
    let found = leaks(&[arrow("fusion", "nice", false)], &locked(lock));
    assert_eq!(found, ["fusion > nice > tokio"]);
    assert!(
        leaks(&[arrow("fusion", "nice", true)], &locked(lock)).is_empty(),
        "a test may"
    );
    for (package, outside) in [
        ("ort", true),
        ("ort-sys", true),
        ("aws-config", true),
        ("orthography", false),
        ("regex", false),
    ] {
        assert_eq!(is_outside(package), outside, "{package}");
    }

    let strange: Vec<PathBuf> = vec![
        "scripts/a".into(),
        ".ci/run".into(),
        "workers/src/lib.rs".into(),
    ];
    assert_eq!(strangers(&strange), ["scripts"]);

    for (path, text, count) in [
        ("fusion/src/vote.rs", "let t = Instant::now();", 1),
        ("fusion/src/vote.rs", "// Instant::now is absent", 0),
        (
            "fusion/src/vote.rs",
            "#[cfg(test)]\nmod tests { use std::fs; }",
            0,
        ),
        ("workers/src/decode.rs", "let t = Instant::now();", 0),
        ("workers/src/decode.rs", "async fn decode() {}", 1),
        ("workers/src/shell.rs", "async fn run() {}", 0),
        ("workers/src/bin/child.rs", "println!()", 0),
        ("infra/src/doctor.rs", "println!()", 1),
        ("workers/src/sandbox/child.rs", "eprintln!()", 0),
        ("infra/src/models/install/tests.rs", "println!()", 0),
        ("ingest/src/cli.rs", "println!()", 0),
        ("benches/src/lib.rs", "todo!()", 1),
    ] {
        assert_eq!(
            forbidden_words(Path::new(path), text).len(),
            count,
            "{path}: {text}"
        );
    }
}
