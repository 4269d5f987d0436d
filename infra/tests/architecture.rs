//! The shape of the workspace, checked: who may depend on whom, what a pure crate may not know, what
//! may lie at the top level, and which words may not stand in code.
//!
//! Arrows come from `cargo metadata`; what a pure crate reaches through others comes from Cargo.lock.
//! A rule sees text and not types, so it holds names and not meanings. Each rule is also shown a
//! tree that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crate and the crates of ours that its code may use. `fixtures` and `benches` may use anything.
const ARROWS: [(&str, &[&str]); 6] = [
    ("schemas", &[]),
    ("fusion", &["schemas"]),
    ("extract", &["schemas"]),
    ("infra", &["schemas"]),
    ("workers", &["schemas", "fusion", "extract", "infra"]),
    (
        "ingest",
        &["schemas", "fusion", "extract", "infra", "workers"],
    ),
];

const PURE: [&str; 3] = ["schemas", "fusion", "extract"];

/// Beginnings of names of packages that a pure crate may not reach, directly or through others.
const OUTSIDE_WORLD: [&str; 25] = [
    "tokio",
    "async-std",
    "smol",
    "sqlx",
    "postgres",
    "rusqlite",
    "lapin",
    "redis",
    "reqwest",
    "hyper",
    "ureq",
    "axum",
    "aws-",
    "ort",
    "rten",
    "ocrs",
    "leptess",
    "pdfium",
    "dicom",
    "image",
    "imageproc",
    "png",
    "tiff",
    "tempfile",
    "rand",
];

const TOP_LEVEL: [&str; 12] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "extract",
    "fixtures",
    "fusion",
    "infra",
    "ingest",
    "schemas",
    "workers",
];

/// Where a rule holds.
#[derive(Clone, Copy)]
enum Scope {
    /// The crates without I/O.
    Pure,
    /// All but the crate that may print and choose.
    Libraries,
    /// `workers` but for its shell.
    Stages,
    /// All crates.
    Everywhere,
}

/// Words that may not stand in code, where, and which invariant says so.
const FORBIDDEN: [(&str, Scope, &str); 15] = [
    ("std::env", Scope::Pure, "pure crates know no environment"),
    ("std::fs", Scope::Pure, "pure crates do no I/O"),
    ("std::net", Scope::Pure, "pure crates know no network"),
    ("std::process", Scope::Pure, "pure crates start no program"),
    ("SystemTime", Scope::Pure, "pure crates know no clock"),
    ("Instant::now", Scope::Pure, "pure crates know no clock"),
    ("Timestamp::now", Scope::Pure, "pure crates know no clock"),
    ("Zoned::now", Scope::Pure, "pure crates know no clock"),
    (
        "async fn",
        Scope::Stages,
        "a stage is synchronous; the shell alone is not",
    ),
    (
        ".await",
        Scope::Stages,
        "a stage is synchronous; the shell alone is not",
    ),
    (
        "println!",
        Scope::Libraries,
        "libraries return what they have to say",
    ),
    (
        "is_embedded",
        Scope::Everywhere,
        "no code asks whether it is embedded",
    ),
    ("todo!(", Scope::Everywhere, "what is there works"),
    ("unimplemented!(", Scope::Everywhere, "what is there works"),
    (
        "linkme",
        Scope::Everywhere,
        "engines stand in one explicit list",
    ),
];

const VAGUE_NAMES: [&str; 10] = [
    "common.rs",
    "data.rs",
    "helper.rs",
    "helpers.rs",
    "manager.rs",
    "misc.rs",
    "util.rs",
    "utils.rs",
    "stuff.rs",
    "processor.rs",
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    from: String,
    to: String,
    dev: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("infra lies in the workspace")
        .to_path_buf()
}

/// Every declared dependency of every crate of ours.
fn arrows() -> Vec<Arrow> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--locked",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata failed: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dev = dependency["kind"] == "dev";
            arrows.push(Arrow {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                dev,
            });
        }
    }
    arrows
}

/// Arrows between our own crates that point the wrong way. Tests may use the fixtures.
fn wrong_arrows(arrows: &[Arrow]) -> Vec<String> {
    let ours: BTreeSet<&str> = ARROWS
        .iter()
        .map(|(name, _)| *name)
        .chain(["fixtures", "benches"])
        .collect();
    let wrong = |arrow: &&Arrow| {
        if !ours.contains(arrow.to.as_str()) {
            return false;
        }
        if arrow.to == "benches" {
            return true;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == arrow.from) else {
            return false;
        };
        !(allowed.contains(&arrow.to.as_str()) || arrow.dev && arrow.to == "fixtures")
    };
    arrows
        .iter()
        .filter(wrong)
        .map(|a| format!("{} must not use {}", a.from, a.to))
        .collect()
}

/// Package to the packages that it uses, of a Cargo.lock. Versions of one name are taken together.
fn locked(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let lock: toml::Table = toml::from_str(text).expect("Cargo.lock parses");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name").to_owned();
        let dependencies = package.get("dependencies").and_then(|d| d.as_array());
        let names = dependencies
            .into_iter()
            .flatten()
            .filter_map(|d| d.as_str());
        let names = names.filter_map(|d| d.split(' ').next()).map(str::to_owned);
        uses.entry(name).or_default().extend(names);
    }
    uses
}

/// Paths by which a pure crate reaches the outside world. Its own tests may.
fn leaks(arrows: &[Arrow], uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut leaks = Vec::new();
    for pure in PURE {
        let direct = arrows.iter().filter(|a| a.from == pure && !a.dev);
        let mut open: Vec<(String, String)> = direct
            .map(|a| (a.to.clone(), format!("{pure} > {}", a.to)))
            .collect();
        let mut seen = BTreeSet::new();
        while let Some((name, path)) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if is_outside(&name) {
                leaks.push(path);
                continue;
            }
            // Our crates' entries in the lock hold their test dependencies too; their arrows do not.
            if !ARROWS.iter().any(|(ours, _)| *ours == name) {
                let next = uses.get(&name).into_iter().flatten();
                open.extend(next.map(|n| (n.clone(), format!("{path} > {n}"))));
            }
        }
    }
    leaks
}

fn is_outside(package: &str) -> bool {
    OUTSIDE_WORLD
        .iter()
        .any(|word| match package.strip_prefix(word) {
            Some(rest) => word.ends_with('-') || rest.is_empty() || rest.starts_with('-'),
            None => false,
        })
}

/// Files that git knows or would add; all files where there is no git.
fn tracked() -> Vec<PathBuf> {
    let listing = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output();
    if let Ok(output) = listing
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        return text
            .split('\0')
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
            .collect();
    }
    let mut files = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)
            .expect("a readable tree")
            .filter_map(Result::ok)
        {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "out", ".git"].contains(&name.as_str()) {
                open.push(path);
            } else if path.is_file() {
                files.push(path.strip_prefix(root()).expect("inside").to_path_buf());
            }
        }
    }
    files
}

fn strangers(files: &[PathBuf]) -> Vec<String> {
    let first = |path: &PathBuf| path.iter().next().map(|n| n.to_string_lossy().into_owned());
    let names: BTreeSet<String> = files.iter().filter_map(first).collect();
    let known = |name: &String| name.starts_with('.') || TOP_LEVEL.contains(&name.as_str());
    names.into_iter().filter(|n| !known(n)).collect()
}

fn in_scope(path: &Path, scope: Scope) -> bool {
    let parts: Vec<_> = path.iter().filter_map(|p| p.to_str()).collect();
    let [krate, "src", rest @ ..] = parts.as_slice() else {
        return matches!(scope, Scope::Everywhere);
    };
    match scope {
        Scope::Everywhere => true,
        Scope::Pure => PURE.contains(krate),
        Scope::Stages => *krate == "workers" && rest != ["shell.rs"],
        Scope::Libraries => {
            let library = PURE.contains(krate) || ["infra", "workers"].contains(krate);
            library && !rest.starts_with(&["bin"]) && rest != ["main.rs"]
        }
    }
}

/// Code before a file's tests, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|l| l.trim() != "#[cfg(test)]");
    lines
        .map(|l| l.split("//").next().unwrap_or_default())
        .enumerate()
        .map(|(n, l)| (n + 1, l))
}

fn forbidden_words(path: &Path, text: &str) -> Vec<String> {
    let rules: Vec<_> = FORBIDDEN
        .iter()
        .filter(|(_, scope, _)| in_scope(path, *scope))
        .collect();
    let mut found = Vec::new();
    for (number, line) in code(text) {
        for (word, _, why) in rules.iter().filter(|(word, _, _)| line.contains(word)) {
            found.push(format!("{}:{number}: {word}: {why}", path.display()));
        }
    }
    found
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
    let this = Path::new("infra/tests/architecture.rs");
    for path in tracked()
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs") && *p != this)
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
